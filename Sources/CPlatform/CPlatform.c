#define _GNU_SOURCE

#include "CPlatform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

int platform_open(const char *path, int flags, mode_t mode) {
    return open(path, flags, mode);
}

int platform_openat(int folder, const char *path, int flags, mode_t mode) {
    return openat(folder, path, flags, mode);
}

int platform_duplicate(int descriptor) {
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

int platform_pipe(int *ends) {
    return pipe2(ends, O_CLOEXEC);
}

int platform_set_pipe_size(int pipe, int size) {
    return fcntl(pipe, F_SETPIPE_SZ, size);
}

int platform_rename_exclusive(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int platform_rename_exclusive_at(int folder, const char *from, const char *to) {
    return renameat2(folder, from, folder, to, RENAME_NOREPLACE);
}

int platform_rename_exchange_at(int folder, const char *one, const char *other) {
    return renameat2(folder, one, folder, other, RENAME_EXCHANGE);
}

int platform_set_modified(int file, int64_t seconds, int64_t nanoseconds) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return futimens(file, times);
}

int platform_clone(int destination, int source) {
    return ioctl(destination, FICLONE, source);
}

ssize_t platform_copy_range(int source, int destination, size_t count) {
    return copy_file_range(source, NULL, destination, NULL, count, 0);
}

ssize_t platform_splice(int file, int pipe, size_t count) {
    return splice(file, NULL, pipe, NULL, count, 0);
}

ssize_t platform_dedupe(int source, int destination, off_t offset, size_t count) {
    _Alignas(8) char memory[sizeof(struct file_dedupe_range) + sizeof(struct file_dedupe_range_info)] = {0};
    struct file_dedupe_range *range = (void *)memory;
    struct file_dedupe_range_info *answer = range->info;
    range->src_offset = offset;
    range->src_length = count;
    range->dest_count = 1;
    answer->dest_fd = destination;
    answer->dest_offset = offset;
    if (ioctl(source, FIDEDUPERANGE, range) != 0) return -1;
    if (answer->status == FILE_DEDUPE_RANGE_DIFFERS) return -2;
    if (answer->status < 0) {
        errno = -answer->status;
        return -1;
    }
    return answer->bytes_deduped;
}

enum { EXTENTS_AT_ONCE = 64, EXTENTS_SIZE = sizeof(struct fiemap) + EXTENTS_AT_ONCE * sizeof(struct fiemap_extent) };

static int read_extents(int file, __u64 start, struct fiemap *map) {
    memset(map, 0, EXTENTS_SIZE);
    map->fm_start = start;
    map->fm_length = FIEMAP_MAX_OFFSET - start;
    map->fm_flags = FIEMAP_FLAG_SYNC;
    map->fm_extent_count = EXTENTS_AT_ONCE;
    return ioctl(file, FS_IOC_FIEMAP, map);
}

int platform_shares_extents(int one, int other) {
    const __u32 elsewhere = FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_DATA_INLINE;
    _Alignas(8) char our_memory[EXTENTS_SIZE], their_memory[EXTENTS_SIZE];
    struct fiemap *ours = (void *)our_memory, *theirs = (void *)their_memory;
    __u64 start = 0;
    for (;;) {
        if (read_extents(one, start, ours) != 0 || read_extents(other, start, theirs) != 0) return 0;
        __u32 count = ours->fm_mapped_extents;
        if (count != theirs->fm_mapped_extents) return 0;
        if (count == 0) return start > 0;
        for (__u32 index = 0; index < count; index++) {
            const struct fiemap_extent *our = &ours->fm_extents[index], *their = &theirs->fm_extents[index];
            if (our->fe_logical != their->fe_logical || our->fe_physical != their->fe_physical
                || our->fe_length != their->fe_length || ((our->fe_flags | their->fe_flags) & elsewhere)) {
                return 0;
            }
        }
        const struct fiemap_extent *last = &ours->fm_extents[count - 1];
        if (last->fe_flags & FIEMAP_EXTENT_LAST) return 1;
        start = last->fe_logical + last->fe_length;
    }
}

int platform_syncfs(int descriptor) {
    return syncfs(descriptor);
}

int platform_set_attribute(int descriptor, const char *name, const void *value, size_t size) {
    return fsetxattr(descriptor, name, value, size, 0);
}

int platform_remove_attribute(int descriptor, const char *name) {
    return fremovexattr(descriptor, name);
}

ssize_t platform_attribute(int descriptor, const char *name, void *value, size_t size) {
    return fgetxattr(descriptor, name, value, size);
}

int platform_columns(int terminal) {
    struct winsize size;
    return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int platform_is_regular(mode_t mode) {
    return S_ISREG(mode);
}

int platform_is_folder(mode_t mode) {
    return S_ISDIR(mode);
}

int platform_is_link(mode_t mode) {
    return S_ISLNK(mode);
}

int platform_exited(int status) {
    return WIFEXITED(status);
}

int platform_exit_status(int status) {
    return WEXITSTATUS(status);
}

int platform_termination_signal(int status) {
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

const char *platform_entry_name(const void *entry) {
    return ((const struct dirent *)entry)->d_name;
}

const char *platform_reason(int code, char *buffer, size_t size) {
    return strerror_r(code, buffer, size);
}

void platform_return_large_memory(size_t threshold) {
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, (int)threshold);
#endif
}

char **platform_environ(void) {
    return environ;
}

int platform_spawn_chdir(void *actions, const char *folder) {
    return posix_spawn_file_actions_addchdir_np(actions, folder);
}

int platform_spawn_session_flag(void) {
    return POSIX_SPAWN_SETSID;
}

int platform_ignores(int signal) {
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void platform_set_default(int number) {
    signal(number, SIG_DFL);
}

void platform_set_ignored(int number) {
    signal(number, SIG_IGN);
}
