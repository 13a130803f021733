// Faults of system calls, for tests: a library that is preloaded into the programs of git data, counts what they ask
// of the system, and lets one chosen call fail, fall short, or be the last one. Programs of other names, Git among
// them, only note their process. Dynamically linked programs alone can be reached in this way.
//
// GIT_DATA_FAULT_BOARD  a file of `sizeof(struct board)` zero bytes, shared by all processes of one command
// GIT_DATA_FAULT_ROOT   calls for files below this folder count; so do calls that are for no file
// GIT_DATA_FAULT_LOG    each call that counts is appended here, as `key-hash TAB program call place`
// GIT_DATA_FAULT_AT     `key-hash:occurrence:kind[:errno]`: which call, and what befalls it
// GIT_DATA_FAULT_CLOCK  seconds by which the system's clock is wrong, or `seconds@N`: from the Nth look at it on
// GIT_DATA_FAULT_BOOT   what is read for the identifier of the running system
//
// A call's key is its program, its name and its place; the place has `#` for what differs from run to run. Kinds:
// `errno` fails; `late` does it and says that it failed; `short` transfers a part; `persist` fails, as do all later
// calls that would meet the same cause; `each` fails, as do all later calls of the same key; `kill` and `killed` end the process before and after it; `power` and
// `powered` end all processes.
#define _GNU_SOURCE
#include "choice.h"

#include <stdarg.h>

// MARK: calls that name files

static int is_boot(const char *path) {
    return is_counted && path && !strcmp(path, "/proc/sys/kernel/random/boot_id") && getenv("GIT_DATA_FAULT_BOOT");
}

static unsigned needs_of_opening(int flags) {
    unsigned needs = OPENS;
    if (flags & O_CREAT) needs |= MAKES;
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC))) needs |= ALTERS;
    return needs | READS;
}

static const char *name_of_opening(int flags) {
    if (flags & O_CREAT) return "create";
    return (flags & O_ACCMODE) == O_RDONLY ? "open" : "open-write";
}

static int is_there(int folder, const char *path) {
    struct stat status;
    int result = syscall(SYS_newfstatat, folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
    errno = chosen_errno;
    return result;
}

static int open_any(int folder, const char *path, int flags, mode_t mode) {
    if (is_boot(path)) path = getenv("GIT_DATA_FAULT_BOOT");
    enum kind kind = begin_call(name_of_opening(flags), needs_of_opening(flags), folder, path);
    // A file that is there needs no room.
    int needs_room = kind == ERRNO && (chosen_errno == ENOSPC || chosen_errno == EDQUOT);
    if (kind == ERRNO && !(needs_room && is_there(folder, path))) return -1;
    int file = syscall(SYS_openat, folder, path, flags, mode);
    if (file >= 0 && (flags & O_TRUNC)) note_unsynced(file);
    if (file >= 0 && (kind == KILLED || kind == POWERED)) die(kind == POWERED);
    return file;
}

static mode_t mode_in(int flags, va_list list) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_in(flags, list);
    va_end(list);
    return open_any(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_in(flags, list);
    va_end(list);
    return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_in(flags, list);
    va_end(list);
    return open_any(folder, path, flags, mode);
}

#define NAMING(call, name, needs, folder, path, removed, parameters, arguments) \
    int call parameters { \
        REAL(call); \
        enum kind kind = begin_call(name, needs, folder, path); \
        if (kind == ERRNO) return -1; \
        note_removal(folder, removed); \
        int result = real arguments; \
        END(kind, result, -1); \
    }

int mkdirat(int folder, const char *path, mode_t mode) {
    enum kind kind = begin_call("mkdir", MAKES | ALTERS, folder, path);
    // For a folder that is there the answer is EEXIST before all else.
    if (kind == ERRNO && !is_there(folder, path)) return -1;
    int result = syscall(SYS_mkdirat, folder, path, mode);
    END(kind, result, -1);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

NAMING(rmdir, "rmdir", ALTERS, AT_FDCWD, path, (const char *)NULL, (const char *path), (path))
NAMING(unlink, "unlink", ALTERS, AT_FDCWD, path, path, (const char *path), (path))
NAMING(unlinkat, "unlink", ALTERS, folder, path, path, (int folder, const char *path, int flags), (folder, path, flags))
NAMING(rename, "rename", MAKES | ALTERS, AT_FDCWD, new, new, (const char *old, const char *new), (old, new))
NAMING(renameat, "rename", MAKES | ALTERS, to, new, new, (int from, const char *old, int to, const char *new), (from, old, to, new))
NAMING(link, "link", MAKES | ALTERS, AT_FDCWD, new, (const char *)NULL, (const char *old, const char *new), (old, new))
NAMING(linkat, "link", MAKES | ALTERS, to, new, (const char *)NULL, (int from, const char *old, int to, const char *new, int flags), (from, old, to, new, flags))
NAMING(symlink, "symlink", MAKES | ALTERS, AT_FDCWD, new, (const char *)NULL, (const char *old, const char *new), (old, new))
NAMING(chmod, "chmod", ALTERS, AT_FDCWD, path, (const char *)NULL, (const char *path, mode_t mode), (path, mode))
NAMING(stat, "stat", READS, AT_FDCWD, path, (const char *)NULL, (const char *path, struct stat *status), (path, status))
NAMING(lstat, "stat", READS, AT_FDCWD, path, (const char *)NULL, (const char *path, struct stat *status), (path, status))
NAMING(fstatat, "stat", READS, folder, path, (const char *)NULL, (int folder, const char *path, struct stat *status, int flags), (folder, path, status, flags))
NAMING(access, "access", READS, AT_FDCWD, path, (const char *)NULL, (const char *path, int mode), (path, mode))

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    enum kind kind = begin_call("rename", MAKES | ALTERS, to, new);
    if (kind == ERRNO) return -1;
    if (flags == 0) note_removal(to, new);
    int result = syscall(SYS_renameat2, from, old, to, new, flags);
    END(kind, result, -1);
}

ssize_t readlink(const char *path, char *text, size_t size) {
    enum kind kind = begin_call("readlink", READS, AT_FDCWD, path);
    if (kind == ERRNO) return -1;
    ssize_t result = syscall(SYS_readlinkat, AT_FDCWD, path, text, size);
    END(kind, result, -1);
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
    enum kind kind = begin_call("utimensat", ALTERS, folder, path);
    if (kind == ERRNO) return -1;
    int result = syscall(SYS_utimensat, folder, path, times, flags);
    END(kind, result, -1);
}

DIR *opendir(const char *path) {
    REAL(opendir);
    enum kind kind = begin_call("opendir", READS | OPENS, AT_FDCWD, path);
    if (kind == ERRNO) return NULL;
    DIR *result = real(path);
    END(kind, result, NULL);
}

struct dirent *readdir(DIR *folder) {
    REAL(readdir);
    enum kind kind = begin_file_call("readdir", READS, dirfd(folder));
    if (kind == ERRNO) return NULL;
    return real(folder);
}

// MARK: calls for open files

static size_t part(enum kind kind, size_t count) { return kind == SHORT && count > 1 ? (count + 1) / 2 : count; }

ssize_t read(int file, void *bytes, size_t count) {
    enum kind kind = begin_file_call("read", READS, file);
    if (kind == ERRNO) return -1;
    return syscall(SYS_read, file, bytes, part(kind, count));
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    enum kind kind = begin_file_call("read", READS, file);
    if (kind == ERRNO) return -1;
    return syscall(SYS_pread64, file, bytes, part(kind, count), offset);
}

ssize_t write(int file, const void *bytes, size_t count) {
    enum kind kind = begin_file_call("write", MAKES | ALTERS, file);
    if (kind == ERRNO) return -1;
    ssize_t result = syscall(SYS_write, file, bytes, part(kind, count));
    if (result > 0) note_unsynced(file);
    END(kind, result, -1);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    enum kind kind = begin_file_call("write", MAKES | ALTERS, file);
    if (kind == ERRNO) return -1;
    ssize_t result = syscall(SYS_pwrite64, file, bytes, part(kind, count), offset);
    if (result > 0) note_unsynced(file);
    END(kind, result, -1);
}

ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t count, unsigned flags) {
    enum kind kind = begin_file_call("copy_file_range", MAKES | ALTERS, to);
    if (kind == ERRNO) return -1;
    ssize_t result = syscall(SYS_copy_file_range, from, from_offset, to, to_offset, kind == SHORT ? 1 : count, flags);
    if (result > 0) note_unsynced(to);
    END(kind, result, -1);
}

int ioctl(int file, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    enum kind kind = request == FICLONE ? begin_file_call("clone", MAKES | ALTERS, file) : NONE;
    if (kind == ERRNO) return -1;
    int result = syscall(SYS_ioctl, file, request, argument);
    if (result == 0 && request == FICLONE) note_unsynced(file);
    END(kind, result, -1);
}

#define FOR_FILE(call, name, needs, parameters, arguments, after) \
    int call parameters { \
        REAL(call); \
        enum kind kind = begin_file_call(name, needs, file); \
        if (kind == ERRNO) return -1; \
        int result = real arguments; \
        after; \
        END(kind, result, -1); \
    }

FOR_FILE(fsync, "fsync", MAKES, (int file), (file), if (result == 0) note_synced(file))
FOR_FILE(fdatasync, "fsync", MAKES, (int file), (file), if (result == 0) note_synced(file))
FOR_FILE(ftruncate, "ftruncate", MAKES | ALTERS, (int file, off_t size), (file, size), note_unsynced(file))
FOR_FILE(fchmod, "fchmod", ALTERS, (int file, mode_t mode), (file, mode), (void)0)
FOR_FILE(futimens, "futimens", ALTERS, (int file, const struct timespec times[2]), (file, times), (void)0)
FOR_FILE(fstat, "fstat", READS, (int file, struct stat *status), (file, status), (void)0)
FOR_FILE(flock, "flock", 0, (int file, int operation), (file, operation), (void)0)
FOR_FILE(fsetxattr, "fsetxattr", MAKES | ALTERS, (int file, const char *name, const void *value, size_t size, int flags), (file, name, value, size, flags), (void)0)
FOR_FILE(fremovexattr, "fremovexattr", ALTERS, (int file, const char *name), (file, name), (void)0)

int syncfs(int file) {
    enum kind kind = begin_file_call("syncfs", MAKES, file);
    if (kind == ERRNO) return -1;
    // The machine need not wait for its disk: what counts is that the call was made.
    if (is_counted) for (unsigned index = 0; index < FILES; index++) atomic_store(&board->unsynced[index].inode, 0);
    END(kind, 0, -1);
}

ssize_t fgetxattr(int file, const char *name, void *value, size_t size) {
    enum kind kind = begin_file_call("fgetxattr", READS, file);
    if (kind == ERRNO) return -1;
    return syscall(SYS_fgetxattr, file, name, value, size);
}

int close(int file) {
    // Only what was written to can fail so (NFS, quotas).
    enum kind kind = NONE;
    if (is_counted && !depth && (fcntl(file, F_GETFL) & O_ACCMODE) != O_RDONLY) kind = begin_file_call("close", 0, file);
    int result = syscall(SYS_close, file);
    if (kind == ERRNO || kind == LATE) {
        errno = chosen_errno;
        return -1;
    }
    END(kind, result, -1);
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
    enum kind kind = file >= 0 ? begin_file_call("mmap", READS, file) : NONE;
    if (kind == ERRNO) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

// MARK: calls for no file

int pipe2(int ends[2], int flags) {
    enum kind kind = begin_other_call("pipe", OPENS, "");
    if (kind == ERRNO) return -1;
    return syscall(SYS_pipe2, ends, flags);
}

int posix_spawn(
    pid_t *child, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
    char *const arguments[], char *const environment[]
) {
    REAL(posix_spawn);
    const char *name = strrchr(path, '/');
    char what[512];
    snprintf(what, sizeof what, "%s %s", name ? name + 1 : path, arguments[0] && arguments[1] ? arguments[1] : "");
    enum kind kind = begin_other_call("spawn", OPENS, what);
    if (kind == ERRNO) return chosen_errno;
    int result = real(child, path, actions, attributes, arguments, environment);
    if (kind == KILLED || kind == POWERED) die(kind == POWERED);
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    REAL(pthread_create);
    enum kind kind = begin_other_call("thread", 0, "");
    if (kind == ERRNO) return chosen_errno;
    return real(thread, attributes, body, argument);
}

// MARK: the clock

static int64_t error_of_clock(void) {
    if (!is_counted || clock_error == 0) return 0;
    return (int64_t)atomic_fetch_add(&board->looks_at_clock, 1) >= clock_from ? clock_error : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += error_of_clock();
    return result;
}

int gettimeofday(struct timeval *time, void *zone) {
    int result = syscall(SYS_gettimeofday, time, zone);
    if (result == 0) time->tv_sec += error_of_clock();
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    now.tv_sec += error_of_clock();
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
