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
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { KEYS = 8192, FILES = 4096, PROCESSES = 512 };

// What all processes of a command share. The driver reads it, so its shape is known in suite.py too.
struct board {
    _Atomic uint64_t calls;
    _Atomic uint32_t fired;
    _Atomic uint32_t looks_at_clock;
    // Files with bytes that no flush has brought to the disk.
    struct { _Atomic uint64_t inode; } unsynced[FILES];
    _Atomic int32_t processes[PROCESSES];
    struct { _Atomic uint64_t hash; _Atomic uint64_t count; } keys[KEYS];
};

enum kind { NONE, ERRNO, LATE, SHORT, PERSIST, KILL, KILLED, POWER, POWERED, EACH };

// What a call needs: who has no room, no right, or no descriptor left cannot do what needs it.
enum { MAKES = 1, ALTERS = 2, READS = 4, OPENS = 8 };

static struct board *board;
static const char *root, *program;
static size_t root_length;
static int log_file = -1, is_counted;
static uint64_t chosen_key, chosen_occurrence;
static enum kind chosen_kind;
static int chosen_errno;
static int64_t clock_error, clock_from;
static __thread int depth;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void on_crash(int number) {
    char text[128];
    int length = snprintf(text, sizeof text, "crash\t%s signal %d\n", program, number);
    if (log_file >= 0) syscall(SYS_write, log_file, text, length);
    signal(number, SIG_DFL);
    raise(number);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("GIT_DATA_FAULT_BOARD");
    program = program_invocation_short_name;
    if (!path) return;
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if (memory == MAP_FAILED) return;
    struct board *shared = memory;
    for (int index = 0; index < PROCESSES; index++) {
        int32_t none = 0;
        if (atomic_compare_exchange_strong(&shared->processes[index], &none, getpid())) break;
    }
    root = getenv("GIT_DATA_FAULT_ROOT");
    if (!root || strncmp(program, "git-", 4) != 0) return;
    if (strcmp(program, "git-data") && strcmp(program, "git-data-transfer") && strcmp(program, "git-remote-data")) return;
    root_length = strlen(root);
    const char *log = getenv("GIT_DATA_FAULT_LOG");
    if (log) log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (log_file >= 0) {
        int high = fcntl(log_file, F_DUPFD_CLOEXEC, 500);
        if (high >= 0) {
            syscall(SYS_close, log_file);
            log_file = high;
        }
    }
    const char *at = getenv("GIT_DATA_FAULT_AT");
    char name[16] = "";
    if (at && sscanf(at, "%lx:%lu:%15[a-z]:%d", &chosen_key, &chosen_occurrence, name, &chosen_errno) >= 3) {
        static const char *const names[] = {
            "none", "errno", "late", "short", "persist", "kill", "killed", "power", "powered", "each"};
        for (int index = 0; index < 10; index++) if (!strcmp(name, names[index])) chosen_kind = index;
    }
    const char *clock = getenv("GIT_DATA_FAULT_CLOCK");
    if (clock) sscanf(clock, "%ld@%ld", &clock_error, &clock_from);
    static const int crashes[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
    for (size_t index = 0; index < sizeof crashes / sizeof *crashes; index++) signal(crashes[index], on_crash);
    is_counted = 1;
    board = shared;
}

// Whether a process is of this command: its number may be another's by now.
static int is_ours(int process) {
    char path[64], text[65536];
    snprintf(path, sizeof path, "/proc/%d/environ", process);
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = syscall(SYS_read, file, text, sizeof text);
    syscall(SYS_close, file);
    const char *mine = getenv("GIT_DATA_FAULT_BOARD");
    return count > 0 && mine && memmem(text, count, mine, strlen(mine)) != NULL;
}

static void die(int all) {
    if (all) {
        for (int index = 0; index < PROCESSES; index++) {
            int process = atomic_load(&board->processes[index]);
            if (process > 0 && process != getpid() && is_ours(process)) kill(process, SIGKILL);
        }
    }
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

// MARK: the names of calls

// Writes a path with `#` in place of what is another one in each run: oids, random suffixes, process numbers.
static void normalize(const char *path, char *out, size_t size) {
    size_t length = 0;
    while (*path && length + 2 < size) {
        if (!isalnum((unsigned char)*path)) {
            out[length++] = *path++;
            continue;
        }
        size_t run = 0, digits = 0, hex = 0;
        while (isalnum((unsigned char)path[run])) {
            if (isdigit((unsigned char)path[run])) digits++;
            if (isxdigit((unsigned char)path[run])) hex++;
            run++;
        }
        int is_shard = run == 2 && hex == 2 && (path[2] == '/' || path[2] == 0);
        if (is_shard || (digits > 0 && run >= 5)) out[length++] = '#';
        else for (size_t index = 0; index < run && length + 2 < size; index++) out[length++] = path[index];
        path += run;
    }
    out[length] = 0;
}

// The path of a descriptor, as the system knows it.
static int path_of(int file, char *out, size_t size) {
    char name[48];
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t count = syscall(SYS_readlinkat, AT_FDCWD, name, out, size - 1);
    if (count < 0) return 0;
    out[count] = 0;
    return 1;
}

static void full_path(int folder, const char *path, char *out, size_t size) {
    if (path[0] == '/') {
        snprintf(out, size, "%s", path);
        return;
    }
    char base[PATH_MAX] = "";
    if (folder == AT_FDCWD) syscall(SYS_getcwd, base, sizeof base);
    else path_of(folder, base, sizeof base);
    snprintf(out, size, "%s/%s", base, path);
}

static int is_met(unsigned needs) {
    switch (chosen_errno) {
    case ENOSPC: case EDQUOT: return needs & MAKES;
    case EROFS: case EACCES: return needs & ALTERS;
    case EMFILE: case ENFILE: return needs & OPENS;
    default: return needs & (MAKES | READS);
    }
}

// Counts a call, and says what befalls it.
static enum kind count_call(const char *call, unsigned needs, const char *place) {
    const char *shown = place;
    if (place[0] == '/') {
        if (strncmp(place, root, root_length) != 0) return NONE;
        shown = place + root_length;
    }
    char key[PATH_MAX + 128], normal[PATH_MAX];
    normalize(shown, normal, sizeof normal);
    int length = snprintf(key, sizeof key, "%s %s %s", program, call, normal);
    uint64_t hash = 14695981039346656037u;
    for (int index = 0; index < length; index++) hash = (hash ^ (unsigned char)key[index]) * 1099511628211u;
    uint64_t occurrence = 0;
    for (unsigned probe = 0; probe < KEYS; probe++) {
        unsigned index = (hash + probe) % KEYS;
        uint64_t found = 0;
        if (atomic_compare_exchange_strong(&board->keys[index].hash, &found, hash) || found == hash) {
            occurrence = atomic_fetch_add(&board->keys[index].count, 1) + 1;
            break;
        }
    }
    atomic_fetch_add(&board->calls, 1);
    if (log_file >= 0) {
        char line[PATH_MAX + 256];
        int count = snprintf(line, sizeof line, "%016lx\t%s\n", hash, key);
        syscall(SYS_write, log_file, line, count);
    }
    if (chosen_kind == NONE) return NONE;
    if (chosen_kind == PERSIST && atomic_load(&board->fired)) {
        if (!is_met(needs)) return NONE;
        errno = chosen_errno;
        return ERRNO;
    }
    if (hash != chosen_key || (chosen_kind == EACH ? occurrence < chosen_occurrence : occurrence != chosen_occurrence)) return NONE;
    atomic_fetch_add(&board->fired, 1);
    if (log_file >= 0) {
        char line[PATH_MAX + 256];
        int count = snprintf(line, sizeof line, "fault\t%s\n", key);
        syscall(SYS_write, log_file, line, count);
    }
    if (chosen_kind == KILL || chosen_kind == POWER) die(chosen_kind == POWER);
    errno = chosen_errno;
    return chosen_kind == PERSIST || chosen_kind == EACH ? ERRNO : chosen_kind;
}

static enum kind begin_call(const char *call, unsigned needs, int folder, const char *path) {
    if (!is_counted || depth || !path) return NONE;
    depth++;
    char full[PATH_MAX * 2];
    full_path(folder, path, full, sizeof full);
    enum kind kind = count_call(call, needs, full);
    depth--;
    return kind;
}

static enum kind begin_file_call(const char *call, unsigned needs, int file) {
    if (!is_counted || depth) return NONE;
    char full[PATH_MAX];
    if (!path_of(file, full, sizeof full)) return NONE;
    int is_file = full[0] == '/';
    // Pipes do not fail; they may give and take less than was asked for.
    if (!is_file && (strncmp(full, "pipe:", 5) != 0 || file <= 2)) return NONE;
    depth++;
    enum kind kind = count_call(call, is_file ? needs : 0, is_file ? full : "pipe");
    depth--;
    if (!is_file && (kind == ERRNO || kind == LATE)) return NONE;
    return kind;
}

static enum kind begin_other_call(const char *call, unsigned needs, const char *what) {
    if (!is_counted || depth) return NONE;
    depth++;
    enum kind kind = count_call(call, needs, what);
    depth--;
    return kind;
}

// After a call: what was chosen to come then.
#define END(kind, result, failed) \
    do { \
        if ((kind) == KILLED || (kind) == POWERED) die((kind) == POWERED); \
        if ((kind) == LATE) { \
            errno = chosen_errno; \
            return failed; \
        } \
        return result; \
    } while (0)

// MARK: what is on the disk

static void note_unsynced(int file) {
    struct stat status;
    if (!is_counted || syscall(SYS_fstat, file, &status) != 0 || !S_ISREG(status.st_mode)) return;
    for (unsigned index = 0; index < FILES; index++) if (atomic_load(&board->unsynced[index].inode) == status.st_ino) return;
    for (unsigned index = 0; index < FILES; index++) {
        uint64_t none = 0;
        if (atomic_compare_exchange_strong(&board->unsynced[index].inode, &none, status.st_ino)) return;
    }
}

static void forget_inode(uint64_t inode) {
    for (unsigned index = 0; index < FILES; index++) {
        uint64_t found = inode;
        atomic_compare_exchange_strong(&board->unsynced[index].inode, &found, 0);
    }
}

static void note_synced(int file) {
    struct stat status;
    if (is_counted && syscall(SYS_fstat, file, &status) == 0) forget_inode(status.st_ino);
}

// Before a name is taken away: a later file may get the same inode.
static void note_removal(int folder, const char *path) {
    struct stat status;
    if (!is_counted || !path) return;
    if (syscall(SYS_newfstatat, folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_nlink == 1) forget_inode(status.st_ino);
}

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
