"""Files of the worktree: where a path leads, which files are only pointers, and how they get their data."""

import builtins
import os
import re
import stat
import sys
import threading

from ._git import DataError, command, git, top_of
from ._uses import script


def locate(given):
    here = join(os.getcwd(), given)
    if os.path.lexists(here):
        return here
    others = []
    for other in elsewhere(given):
        if os.path.lexists(other) and not any(os.path.realpath(other) == os.path.realpath(known) for known in others):
            others.append(other)
    if len(others) == 1:
        return others[0]
    if others:
        raise DataError("'%s' is ambiguous: it is not in the current folder, and could be either '%s' or '%s'" % (given, *others))
    for candidate in [here] + elsewhere(given):
        top = top_of(candidate)
        name = top and os.path.relpath(os.path.realpath(candidate), top)
        if top and git(top, "--literal-pathspecs", "ls-files", "-z", "--", name).stdout:
            raise DataError("'%s' is deleted, or left out of this checkout" % given, hints=[command(top, "restore", name)])
    raise DataError("there is no '%s' in '%s'" % (given, os.getcwd()))


def join(folder, given):
    path = os.path.join(folder, given)
    # Behind a link, `..` is not what its name says.
    return path if ".." in path.split(os.sep) else os.path.normpath(path)


def elsewhere(given):
    """Where a path may lead that leads nowhere from the current folder."""
    if os.path.isabs(given) or ".." in given.split(os.sep):
        return []
    running = script()
    beside = running and os.path.dirname(running)
    # A job may be started from anywhere.
    top = top_of(os.getcwd()) or beside and top_of(beside)
    return [join(folder, given) for folder in (beside, top) if folder]


# Pointers, and what they stand for

_LFS = re.compile(rb"version (https://git-lfs\.github\.com/spec/v1|https://hawser\.github\.com/spec/v1|http://git-media\.io/v/2)\s")


class _Filling:
    """One thread at a time, of this process: a worker that was forked meanwhile waits for nobody."""

    def __init__(self):
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.__init_lock)

    def __init_lock(self):
        self._lock = threading.Lock()

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()


filling = _Filling()


def _pointers(path):
    """The files at a path that are only pointers."""
    if not os.path.isdir(path):
        return [path] if _is_pointer(path) else []
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name != ".git"]
        found += [file for file in (os.path.join(folder, name) for name in names) if _is_pointer(file)]
    return found


def _is_pointer(file):
    try:
        status = os.stat(file)
        if not stat.S_ISREG(status.st_mode) or not 17 <= status.st_size < 1024:
            return False
        with builtins.open(file, "rb") as stream:
            text = stream.read(1024)
    except OSError:
        return False  # Whoever opens it learns why.
    # One of another version, or a damaged one, is no data either.
    return text.startswith(b"git data pointer ") or bool(_LFS.match(text) and b"\noid sha256:" in text)


def fill(found, offline):
    """Puts data in the place of the pointers at a path, with `git data pull`."""
    if not _pointers(found):
        return
    with filling:
        pointers = _pointers(found)
        _say(pointers, offline)
        # A submodule in a folder has its data from elsewhere.
        for top in sorted({top_of(os.path.dirname(os.path.realpath(file))) or "" for file in pointers}):
            if not top:
                raise DataError("'%s' is only a pointer, and in no Git repository" % found, hints=["git data clone URL"])
            _fill_from(top, found, offline)


def _fill_from(top, found, offline):
    whole = os.path.realpath(found)
    path = os.path.relpath(whole, top) if (whole + os.sep).startswith(top + os.sep) else "."
    for _ in range(2):
        run = git(top, "data", "checkout" if offline else "pull", "--quiet", "--", path)
        files = [os.path.realpath(file) for file in _pointers(found)]
        left = [os.path.relpath(file, top) for file in files if top_of(os.path.dirname(file)) == top]
        if not left:
            return
        # A damaged blob has been set aside now; the next attempt fetches a good one.
        if offline or b"damaged" not in run.stderr:
            break
    raise failure(run, left, offline, hint=command(top, "data", "pull", path))


def _say(pointers, offline):
    if pointers and not offline and (sys.stderr is not None and sys.stderr.isatty() or "ipykernel" in sys.modules):
        more = " and %d more" % (len(pointers) - 1) if len(pointers) > 1 else ""
        name = os.fsencode(os.path.relpath(pointers[0])).decode("utf-8", "replace")
        print("git data: fetching '%s'%s" % (name, more), file=sys.stderr)


def failure(run, names, offline, hint, kept="the pointer, in place of the content"):
    """The error for files that a run of git data has left without data, in its own words.

    `hint`: the command that brings the data when there is a network.
    """
    subject = "the data of '%s'" % names[0] + (" and %d more" % (len(names) - 1) if len(names) > 1 else "")
    lines = os.fsdecode(run.stderr).splitlines()
    if any("is not a git command" in line for line in lines):
        return DataError(
            subject + " cannot be fetched: git data is not installed here", kept,
            ["install git data with its ./install.sh, so that git-data is on PATH"])
    causes = _causes(lines)
    cause = causes.get(names[0]) or next(iter(causes.values()), None)
    if offline and "damaged" not in (cause or ""):
        return DataError(subject + " is not on this machine, and nothing is fetched offline", kept, [hint])
    # Why nothing at all could be fetched comes first.
    general = [line[len("error: "):] for line in lines if line.startswith(("error: ", "fatal: "))]
    general = [line for line in general if not re.match(r"\d+ files? without data:", line)]
    hints = [line[len("hint: "):] for line in lines if line.startswith("hint: ")]
    if general or cause:
        return DataError("%s cannot be had: %s" % (subject, (general or [cause])[0]), kept, hints or [hint])
    return DataError(
        subject + " cannot be had: it is a damaged pointer, or no data file of Git's here", kept, ["git data doctor"])


def _causes(lines):
    """By file: why it has no data. `path (why)` on a line, or the paths that `why:` stands above."""
    causes, shared = {}, None
    for line in lines:
        if not line.startswith("\t"):
            shared = line[:-1] if line.endswith(":") else None
        elif line.endswith(")") and " (" in line and (shared is None or shared.endswith(" without data")):
            name, cause = line[1:-1].split(" (", 1)
            causes[name] = cause
        elif shared and not line.startswith("\t… "):
            causes[line[1:]] = shared
    return causes
