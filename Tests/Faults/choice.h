// Which calls count, by which names, and what befalls them. Part of faults.c.
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
