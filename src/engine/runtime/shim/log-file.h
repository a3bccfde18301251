/* The log of one container process: what has been read from it, kept in files that are rotated and, if wanted, compressed. */
#ifndef STRATA_LOG_FILE_H
#define STRATA_LOG_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct log_settings {
	const char *path;
	int64_t max;            /* rotate when a file has this many bytes; 0: never */
	int files;              /* how many are kept, the newest included */
	int json;               /* Docker's json-file instead of our own records */
	int compress;           /* gzip files that have been rotated away */
	const char *attributes; /* json: an object for every line's "attrs", or NULL */
};

/* 0, or -1 with errno. Without a path nothing is kept, and everything below does nothing. */
int log_open(const struct log_settings *settings);
/* `stream` is 1 or 2. */
void log_write(int stream, const uint8_t *data, size_t length);
/* The stream has ended: what there is of a last line is written. */
void log_stream_end(int stream);
/* Whether this child was one of the log's own. */
int log_child_ended(pid_t pid, int status);
void log_close(void);

#endif
