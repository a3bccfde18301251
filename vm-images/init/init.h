/* The guest's init: process 1 from the initrd to power-off. See README.md beside this folder for phases and order. */
#ifndef STRATA_INIT_H
#define STRATA_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONFIG_DIR "/run/strata/config"
#define DATA_DIR "/var/lib/strata"
#define ENGINE_SOCKET "/run/strata/engine.sock"

/* log.c: to the console, for people */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
long uptime_ms(void);

/* control.c: JSON lines to and from the host. What was said is said again when the host reconnects. */
void control_open(void);
int control_fd(void);
bool control_wants_write(void);
/* Reads and writes what can be; calls `command` for each whole line from the host. */
void control_ready(void (*command)(const char *line));
/* The host came or went (SIGIO). */
void control_changed(void);
void phase(const char *name, const char *state, const char *message);
void event(const char *json_line);

/* json.c: `path` is "a.b.0"; fails unless the whole text is valid JSON. Strings are unescaped, other scalars copied as written. */
bool json_get(const char *text, const char *path, char *value, size_t size);
void json_escape(const char *text, char *out, size_t size);

/* files.c */
ssize_t read_file(const char *path, char *buffer, size_t size); /* NUL-terminated; -1 on error */
bool write_file(const char *path, const char *text);
bool write_new_file(const char *path, const void *data, size_t size, mode_t mode);

/* modules.c: `list` has one path a line, in order of loading */
void load_modules(const char *list);

/* mounts.c */
void mount_kernel_filesystems(void);
void mount_root_and_switch(void);
void lay_out_system(void);

/* disks.c: the block device with that serial, waited for; exits the worker or panics when it does not come */
void find_disk(const char *serial, char *device, size_t size);

/* worker.c: a step in a process of its own. It ends well, or through fail(); `done` runs in process 1. */
void start_worker(const char *phase_name, void (*work)(void), void (*done)(bool ok));
bool worker_ended(pid_t pid, int status);
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs a program to its end; fails the worker with its name and last words otherwise. */
void run(char *const argv[]);

/* steps */
void read_config(void);                 /* config.c */
void bring_up_network(void);            /* network.c */
void prepare_data_disk(void);           /* data_disk.c */
void trim_data_disk(void);
void wait_for_engine(void);             /* engine.c */

/* ssh.c: process 1 listens; each connection gets an `sshd -i` */
void ssh_listen(void);
int ssh_fd(void);
void ssh_accept(void);
bool ssh_ended(pid_t pid);

/* engine.c: started again when it dies, later each time */
void engine_start(void);
bool engine_ended(pid_t pid, int status);
long engine_due_ms(void);               /* until the next start is due; -1 when none is */
void engine_tick(void);
void engine_stop(void);                 /* asks it to end; engine_running() tells */
bool engine_running(void);

/* shutdown.c */
_Noreturn void power_off(void);
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
