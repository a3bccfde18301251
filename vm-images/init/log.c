#include "init.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

long uptime_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

void say(const char *format, ...) {
    char line[1024];
    int used = snprintf(line, sizeof line, "strata [%ld ms] ", uptime_ms());
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    va_end(arguments);
    size_t length = (size_t)used + (more < 0 ? 0 : (size_t)more);
    if (length > sizeof line - 2) length = sizeof line - 2;
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) return; /* no console: nobody to tell */
}
