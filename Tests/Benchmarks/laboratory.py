"""What the long suites and benchmarks share: a scratch folder with a home of its own, git data installed
there by install.sh, commands that are timed, and the peak memory of our programs while they run."""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OURS = {"git-data": "git-data", "git-data-transf": "git-data-transfer"}  # the kernel keeps 15 letters


class Failure(Exception):
    pass


class MemoryWatch(threading.Thread):
    """Reads the high-water mark of our processes until stopped: those whose program is below a folder, as
    somebody else may run git data at the same time. Spec: proc(5), VmHWM."""

    def __init__(self, folder="/"):
        super().__init__(daemon=True)
        self.folder = str(folder)
        self.peaks = {}
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.wait(0.02):
            for folder in os.listdir("/proc"):
                if folder.isdigit():
                    self.look(folder)

    def look(self, folder):
        try:
            if not os.readlink(f"/proc/{folder}/exe").startswith(self.folder):
                return
            with open(f"/proc/{folder}/status") as status:
                fields = dict(line.split(":", 1) for line in status if ":" in line)
        except OSError:
            return
        name = OURS.get(fields["Name"].strip())
        if name and "VmHWM" in fields:
            peak = int(fields["VmHWM"].split()[0]) / 1024
            self.peaks[name] = max(peak, self.peaks.get(name, 0))


class Held:
    """A program that serves as long as its standard input is open."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def lines(self):
        """What it says once it is ready."""
        while line := self.process.stdout.readline().rstrip("\n"):
            yield line

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Laboratory:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="git-data-"))
        self.home = self.folder / "home"
        self.home.mkdir()
        prefix = self.folder / "prefix"
        self.environment = {
            "HOME": str(self.home), "PATH": f"{prefix}/bin:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_PAGER": "cat",
        }
        # Where the programs were built with a sanitizer.
        self.environment.update({name: os.environ[name] for name in ("TSAN_OPTIONS", "ASAN_OPTIONS") if name in os.environ})
        built = os.environ.get("GIT_DATA_BIN") or self.build()
        # Git's own housekeeping in the background would fall into somebody's time.
        self.run(["git", "config", "--global", "gc.auto", "0"])
        self.install(prefix, built)
        self.peaks = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def install(self, prefix, built):
        self.run([ROOT / "install.sh", "--prefix", prefix, "--built", built], cwd=ROOT)

    @staticmethod
    def build():
        build = ["swift", "build", "-c", "release", "--static-swift-stdlib"]
        for program in OURS.values():
            print(f"Building {program} ...", flush=True)
            subprocess.run(build + ["--product", program], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return subprocess.run(
            build + ["--show-bin-path"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    def require_space(self, gibibytes):
        free = shutil.disk_usage(self.folder).free >> 30
        if free < gibibytes:
            raise Failure(f"{gibibytes} GiB of free space are needed in {self.folder.parent}, there are {free}")

    def run(self, command, cwd=None, environment=None, expecting=0, input=None):
        """Runs a command. What it printed is in `stdout` and `stderr`, the time it took in `seconds`."""
        started = time.monotonic()
        result = subprocess.run(
            [str(word) for word in command], cwd=cwd or self.folder, env=self.environment | (environment or {}),
            capture_output=True, text=True, errors="surrogateescape", input=input)
        result.seconds = time.monotonic() - started
        if expecting is not None and result.returncode != expecting:
            shown = " ".join(str(word) for word in command)
            said = (result.stdout + result.stderr).encode(errors="replace").decode()[:4000]
            raise Failure(f"{shown}\nended with {result.returncode}\n{said}")
        return result

    def measure(self, title, command, **options):
        """Runs a command, and prints how long it took and the peak memory of our programs in it."""
        watch = MemoryWatch(self.folder)
        watch.start()
        result = self.run(command, **options)
        watch.is_over.set()
        watch.join()
        memory = ", ".join(f"{name} {peak:.0f} MiB" for name, peak in sorted(watch.peaks.items()))
        print(f"{title:<34} {result.seconds:8.1f} s   {memory}", flush=True)
        for name, peak in watch.peaks.items():
            self.peaks[name] = max(peak, self.peaks.get(name, 0))
        return result

    def repository(self, name, tracked="*.bin", is_set_up=True):
        """A repository whose origin is a bare one beside it."""
        self.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", f"{name}.git"])
        self.run(["git", "init", "--quiet", "--initial-branch=main", name])
        work = self.folder / name
        self.run(["git", "remote", "add", "origin", f"../{name}.git"], cwd=work)
        if is_set_up:
            self.run(["git", "data", "init", "--quiet"], cwd=work)
            if tracked:
                self.run(["git", "data", "track", "--quiet", tracked], cwd=work)
        return work

    def assert_clean(self, folder):
        changes = self.run(["git", "status", "--porcelain"], cwd=folder).stdout
        if changes:
            raise Failure(f"git status in {folder}:\n{changes}")


def median(values):
    return statistics.median(values)


def main(body):
    """Runs a suite; what fails is printed, and is the exit status."""
    try:
        with Laboratory() as laboratory:
            return body(laboratory)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
