#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

ssize_t read_file(const char *path, char *buffer, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    size_t used = 0;
    ssize_t got = 1;
    while (used < size - 1 && (got = read(fd, buffer + used, size - 1 - used)) != 0) {
        if (got < 0 && errno != EINTR) break;
        if (got > 0) used += (size_t)got;
    }
    close(fd);
    buffer[used] = '\0';
    return got < 0 ? -1 : (ssize_t)used;
}

bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool whole = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return whole;
}

bool write_new_file(const char *path, const void *data, size_t size, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return false;
    bool whole = write(fd, data, size) == (ssize_t)size;
    close(fd);
    return whole;
}
