#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 8

static struct worker {
    pid_t pid;
    int words;              /* what fail() said */
    const char *phase_name; /* NULL: nothing to report */
    void (*done)(bool ok);
} workers[WORKERS];

static int to_parent = -1;

static void default_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void start_worker(const char *phase_name, void (*work)(void), void (*done)(bool ok)) {
    struct worker *slot = workers;
    while (slot->pid != 0) if (++slot == workers + WORKERS) panic("too many workers");
    int words[2];
    if (pipe2(words, O_CLOEXEC) < 0) panic("pipe: %s", strerror(errno));
    if (phase_name != NULL) phase(phase_name, "begin", NULL);
    pid_t pid = fork();
    if (pid < 0) panic("fork: %s", strerror(errno));
    if (pid == 0) {
        default_signals();
        to_parent = words[1];
        work();
        _exit(0);
    }
    close(words[1]);
    *slot = (struct worker){.pid = pid, .words = words[0], .phase_name = phase_name, .done = done};
}

bool worker_ended(pid_t pid, int status) {
    for (struct worker *slot = workers; slot < workers + WORKERS; slot++) {
        if (slot->pid != pid) continue;
        char message[512] = "";
        ssize_t length = read(slot->words, message, sizeof message - 1);
        close(slot->words);
        message[length > 0 ? length : 0] = '\0';
        bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        struct worker ended = *slot;
        slot->pid = 0;
        if (ended.phase_name != NULL) phase(ended.phase_name, ok ? "end" : "failed", ok ? NULL : *message != '\0' ? message : "ended by a signal");
        if (ended.done != NULL) ended.done(ok);
        return true;
    }
    return false;
}

void fail(const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (to_parent < 0) panic("%s", message);
    if (write(to_parent, message, strlen(message)) < 0) say("%s", message);
    _exit(1);
}

void run(char *const argv[]) {
    int output[2];
    if (pipe2(output, O_CLOEXEC) < 0) fail("%s: %s", argv[0], strerror(errno));
    pid_t pid = fork();
    if (pid < 0) fail("%s: %s", argv[0], strerror(errno));
    if (pid == 0) {
        dup2(output[1], STDOUT_FILENO);
        dup2(output[1], STDERR_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    close(output[1]);
    char words[400] = "", chunk[400];
    ssize_t got;
    while ((got = read(output[0], chunk, sizeof chunk)) > 0) { /* the last piece is the telling one */
        memcpy(words, chunk, (size_t)got);
        words[got == (ssize_t)sizeof words ? got - 1 : got] = '\0';
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("%s ended with status %d: %s", argv[0], WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), words);
}
