"""Git and git data as commands, where they are run, and what went wrong in words."""

import os
import shlex
import shutil
import subprocess


class DataError(Exception):
    """Data cannot be had: `what` went wrong, what is `kept`, and `hints`, commands that can be pasted."""

    def __init__(self, what, kept=None, hints=()):
        lines = [what] + (["kept: " + kept] if kept else []) + ["hint: " + hint for hint in hints]
        super().__init__("\n".join(lines))
        self.what = what
        self.kept = kept
        self.hints = tuple(hints)


DataError.__module__ = "git_data"


def top_of(path):
    """The top of the worktree that a path is in, links resolved; None where it is in none."""
    folder = os.path.realpath(path)
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        folder, last = os.path.dirname(folder), folder
        if folder == last:
            return None


def git(top, *arguments, data=b""):
    """Runs Git at the top of a worktree. Programs are never looked for in that worktree."""
    folders = [
        folder for folder in os.get_exec_path()
        if os.path.isabs(folder) and not (os.path.realpath(folder) + os.sep).startswith(top + os.sep)
    ]
    environment = dict(os.environ, PATH=os.pathsep.join(folders))
    # Of the repository that a hook runs for, which may be another.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"):
        environment.pop(name, None)
    program = shutil.which("git", path=environment["PATH"])
    if program is None:
        raise DataError("there is no 'git' on PATH", hints=["install Git 2.30 or newer"])
    return subprocess.run(
        [program, *arguments], cwd=top, env=environment, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def command(top, *words):
    """A command of Git as it can be pasted in any folder."""
    where = [] if os.path.realpath(os.getcwd()) == top else ["-C", shlex.quote(top)]
    *words, path = words
    return " ".join(["git"] + where + list(words) + ["--", shlex.quote(path)])


def replace(file, content, mode=0o666):
    """Gives a file its content, whole or not at all."""
    temporary = os.path.join(os.path.dirname(file), ".%d.%s.new" % (os.getpid(), os.urandom(4).hex()))
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(temporary, file)
    except BaseException:
        os.unlink(temporary)
        raise


def is_on(name, default="0"):
    return os.environ.get(name, default).strip().lower() not in ("", "0", "false", "no", "off")
