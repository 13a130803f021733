"""What the suites of careless use share: a laboratory, commands whose words are kept, and what was expected of them."""

import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "Benchmarks"))
from laboratory import ROOT, Failure, Laboratory  # noqa: E402  (the folder is not a package)

__all__ = ["Failure", "Ground", "Held", "Skipped", "TESTS", "blob_path", "pointer", "run_cases"]


class Skipped(Exception):
    """This machine does not allow what a case needs."""


class Held:
    """A program that serves until it is let go, and says its port first."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def pointer(content):
    """The pointer that stands for this content."""
    return b"git data pointer 1\noid sha256:%s\nsize %d\n" % (hashlib.sha256(content).hexdigest().encode(), len(content))


def blob_path(content):
    oid = hashlib.sha256(content).hexdigest()
    return f"objects/{oid[:2]}/{oid[2:4]}/{oid}"


class Ground(Laboratory):
    """A laboratory whose checks are counted. `is_long` asks for the long form."""

    def __init__(self, seed, is_long=False):
        super().__init__()
        self.random = random.Random(seed)
        self.is_long = is_long
        self.checks = 0
        self.runs = 0
        self.skipped = []
        self.environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "GIT_CEILING_DIRECTORIES": str(self.folder)}

    def install(self, prefix, built):
        """Only what the programs need; install.sh has suites of its own."""
        (prefix / "bin").mkdir(parents=True)
        built = pathlib.Path(built).resolve()
        for name, source in [("git-data", "git-data"), ("git-data-transfer",) * 2, ("git-remote-data", "git-data-transfer")]:
            try:
                os.link(built / source, prefix / "bin" / name)
            except OSError:
                shutil.copy2(built / source, prefix / "bin" / name)
        shutil.copytree(ROOT / "Hooks", prefix / "share/git-data/hooks")
        self.run(["git", "data", "install", "--quiet"])

    def run(self, command, **options):
        self.runs = getattr(self, "runs", 0) + 1
        return super().run(command, **options)

    def try_(self, command, **options):
        """Runs a command, however it ends; its words are in `said`."""
        result = self.run(command, expecting=None, **options)
        result.said = result.stdout + result.stderr
        if result.returncode < 0 or result.returncode in (132, 134, 135, 136, 139) or "Fatal error:" in result.said:
            raise Failure(f"{' '.join(map(str, command))} crashed with {result.returncode}:\n{result.said}")
        return result

    def git(self, folder, *words, **options):
        """Runs Git, which must succeed, and gives what it prints."""
        return self.run(["git", *words], cwd=folder, **options).stdout

    def bytes(self, count):
        return self.random.randbytes(count)

    def write(self, path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, folder, message="Change"):
        self.git(folder, "add", "--all")
        self.git(folder, "commit", "--quiet", "-m", message)

    def repository(self, name, **options):
        work = super().repository(name, **options)
        self.git(work, "remote", "set-url", "origin", self.folder / f"{name}.git")
        return work

    def project(self, name="work"):
        """A repository with `*.bin` tracked in a first commit that its origin, `NAME.git`, has."""
        work = self.repository(name)
        self.commit(work, "Track data")
        self.git(work, "push", "--quiet", "-u", "origin", "main")
        return work

    def clone(self, url, name, *options, **more):
        self.git(self.folder, "clone", "--quiet", *options, url, name, **more)
        return self.folder / name

    # What is expected. The first word of each message is what failed.

    def expect(self, condition, message):
        self.checks += 1
        if not condition:
            raise Failure(message)

    def expect_said(self, result, *parts):
        for part in parts:
            self.expect(part in result.said, f"'{part}' is not in what was said, with {result.returncode}:\n{result.said}")

    def expect_refused(self, result, *parts):
        self.expect(result.returncode != 0, f"it went through, and should not:\n{result.said}")
        self.expect_said(result, *parts)

    def expect_done(self, result, *parts):
        self.expect(result.returncode == 0, f"it failed with {result.returncode}:\n{result.said}")
        self.expect_said(result, *parts)

    def expect_content(self, path, content):
        found = path.read_bytes() if path.exists() else None
        self.expect(found == content, f"'{path}' has {found and (len(found), found[:80])}, not what was put there")

    def expect_clean(self, folder):
        self.checks += 1
        self.assert_clean(folder)

    def sound(self, folder):
        """Git and git data find nothing wrong here."""
        self.git(folder, "fsck", "--strict")
        self.git(folder, "data", "fsck")
        self.checks += 2


def run_cases(ground, suite, names, what):
    """Runs the cases of a suite, all where none is named; one that fails keeps none of the others from being run."""
    failures = []
    for name in names or suite.CASES:
        try:
            getattr(suite, name)()
        except Skipped as skipped:
            ground.skipped.append(f"{name}: {skipped}")
        except Failure as failure:
            failures.append(f"{name}: {failure}")
    for skipped in ground.skipped:
        print(f"skipped {skipped}", flush=True)
    if failures:
        raise Failure("\n".join(failures))
    ground.summary = f"{what}: {ground.runs} commands, {ground.checks} checks, 0 lost"
