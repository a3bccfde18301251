#include "init.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool look(const char *serial, char *device, size_t size) {
    DIR *blocks = opendir("/sys/block");
    bool found = false;
    if (blocks == NULL) return false;
    for (struct dirent *entry; !found && (entry = readdir(blocks)) != NULL;) {
        char path[300], name[64];
        if (strncmp(entry->d_name, "vd", 2) != 0) continue;
        snprintf(path, sizeof path, "/sys/block/%s/serial", entry->d_name);
        ssize_t length = read_file(path, name, sizeof name);
        if (length < 0) continue;
        if (length > 0 && name[length - 1] == '\n') name[length - 1] = '\0';
        if (strcmp(name, serial) != 0) continue;
        snprintf(device, size, "/dev/%.32s", entry->d_name);
        found = access(device, F_OK) == 0;
    }
    closedir(blocks);
    return found;
}

void find_disk(const char *serial, char *device, size_t size) {
    for (int tries = 0; !look(serial, device, size); tries++) {
        if (tries == 1000) {
            if (getpid() == 1) panic("no disk with the serial %s", serial);
            fail("no disk with the serial %s", serial);
        }
        usleep(5000);
    }
}
