"""Which faults befall which calls."""
import errno as E

from laboratory import Fault

# What may befall each call, as (kind, errno). Each call that changes what is on the disk is also a place to die.
DEATHS = [("kill", 0), ("killed", 0), ("power", 0), ("powered", 0)]
FAILS = {
    "create": [E.ENOSPC, E.EACCES, E.EROFS, E.EMFILE, E.EIO, E.EDQUOT],
    "open": [E.EIO, E.EACCES, E.EMFILE],
    "open-write": [E.EIO, E.EACCES, E.EROFS, E.EMFILE],
    "read": [E.EIO],
    "write": [E.ENOSPC, E.EIO, E.EDQUOT],
    "fsync": [E.EIO, E.ENOSPC],
    "syncfs": [E.EIO, E.ENOSPC],
    "rename": [E.EIO, E.EACCES, E.ENOSPC, E.EROFS],
    "link": [E.EIO, E.EACCES, E.ENOSPC, E.EMLINK, E.EPERM],
    "symlink": [E.EIO, E.ENOSPC],
    "unlink": [E.EIO, E.EACCES, E.EROFS],
    "mkdir": [E.ENOSPC, E.EACCES, E.EROFS, E.EIO],
    "rmdir": [E.EIO, E.EACCES],
    "ftruncate": [E.ENOSPC, E.EIO],
    "copy_file_range": [E.EIO, E.ENOSPC, E.EXDEV],
    "clone": [E.EIO, E.ENOSPC],
    "chmod": [E.EPERM, E.EROFS],
    "fchmod": [E.EPERM, E.EROFS],
    "futimens": [E.EPERM, E.EROFS],
    "utimensat": [E.EPERM, E.EROFS],
    "fsetxattr": [E.ENOSPC, E.ENOTSUP],
    "fremovexattr": [E.EIO],
    "fgetxattr": [E.EIO],
    "stat": [E.EIO, E.EACCES],
    "fstat": [E.EIO],
    "access": [E.EACCES, E.EIO],
    "readlink": [E.EIO],
    "opendir": [E.EIO, E.EACCES, E.EMFILE],
    "readdir": [E.EIO],
    "mmap": [E.ENOMEM],
    "flock": [E.ENOLCK],
    "close": [E.EIO, E.EDQUOT],
    "pipe": [E.EMFILE],
    "spawn": [E.EAGAIN, E.EMFILE],
    "thread": [E.EAGAIN],
}
DURABLE = {
    "create", "write", "fsync", "syncfs", "rename", "link", "symlink", "unlink", "mkdir", "rmdir", "ftruncate",
    "copy_file_range", "clone", "chmod", "fchmod", "futimens", "fsetxattr"}
LASTING = {
    "create": [E.ENOSPC, E.EROFS, E.EMFILE], "write": [E.ENOSPC, E.EIO], "mkdir": [E.ENOSPC, E.EROFS], "open": [E.EMFILE, E.EIO],
    "open-write": [E.EROFS], "rename": [E.EROFS, E.ENOSPC], "unlink": [E.EROFS], "fsync": [E.EIO], "read": [E.EIO],
    "link": [E.ENOSPC, E.EROFS], "pipe": [E.EMFILE], "fchmod": [E.EROFS], "opendir": [E.EMFILE]}
EACH = {"open": E.EACCES, "stat": E.EIO, "opendir": E.EACCES, "read": E.EIO, "spawn": E.EAGAIN, "create": E.EACCES, "rename": E.EPERM}
LATE = {"rename", "link", "unlink", "mkdir"}
SHORT = {"read", "write", "copy_file_range"}
CLOCKS = [-86400 * 40, -3600 * 5, 3600 * 5, 86400 * 40, 86400 * 4000]


def faults(calls):
    """Every fault that a command with these calls can meet: `calls` has name and count by key."""
    found = []
    for key, (call, count) in calls.items():
        name = call.split(" ")[1]
        is_pipe = call.endswith(" pipe") and name != "pipe"
        occurrences = sorted({1, 2, (count + 1) // 2, count} & set(range(1, count + 1)))
        for occurrence in occurrences:
            def add(kind, number=0):
                found.append(Fault(key, call, occurrence, kind, number))
            if not is_pipe:
                for number in FAILS.get(name, []):
                    add("errno", number)
                for number in LASTING.get(name, []):
                    add("persist", number)
                if name in EACH and occurrence == 1:
                    add("each", EACH[name])
                if name in LATE:
                    add("late", E.EIO)
            if name in SHORT:
                add("short")
            if name in DURABLE and not is_pipe:
                for kind, number in DEATHS:
                    add(kind, number)
    for seconds in CLOCKS:
        for look in (0, 2):
            found.append(Fault("", "the clock", look, "clock", seconds))
    return found


def key_of(call):
    """How faults.c names a call."""
    value = 14695981039346656037
    for byte in call.encode():
        value = (value ^ byte) * 1099511628211 % (1 << 64)
    return f"{value:016x}"
