#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG DATA_DIR "/log/engine.log"
#define LOG_BYTES (8 << 20)
#define SHORTEST_PAUSE_MS 200
#define LONGEST_PAUSE_MS 10000
#define STEADY_MS 30000 /* an engine that ran this long is not in a crash loop */

static pid_t engine;
static long started_at, due_at = -1, pause_ms = SHORTEST_PAUSE_MS;
static bool stopping;

bool engine_running(void) { return engine != 0; }

static bool answers(void) {
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = ENGINE_SOCKET};
    static const char request[] = "GET /_ping HTTP/1.1\r\nHost: strata\r\nConnection: close\r\n\r\n";
    char reply[16] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && write(fd, request, sizeof request - 1) > 0
        && recv(fd, reply, 12, MSG_WAITALL) == 12 && strcmp(reply + 8, " 200") == 0;
    if (fd >= 0) close(fd);
    return good;
}

/* A worker: ends when the engine answers. */
void wait_for_engine(void) {
    int watch = inotify_init1(IN_CLOEXEC);
    inotify_add_watch(watch, "/run/strata", IN_CREATE | IN_MOVED_TO);
    while (!answers()) {
        struct pollfd created = {.fd = watch, .events = POLLIN};
        char events[1024];
        bool there = access(ENGINE_SOCKET, F_OK) == 0; /* bound, but not listening or not answering yet: soon */
        if (poll(&created, 1, there ? 20 : -1) > 0 && read(watch, events, sizeof events) < 0) usleep(20000);
    }
}

/* One waiter at a time: it outlives an engine that died before it answered, and then waits for the next. */
static bool waiting;

static void answered(bool ok) {
    waiting = false;
    if (ok && engine != 0) phase("engine", "end", NULL);
}

static int open_log(void) {
    struct stat log;
    if (stat(LOG, &log) == 0 && log.st_size > LOG_BYTES) rename(LOG, LOG ".1");
    return open(LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static _Noreturn void become_engine(int log) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (log >= 0) { dup2(log, STDOUT_FILENO); dup2(log, STDERR_FILENO); }
    char *argv[] = {"/opt/strata/node", "/opt/strata/stratad.mjs", "--data-root", DATA_DIR "/engine", "--exec-root", "/run/strata/exec", "--host", "unix://" ENGINE_SOCKET, NULL, NULL, NULL};
    if (access(CONFIG_DIR "/daemon.json", R_OK) == 0) { argv[8] = "--config-file"; argv[9] = CONFIG_DIR "/daemon.json"; }
    char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "NODE_COMPILE_CACHE=" DATA_DIR "/cache/node", NULL};
    execve(argv[0], argv, environment);
    _exit(127);
}

void engine_start(void) {
    if (engine != 0 || stopping) return;
    due_at = -1;
    unlink(ENGINE_SOCKET);
    int log = open_log();
    started_at = uptime_ms();
    phase("engine", "begin", NULL);
    pid_t pid = fork();
    if (pid == 0) become_engine(log);
    if (log >= 0) close(log);
    if (pid < 0) panic("fork: %s", strerror(errno));
    engine = pid;
    if (!waiting) start_worker(NULL, wait_for_engine, answered);
    waiting = true;
}

/* The last lines that the engine wrote, for the phase message and the console. */
static void last_words(char *words, size_t size) {
    words[0] = '\0';
    int fd = open(LOG, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = end > (off_t)size - 1 ? end - ((off_t)size - 1) : 0;
    ssize_t got = fd < 0 ? 0 : pread(fd, words, size - 1, from);
    words[got > 0 ? got : 0] = '\0';
    if (fd >= 0) close(fd);
}

bool engine_ended(pid_t pid, int status) {
    if (pid != engine) return false;
    engine = 0;
    if (stopping) return true;
    char words[600], message[800];
    last_words(words, sizeof words);
    if (WIFEXITED(status)) snprintf(message, sizeof message, "the engine ended with status %d: %s", WEXITSTATUS(status), words);
    else snprintf(message, sizeof message, "the engine was ended by signal %d: %s", WTERMSIG(status), words);
    phase("engine", "failed", message);
    if (uptime_ms() - started_at > STEADY_MS) pause_ms = SHORTEST_PAUSE_MS;
    due_at = uptime_ms() + pause_ms;
    pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
    return true;
}

long engine_due_ms(void) {
    if (due_at < 0) return -1;
    long left = due_at - uptime_ms();
    return left > 0 ? left : 0;
}

void engine_tick(void) {
    if (due_at >= 0 && engine_due_ms() == 0) engine_start();
}

void engine_stop(void) {
    stopping = true;
    due_at = -1;
    if (engine != 0) kill(engine, SIGTERM);
}
