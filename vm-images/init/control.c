#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int port = -1;
static char outbox[32768];     /* all lines since boot, the oldest dropped when full */
static size_t used, sent;
static char inbox[4096];
static size_t received;
static bool host_there, skipping;

int control_fd(void) { return port >= 0 && host_there ? port : -1; }
bool control_wants_write(void) { return sent < used; }

static bool named_ours(const char *entry) {
    char path[300], name[64];
    snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry);
    return read_file(path, name, sizeof name) > 0 && strcmp(name, "org.strata.control\n") == 0;
}

static bool open_port(void) {
    DIR *ports = opendir("/sys/class/virtio-ports");
    if (ports == NULL) return false;
    for (struct dirent *entry; port < 0 && (entry = readdir(ports)) != NULL;) {
        if (entry->d_name[0] == '.' || !named_ours(entry->d_name)) continue;
        char path[300];
        snprintf(path, sizeof path, "/dev/%s", entry->d_name);
        port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    closedir(ports);
    return port >= 0;
}

void control_open(void) {
    /* The port's name comes in a message of its own after the device: give it a moment. */
    for (int tries = 0; !open_port(); tries++) {
        if (tries == 200) { say("no virtio port named org.strata.control: the host hears nothing of this boot"); return; }
        usleep(5000);
    }
    fcntl(port, F_SETOWN, getpid());
    fcntl(port, F_SETFL, O_NONBLOCK | O_ASYNC);
    control_changed();
}

void control_changed(void) {
    if (port < 0) return;
    struct pollfd probe = {.fd = port, .events = POLLOUT};
    bool there = poll(&probe, 1, 0) >= 0 && (probe.revents & POLLHUP) == 0;
    if (there && !host_there) sent = 0; /* a host that has just come hears everything */
    host_there = there;
    received = 0;
}

static void flush(void) {
    while (host_there && sent < used) {
        ssize_t wrote = write(port, outbox + sent, used - sent);
        if (wrote <= 0) return;
        sent += (size_t)wrote;
    }
}

static void line(const char *text) {
    size_t length = strlen(text);
    if (length + 1 > sizeof outbox) return;
    while (used + length + 1 > sizeof outbox) {
        size_t drop = (size_t)((char *)memchr(outbox, '\n', used) - outbox) + 1;
        memmove(outbox, outbox + drop, used - drop);
        used -= drop;
        sent = sent > drop ? sent - drop : 0;
    }
    memcpy(outbox + used, text, length);
    outbox[used + length] = '\n';
    used += length + 1;
    flush();
}

void phase(const char *name, const char *state, const char *message) {
    char text[1400], escaped[1024];
    if (message == NULL) snprintf(text, sizeof text, "{\"phase\":\"%s\",\"state\":\"%s\",\"uptimeMs\":%ld}", name, state, uptime_ms());
    else {
        json_escape(message, escaped, sizeof escaped);
        snprintf(text, sizeof text, "{\"phase\":\"%s\",\"state\":\"%s\",\"uptimeMs\":%ld,\"message\":\"%s\"}", name, state, uptime_ms(), escaped);
    }
    line(text);
    if (message == NULL) say("%s: %s", name, state);
    else say("%s: %s: %s", name, state, message);
}

void event(const char *json_line) { line(json_line); }

void control_ready(void (*command)(const char *line)) {
    flush();
    for (;;) {
        ssize_t got = read(port, inbox + received, sizeof inbox - received);
        if (got <= 0) {
            if (got == 0) control_changed(); /* the host has gone */
            return;
        }
        received += (size_t)got;
        char *end;
        while ((end = memchr(inbox, '\n', received)) != NULL) {
            *end = '\0';
            if (!skipping) command(inbox);
            skipping = false;
            received -= (size_t)(end + 1 - inbox);
            memmove(inbox, end + 1, received);
        }
        if (received == sizeof inbox) { received = 0; skipping = true; } /* no command is that long: up to its end it is dropped */
    }
}
