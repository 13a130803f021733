#define _GNU_SOURCE

#include "CPlatformWatch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// The calls that name a file which is opened, made, renamed or removed by them. aarch64 has only those with `at`.
static const int watched_calls[] = {
#ifdef SYS_open
    SYS_open, SYS_creat, SYS_rename, SYS_unlink, SYS_link, SYS_symlink, SYS_mkdir,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
    SYS_openat, SYS_openat2, SYS_renameat2, SYS_unlinkat, SYS_linkat, SYS_symlinkat, SYS_mkdirat, SYS_truncate,
    SYS_execve, SYS_execveat,
};
enum { WATCHED_COUNT = sizeof watched_calls / sizeof *watched_calls };

// MARK: starting

struct report {
    int32_t step;
    int32_t code;
};

// The rest of a process that was forked and must not return.
static void send_report(int socket, int step, int code, int descriptor) {
    struct report report = {step, code};
    struct iovec bytes = {&report, sizeof report};
    union {
        struct cmsghdr header;
        char memory[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control.memory;
        message.msg_controllen = sizeof control.memory;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    sendmsg(socket, &message, MSG_NOSIGNAL);
}

static int receive_report(int socket, struct report *report, int *descriptor) {
    struct iovec bytes = {report, sizeof *report};
    union {
        struct cmsghdr header;
        char memory[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.memory, .msg_controllen = sizeof control.memory};
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC); while (count < 0 && errno == EINTR);
    if (count != sizeof *report) return 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    return 1;
}

// @returns the listener; -1 with errno.
static int listen_to_calls(void) {
#ifdef OWN_ARCHITECTURE
    struct sock_filter program[5 + 2 * WATCHED_COUNT];
    int count = 0;
    program[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    program[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
    program[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int index = 0; index < WATCHED_COUNT; index++) {
        program[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)watched_calls[index], 0, 1);
        program[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    program[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {.len = (unsigned short)count, .filter = program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    // A signal must not interrupt a call that is being looked at: it would have to begin again, perhaps for ever.
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &filter);
    if (listener < 0 && errno == EINVAL) listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
    return (int)listener;
#else
    errno = ENOSYS;
    return -1;
#endif
}

// What the parent looks for in the child's memory.
static const char probe[] = "git-data";

static _Noreturn void become_command(
    int socket, const char *executable, char *const *arguments, char *const *environment, const char *folder) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0) continue;
        if (number == SIGPIPE || (action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)) signal(number, SIG_DFL);
    }
    if (chdir(folder) != 0) {
        send_report(socket, PLATFORM_STEP_CHDIR, errno, -1);
        _exit(127);
    }
    int listener = listen_to_calls();
    if (listener < 0) {
        send_report(socket, PLATFORM_STEP_LISTEN, errno, -1);
        _exit(127);
    }
    send_report(socket, PLATFORM_STEP_NONE, 0, listener);
    char go;
    ssize_t count;
    do count = recv(socket, &go, 1, 0); while (count < 0 && errno == EINTR);
    if (count != 1) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(executable, arguments, environment);
    send_report(socket, PLATFORM_STEP_EXEC, errno, -1);
    _exit(127);
}

// MARK: calls

// The kernel's structures may be longer than those that this was built with.
union notice_memory {
    struct seccomp_notif notice;
    char bytes[1024];
};

union answer_memory {
    struct seccomp_notif_resp answer;
    char bytes[1024];
};

static int answer(int listener, uint64_t id, int error, uint32_t flags) {
    union answer_memory memory;
    memset(&memory, 0, sizeof memory);
    memory.answer.id = id;
    memory.answer.error = error;
    memory.answer.flags = flags;
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &memory);
}

static int take(int listener, union notice_memory *memory) {
    memset(memory, 0, sizeof *memory);
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, memory) == 0;
}

static void close_between(unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    long limit = sysconf(_SC_OPEN_MAX);
    if (limit < 0 || limit > 65536) limit = 65536;
    for (unsigned number = first; number <= last && number < (unsigned)limit; number++) close((int)number);
}

// Waits until the other process answers no more, then answers in its place until nobody asks.
static _Noreturn void take_care(int listener, int life, const volatile uint64_t *last) {
    prctl(PR_SET_NAME, "git-data-watch");
    // Who ends the command does not mean this, without which the command's last calls would fail.
    setsid();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    int low = listener < life ? listener : life, high = listener < life ? life : listener;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int number = 0; number < 3; number++) {
        if (number != low && number != high && nothing >= 0) dup2(nothing, number);
    }
    close_between(3, (unsigned)low - 1);
    close_between((unsigned)low + 1, (unsigned)high - 1);
    close_between((unsigned)high + 1, ~0U);
    if (chdir("/") != 0) { /* Then a file system stays in use for a while. */ }

    char byte;
    while (read(life, &byte, 1) < 0 && errno == EINTR) {}
    // What the other had taken and not answered when it was killed. Numbers are given in order.
    uint64_t first = *last;
    if (first != 0) {
        for (uint64_t id = first; id < first + 4096; id++) answer(listener, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    }
    for (;;) {
        struct pollfd entry = {.fd = listener, .events = POLLIN};
        if (poll(&entry, 1, -1) < 0 && errno != EINTR) _exit(1);
        union notice_memory memory;
        if (entry.revents & POLLIN) {
            if (take(listener, &memory)) answer(listener, memory.notice.id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
        } else if (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) {
            _exit(0);
        }
    }
}

static void reap(pid_t process) {
    int status;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
}

static int start_caretaker(struct platform_watch *watch) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 0;
    void *page = mmap(NULL, sizeof *watch->last, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t process = -1;
    if (page != MAP_FAILED) {
        watch->last = page;
        // It is nobody's child, so that whoever outlives it has none to wait for.
        process = fork();
        if (process == 0) {
            pid_t caretaker = fork();
            if (caretaker == 0) take_care(watch->listener, ends[0], watch->last);
            _exit(caretaker < 0);
        }
    }
    int status = -1;
    if (process > 0) while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
    close(ends[0]);
    if (status != 0) {
        close(ends[1]);
        errno = EAGAIN;
        return 0;
    }
    watch->life = ends[1];
    return 1;
}

static void close_all(struct platform_watch *watch) {
    if (watch->listener > 0) close(watch->listener);
    if (watch->report > 0) close(watch->report);
    if (watch->life > 0) close(watch->life);
    if (watch->last) munmap((void *)watch->last, sizeof *watch->last);
    watch->listener = watch->report = watch->life = 0;
    watch->last = NULL;
}

static int attach(struct platform_watch *watch) {
    struct report report = {PLATFORM_STEP_LISTEN, EPIPE};
    if (!receive_report(watch->report, &report, &watch->listener) || report.step != PLATFORM_STEP_NONE) {
        errno = report.code;
        return report.step;
    }
    // Where no process may read another's memory (Yama, hardened containers), calls could only be counted.
    char memory[sizeof probe];
    if (platform_read_string(watch->process, (uint64_t)(uintptr_t)probe, memory, sizeof memory) < 0) return PLATFORM_STEP_LISTEN;
    if (!start_caretaker(watch)) return PLATFORM_STEP_LISTEN;
    // Whoever calls gives its processor to this process at once, where the kernel knows how.
    ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    if (send(watch->report, "", 1, MSG_NOSIGNAL) == 1) return PLATFORM_STEP_NONE;
    return PLATFORM_STEP_LISTEN;
}

int platform_watch_start(
    struct platform_watch *watch, const char *executable, char *const *arguments, char *const *environment, const char *folder) {
    memset(watch, 0, sizeof *watch);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return PLATFORM_STEP_FORK;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watch->process = fork();
    if (watch->process == 0) become_command(ends[1], executable, arguments, environment, folder);
    int code = errno;
    close(ends[1]);
    watch->report = ends[0];
    int step = PLATFORM_STEP_FORK;
    if (watch->process > 0) {
        step = attach(watch);
        code = errno;
    }
    if (step != PLATFORM_STEP_NONE) {
        // The child sees the closed socket, the caretaker the closed pipe.
        int process = watch->process;
        close_all(watch);
        if (process > 0) reap(process);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    return step;
}

int platform_watch_failure(const struct platform_watch *watch) {
    struct report report = {0};
    int none = -1;
    return receive_report(watch->report, &report, &none) && report.step == PLATFORM_STEP_EXEC ? report.code : 0;
}

void platform_watch_end(struct platform_watch *watch) {
    close_all(watch);
}

int platform_process_descriptor(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

static void decode(const struct seccomp_data *data, struct platform_notice *notice) {
    const __u64 *arguments = data->args;
    notice->folder = notice->other_folder = AT_FDCWD;
#define ONE(at) (notice->path = arguments[at])
#define ONE_AT(at) (notice->folder = (int)arguments[at], notice->path = arguments[(at) + 1])
#define OTHER(at) (notice->other_path = arguments[at])
#define OTHER_AT(at) (notice->other_folder = (int)arguments[at], notice->other_path = arguments[(at) + 1])
#define FLAGS(at) (notice->flags = (uint32_t)arguments[at])
#define IS(name) notice->call = PLATFORM_CALL_##name
    switch (data->nr) {
#ifdef SYS_open
    case SYS_open: IS(OPEN); ONE(0); FLAGS(1); break;
    case SYS_creat: IS(OPEN); ONE(0); notice->flags = O_CREAT | O_WRONLY | O_TRUNC; break;
    case SYS_rename: IS(RENAME); ONE(0); OTHER(1); break;
    case SYS_unlink: IS(UNLINK); ONE(0); break;
    case SYS_link: IS(LINK); ONE(0); OTHER(1); break;
    case SYS_symlink: IS(SYMLINK); ONE(1); break;
    case SYS_mkdir: IS(MAKE_FOLDER); ONE(0); break;
#endif
#ifdef SYS_renameat
    case SYS_renameat: IS(RENAME); ONE_AT(0); OTHER_AT(2); break;
#endif
    case SYS_openat: IS(OPEN); ONE_AT(0); FLAGS(2); break;
    case SYS_openat2: IS(OPEN_HOW); ONE_AT(0); notice->other_path = arguments[2]; break;
    case SYS_renameat2: IS(RENAME); ONE_AT(0); OTHER_AT(2); FLAGS(4); break;
    case SYS_unlinkat: IS(UNLINK); ONE_AT(0); FLAGS(2); break;
    case SYS_linkat: IS(LINK); ONE_AT(0); OTHER_AT(2); FLAGS(4); break;
    case SYS_symlinkat: IS(SYMLINK); ONE_AT(1); break;
    case SYS_mkdirat: IS(MAKE_FOLDER); ONE_AT(0); break;
    case SYS_truncate: IS(TRUNCATE); ONE(0); break;
    case SYS_execve: IS(EXECUTE); ONE(0); break;
    case SYS_execveat: IS(EXECUTE); ONE_AT(0); FLAGS(4); break;
    }
}

int platform_watch_next(const struct platform_watch *watch, struct platform_notice *notice) {
    union notice_memory memory;
    if (!take(watch->listener, &memory)) return 0;
    *watch->last = memory.notice.id;
    memset(notice, 0, sizeof *notice);
    notice->id = memory.notice.id;
    notice->task = (int32_t)memory.notice.pid;
    notice->call = -1;
    decode(&memory.notice.data, notice);
    return 1;
}

int platform_watch_is_waiting(const struct platform_watch *watch, uint64_t id) {
    __u64 number = id;
    return ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &number) == 0;
}

int platform_watch_continue(const struct platform_watch *watch, uint64_t id) {
    if (answer(watch->listener, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE) == 0 || errno != EINVAL) return 1;
    answer(watch->listener, id, -EOPNOTSUPP, 0);
    return 0;
}
