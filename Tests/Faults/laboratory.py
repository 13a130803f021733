"""Where faults are tried out: repositories that are copied anew for each run, and commands that are run with a fault.

A laboratory is one folder with `template/`, a prepared state, and `run/`, in which commands work. Both are made and
used at the same place, so that absolute paths in configurations hold.
"""
import dataclasses
import hashlib
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS, FILES, PROCESSES = 8192, 4096, 512
# The parts of `struct board` in choice.h, in its order.
FIRED_AT, LOOKS_AT, UNSYNCED_AT = 8, 12, 16
PROCESSES_AT = UNSYNCED_AT + 8 * FILES
BOARD_SIZE = PROCESSES_AT + 4 * PROCESSES + 16 * KEYS
LIMIT = 120
POINTER = re.compile(rb"\A(?:git data pointer 1|version https://git-lfs.github.com/spec/v1)\noid sha256:([0-9a-f]{64})\nsize \d+\n")


class Broken(Exception):
    """What must hold does not."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """What befalls which call."""
    key: str
    call: str
    occurrence: int
    kind: str
    errno: int = 0

    @property
    def settings(self):
        """The variables that tell faults.c."""
        if self.kind == "clock":
            return {"GIT_DATA_FAULT_CLOCK": f"{self.errno}@{self.occurrence}"}
        return {"GIT_DATA_FAULT_AT": f"{self.key}:{self.occurrence}:{self.kind}:{self.errno}"}

    @property
    def ends_processes(self):
        return self.kind in ("kill", "killed", "power", "powered")

    def __str__(self):
        if self.kind == "clock":
            return f"the clock goes wrong by {self.errno} s from look {self.occurrence} on"
        return f"{self.kind}{' ' + errno_name(self.errno) if self.errno else ''} at call {self.occurrence} of '{self.call}'"


def errno_name(number):
    import errno
    return errno.errorcode.get(number, str(number))


@dataclasses.dataclass
class Outcome:
    """What a command did."""
    command: list
    status: int
    text: str
    errors: str
    fired: int = 0
    log: list = dataclasses.field(default_factory=list)

    def __str__(self):
        return f"$ {' '.join(self.command)}\n  ended with {self.status}\n  output: {self.text[-1500:]}\n  errors: {self.errors[-3000:]}"


def build_library(folder):
    """Compiles faults.c."""
    source = os.path.join(HERE, "faults.c")
    library = os.path.join(folder, "faults.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library


def install(folder, build):
    """The programs with their hooks, as they are installed. Returns their folder."""
    programs, hooks = os.path.join(folder, "bin"), os.path.join(folder, "share/git-data/hooks")
    os.makedirs(programs)
    shutil.copytree(os.path.join(HERE, "../../Hooks"), hooks)
    for name, source in (("git-data", "git-data"), ("git-data-transfer", "git-data-transfer"), ("git-remote-data", "git-data-transfer")):
        shutil.copy(os.path.join(build, source), os.path.join(programs, name))
    return programs


class Laboratory:
    def __init__(self, folder, programs, library):
        self.folder = folder
        self.top = os.path.join(folder, "run")
        self.template = os.path.join(folder, "template")
        self.library = library
        self.programs = programs
        self.written = 0
        # Whether the system has begun anew since the template was made.
        self.is_rebooted = False
        os.makedirs(self.top, exist_ok=True)
        self.environment = {
            "HOME": os.path.join(self.top, "home"), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb",
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat",
            "GIT_EDITOR": "true", "GIT_CEILING_DIRECTORIES": self.top,
        }
        for role in ("AUTHOR", "COMMITTER"):
            self.environment |= {
                f"GIT_{role}_NAME": "Ada", f"GIT_{role}_EMAIL": "ada@example.org", f"GIT_{role}_DATE": "2026-01-02T03:04:05Z"}

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    # Templates

    def begin(self):
        for folder in (self.top, self.template):
            shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(self.path("home"))
        self.run(["git-data", "install", "--quiet"])
        # A copy has other times of change and inodes, and need not be read for that.
        for name, value in (("core.trustctime", "false"), ("core.checkStat", "minimal"), ("init.defaultBranch", "main"),
                            ("protocol.file.allow", "always"), ("gc.auto", "0")):
            self.run(["git", "config", "--global", name, value])

    def keep(self):
        self.settle()
        shutil.move(self.top, self.template)

    def restore(self):
        self.is_rebooted = False
        shutil.rmtree(self.top, ignore_errors=True)
        subprocess.run(["cp", "-a", self.template, self.top], check=True)

    def settle(self):
        for folder in self.data_folders():
            self.run(["git-data", "settle", folder], expect=None)

    # Commands

    def run(self, command, cwd="", expect=(0,), fault=None, record=False, extra=None):
        """Runs a command until it and all that it has started have ended."""
        environment = dict(self.environment)
        board = None
        if fault is not None or record or extra or self.is_rebooted:
            board = os.path.join(self.folder, "board")
            log = os.path.join(self.folder, "log")
            with open(board, "wb") as file:
                file.truncate(BOARD_SIZE)
            open(log, "wb").close()
            environment |= {
                "LD_PRELOAD": self.library, "GIT_DATA_FAULT_BOARD": board, "GIT_DATA_FAULT_ROOT": self.top + "/",
                "GIT_DATA_FAULT_LOG": log}
            environment |= extra or {}
            if self.is_rebooted:
                boot = os.path.join(self.folder, "boot")
                with open(boot, "w") as file:
                    file.write("00000000-0000-4000-8000-000000000000\n")
                environment["GIT_DATA_FAULT_BOOT"] = boot
            if fault is not None:
                environment |= fault.settings
        reading, writing = os.pipe()
        output, errors = (open(os.path.join(self.folder, name), "w+b") for name in ("output", "errors"))
        child = subprocess.Popen(
            command, cwd=self.path(cwd), env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
            pass_fds=(writing,), start_new_session=True)
        os.close(writing)
        # All that was started has the writing end, until the last of it ends.
        is_over = select.select([reading], [], [], LIMIT)[0]
        os.close(reading)
        if not is_over:
            self.end_processes(child, board)
        status = child.wait()
        output.seek(0), errors.seek(0)
        text = [file.read().decode("utf-8", "replace") for file in (output, errors)]
        output.close(), errors.close()
        outcome = Outcome(command, status, *text)
        if board:
            with open(log, "rb") as file:
                outcome.log = file.read().decode("utf-8", "replace").splitlines()
            with open(board, "rb") as file:
                memory = file.read()
            is_clock = fault is not None and fault.kind == "clock"
            outcome.fired = struct.unpack_from("I", memory, LOOKS_AT if is_clock else FIRED_AT)[0]
            self.unsynced = {inode for inode in struct.unpack_from(f"{FILES}Q", memory, UNSYNCED_AT) if inode}
        if not is_over:
            raise Broken(f"it hung for {LIMIT} s: {outcome}")
        if expect is not None and status not in expect:
            raise Broken(f"expected one of {expect}: {outcome}")
        return outcome

    def end_processes(self, child, board):
        numbers = [child.pid]
        if board:
            with open(board, "rb") as file:
                numbers += [number for number in struct.unpack_from(f"{PROCESSES}i", file.read(), PROCESSES_AT) if number]
        for number in numbers:
            try:
                with open(f"/proc/{number}/environ", "rb") as file:
                    if os.fsencode(self.folder) in file.read():
                        os.kill(number, signal.SIGKILL)
            except OSError:
                pass

    def git(self, *arguments, cwd="work", expect=(0,)):
        return self.run(["git", *arguments], cwd, expect)

    def data(self, *arguments, cwd="work", expect=(0,)):
        return self.run(["git", "data", *arguments], cwd, expect)

    def write(self, path, content):
        path = self.path(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        with open(path, "wb") as file:
            file.write(content)
        # An older date than the index has, and another one for each content.
        self.written += 1
        os.utime(path, (1.6e9 + self.written, 1.6e9 + self.written))

    # What is there

    def repositories(self):
        """Every repository, as (worktree or bare folder, Git folder), by paths below the top."""
        found = []
        for name in sorted(os.listdir(self.top)):
            if os.path.isdir(self.path(name, ".git")):
                found.append((name, f"{name}/.git"))
            elif os.path.exists(self.path(name, "HEAD")) and os.path.isdir(self.path(name, "objects")):
                found.append((name, name))
        return found

    def data_folders(self):
        return [folder for folder in (self.path(git, "data") for _, git in self.repositories()) if os.path.isdir(folder)]

    def lose_unsynced(self):
        """What a crash of the system does to the files of blobs and documents that were not brought to the disk."""
        lost = 0
        for folder, _, names in os.walk(self.top):
            below = folder[len(self.top):] + "/"
            if not re.match("/[^/]*/[.]git/data/|/origin.git/data/|/place/", below):
                continue
            for name in names:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                if status.st_ino in self.unsynced and status.st_size:
                    os.chmod(path, 0o644)
                    # What is left of the content differs from file system to file system.
                    os.truncate(path, 0 if lost % 2 else status.st_size // 2)
                    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                    lost += 1
        return lost

    def blobs(self):
        """The oids of intact blobs, by where they are."""
        found = {}
        for folder, _, names in os.walk(self.top):
            for name in names:
                oid = name.removesuffix(".pending")
                if len(oid) != 64 or not re.fullmatch("[0-9a-f]{64}", oid) or f"{oid[:2]}/{oid[2:4]}" not in folder and oid == name:
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    is_intact = hashlib.sha256(file.read()).hexdigest() == oid
                place = folder[len(self.top) + 1:].split("/objects")[0].split("/incoming")[0]
                found.setdefault(oid, {})[place if oid == name else f"{place} pending"] = is_intact
        return found

    def named(self):
        """The oids that commits or indexes of repositories name by pointers."""
        found = set()
        for folder, git in self.repositories():
            walk = "git rev-list --objects --no-object-names --all --reflog --indexed-objects"
            check = "git cat-file --batch-check='%(objectname) %(objecttype) %(objectsize)'"
            listing = self.run(["sh", "-c", f"{walk} | {check}"], folder).text
            names = [words[0] for words in map(str.split, listing.splitlines()) if words[1] == "blob" and int(words[2]) < 400]
            reply = subprocess.run(
                ["git", "cat-file", "--batch"], cwd=self.path(folder), env=self.environment, stdout=subprocess.PIPE,
                input="".join(f"{name}\n" for name in names).encode(), check=True).stdout
            found |= {match.decode() for match in re.findall(rb"oid sha256:([0-9a-f]{64})\nsize", reply)}
        return found

    def aside(self):
        """What is set aside while a stage runs, and comes back when the next command finds it."""
        found = []
        for folder, git in self.repositories():
            for base, _, names in os.walk(self.path(git, "data/aside")):
                for name in names:
                    with open(os.path.join(base, name), "rb") as file:
                        found.append(file.read())
        return found

    def files(self):
        """The content of every file of worktrees, by its path below the top."""
        found = {}
        for folder, git in self.repositories():
            if folder == git:
                continue
            for base, folders, names in os.walk(self.path(folder)):
                if base == self.path(folder):
                    folders[:] = [name for name in folders if name != ".git"]
                for name in names:
                    # A merge that was killed leaves such files of Git's.
                    if name.startswith(".merge_file_"):
                        continue
                    path = os.path.join(base, name)
                    if os.path.islink(path):
                        content = b"-> " + os.fsencode(os.readlink(path))
                    else:
                        with open(path, "rb") as file:
                            content = file.read()
                    found[path[len(self.top) + 1:]] = content
        return found
