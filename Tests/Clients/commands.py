"""Commands of the hour of load: each with a limit of time, some killed, and what was wrong with them."""

import collections
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

#: Seconds after which a command counts as stuck. All clients share a few cores.
LIMIT = 300
#: Messages of Git's and of ours that belong to lost races, to merges and to what nobody names any more.
EXPECTED = re.compile("|".join([
    r"^$", r"^(To|From) ", r"^ [!*+=-] ", r"^\s+\S+\.\.\S+", r"^(hint|kept): ", r"^remote: ", r"^CONFLICT ", r"^Auto-merging ", r"^Automatic merge failed",
    r"^Updated \d+ path", r"^Merge made", r"^Already up to date", r"^(Switched|Your branch|  \(use|Deleted branch|branch '.*' set up)",
    r"^error: failed to push some refs to", r"^\t", r"^\d+ blobs? (uploaded|fetched|verified)", r"^Deleted (nothing|\d+ blob)",
    r"^(Marked|Counting the refs|Every blob on|Nothing (to|is) )", r"^Kept \d+ blob", r"^Cloning into", r"^done\.$", r"^\S+ at \S+ \(",
    r"^The repository '.*' is gone; the store forgets it", r"^Took back", r"^\d+ packs? \(", r"^\d+ (unused|old) ",
    r"^git data: '.*': both sides changed it, and it is no text", r"^git data: \d+ files? left as pointers",
    r"^git data: \d+ files? without data", r"^error: \d+ files? without data:", r"^error: unable to delete '.*': remote ref does not exist",
    r"^fatal: couldn't find remote ref ", r"^error: destination path '.*' already exists and is not an empty directory$", r"^error: (nothing is marked on|data remote '\w+' is being (swept|cleared))", r"^warning: without days of grace, nobody may be pushing",
]))


class Result:
    def __init__(self, words, status, output, errors, is_killed, begun):
        self.words, self.status, self.output, self.errors = words, status, output, errors
        self.is_killed, self.begun, self.seconds = is_killed, begun, time.monotonic() - begun

    @property
    def is_done(self):
        return self.status == 0 and not self.is_killed

    def says(self, pattern):
        return re.search(pattern, self.errors + self.output, re.MULTILINE) is not None

    def __str__(self):
        return f"{' '.join(self.words)}: {self.status}{' (killed)' if self.is_killed else ''}\n{self.output[-1500:]}{self.errors[-3000:]}"


def processes(session):
    """The processes of a session that have not ended. Spec: proc(5), `stat`."""
    found = []
    for folder in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = pathlib.Path("/proc", folder, "stat").read_text()
        except OSError:
            continue
        fields = text[text.rindex(")") + 2 :].split()
        if fields[0] not in "ZX" and int(fields[3]) == session:
            found.append(int(folder))
    return found


def end(numbers):
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass


def portrait(session):
    """What the processes of a session are doing, for a person."""
    lines = []
    for number in processes(session):
        def read(name):
            try:
                return pathlib.Path("/proc", str(number), name).read_text(errors="replace").replace("\0", " ").strip()
            except OSError as error:
                return str(error)

        stack = "; ".join(read("stack").splitlines()[:4])
        try:
            files = [f"{name}={os.readlink(f'/proc/{number}/fd/{name}')}" for name in sorted(os.listdir(f"/proc/{number}/fd"), key=int)]
        except OSError:
            files = []
        lines.append(f"  {number} {read('cmdline')}\n    waits: {read('wchan')}; {stack}\n    files: {' '.join(files)[:1500]}")
    return "\n".join(lines)


class Commands:
    """Runs commands of all clients, and keeps the book on them."""

    def __init__(self, folder, kills):
        self.folder, self.kill_share = folder, kills
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.running, self.serial = {}, 0
        self.tally, self.usual = collections.Counter(), {}
        self.killed = self.stuck = 0
        self.failures, self.messages = [], {}

    def fail(self, what):
        with self.lock:
            self.failures.append(what)
        print(f"FAILED {what}\n", flush=True)

    def run(self, kind, words, folder, environment, kill=None):
        """Runs a command to its end.
        - kill: a source of chance where it may be killed, by the share that was given."""
        words = [str(word) for word in words]
        delay = None
        with self.lock:
            self.serial += 1
            number = self.serial
            if kill and kill.random() < self.kill_share:
                delay = kill.uniform(0, 1.3 * self.usual.get(kind, 1.0))
            begun = time.monotonic()
            self.running[number] = begun
        try:
            result = self.execute(number, words, folder, environment, begun, delay, kill)
        finally:
            with self.lock:
                del self.running[number]
        with self.lock:
            if kind != "look":
                self.tally[kind] += 1
            if result.is_killed:
                self.killed += 1
            else:
                self.usual[kind] = 0.9 * self.usual.get(kind, result.seconds) + 0.1 * result.seconds
                for line in result.errors.splitlines():
                    if not EXPECTED.match(line):
                        general = re.sub(r"\d+", "N", re.sub(r"\b[0-9a-f]{7,64}\b", "H", line))
                        self.messages.setdefault(general, [0, f"{' '.join(words)}: {line}"])[0] += 1
        return result

    def execute(self, number, words, folder, environment, begun, delay, chance):
        output, errors = (self.folder / f"{number}.{name}" for name in ("out", "err"))
        is_killed = False
        with open(output, "wb") as out, open(errors, "wb") as err:
            process = subprocess.Popen(
                words, cwd=folder, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            try:
                process.wait(LIMIT if delay is None else delay)
            except subprocess.TimeoutExpired:
                is_killed = delay is not None
                if is_killed:
                    self.kill(process, chance)
                else:
                    self.give_up(process, words, errors)
        texts = [file.read_text(errors="replace") for file in (output, errors)]
        output.unlink()
        errors.unlink()
        return Result(words, process.returncode, *texts, is_killed, begun)

    def kill(self, process, chance):
        """Kills all, or one, and waits for what the others do about it."""
        there = processes(process.pid)
        end(there if chance.random() < 0.7 else [chance.choice(there)] if there else [])
        limit = time.monotonic() + 30
        while processes(process.pid) and time.monotonic() < limit:
            process.poll()
            time.sleep(0.02)
        end(processes(process.pid))
        process.wait()

    def give_up(self, process, words, errors):
        with self.lock:
            self.stuck += 1
        said = errors.read_text(errors="replace")[-1000:]
        self.fail(f"stuck for {LIMIT} s: {' '.join(words)}\n{said}\n{portrait(process.pid)}")
        end(processes(process.pid))
        process.wait()

    def wait_for_all_begun_before(self, moment):
        """Returns when no command runs that had begun by then: the shortest time of grace that is longer than any push."""
        while True:
            with self.lock:
                if all(begun > moment for begun in self.running.values()):
                    return
            time.sleep(0.05)
