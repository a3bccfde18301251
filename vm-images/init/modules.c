#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) { say("module %s: %s", path, strerror(errno)); return; }
    if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST) say("module %s: %s", path, strerror(errno));
    close(fd);
}

void load_modules(const char *list) {
    char text[16384];
    if (read_file(list, text, sizeof text) < 0) { say("%s: %s", list, strerror(errno)); return; }
    for (char *rest = text, *path; (path = strsep(&rest, "\n")) != NULL;)
        if (*path != '\0') load(path);
}
