/* Process 1 listens, so ssh is ready before sshd has been read from disk; sshd would start itself anew for each connection anyway. */
#include "init.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64

static int listener = -1;
static pid_t connections[CONNECTIONS];

int ssh_fd(void) { return listener; }

void ssh_listen(void) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(22)};
    int on = 1;
    phase("ssh", "begin", NULL);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 128) < 0) {
        phase("ssh", "failed", strerror(errno));
        return;
    }
    phase("ssh", "end", NULL);
}

static _Noreturn void become_sshd(int connection) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(connection, STDIN_FILENO);
    dup2(connection, STDOUT_FILENO);
    char *const argv[] = {"/usr/sbin/sshd", "-i", "-E", "/run/strata/sshd.log", NULL};
    char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    execve(argv[0], argv, environment);
    _exit(127);
}

void ssh_accept(void) {
    int connection;
    while ((connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        pid_t *slot = connections;
        while (slot < connections + CONNECTIONS && *slot != 0) slot++;
        pid_t pid = slot == connections + CONNECTIONS ? -1 : fork();
        if (pid == 0) become_sshd(connection);
        if (pid > 0) *slot = pid; else say("ssh: a connection more than can be served was refused");
        close(connection);
    }
}

bool ssh_ended(pid_t pid) {
    for (int i = 0; i < CONNECTIONS; i++) {
        if (connections[i] != pid) continue;
        connections[i] = 0;
        return true;
    }
    return false;
}
