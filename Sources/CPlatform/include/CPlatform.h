// The system calls that Swift's Glibc overlay hides or that C reaches through varargs and macros, each
// as the thinnest wrapper. Nothing here decides anything. The header names no GNU types, as those
// would clash with the overlay's.
#pragma once

#include "CPlatformWatch.h"

#include <sys/types.h>

int platform_open(const char *path, int flags, mode_t mode);
int platform_openat(int folder, const char *path, int flags, mode_t mode);
/// Duplicates a descriptor, closed on exec.
int platform_duplicate(int descriptor);
int platform_pipe(int *ends);
/// Asks for a pipe buffer of `size` bytes; what the kernel refuses is left as it was.
int platform_set_pipe_size(int pipe, int size);
/// Renames and fails with EEXIST where `to` exists.
int platform_rename_exclusive(const char *from, const char *to);
int platform_rename_exclusive_at(int folder, const char *from, const char *to);
/// Gives each of two files the other's name, at once.
int platform_rename_exchange_at(int folder, const char *one, const char *other);
/// Sets the time of modification alone.
int platform_set_modified(int file, int64_t seconds, int64_t nanoseconds);
/// Shares `source`'s extents with `destination`, on file systems with reflinks.
int platform_clone(int destination, int source);
/// Copies from and to the present positions of both.
ssize_t platform_copy_range(int source, int destination, size_t count);
/// Moves bytes from the present position of a file into a pipe (splice(2)).
ssize_t platform_splice(int file, int pipe, size_t count);
/// Lets `destination` share `source`'s extents from `offset` on, after comparing the bytes (ioctl_fideduperange(2)).
/// @returns how many bytes are shared now; -1 with errno; -2 where the bytes differ.
ssize_t platform_dedupe(int source, int destination, off_t offset, size_t count);
/// Whether both files consist of the same extents, so that no byte of them takes space twice. 0 also where the file
/// system does not say.
int platform_shares_extents(int one, int other);
int platform_syncfs(int descriptor);
int platform_set_attribute(int descriptor, const char *name, const void *value, size_t size);
int platform_remove_attribute(int descriptor, const char *name);
ssize_t platform_attribute(int descriptor, const char *name, void *value, size_t size);
int platform_columns(int terminal);
int platform_is_regular(mode_t mode);
int platform_is_folder(mode_t mode);
int platform_is_link(mode_t mode);
int platform_exited(int status);
int platform_exit_status(int status);
int platform_termination_signal(int status);
const char *platform_entry_name(const void *entry);
/// glibc's strerror_r, which returns the text.
const char *platform_reason(int code, char *buffer, size_t size);
/// Memory of this size and more goes back to the system whenever it is freed, where malloc can do that.
void platform_return_large_memory(size_t threshold);
char **platform_environ(void);
int platform_spawn_chdir(void *actions, const char *folder);
/// The flag that gives a spawned process a session of its own.
int platform_spawn_session_flag(void);
int platform_ignores(int signal);
void platform_set_default(int number);
void platform_set_ignored(int number);
