// What following another process's system calls (seccomp_unotify(2)) and a tree's changes (inotify(7))
// needs of C: structures of the kernel's, and code between fork and exec. What a call means is decided
// in Platform.
#pragma once

#include <stdint.h>
#include <sys/types.h>

/// A command whose calls wait for this process, and what belongs to it. Zero is no valid descriptor here.
struct platform_watch {
    int32_t process;
    /// Where the kernel tells of calls.
    int32_t listener;
    /// Says why the program could not be started; at its end at once where it was.
    int32_t report;
    /// Its closing tells the caretaker that this process answers no more.
    int32_t life;
    /// The last call that was taken, shared with the caretaker.
    volatile uint64_t *last;
};

enum platform_step { PLATFORM_STEP_NONE, PLATFORM_STEP_FORK, PLATFORM_STEP_CHDIR, PLATFORM_STEP_LISTEN, PLATFORM_STEP_EXEC };

/// Starts a program that waits, with all its descendants, at each call that names a file, until `platform_watch_continue`.
/// A caretaker, a process of its own, lets calls continue from the moment on in which this process does not: without it
/// they would fail with ENOSYS when this process ends first.
/// @returns PLATFORM_STEP_NONE, or what failed, with errno; nothing is left behind then.
int platform_watch_start(
    struct platform_watch *watch, const char *executable, char *const *arguments, char *const *environment, const char *folder);
/// Says whether the program was started, once it has ended: 0, or the errno of execve.
int platform_watch_failure(const struct platform_watch *watch);
/// Stops answering. Who is still running is the caretaker's from then on.
void platform_watch_end(struct platform_watch *watch);
/// A descriptor that is readable from the end of the process on; -1 with errno.
int platform_process_descriptor(pid_t process);

enum platform_call {
    PLATFORM_CALL_OPEN, PLATFORM_CALL_OPEN_HOW, PLATFORM_CALL_RENAME, PLATFORM_CALL_LINK, PLATFORM_CALL_SYMLINK,
    PLATFORM_CALL_UNLINK, PLATFORM_CALL_TRUNCATE, PLATFORM_CALL_EXECUTE, PLATFORM_CALL_MAKE_FOLDER,
};

/// A call that waits. Paths and `how` are addresses in the memory of `task`; folders are descriptors of it or AT_FDCWD.
struct platform_notice {
    uint64_t id;
    int32_t task;
    int32_t call;
    int32_t folder, other_folder;
    uint64_t path, other_path;
    /// Of the call: O_CREAT, AT_REMOVEDIR, RENAME_EXCHANGE...
    uint64_t flags;
};

/// Takes the next call that waits. @returns 0 where it is gone again, by a signal.
int platform_watch_next(const struct platform_watch *watch, struct platform_notice *notice);
/// Whether the call still waits, so that what was read in the meantime was of its process.
int platform_watch_is_waiting(const struct platform_watch *watch, uint64_t id);
/// Lets the kernel execute the call. @returns 0 where the kernel is too old to; the call has failed with EOPNOTSUPP then.
int platform_watch_continue(const struct platform_watch *watch, uint64_t id);

/// Reads a terminated string from another process. @returns its length; -1 with errno, ENAMETOOLONG where it has no end.
ssize_t platform_read_string(pid_t task, uint64_t address, char *buffer, size_t size);
/// Reads the flags of openat2's `how`. @returns -1 with errno.
int platform_read_how(pid_t task, uint64_t address, uint64_t *flags);
/// Opens, with O_PATH, what a path means to another thread. @returns -1 with errno.
int platform_open_as(pid_t task, int folder, const char *path, int follows);
/// The path of what a thread has open as `folder`, or of where it works. @returns the length, or -1 with errno.
ssize_t platform_folder_path(pid_t task, int folder, char *buffer, size_t size);
/// The path of what is open here. @returns the length, or -1 with errno.
ssize_t platform_descriptor_path(int descriptor, char *buffer, size_t size);
/// Whether this process may do to the file behind a descriptor, one of O_PATH too, what `mode` says (access(2)).
int platform_may(int descriptor, int mode);

int platform_at_cwd(void);
int platform_flag_temporary(void);
int platform_flag_path(void);
int platform_flag_empty_path(void);

enum platform_event_kind {
    PLATFORM_EVENT_ACCESS = 1, PLATFORM_EVENT_OPEN = 2, PLATFORM_EVENT_READ = 4, PLATFORM_EVENT_WRITTEN = 8, PLATFORM_EVENT_CAME = 16,
    PLATFORM_EVENT_WENT = 32, PLATFORM_EVENT_FOLDER = 64, PLATFORM_EVENT_OVERFLOW = 128,
};

/// What happened to an entry of a folder, or to the folder itself where the name is empty.
struct platform_event {
    int32_t folder;
    uint32_t kinds;
    const char *name;
};

int platform_events_open(void);
/// @returns the folder's number in events; -1 with errno.
int platform_events_add(int events, const char *folder);
/// Decodes the event at the start of `bytes`. @returns how many bytes it has.
size_t platform_event_read(const void *bytes, struct platform_event *event);
