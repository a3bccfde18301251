#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void must_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    mkdir(target, 0755);
    if (mount(source, target, type, flags, data) < 0) panic("mount %s on %s: %s", source, target, strerror(errno));
}

void mount_kernel_filesystems(void) {
    must_mount("dev", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755");
    must_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    must_mount("sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* The initrd lives in memory: what is deleted is given back. */
static void empty_initrd(void) {
    DIR *modules = opendir("/modules");
    if (modules == NULL) return;
    for (struct dirent *entry; (entry = readdir(modules)) != NULL;) unlinkat(dirfd(modules), entry->d_name, 0);
    closedir(modules);
    unlink("/init");
}

/* The root disk has two partitions: the system, and the engine. Changing the engine does not rebuild the system. */
void mount_root_and_switch(void) {
    char disk[64], partition[80];
    find_disk("strata-root", disk, sizeof disk);
    snprintf(partition, sizeof partition, "%s1", disk);
    must_mount(partition, "/new", "squashfs", MS_RDONLY | MS_NODEV, NULL);
    snprintf(partition, sizeof partition, "%s2", disk);
    must_mount(partition, "/new/opt/strata", "squashfs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL);
    must_mount("/dev", "/new/dev", NULL, MS_MOVE, NULL);
    must_mount("/proc", "/new/proc", NULL, MS_MOVE, NULL);
    must_mount("/sys", "/new/sys", NULL, MS_MOVE, NULL);
    empty_initrd();
    if (chdir("/new") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) panic("switch to the root: %s", strerror(errno));
    mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL); /* as containers' bind mounts with propagation expect */
}

static void delegate_controllers(void) {
    char controllers[512];
    if (read_file("/sys/fs/cgroup/cgroup.controllers", controllers, sizeof controllers) < 0) return;
    for (char *rest = controllers, *name; (name = strsep(&rest, " \n")) != NULL;) {
        char order[64];
        if (*name == '\0') continue;
        snprintf(order, sizeof order, "+%.60s", name);
        if (!write_file("/sys/fs/cgroup/cgroup.subtree_control", order)) say("cgroup controller %s: %s", name, strerror(errno));
    }
}

static void set_kernel(const char *name, const char *value) {
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/%s", name);
    if (!write_file(path, value)) say("sysctl %s: %s", name, strerror(errno));
}

void lay_out_system(void) {
    must_mount("pts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620,gid=5");
    must_mount("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    must_mount("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    must_mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
    must_mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    must_mount("var", "/var", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
    must_mount("cgroup", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate");
    static const char *const folders[] = {"/run/strata", "/run/sshd", "/run/lock", "/var/lib", DATA_DIR, "/var/log", "/var/empty", "/var/cache"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) mkdir(folders[i], 0755);
    mkdir("/var/tmp", 01777);
    mkdir(CONFIG_DIR, 0700);
    symlink("/run", "/var/run");
    symlink(ENGINE_SOCKET, "/run/docker.sock");
    symlink("/proc/self/fd", "/dev/fd");
    symlink("/proc/self/fd/0", "/dev/stdin");
    symlink("/proc/self/fd/1", "/dev/stdout");
    symlink("/proc/self/fd/2", "/dev/stderr");
    delegate_controllers();
    set_kernel("net/ipv4/ip_forward", "1");
    set_kernel("kernel/pid_max", "4194304");
    set_kernel("vm/max_map_count", "262144");
    set_kernel("fs/inotify/max_user_watches", "1048576");
    set_kernel("fs/inotify/max_user_instances", "8192");
    set_kernel("net/core/somaxconn", "4096");
}
