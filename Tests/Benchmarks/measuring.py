"""How a step is measured: its commands run one after the other, with their wall time, the processor time of all
that they start, and the peak memory of the programs in question; and what comes before it, so that a step pays
for itself alone."""

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time
from typing import NamedTuple

from laboratory import Failure, MemoryWatch, median

CHUNK = 1 << 22


class Command(NamedTuple):
    words: list
    folder: pathlib.Path
    variables: dict = {}


class Figure(NamedTuple):
    """What a step took: seconds, seconds of processors (user and system), MiB. Memory is None where the step was
    too short to look."""
    wall: float
    cpu: float
    memory: float | None

    @staticmethod
    def middle(figures):
        memories = [figure.memory for figure in figures if figure.memory is not None]
        return Figure(
            median(figure.wall for figure in figures), median(figure.cpu for figure in figures),
            max(memories, default=None))


class FamilyWatch(MemoryWatch):
    """Watches one process and what it starts, instead of everything below a folder. Spec: proc(5), stat."""

    def __init__(self, process, programs):
        super().__init__()
        self.family = {str(process)}
        self.programs = programs
        self.strangers = set()

    def look(self, process):
        if process in self.strangers:
            return
        try:
            if process not in self.family:
                with open(f"/proc/{process}/stat") as stat:
                    parent = stat.read().rpartition(")")[2].split()[1]
                if parent not in self.family:
                    self.strangers.add(process)
                    return
                self.family.add(process)
            with open(f"/proc/{process}/status") as status:
                fields = dict(line.split(":", 1) for line in status if ":" in line)
        except (OSError, IndexError):
            return
        name = fields["Name"].strip()
        if name in self.programs and "VmHWM" in fields:
            self.peaks[name] = max(int(fields["VmHWM"].split()[0]) / 1024, self.peaks.get(name, 0))


class Stopwatch:
    def __init__(self, laboratory, is_thorough=True):
        """Whether all free memory is touched, which takes a minute or so the first time, or only twice of what a
        step needs."""
        self.laboratory, self.is_thorough = laboratory, is_thorough
        self.buffer = memoryview(bytearray(CHUNK))
        self.filler = Filler(laboratory.folder, self.buffer)

    def run(self, commands):
        """Runs commands whose time is nobody's."""
        for words, folder, variables in commands:
            self.laboratory.run(words, cwd=folder, environment=variables)

    def time(self, commands, programs=()):
        """Runs commands and gives what they took together. `programs` are those whose memory is watched, by the
        first 15 letters of their names; none for a step that is too short for it."""
        figures = [self.time_one(command, programs) for command in commands]
        memories = [figure.memory for figure in figures if figure.memory is not None]
        return Figure(
            sum(figure.wall for figure in figures), sum(figure.cpu for figure in figures), max(memories, default=None))

    def time_one(self, command, programs):
        words = [str(word) for word in command.words]
        environment = self.laboratory.environment | command.variables
        # Git is found before the clock starts, and what is printed costs no pipe and no thread.
        program = shutil.which(words[0], path=environment["PATH"])
        if program is None:
            raise Failure(f"there is no {words[0]}")
        with tempfile.TemporaryFile(dir=self.laboratory.folder) as said:
            started = time.monotonic()
            process = subprocess.Popen(
                words, executable=program, cwd=command.folder, env=environment, stdin=subprocess.DEVNULL, stdout=said,
                stderr=said)
            watch = FamilyWatch(process.pid, programs)
            if programs:
                watch.start()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            watch.is_over.set()
            if programs:
                watch.join()
            if process.returncode:
                said.seek(0)
                shown = said.read().decode(errors="replace")[:4000]
                raise Failure(f"{shlex.join(words)}\nended with {process.returncode}\n{shown}")
        return Figure(seconds, usage.ru_utime + usage.ru_stime, max(watch.peaks.values(), default=None))

    def warm(self, inputs, byte_count):
        """Ends what others have left to write, reads the input once, and sees to it that the memory which the
        step will need has been touched."""
        os.sync()
        for file in inputs:
            for path in [file, *pathlib.Path(file).rglob("*")]:
                if path.is_file():
                    with open(path, "rb", buffering=0) as opened:
                        while opened.readinto(self.buffer):
                            pass
        self.filler.leave(byte_count, None if self.is_thorough else 2 * byte_count)


class Filler:
    """Holds the memory that nobody uses, as pages of a file without blocks. A virtual machine gives unused memory
    back to its host, and to get it again is slow: what it costs would be in the time of whoever comes first. The
    kernel takes these pages back by itself where somebody needs them."""

    RESERVE = 1 << 30  # bytes that stay free, so that the kernel need not look for pages

    def __init__(self, folder, buffer):
        self.file = tempfile.TemporaryFile(dir=folder, buffering=0)
        self.buffer = buffer
        self.byte_count = 0

    def leave(self, byte_count, limit=None):
        """Touches what is free, up to a limit, and gives back as much of it as asked for."""
        free = max(0, free_memory() - self.RESERVE)
        end = self.byte_count + (free if limit is None else min(free, limit))
        self.file.truncate(end)
        self.file.seek(self.byte_count)
        while self.file.readinto(self.buffer):
            pass
        self.byte_count = max(0, end - byte_count)
        self.file.truncate(self.byte_count)


def free_memory():
    """Bytes that are used for nothing, not even as a cache. Spec: proc(5), meminfo."""
    with open("/proc/meminfo") as lines:
        fields = dict(line.split(":", 1) for line in lines)
    return int(fields["MemFree"].split()[0]) << 10
