#define _GNU_SOURCE

#include "CPlatform.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

int platform_clone(int destination, int source) {
    return ioctl(destination, FICLONE, source);
}

ssize_t platform_copy_range(int source, int destination, size_t count) {
    return copy_file_range(source, NULL, destination, NULL, count, 0);
}

int platform_syncfs(int descriptor) {
    return syncfs(descriptor);
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

char **platform_environ(void) {
    return environ;
}

int platform_spawn_chdir(void *actions, const char *folder) {
    return posix_spawn_file_actions_addchdir_np(actions, folder);
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
