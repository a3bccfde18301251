/* The config disk: a tar of at most 1 MiB, of which the files that we know are taken. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 512

static char image[1 << 20];

static bool wanted(const char *name) {
    static const char *const names[] = {"config.json", "authorized_keys", "ssh_host_ed25519_key", "daemon.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static void take(const char *header, const char *content, size_t size) {
    char name[101], path[160];
    snprintf(name, sizeof name, "%.100s", header);
    const char *base = strncmp(name, "./", 2) == 0 ? name + 2 : name;
    bool file = header[156] == '0' || header[156] == '\0';
    if (!file || !wanted(base)) return;
    snprintf(path, sizeof path, CONFIG_DIR "/%.100s", base);
    if (!write_new_file(path, content, size, 0600)) panic("%s: %s", path, strerror(errno));
}

void read_config(void) {
    char device[64];
    find_disk("strata-config", device, sizeof device);
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0) panic("%s: %s", device, strerror(errno));
    size_t used = 0;
    for (ssize_t got; used < sizeof image && (got = read(fd, image + used, sizeof image - used)) > 0;) used += (size_t)got;
    close(fd);
    for (size_t at = 0; at + BLOCK <= used && image[at] != '\0';) {
        char digits[13] = "", *end;
        memcpy(digits, image + at + 124, 12);
        size_t size = strtoul(digits, &end, 8);
        if (memcmp(image + at + 257, "ustar", 5) != 0 || end == digits || size > used - at - BLOCK) panic("the config disk is not a whole tar archive");
        take(image + at, image + at + BLOCK, size);
        at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
    }
    char hostname[65] = "strata", text[16384];
    if (read_file(CONFIG_DIR "/config.json", text, sizeof text) < 0) panic("the config disk has no config.json");
    json_get(text, "hostname", hostname, sizeof hostname);
    sethostname(hostname, strlen(hostname));
}
