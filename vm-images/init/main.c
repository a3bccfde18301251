#include "init.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int signals;
static bool data_ready, network_ready;

static void block_signals(void) {
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGIO);
    sigprocmask(SIG_BLOCK, &ours, NULL);
    signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) panic("signalfd: %s", strerror(errno));
    signal(SIGPIPE, SIG_IGN);
}

static void allow_many_files(void) {
    struct rlimit files = {.rlim_cur = 1048576, .rlim_max = 1048576}, none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_CORE, &none);
}

static void start_engine_when_ready(void) {
    if (data_ready && network_ready) engine_start();
}

static void load_engine_modules(void) { load_modules("/usr/lib/strata/modules/engine"); }

static void data_done(bool ok) {
    data_ready = ok;
    start_engine_when_ready();
    /* Beside the start of the engine, which needs them a second later; earlier they would only hold up what it waits for. */
    start_worker(NULL, load_engine_modules, NULL);
}

static void network_done(bool ok) {
    network_ready = true; /* without network the engine still serves what is there */
    if (ok) ssh_listen();
    start_engine_when_ready();
}

static void set_time(const char *line) {
    char digits[32];
    long long ms;
    if (!json_get(line, "epochMs", digits, sizeof digits) || (ms = atoll(digits)) <= 0) return;
    struct timespec now = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L};
    if (clock_settime(CLOCK_REALTIME, &now) < 0) say("clock: %s", strerror(errno));
}

static void command(const char *line) {
    char name[32] = "";
    json_get(line, "command", name, sizeof name);
    if (strcmp(name, "poweroff") == 0) power_off();
    else if (strcmp(name, "time") == 0) set_time(line);
    else if (strcmp(name, "trim") == 0) start_worker(NULL, trim_data_disk, NULL);
    else say("unknown command from the host: %.100s", line);
}

static void reap(void) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (!engine_ended(pid, status) && !ssh_ended(pid)) worker_ended(pid, status);
}

static void on_signal(void) {
    struct signalfd_siginfo what;
    bool children = false;
    while (read(signals, &what, sizeof what) == sizeof what) {
        if (what.ssi_signo == SIGCHLD) children = true;
        if (what.ssi_signo == SIGIO) control_changed();
    }
    if (children) reap();
}

static _Noreturn void serve(void) {
    for (;;) {
        struct pollfd watched[] = {
            {.fd = signals, .events = POLLIN},
            {.fd = control_fd(), .events = (short)(POLLIN | (control_wants_write() ? POLLOUT : 0))},
            {.fd = ssh_fd(), .events = POLLIN},
        };
        if (poll(watched, 3, (int)engine_due_ms()) < 0 && errno != EINTR) panic("poll: %s", strerror(errno));
        if (watched[0].revents != 0) on_signal();
        if ((watched[1].revents & POLLHUP) != 0) control_changed();
        else if (watched[1].revents != 0) control_ready(command);
        if (watched[2].revents != 0) ssh_accept();
        engine_tick();
    }
}

int main(void) {
    umask(0022);
    mount_kernel_filesystems();
    reboot(RB_DISABLE_CAD);
    block_signals();
    allow_many_files();
    load_modules("/modules/order");
    control_open();
    phase("kernel", "end", NULL);
    phase("init", "begin", NULL);
    mount_root_and_switch();
    lay_out_system();
    read_config();
    phase("init", "end", NULL);
    start_worker("data-disk", prepare_data_disk, data_done);
    start_worker("network", bring_up_network, network_done);
    serve();
}
