/* The data disk. Formatted only while it is blank; whatever else it holds is left alone. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where file systems, partition tables and volume managers put what tells them: the first and the last MiB, and btrfs at 64 KiB. */
#define PROBED (1 << 20)

static unsigned char head[PROBED], tail[PROBED];

static uint64_t big_endian(const unsigned char *bytes, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
    return value;
}

static bool zero(const unsigned char *bytes, size_t size) {
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static void must_read(int fd, unsigned char *into, uint64_t offset, const char *device) {
    for (size_t used = 0; used < PROBED;) {
        ssize_t got = pread(fd, into + used, PROBED - used, (off_t)(offset + used));
        if (got <= 0) fail("%s: cannot be read at byte %llu: %s", device, (unsigned long long)(offset + used), got == 0 ? "it is too small" : strerror(errno));
        used += (size_t)got;
    }
}

static void format(char *device) {
    say("data disk: blank, formatting");
    /* -K: a blank disk has nothing to discard. -f: a format that was interrupted is begun again. */
    char *const argv[] = {"/usr/sbin/mkfs.xfs", "-q", "-f", "-K", "-L", "strata", "-m", "crc=1,reflink=1,bigtime=1", "-n", "ftype=1", device, NULL};
    run(argv);
}

void prepare_data_disk(void) {
    char device[64];
    uint64_t bytes = 0;
    load_modules("/usr/lib/strata/modules/data-disk");
    find_disk("strata-data", device, sizeof device);
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0) fail("%s: %s", device, strerror(errno));
    if (bytes < 512ULL << 20) fail("the data disk has %llu MiB; it needs 512 at least", (unsigned long long)(bytes >> 20));
    must_read(fd, head, 0, device);
    bool ours = memcmp(head, "XFSB", 4) == 0, formatted = ours && head[126] == 0; /* sb_inprogress: mkfs has not finished */
    if (!ours) {
        must_read(fd, tail, bytes - PROBED, device);
        if (!zero(head, PROBED) || !zero(tail, PROBED)) fail("the data disk is neither blank nor one that we formatted: it is not touched");
    }
    close(fd);
    if (!formatted) format(device);
    if (mount(device, DATA_DIR, "xfs", MS_NOATIME, "discard") < 0)
        fail("the data disk cannot be mounted: %s. Nothing was changed on it; xfs_repair %s in the machine's shell may mend it", strerror(errno), device);
    if (formatted && bytes - big_endian(head + 8, 8) * big_endian(head + 4, 4) > 1 << 20) {
        say("data disk: growing to %llu MiB", (unsigned long long)(bytes >> 20));
        char *const argv[] = {"/usr/sbin/xfs_growfs", "-d", DATA_DIR, NULL};
        run(argv);
    }
    mkdir(DATA_DIR "/engine", 0711);
    mkdir(DATA_DIR "/log", 0700);
    mkdir(DATA_DIR "/cache", 0700);
}

void trim_data_disk(void) {
    struct fstrim_range range = {.len = UINT64_MAX};
    int fd = open(DATA_DIR, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, FITRIM, &range) < 0) fail("trim: %s", strerror(errno));
    say("data disk: %llu MiB given back", (unsigned long long)(range.len >> 20));
}
