/*
 * Two formats, written line by line or read by read; see ../log-format.ts and ../json-log.ts for their readers.
 *
 * records: [u32 n][u8 stream][u64 ns since epoch][data][u32 n], n = 9 + data, big-endian; one for each read from the process.
 * json:    {"log":"…\n","stream":"stdout","attrs":{…},"time":"RFC 3339, nanoseconds"} and a newline for each line; a line of more than
 *          16 KiB in parts of that size, of which only the last ends in \n, all with the time of the first.
 *          Source: moby, daemon/logger/copier.go, daemon/logger/jsonfilelog/jsonlog.
 *
 * PATH is renamed to PATH.1, that to PATH.2 and so on. A rotated file keeps its modification time when it becomes PATH.N.gz, and no two
 * have the same: by it a reader finds its place again.
 */
#define _GNU_SOURCE
#include "log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 16 * 1024, BATCH = 128 * 1024, TIME_TEXT = 40, PACKED = 1 };

/* A line that has not ended yet. */
struct line {
	uint8_t text[LINE];
	size_t length;
	int in_parts;         /* a part of it has been written */
	int64_t time;         /* of its first part */
};

static struct {
	struct log_settings settings;
	int fd;
	int64_t size;
	int64_t rotated_at;   /* modification time of the last file that was rotated away */
	struct line lines[2];
	char *batch;          /* json that is to be written at once */
	size_t batch_length, attributes_length;
	pid_t compressor;
	int compressing;      /* index of the file at which it works; follows rotation */
	struct timespec compressing_time;
} file = { .fd = -1 };

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* PATH, PATH.N or PATH.N.gz; the result is good until the second call after it. */
static const char *name_of(int index, int packed)
{
	static char names[2][4096];
	static int turn;
	char *name = names[turn ^= 1];
	if (index == 0) snprintf(name, sizeof names[0], "%s", file.settings.path);
	else snprintf(name, sizeof names[0], "%s.%d%s", file.settings.path, index, packed ? ".gz" : "");
	return name;
}

static const char *unfinished(void)
{
	static char name[4096];
	snprintf(name, sizeof name, "%s.gz.tmp", file.settings.path);
	return name;
}

/* ---- compression: gzip(1), one file at a time, beside the writing ---- */

static void compress_next(void)
{
	if (!file.settings.compress || file.compressor > 0) return;
	for (int index = 1; index < file.settings.files; index++) {
		int from = open(name_of(index, 0), O_RDONLY | O_CLOEXEC);
		if (from < 0) continue;
		struct stat st;
		int to = fstat(from, &st) == 0 ? open(unfinished(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640) : -1;
		pid_t child = to < 0 ? -1 : fork();
		if (child == 0) {
			sigset_t none;
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			setpriority(PRIO_PROCESS, 0, 10);
			if (dup2(from, 0) < 0 || dup2(to, 1) < 0) _exit(126);
			execlp("gzip", "gzip", "-1", "-n", "-c", (char *)NULL);
			_exit(127);
		}
		close(from);
		if (to >= 0) close(to);
		if (child < 0) return;
		file.compressor = child;
		file.compressing = index;
		file.compressing_time = st.st_mtim;
		return;
	}
}

int log_child_ended(pid_t pid, int status)
{
	if (pid != file.compressor || pid <= 0) return 0;
	file.compressor = 0;
	struct timespec times[2] = { file.compressing_time, file.compressing_time };
	/* It may have been rotated out of existence meanwhile. */
	int wanted = file.compressing < file.settings.files && access(name_of(file.compressing, 0), F_OK) == 0;
	if (wanted && status == 0 && utimensat(AT_FDCWD, unfinished(), times, 0) == 0 && rename(unfinished(), name_of(file.compressing, PACKED)) == 0)
		unlink(name_of(file.compressing, 0));
	else unlink(unfinished());
	if (status != 0) file.settings.compress = 0; /* no gzip, or no room: the files stay as they are */
	compress_next();
	return 1;
}

/* ---- rotation ---- */

static void rotate(void)
{
	int last = file.settings.files - 1;
	int64_t moment = now();
	file.rotated_at = moment > file.rotated_at ? moment : file.rotated_at + 1;
	struct timespec at = { file.rotated_at / 1000000000, file.rotated_at % 1000000000 };
	futimens(file.fd, (struct timespec[2]){ at, at });
	if (last < 1) unlink(file.settings.path); /* not truncated: to a reader it is another file */
	else for (int packed = 0; packed < 2; packed++) unlink(name_of(last, packed));
	for (int i = last; i >= 1; i--)
		for (int packed = 0; packed < 2; packed++)
			if (i > 1 || !packed) (void)!rename(name_of(i - 1, packed), name_of(i, packed)); /* a missing older file is normal */
	if (file.compressor > 0) file.compressing++;
	int fresh = open(file.settings.path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
	if (fresh < 0) return; /* go on in the old file rather than lose output */
	close(file.fd);
	file.fd = fresh;
	file.size = 0;
	compress_next();
}

/* All of it or nothing, so that readers keep their footing when there is no room. */
static void append(const struct iovec *parts, int count, int64_t length)
{
	ssize_t n = writev(file.fd, parts, count);
	if (n == length) file.size += length;
	else if (n >= 0 || errno == ENOSPC || errno == EDQUOT || errno == EIO) (void)!ftruncate(file.fd, file.size);
}

/* ---- records ---- */

static void put(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static void write_record(int stream, const uint8_t *data, size_t length)
{
	int64_t record = (int64_t)length + 17;
	if (file.settings.max > 0 && file.size > 0 && file.size + record > file.settings.max) rotate();
	uint8_t head[13], tail[4];
	put(head, length + 9, 4);
	head[4] = (uint8_t)stream;
	put(head + 5, (uint64_t)now(), 8);
	put(tail, length + 9, 4);
	append((struct iovec[3]){ { head, sizeof head }, { (void *)data, length }, { tail, sizeof tail } }, 3, record);
}

/* ---- json ---- */

/* How many bytes form a character there; 0 when they are no UTF-8 (RFC 3629). */
static size_t character(const uint8_t *s, size_t left)
{
	uint8_t first = s[0], low = 0x80, high = 0xbf;
	size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
	if (length == 0 || length > left) return 0;
	if (first == 0xe0) low = 0xa0;
	if (first == 0xed) high = 0x9f;
	if (first == 0xf0) low = 0x90;
	if (first == 0xf4) high = 0x8f;
	for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf)
		if (s[i] < low || s[i] > high) return 0;
	return length;
}

static char *put_text(char *to, const char *text, size_t length)
{
	memcpy(to, text, length);
	return to + length;
}

/* As Go's encoder escapes: also < > &, U+2028, U+2029, and \ufffd for what is no UTF-8. At most six bytes for one. */
static char *put_escaped(char *to, const uint8_t *s, size_t length)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < length;) {
		uint8_t b = s[i];
		if (b >= 0x20 && b < 0x80 && b != '\\' && b != '"' && b != '<' && b != '>' && b != '&') { *to++ = (char)b; i++; continue; }
		if (b >= 0x80) {
			size_t bytes = character(s + i, length - i);
			if (bytes == 0) { to = put_text(to, "\\ufffd", 6); i++; continue; }
			if (bytes == 3 && b == 0xe2 && s[i + 1] == 0x80 && (s[i + 2] & 0xfe) == 0xa8) {
				to = put_text(to, "\\u202", 5);
				*to++ = hex[s[i + 2] & 0xf];
			} else to = put_text(to, (const char *)s + i, bytes);
			i += bytes;
			continue;
		}
		*to++ = '\\';
		if (b == '\\' || b == '"') *to++ = (char)b;
		else if (b == '\n') *to++ = 'n';
		else if (b == '\r') *to++ = 'r';
		else {
			to = put_text(to, "u00", 3);
			*to++ = hex[b >> 4];
			*to++ = hex[b & 15];
		}
		i++;
	}
	return to;
}

/* RFC 3339 without the zeros that end its fraction. */
static char *put_time(char *to, int64_t time)
{
	static time_t second = -1;
	static char text[24];
	if (second != time / 1000000000) {
		second = time / 1000000000;
		struct tm parts;
		gmtime_r(&second, &parts);
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
	}
	to = put_text(to, text, strlen(text));
	int fraction = (int)(time % 1000000000);
	if (fraction != 0) {
		char digits[10];
		int length = 9;
		for (int i = 8; i >= 0; i--, fraction /= 10) digits[i] = (char)('0' + fraction % 10);
		while (digits[length - 1] == '0') length--;
		*to++ = '.';
		to = put_text(to, digits, (size_t)length);
	}
	*to++ = 'Z';
	return to;
}

static void flush(void)
{
	if (file.batch_length > 0) append(&(struct iovec){ file.batch, file.batch_length }, 1, (int64_t)file.batch_length);
	file.batch_length = 0;
}

static void write_line(int stream, const uint8_t *text, size_t length, int64_t time, int ended)
{
	if (file.settings.max > 0 && file.size + (int64_t)file.batch_length >= file.settings.max) {
		flush();
		rotate();
	}
	char *to = put_text(file.batch + file.batch_length, "{\"log\":\"", 8);
	to = put_escaped(to, text, length);
	if (ended) to = put_text(to, "\\n", 2);
	to = put_text(to, "\",\"stream\":\"std", 15);
	to = put_text(to, stream == 1 ? "out\"" : "err\"", 4);
	if (file.settings.attributes) {
		to = put_text(to, ",\"attrs\":", 9);
		to = put_text(to, file.settings.attributes, file.attributes_length);
	}
	to = put_text(to, ",\"time\":\"", 9);
	to = put_time(to, time);
	to = put_text(to, "\"}\n", 3);
	file.batch_length = (size_t)(to - file.batch);
	if (file.batch_length >= BATCH) flush();
}

static void end_part(int stream, int ended)
{
	struct line *line = &file.lines[stream - 1];
	if (!line->in_parts) line->time = now();
	write_line(stream, line->text, line->length, line->time, ended);
	line->length = 0;
	line->in_parts = !ended;
}

static void write_lines(int stream, const uint8_t *data, size_t length)
{
	struct line *line = &file.lines[stream - 1];
	while (length > 0) {
		size_t room = LINE - line->length, most = length < room ? length : room;
		const uint8_t *newline = memchr(data, '\n', most);
		size_t taken = newline ? (size_t)(newline - data) : most;
		if (newline && line->length == 0 && !line->in_parts) write_line(stream, data, taken, now(), 1);
		else {
			memcpy(line->text + line->length, data, taken);
			line->length += taken;
			if (newline || line->length == LINE) end_part(stream, newline != NULL);
		}
		taken += newline != NULL;
		data += taken;
		length -= taken;
	}
	flush();
}

/* ---- */

int log_open(const struct log_settings *settings)
{
	file.settings = *settings;
	if (!settings->path) return 0;
	if (settings->json) {
		file.attributes_length = settings->attributes ? strlen(settings->attributes) : 0;
		file.batch = malloc(BATCH + LINE * 6 + file.attributes_length + 128 + TIME_TEXT);
		if (!file.batch) return -1;
	}
	file.fd = open(settings->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	struct stat st;
	if (file.fd < 0 || fstat(file.fd, &st) < 0) return -1;
	file.size = st.st_size;
	unlink(unfinished());
	compress_next();
	return 0;
}

void log_write(int stream, const uint8_t *data, size_t length)
{
	if (file.fd < 0) return;
	if (file.settings.json) write_lines(stream, data, length);
	else write_record(stream, data, length);
}

void log_stream_end(int stream)
{
	if (file.fd < 0 || !file.settings.json || file.lines[stream - 1].length == 0) return;
	end_part(stream, 0);
	file.lines[stream - 1].in_parts = 0;
	flush();
}

void log_close(void)
{
	if (file.compressor > 0) {
		kill(file.compressor, SIGKILL);
		waitpid(file.compressor, NULL, 0);
		file.compressor = 0;
		unlink(unfinished());
	}
	if (file.fd >= 0) close(file.fd);
	file.fd = -1;
}
