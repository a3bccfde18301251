#include "init.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void reap(void) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) engine_ended(pid, status);
}

/* Waits until `over` or the deadline, woken by every child that ends. */
static bool wait_until(bool (*over)(void), long deadline_ms) {
    long until = uptime_ms() + deadline_ms;
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    for (reap(); !over(); reap()) {
        if (uptime_ms() >= until) return false;
        struct timespec tick = {.tv_nsec = 50000000L};
        sigtimedwait(&children, NULL, &tick);
    }
    return true;
}

static bool engine_gone(void) { return !engine_running(); }

/* Signals every process in a cgroup below the root: those are the containers'. Returns how many there are. */
static int signal_containers(int number) {
    int count = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        char path[300], cgroup[512];
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid <= 1) continue;
        snprintf(path, sizeof path, "/proc/%ld/cgroup", pid);
        if (read_file(path, cgroup, sizeof cgroup) <= 0 || strncmp(cgroup, "0::/", 4) != 0 || strcmp(cgroup, "0::/\n") == 0) continue;
        count++;
        if (number != 0) kill((pid_t)pid, number);
    }
    closedir(proc);
    return count;
}

static bool containers_gone(void) { return signal_containers(0) == 0; }

static bool no_children(void) { return waitpid(-1, NULL, WNOHANG) < 0; }

static void unmount_data(void) {
    char mounts[65536], *lines[512];
    for (int round = 0; round < 3; round++) {
        int count = 0;
        if (read_file("/proc/mounts", mounts, sizeof mounts) < 0) break;
        for (char *rest = mounts, *one; count < 512 && (one = strsep(&rest, "\n")) != NULL;) lines[count++] = one;
        while (count-- > 0) {
            char *rest = lines[count], *target;
            if (strsep(&rest, " ") == NULL || (target = strsep(&rest, " ")) == NULL) continue;
            if (strncmp(target, "/run/", 5) == 0 || strncmp(target, DATA_DIR, strlen(DATA_DIR)) == 0) umount2(target, round == 2 ? MNT_DETACH : 0);
        }
    }
}

static _Noreturn void off(void) {
    sync();
    reboot(LINUX_REBOOT_CMD_POWER_OFF);
    for (;;) pause();
}

void power_off(void) {
    say("powering off");
    engine_stop();
    if (!wait_until(engine_gone, 15000)) say("the engine did not end in time");
    if (signal_containers(SIGTERM) > 0 && !wait_until(containers_gone, 10000)) {
        signal_containers(SIGKILL);
        wait_until(containers_gone, 2000);
    }
    kill(-1, SIGTERM);
    wait_until(no_children, 1000);
    kill(-1, SIGKILL);
    wait_until(no_children, 1000);
    unmount_data();
    event("{\"event\":\"poweroff\"}");
    off();
}

void panic(const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (getpid() != 1) _exit(1);
    phase("init", "failed", message);
    for (int tries = 0; control_fd() >= 0 && control_wants_write() && tries < 100; tries++) usleep(10000);
    off();
}
