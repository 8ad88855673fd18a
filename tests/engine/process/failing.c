/* Stands before the C library's writes and syncs in a process that is to meet a disk that fails: LD_PRELOAD.
 *
 * Of files whose path has "/journal/" in it: every call is written down in $SHIM_LOG ("fdatasync ok 00001.obj"), and
 * fails with EIO from the $SHIM_FROM-th call of $SHIM_CALL on after the file $SHIM_TRIGGER has come to be.
 * io_uring is refused (ENOSYS), as many containers refuse it: its writes pass by the C library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int seen;

/* Whether this call of `name` on descriptor `fd` has to fail. */
static int fails(const char *name, int fd) {
    char link[64], path[4096], line[4400];
    const char *log = getenv("SHIM_LOG"), *call = getenv("SHIM_CALL"), *trigger = getenv("SHIM_TRIGGER");
    const char *from = getenv("SHIM_FROM");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0 || !log || !call || !trigger)
        return 0;
    path[size] = 0;
    if (!strstr(path, "/journal/") || strstr(path, "/journal/next.tmp"))
        return 0;
    int failing = 0;
    if (!strcmp(name, call) && !access(trigger, F_OK))
        failing = ++seen >= (from ? atoi(from) : 1);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out >= 0) {
        int length = snprintf(line, sizeof line, "%s %s %s\n", name, failing ? "EIO" : "ok", strrchr(path, '/') + 1);
        if (write(out, line, (size_t)length) < 0)
            abort();
        close(out);
    }
    if (failing)
        errno = EIO;
    return failing;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

int fdatasync(int fd) {
    return fails("fdatasync", fd) ? -1 : NEXT(int (*)(int), "fdatasync")(fd);
}

int fsync(int fd) {
    return fails("fsync", fd) ? -1 : NEXT(int (*)(int), "fsync")(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    typedef ssize_t (*call)(int, const void *, size_t, off_t);
    return fails("pwrite", fd) ? -1 : NEXT(call, "pwrite")(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    typedef ssize_t (*call)(int, const void *, size_t, off64_t);
    return fails("pwrite", fd) ? -1 : NEXT(call, "pwrite64")(fd, bytes, size, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    typedef ssize_t (*call)(int, const struct iovec *, int, off_t);
    return fails("pwritev", fd) ? -1 : NEXT(call, "pwritev")(fd, parts, count, offset);
}

/* What os.pwritev calls; with 64-bit offsets under the second name. */
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
    typedef ssize_t (*call)(int, const struct iovec *, int, off_t, int);
    return fails("pwritev", fd) ? -1 : NEXT(call, "pwritev2")(fd, parts, count, offset, flags);
}

ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags) {
    typedef ssize_t (*call)(int, const struct iovec *, int, off64_t, int);
    return fails("pwritev", fd) ? -1 : NEXT(call, "pwritev64v2")(fd, parts, count, offset, flags);
}

long syscall(long number, ...) {
    typedef long (*call)(long, ...);
    long given[6];
    va_list rest;
    va_start(rest, number);
    for (int index = 0; index < 6; index++)
        given[index] = va_arg(rest, long);
    va_end(rest);
    if (number == 425) { /* io_uring_setup */
        errno = ENOSYS;
        return -1;
    }
    return NEXT(call, "syscall")(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}
