/*
 * strata-shim: the small process that stands between the engine and one container process.
 *
 * It owns what must outlive the engine: the process's standard streams (pipes or a TTY), its log file (log-file.c) and its exit status.
 * The engine may be killed and come back; the shim goes on, and the engine finds it by its socket. See ../README.md for the
 * protocol and docs/decisions/ for why this one piece is C: it needs SCM_RIGHTS, a subreaper and under 1 MB of memory each.
 *
 *   strata-shim --dir DIR [--tty COLSxROWS] [--stdin] [--stdin-once] [--log PATH --log-max BYTES --log-files N
 *               [--log-json [--log-attributes JSON]] [--log-compress]] -- RUNTIME ARG…
 *
 * In DIR it listens on `shim.sock` and leaves `pid` (written by the runtime) and `exit` ("CODE EPOCH_MS\n"). An argument `@console`
 * is replaced by the path of the socket on which the runtime hands over the TTY (OCI runtime command line, --console-socket).
 * Standard input: "start\n" starts the runtime; an end before that ends the shim. Standard output: "listening\n", then
 * "started PID\n" or "failed STATUS\n" and what the runtime wrote to its standard error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log-file.h"

enum { CHUNK = 64 * 1024, STALL_MS = 10000, MAX_COMMAND = 64 };
enum stream { STREAM_OUT = 1, STREAM_ERR = 2 };

struct client {
	int fd;
	enum { GREETING, ATTACHED, WATCHING } kind;
	int in, out, err;        /* what an attached client asked for */
	int input_ended;         /* its half of the connection is closed */
	char line[MAX_COMMAND];  /* the command being read */
	size_t line_len;
	uint8_t *pending;        /* output that its socket would not take yet */
	size_t pending_len, pending_off;
	int64_t blocked_since;   /* when `pending` became non-empty */
};

static struct {
	struct log_settings log;
	int tty, want_stdin, stdin_once, columns, rows;
	int listen_fd, signal_fd, console_fd;
	int control_in, control_out; /* to the engine that started us; -1 once over */
	int source[3];               /* by stream: where the process's output is read; -1 at its end */
	int input;                   /* where its standard input is written; -1 when closed */
	int input_ending;            /* close it once what has been read for it is written */
	uint8_t input_buf[CHUNK];
	size_t input_len, input_off;
	pid_t runtime, process;
	int started, exited, exit_code;
	int64_t exit_at;
	struct client *clients;
	size_t client_count;
	char **command;
} shim = { .listen_fd = -1, .console_fd = -1, .control_in = 0, .control_out = 1, .source = { -1, -1, -1 }, .input = -1 };

static uint8_t chunk[CHUNK];

static _Noreturn void die(const char *what)
{
	dprintf(2, "strata-shim: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t monotonic_ms(void) { return now_ns(CLOCK_MONOTONIC) / 1000000; }

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void close_fd(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

static void write_all(int fd, const void *data, size_t length)
{
	const char *at = data;
	while (length > 0) {
		ssize_t n = write(fd, at, length);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return; /* the reader is gone; there is nobody to tell */
		at += n;
		length -= (size_t)n;
	}
}

static void say(const char *format, ...)
{
	char text[128];
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (shim.control_out >= 0 && n > 0) write_all(shim.control_out, text, (size_t)n);
}

/* ---- clients ---- */

static struct client *client_add(int fd)
{
	struct client *grown = realloc(shim.clients, (shim.client_count + 1) * sizeof *grown);
	if (!grown) return NULL;
	shim.clients = grown;
	struct client *c = &shim.clients[shim.client_count++];
	memset(c, 0, sizeof *c);
	c->fd = fd;
	return c;
}

/* A client's half of the connection has ended. With --stdin-once that is EOF for the process, after the bytes before it. */
static void end_input(struct client *c)
{
	if (c->input_ended) return;
	c->input_ended = 1;
	if (c->kind != ATTACHED || !c->in || !shim.stdin_once || shim.tty) return;
	shim.input_ending = 1;
	if (shim.input_len == 0) close_fd(&shim.input);
}

static void client_drop(size_t index)
{
	struct client *c = &shim.clients[index];
	end_input(c);
	close(c->fd);
	free(c->pending);
	shim.clients[index] = shim.clients[--shim.client_count];
}

/* Marks a client for removal; the loop sweeps, so that indexes stay valid while we walk. */
static void client_fail(struct client *c)
{
	shutdown(c->fd, SHUT_RDWR);
	c->pending_len = c->pending_off = 0;
	c->blocked_since = -1;
}

static void client_send(struct client *c, const void *head, size_t head_len, const void *data, size_t length)
{
	if (c->blocked_since < 0) return;
	size_t total = head_len + length, sent = 0;
	if (c->pending_len == c->pending_off) {
		struct iovec parts[2] = { { (void *)head, head_len }, { (void *)data, length } };
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
		ssize_t n = sendmsg(c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) { client_fail(c); return; }
		if (n > 0) sent = (size_t)n;
	}
	if (sent == total) return;
	size_t rest = total - sent, kept = c->pending_len - c->pending_off;
	uint8_t *buffer = malloc(kept + rest);
	if (!buffer) { client_fail(c); return; }
	if (kept > 0) memcpy(buffer, c->pending + c->pending_off, kept);
	else c->blocked_since = monotonic_ms();
	uint8_t *at = buffer + kept;
	if (sent < head_len) {
		memcpy(at, (const uint8_t *)head + sent, head_len - sent);
		at += head_len - sent;
		sent = head_len;
	}
	memcpy(at, (const uint8_t *)data + (sent - head_len), total - sent);
	free(c->pending);
	c->pending = buffer;
	c->pending_off = 0;
	c->pending_len = kept + rest;
}

static void client_flush(struct client *c)
{
	while (c->pending_off < c->pending_len) {
		ssize_t n = send(c->fd, c->pending + c->pending_off, c->pending_len - c->pending_off, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR) client_fail(c);
			else c->blocked_since = monotonic_ms();
			return;
		}
		c->pending_off += (size_t)n;
	}
	free(c->pending);
	c->pending = NULL;
	c->pending_len = c->pending_off = 0;
	c->blocked_since = 0;
}

static void tell_exit(struct client *c)
{
	char text[64];
	int n = snprintf(text, sizeof text, "exit %d %lld\n", shim.exit_code, (long long)shim.exit_at);
	client_send(c, "", 0, text, (size_t)n);
}

static void broadcast(enum stream stream, const uint8_t *data, size_t length)
{
	uint8_t head[8] = { (uint8_t)stream };
	put_u32(head + 4, (uint32_t)length);
	for (size_t i = 0; i < shim.client_count; i++) {
		struct client *c = &shim.clients[i];
		if (c->kind != ATTACHED || !(stream == STREAM_OUT ? c->out : c->err)) continue;
		client_send(c, head, shim.tty ? 0 : sizeof head, data, length);
	}
}

/* ---- the process's streams ---- */

/* Reads once. Returns 1 while there may be more at once. */
static int source_read(enum stream stream)
{
	ssize_t n = read(shim.source[stream], chunk, sizeof chunk);
	if (n > 0) {
		log_write(stream, chunk, (size_t)n);
		broadcast(stream, chunk, (size_t)n);
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
	if (shim.tty && shim.input == shim.source[stream]) shim.input = -1;
	log_stream_end(stream);
	close_fd(&shim.source[stream]); /* EOF; a TTY says EIO when its last holder has gone */
	return 0;
}

static void input_flush(void)
{
	while (shim.input >= 0 && shim.input_off < shim.input_len) {
		ssize_t n = write(shim.input, shim.input_buf + shim.input_off, shim.input_len - shim.input_off);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0 && errno == EAGAIN) return;
		if (n < 0) { /* nobody reads any more: what is left has no taker */
			if (!shim.tty) close_fd(&shim.input);
			break;
		}
		shim.input_off += (size_t)n;
	}
	shim.input_len = shim.input_off = 0;
	if (shim.input_ending) close_fd(&shim.input);
}

static void resize(int columns, int rows)
{
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows };
	shim.columns = columns;
	shim.rows = rows;
	if (shim.tty && shim.source[STREAM_OUT] >= 0) ioctl(shim.source[STREAM_OUT], TIOCSWINSZ, &size);
}

/* ---- commands of clients: "A[i][o][e]" attach, "W" watch, then on a watcher "R COLS ROWS" and "S SIGNAL" ---- */

static void client_command(struct client *c)
{
	int a, b;
	if (c->kind == GREETING && c->line[0] == 'A') {
		c->kind = ATTACHED;
		c->in = strchr(c->line, 'i') != NULL;
		c->out = strchr(c->line, 'o') != NULL;
		c->err = strchr(c->line, 'e') != NULL;
		client_send(c, "", 0, "+", 1);
	} else if (c->kind == GREETING && c->line[0] == 'W') {
		c->kind = WATCHING;
		client_send(c, "", 0, "+", 1);
		if (shim.exited) tell_exit(c);
	} else if (c->kind == WATCHING && sscanf(c->line, "R %d %d", &a, &b) == 2) {
		resize(a, b);
	} else if (c->kind == WATCHING && sscanf(c->line, "S %d", &a) == 1) {
		/* Safe against reuse of the pid: until we have reaped it, it is ours. */
		if (shim.process > 0 && !shim.exited) kill(a < 0 ? -shim.process : shim.process, abs(a)); /* negative: its process group */
	} else {
		client_fail(c);
	}
}

/* Commands are read bytewise: what follows an attach's line is already standard input and must stay in the socket. */
static void client_read_command(struct client *c)
{
	char byte;
	while (c->kind != ATTACHED) {
		ssize_t n = recv(c->fd, &byte, 1, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
		if (n <= 0) { client_fail(c); return; }
		if (byte != '\n') {
			if (c->line_len + 1 >= sizeof c->line) { client_fail(c); return; }
			c->line[c->line_len++] = byte;
			continue;
		}
		c->line[c->line_len] = 0;
		c->line_len = 0;
		client_command(c);
		if (c->blocked_since < 0) return;
	}
}

static void client_read_input(struct client *c)
{
	ssize_t n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (n <= 0) {
		end_input(c);
		if (n < 0) client_fail(c);
		return;
	}
	if (!c->in || shim.input < 0) return;
	memcpy(shim.input_buf, chunk, (size_t)n);
	shim.input_len = (size_t)n;
	shim.input_off = 0;
	input_flush();
}

/* ---- starting and ending ---- */

static int bind_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strncpy(address.sun_path, name, sizeof address.sun_path - 1);
	unlink(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0) die(name);
	return fd;
}

static void start_runtime(void)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	if (pipe2(err, O_CLOEXEC) < 0) die("pipe");
	if (!shim.tty && pipe2(out, O_CLOEXEC) < 0) die("pipe");
	if (!shim.tty && shim.want_stdin && pipe2(in, O_CLOEXEC) < 0) die("pipe");
	if (shim.tty) {
		shim.console_fd = bind_socket("console");
		for (char **arg = shim.command; *arg; arg++)
			if (strcmp(*arg, "@console") == 0 && asprintf(arg, "/proc/%d/cwd/console", (int)getpid()) < 0) die("console");
	}
	shim.runtime = fork();
	if (shim.runtime < 0) die("fork");
	if (shim.runtime == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(in[0] >= 0 ? in[0] : null, 0);
		dup2(out[1] >= 0 ? out[1] : null, 1);
		dup2(err[1], 2);
		if (null > 2) close(null);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_DFL); /* ignored signals would pass through exec into the container */
		execvp(shim.command[0], shim.command);
		dprintf(2, "%s: %s\n", shim.command[0], strerror(errno));
		_exit(127);
	}
	if (in[0] >= 0) close(in[0]);
	if (out[1] >= 0) close(out[1]);
	close(err[1]);
	shim.input = in[1];
	shim.source[STREAM_OUT] = out[0];
	shim.source[STREAM_ERR] = err[0];
	for (int i = 0; i < 3; i++) {
		int fd = i == 0 ? shim.input : shim.source[i];
		if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
	}
}

/* The runtime hands over the master side of the container's TTY as SCM_RIGHTS. */
static void receive_console(void)
{
	int connection = accept4(shim.console_fd, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0) return;
	char name[256];
	union { struct cmsghdr align; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { name, sizeof name };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space };
	ssize_t n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
		int master;
		memcpy(&master, CMSG_DATA(header), sizeof master);
		fcntl(master, F_SETFL, O_NONBLOCK);
		shim.source[STREAM_OUT] = master;
		if (shim.want_stdin) shim.input = master;
		if (shim.columns > 0) resize(shim.columns, shim.rows);
	}
	close(connection);
	close_fd(&shim.console_fd);
	unlink("console");
}

static _Noreturn void report_failure(int status)
{
	say("failed %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	for (int left = 16; left > 0 && shim.source[STREAM_ERR] >= 0; left--) {
		ssize_t n = read(shim.source[STREAM_ERR], chunk, 1024);
		if (n <= 0) break;
		if (shim.control_out >= 0) write_all(shim.control_out, chunk, (size_t)n);
	}
	unlink("shim.sock");
	_exit(1);
}

static void runtime_ended(int status)
{
	shim.runtime = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) report_failure(status);
	FILE *file = fopen("pid", "re");
	int pid = 0;
	if (!file || fscanf(file, "%d", &pid) != 1 || pid <= 0) report_failure(255 << 8);
	fclose(file);
	if (shim.console_fd >= 0) receive_console();
	if (shim.tty) close_fd(&shim.source[STREAM_ERR]);
	shim.process = pid;
	shim.started = 1;
	say("started %d\n", pid);
	close_fd(&shim.control_out);
	close_fd(&shim.control_in);
	for (int i = 0; i < 2; i++) (void)!open("/dev/null", O_RDWR | O_CLOEXEC); /* keep 0 and 1 taken */
	input_flush();
}

static void process_ended(int status)
{
	shim.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	shim.exit_at = now_ns(CLOCK_REALTIME) / 1000000;
	/* What it wrote last is still in the pipes: bounded by their capacity, so it is taken whole, whoever is slow to read it. */
	for (int s = STREAM_OUT; s <= STREAM_ERR; s++)
		while (shim.source[s] >= 0 && source_read((enum stream)s)) continue;
	if (shim.tty && shim.input == shim.source[STREAM_OUT]) shim.input = -1;
	for (int s = STREAM_OUT; s <= STREAM_ERR; s++) {
		log_stream_end(s);
		close_fd(&shim.source[s]);
	}
	log_close();
	close_fd(&shim.input);
	shim.exited = 1;
	FILE *file = fopen("exit.tmp", "we");
	if (file) {
		fprintf(file, "%d %lld\n", shim.exit_code, (long long)shim.exit_at);
		fclose(file);
		(void)!rename("exit.tmp", "exit");
	}
	for (size_t i = 0; i < shim.client_count; i++)
		if (shim.clients[i].kind == WATCHING) tell_exit(&shim.clients[i]);
}

static void reap(void)
{
	struct signalfd_siginfo info;
	while (read(shim.signal_fd, &info, sizeof info) > 0) continue;
	int status;
	if (shim.runtime > 0 && waitpid(shim.runtime, &status, WNOHANG) == shim.runtime) runtime_ended(status);
	if (!shim.started) return;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (!log_child_ended(pid, status) && pid == shim.process && !shim.exited) process_ended(status);
}

static void read_control(void)
{
	char text[16];
	ssize_t n = read(shim.control_in, text, sizeof text);
	if (n > 0 && shim.runtime == 0 && !shim.started && memchr(text, '\n', (size_t)n)) start_runtime();
	if (n > 0 || (n < 0 && errno == EINTR)) return;
	if (shim.runtime == 0 && !shim.started) { /* the engine went before it said start */
		unlink("shim.sock");
		_exit(0);
	}
	close_fd(&shim.control_in);
}

/* ---- the loop ---- */

static int anyone_blocked(int64_t now)
{
	size_t readers = 0, blocked = 0;
	for (size_t i = 0; i < shim.client_count; i++) {
		struct client *c = &shim.clients[i];
		if (c->kind != ATTACHED || !(c->out || c->err)) continue;
		readers++;
		if (c->pending_len > c->pending_off) blocked++;
	}
	/* One reader alone may hold the process back for ever, as a pipe would; it may not hold back the others for long. */
	if (blocked > 0 && readers > 1)
		for (size_t i = 0; i < shim.client_count; i++) {
			struct client *c = &shim.clients[i];
			if (c->pending_len > c->pending_off && now - c->blocked_since > STALL_MS) client_fail(c);
		}
	return blocked > 0;
}

static int done(void)
{
	if (!shim.exited) return 0;
	for (size_t i = 0; i < shim.client_count; i++)
		if (shim.clients[i].pending_len > shim.clients[i].pending_off) return 0;
	return 1;
}

static void sweep(void)
{
	for (size_t i = shim.client_count; i-- > 0;)
		if (shim.clients[i].blocked_since < 0) client_drop(i);
}

static void loop(void)
{
	static struct pollfd *polls;
	for (;;) {
		sweep();
		if (done()) return;
		size_t count = shim.client_count, fixed = 7;
		polls = realloc(polls, (count + fixed) * sizeof *polls);
		if (!polls) die("poll");
		int blocked = anyone_blocked(monotonic_ms());
		int reading = shim.started && !shim.exited && !blocked;
		int input_waits = shim.input_len > shim.input_off;
		polls[0] = (struct pollfd){ shim.signal_fd, POLLIN, 0 };
		polls[1] = (struct pollfd){ shim.listen_fd, POLLIN, 0 };
		polls[2] = (struct pollfd){ shim.started ? -1 : shim.control_in, POLLIN, 0 };
		polls[3] = (struct pollfd){ shim.console_fd, POLLIN, 0 };
		polls[4] = (struct pollfd){ reading ? shim.source[STREAM_OUT] : -1, POLLIN, 0 };
		polls[5] = (struct pollfd){ reading ? shim.source[STREAM_ERR] : -1, POLLIN, 0 };
		polls[6] = (struct pollfd){ input_waits && shim.started ? shim.input : -1, POLLOUT, 0 };
		for (size_t i = 0; i < count; i++) {
			struct client *c = &shim.clients[i];
			short events = 0;
			int takes_input = c->kind != ATTACHED || (!input_waits && shim.started) || !c->in;
			if (!c->input_ended && takes_input) events |= POLLIN;
			if (c->pending_len > c->pending_off) events |= POLLOUT;
			/* poll reports a hang-up unasked: a client whose input must wait is left out, or we would spin on it. */
			int waits = !c->input_ended && !takes_input && events == 0;
			polls[fixed + i] = (struct pollfd){ waits ? -1 : c->fd, events, 0 };
		}
		if (poll(polls, count + fixed, blocked ? STALL_MS : -1) < 0 && errno != EINTR) die("poll");
		for (size_t i = 0; i < count; i++) {
			struct client *c = &shim.clients[i];
			short got = polls[fixed + i].revents;
			if (c->blocked_since < 0) continue;
			if (got & POLLOUT) client_flush(c);
			if (c->input_ended) { if (got & POLLHUP) client_fail(c); }
			else if ((polls[fixed + i].events & POLLIN) && (got & (POLLIN | POLLHUP))) {
				/* An earlier client of this round may have filled the input; this one's turn comes in the next. */
				if (c->kind != ATTACHED) client_read_command(c);
				else if (!c->in || shim.input_len == shim.input_off) client_read_input(c);
			}
			if (got & (POLLERR | POLLNVAL)) client_fail(c);
		}
		if (polls[3].revents) receive_console();
		if (polls[4].revents && shim.source[STREAM_OUT] >= 0) source_read(STREAM_OUT);
		if (polls[5].revents && shim.source[STREAM_ERR] >= 0) source_read(STREAM_ERR);
		if (polls[6].revents) input_flush();
		if (polls[0].revents) reap();
		if (polls[2].revents) read_control();
		if (polls[1].revents) {
			int fd = accept4(shim.listen_fd, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0 && !client_add(fd)) close(fd);
		}
	}
}

static void parse_arguments(int argc, char **argv)
{
	const char *directory = NULL;
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--stdin") == 0) shim.want_stdin = 1;
		else if (strcmp(argv[i], "--stdin-once") == 0) shim.stdin_once = 1;
		else if (strcmp(argv[i], "--tty") == 0) { shim.tty = 1; sscanf(value, "%dx%d", &shim.columns, &shim.rows); i++; }
		else if (strcmp(argv[i], "--dir") == 0) { directory = value; i++; }
		else if (strcmp(argv[i], "--log") == 0) { shim.log.path = value; i++; }
		else if (strcmp(argv[i], "--log-max") == 0) { shim.log.max = atoll(value); i++; }
		else if (strcmp(argv[i], "--log-files") == 0) { shim.log.files = atoi(value); i++; }
		else if (strcmp(argv[i], "--log-json") == 0) shim.log.json = 1;
		else if (strcmp(argv[i], "--log-compress") == 0) shim.log.compress = 1;
		else if (strcmp(argv[i], "--log-attributes") == 0) { shim.log.attributes = value; i++; }
		else { errno = EINVAL; die(argv[i]); }
	}
	shim.command = argv + i + 1;
	if (!directory || i + 1 >= argc) { errno = EINVAL; die("usage: strata-shim --dir DIR [options] -- RUNTIME ARG..."); }
	if (chdir(directory) < 0) die(directory);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts("strata-shim 1") < 0;
	parse_arguments(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	sigset_t handled;
	sigemptyset(&handled);
	sigaddset(&handled, SIGCHLD);
	sigaddset(&handled, SIGHUP);
	sigaddset(&handled, SIGINT);
	sigaddset(&handled, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &handled, NULL) < 0) die("sigprocmask");
	shim.signal_fd = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
	if (shim.signal_fd < 0) die("signalfd");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) die("subreaper");
	prctl(PR_SET_NAME, "strata-shim");
	if (log_open(&shim.log) < 0) die(shim.log.path);
	shim.listen_fd = bind_socket("shim.sock");
	say("listening\n");
	loop();
	unlink("shim.sock");
	return 0;
}
