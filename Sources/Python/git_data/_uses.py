"""Which script used which data, as `git data pull --for SCRIPT` reads it."""

import atexit
import builtins
import os
import re
import sys
import threading
import time

from ._git import is_on, replace, top_of

# Where the process began, as far as this module knows: relative names of scripts are from there.
_start = os.path.abspath(os.path.curdir) if os.path.exists(os.path.curdir) else os.sep
# What `git_data.notebook` was told.
notebook = None
_recording = threading.Lock()
_used = {}
_unwritten = {}
_rest_until = 0.0
_finishing = None


def script():
    """The script or notebook that this process runs; None where there is none, or it is a tool such as pytest."""
    if notebook:
        return notebook
    # Where `multiprocessing` starts anew, the script runs by the second name.
    for name in ("__main__", "__mp_main__"):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and os.path.isfile(os.path.join(_start, file)):
            script = os.path.realpath(os.path.join(_start, file))
            environment = os.path.realpath(sys.prefix) + os.sep
            is_tool = "site-packages" in script.split(os.sep) or script.startswith(environment)
            return None if is_tool else script
    return _running_notebook() if "ipykernel" in sys.modules else None


def _running_notebook():
    told = [getattr(sys.modules.get("__main__"), "__vsc_ipynb_file__", None), os.environ.get("JPY_SESSION_NAME")]
    folders = [_start, os.getcwd()]
    for name in filter(None, told):
        for candidate in [os.path.join(folder, name) for folder in folders] + [os.path.join(_start, os.path.basename(name))]:
            if name.endswith(".ipynb") and os.path.isfile(candidate):
                return os.path.realpath(candidate)
    # Of nbconvert, `jupyter execute` and papermill, which say nothing, the command line does.
    try:
        process = "/proc/%d/" % int(os.environ["JPY_PARENT_PID"])
        with builtins.open(process + "cmdline", "rb") as stream:
            words = os.fsdecode(stream.read()).split("\0")
        folder = os.readlink(process + "cwd")
    except (KeyError, ValueError, OSError):
        return None
    named = [
        os.path.realpath(os.path.join(folder, word)) for before, word in zip([""] + words, words)
        if word.endswith(".ipynb") and not word.startswith("-") and not before.startswith("--output")
    ]
    named = [file for file in named if os.path.isfile(file)]
    is_papermill = any(os.path.basename(word) == "papermill" for word in words)
    return named[0] if named and (len(set(named)) == 1 or is_papermill) else None


def record(found, revision=None):
    if not is_on("GIT_DATA_RECORD", "1"):
        return
    try:
        running, data = script(), os.path.realpath(found)
        top = running and top_of(os.path.dirname(running))
        if not top or top_of(data) != top:
            return
        use = os.path.relpath(data, top)
        line = os.fsencode(use if revision is None else use + "\t" + revision)
        if "\n" in use + (revision or "") or "\t" in use:
            return
        file = os.path.join(top, "lineage", "uses", os.path.relpath(running, top) + ".uses")
        with _recording:
            used = _used.setdefault(file, set())
            if line in used or revision is None and any(os.fsencode(folder) in used for folder in _above(use)):
                return
            used.add(line)
            _unwritten.setdefault((top, file), set()).add(line)
            # At once, as a worker may be killed at any time. Of very many files, recording takes a tenth of the time at
            # most, and the rest is written at the end.
            if len(used) <= 1000 or time.monotonic() >= _rest_until:
                _write_down()
            elif "multiprocessing.util" in sys.modules:
                _finish_worker()
    except Exception:
        pass


def _finish_worker():
    """Workers of `multiprocessing` end without Python's own end."""
    global _finishing
    if _finishing != os.getpid():
        _finishing = os.getpid()
        sys.modules["multiprocessing.util"].Finalize(None, _finish, exitpriority=0)


def _above(path):
    while path:
        path = os.path.dirname(path)
        yield path or "."


def _write_down():
    global _rest_until
    begin = time.monotonic()
    for key in list(_unwritten):
        try:
            _add(*key, _unwritten.pop(key))
        except Exception:
            pass  # A checkout that cannot be written to.
    end = time.monotonic()
    _rest_until = end + 9 * (end - begin)


@atexit.register
def _finish():
    with _recording:
        _write_down()


def _add(top, file, lines):
    """Adds lines to a record, sorted; other processes may do so at the same time."""
    if not lines - _lines(file):
        return
    folder, uses = os.path.dirname(file), os.path.join(top, "lineage", "uses")
    if os.path.realpath(folder) != folder or os.path.islink(file):
        return  # A link in the repository leads out of it.
    os.makedirs(folder, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _lock(descriptor):
            # What a killed process has left.
            for name in os.listdir(folder):
                if re.match(r"\.\d+\.[0-9a-f]{8}\.new$", name):
                    os.unlink(os.path.join(folder, name))
        old = _lines(file)
        if lines - old:
            replace(file, b"".join(line + b"\n" for line in sorted(lines | old)))
    finally:
        os.close(descriptor)
    attributes = os.path.join(uses, ".gitattributes")
    if not os.path.lexists(attributes):
        replace(attributes, b"# Both sides of a merge are right.\n*.uses merge=union -filter -text\n")


def _lines(file):
    try:
        with builtins.open(file, "rb") as stream:
            return set(filter(None, stream.read().split(b"\n")))
    except FileNotFoundError:
        return set()


def _lock(descriptor):
    """Waits for a second at most: a line that gets lost comes again with the next run."""
    try:
        import fcntl

        for _ in range(100):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                time.sleep(0.01)
    except (ImportError, OSError):
        pass
    return False


def _after_fork():
    # Another thread may have held it; what the parent has not written yet, it will write.
    global _recording
    _recording = threading.Lock()
    _unwritten.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
