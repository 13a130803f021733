#define _GNU_SOURCE

#include "CPlatformWatch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t platform_read_string(pid_t task, uint64_t address, char *buffer, size_t size) {
    // Page by page: what follows the string may not be there.
    size_t count = 0;
    while (count < size) {
        size_t piece = 4096 - (size_t)((address + count) % 4096);
        if (piece > size - count) piece = size - count;
        struct iovec here = {buffer + count, piece}, there = {(void *)(uintptr_t)(address + count), piece};
        ssize_t read = process_vm_readv(task, &here, 1, &there, 1, 0);
        if (read <= 0) return -1;
        const char *end = memchr(buffer + count, 0, (size_t)read);
        if (end) return end - buffer;
        count += (size_t)read;
    }
    errno = ENAMETOOLONG;
    return -1;
}

int platform_read_how(pid_t task, uint64_t address, uint64_t *flags) {
    struct iovec here = {flags, sizeof *flags}, there = {(void *)(uintptr_t)address, sizeof *flags};
    ssize_t read = process_vm_readv(task, &here, 1, &there, 1, 0);
    return read == sizeof *flags ? 0 : -1;
}

static const char *behind(const char *path, const char *prefix) {
    size_t count = strlen(prefix);
    return strncmp(path, prefix, count) == 0 ? path + count : NULL;
}

// What a process finds under these names is its own, not this one's.
static int own_path(pid_t task, const char *path, char *buffer, size_t size) {
    static const char *const streams[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    const char *rest;
    for (int number = 0; number < 3; number++) {
        if (strcmp(path, streams[number]) == 0) return snprintf(buffer, size, "/proc/%d/fd/%d", task, number);
    }
    if ((rest = behind(path, "/dev/fd/"))) return snprintf(buffer, size, "/proc/%d/fd/%s", task, rest);
    if ((rest = behind(path, "/proc/self/"))) return snprintf(buffer, size, "/proc/%d/%s", task, rest);
    if ((rest = behind(path, "/proc/thread-self/"))) return snprintf(buffer, size, "/proc/%d/%s", task, rest);
    return snprintf(buffer, size, "%s", path);
}

static int folder_name(pid_t task, int folder, char *buffer, size_t size) {
    if (folder == AT_FDCWD) return snprintf(buffer, size, "/proc/%d/cwd", task);
    return snprintf(buffer, size, "/proc/%d/fd/%d", task, folder);
}

int platform_open_as(pid_t task, int folder, const char *path, int follows) {
    char name[PATH_MAX + 64];
    if (path[0] == '/') {
        own_path(task, path, name, sizeof name);
    } else {
        int count = folder_name(task, folder, name, sizeof name);
        // An empty path means the descriptor itself.
        if (path[0] == 0) follows = 1;
        else snprintf(name + count, sizeof name - (size_t)count, "/%s", path);
    }
    return open(name, O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW));
}

ssize_t platform_folder_path(pid_t task, int folder, char *buffer, size_t size) {
    char name[64];
    folder_name(task, folder, name, sizeof name);
    return readlink(name, buffer, size);
}

ssize_t platform_descriptor_path(int descriptor, char *buffer, size_t size) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    return readlink(name, buffer, size);
}

int platform_may(int descriptor, int mode) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    return access(name, mode) == 0;
}

int platform_at_cwd(void) {
    return AT_FDCWD;
}

int platform_flag_temporary(void) {
    return O_TMPFILE;
}

int platform_flag_path(void) {
    return O_PATH;
}

int platform_flag_empty_path(void) {
    return AT_EMPTY_PATH;
}

int platform_events_open(void) {
    return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

int platform_events_add(int events, const char *folder) {
    return inotify_add_watch(
        events, folder,
        IN_ACCESS | IN_OPEN | IN_CLOSE | IN_MODIFY | IN_MOVE | IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_DONT_FOLLOW
            | IN_EXCL_UNLINK);
}

size_t platform_event_read(const void *bytes, struct platform_event *event) {
    const struct inotify_event *read = bytes;
    static const struct {
        uint32_t theirs, ours;
    } kinds[] = {
        {IN_ACCESS, PLATFORM_EVENT_ACCESS}, {IN_OPEN, PLATFORM_EVENT_OPEN}, {IN_CLOSE_NOWRITE, PLATFORM_EVENT_READ},
        {IN_CLOSE_WRITE | IN_MODIFY, PLATFORM_EVENT_WRITTEN}, {IN_MOVED_TO | IN_CREATE, PLATFORM_EVENT_CAME},
        {IN_MOVED_FROM | IN_DELETE, PLATFORM_EVENT_WENT}, {IN_ISDIR, PLATFORM_EVENT_FOLDER},
        {IN_Q_OVERFLOW, PLATFORM_EVENT_OVERFLOW},
    };
    event->folder = read->wd;
    event->kinds = 0;
    for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++) {
        if (read->mask & kinds[index].theirs) event->kinds |= kinds[index].ours;
    }
    event->name = read->len > 0 ? read->name : "";
    return sizeof *read + read->len;
}
