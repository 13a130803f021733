"""Racing: files that change while they are added. Whatever Git is given names bytes that were hashed and are stored, and the
change is noticed, as with files that are no data."""

import hashlib
import os
import re
import threading
import time

from ground import Skipped, blob_path, run_cases


class Writer(threading.Thread):
    """Changes a file in one manner, again and again."""

    def __init__(self, path, manner, random):
        super().__init__(daemon=True)
        self.path, self.manner, self.random = path, manner, random
        self.is_over = threading.Event()
        self.changes = 0

    def run(self):
        while not self.is_over.is_set():
            getattr(self, self.manner)()
            self.changes += 1
            time.sleep(self.random.random() * 0.004)

    def append(self):
        with open(self.path, "ab") as file:
            file.write(self.random.randbytes(1000))

    def rewrite(self):
        with open(self.path, "r+b") as file:
            file.seek(self.random.randrange(os.fstat(file.fileno()).st_size or 1))
            file.write(self.random.randbytes(100))

    def truncate(self):
        size = os.path.getsize(self.path)
        with open(self.path, "r+b") as file:
            file.truncate(size // 2)
            file.seek(0, os.SEEK_END)
            file.write(self.random.randbytes(size // 2 + 1))

    def replace(self):
        temporary = f"{self.path}.new"
        with open(temporary, "wb") as file:
            file.write(self.random.randbytes(self.random.randrange(1, 3 << 20)))
        os.rename(temporary, self.path)

    def vanish(self):
        content = self.random.randbytes(2 << 20)
        try:
            os.unlink(self.path)
        except OSError:
            pass
        with open(self.path, "wb") as file:
            file.write(content)

    def end(self):
        self.is_over.set()
        self.join()


class Racing:
    MANNERS = ["append", "rewrite", "truncate", "replace", "vanish"]

    def __init__(self, ground):
        self.ground = ground
        self.rounds = 25 if ground.is_long else 1
        self.changed = 0

    def race(self, work, command):
        g = self.ground
        path = work / "racing.bin"
        for manner in self.MANNERS:
            for number in range(self.rounds):
                g.write(path, g.bytes(6 << 20))
                writer = Writer(path, manner, g.random)
                writer.start()
                result = g.try_(command, cwd=work)
                writer.end()
                self.changed += writer.changes
                g.expect(result.returncode in (0, 1, 128), f"{manner}: {result.returncode} {result.said}")
                (work / "racing.bin.new").unlink(missing_ok=True)
                self.check_index(work, path, manner, result)

    def check_index(self, work, path, manner, result):
        """What the index names is stored and true; a file that is another is a modified one for Git."""
        g = self.ground
        staged = g.run(["git", "ls-files", "-s", "racing.bin"], cwd=work).stdout.split()
        if staged:
            text = g.run(["git", "cat-file", "blob", staged[1]], cwd=work).stdout
            match = re.fullmatch(r"git data pointer 1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n", text)
            g.expect(match is not None, f"{manner}: no pointer was staged: {text[:100]!r}\n{result.said}")
            g.run(["git-data", "settle", work / ".git/data"], cwd=work)
            oid, size = match.group(1), int(match.group(2))
            blob = work / ".git/data/objects" / oid[:2] / oid[2:4] / oid
            g.expect(blob.exists(), f"{manner}: the pointer's blob is not stored\n{result.said}")
            content = blob.read_bytes()
            g.expect(hashlib.sha256(content).hexdigest() == oid and len(content) == size, f"{manner}: the blob is not what its name says")
            is_same = path.exists() and path.read_bytes() == content
            changed = g.run(["git", "status", "--porcelain", "racing.bin"], cwd=work).stdout[1:2]
            g.expect(is_same or changed in "MD", f"{manner}: Git takes the changed file for a clean one\n{result.said}")
        else:
            # A file that is not there when the folder is read is none, for Git too.
            g.expect(result.returncode != 0 or manner == "vanish", f"{manner}: nothing was staged, and nothing said")
        # Added again in peace, it is as it is.
        g.git(work, "add", "racing.bin")
        g.expect(g.run(["git", "diff", "--name-only"], cwd=work).stdout == "", f"{manner}: still modified")
        g.git(work, "rm", "--cached", "--quiet", "racing.bin")

    def by_git_add(self):
        self.race(self.ground.project("race-git"), ["git", "add", "racing.bin"])

    def by_git_data_add(self):
        self.race(self.ground.project("race-data"), ["git", "data", "add", "racing.bin"])

    def with_reflinks(self):
        """The store shares blocks with the file, where the file system can: a later write must not reach the blob."""
        g = self.ground
        image, disk = g.folder / "disk.img", g.folder / "reflinks"
        disk.mkdir()
        made = g.try_(["sh", "-c", f"PATH=$PATH:/usr/sbin; truncate -s 8G {image} && mkfs.xfs -q -m reflink=1 {image} && mount -o loop {image} {disk}"])
        if made.returncode:
            raise Skipped("no XFS can be mounted here")
        try:
            g.repository("reflinks/work")
            work = disk / "work"
            for command in (["git", "data", "add", "racing.bin"], ["git", "add", "racing.bin"]):
                self.race(work, command)
            # An edit in place of a file that shares its blocks with its blob.
            content = g.bytes(4 << 20)
            g.write(work / "racing.bin", content)
            g.git(work, "add", "racing.bin", ".gitattributes")
            g.git(work, "commit", "--quiet", "-m", "Shared")
            g.git(work, "data", "dedup", "--quiet")
            with open(work / "racing.bin", "r+b") as file:
                file.write(b"edited in place")
            g.git(work, "data", "fsck")
            g.expect_content(work / ".git/data" / blob_path(content), content)
        finally:
            g.try_(["umount", disk])

    CASES = ["by_git_add", "by_git_data_add", "with_reflinks"]


def run(ground, names):
    suite = Racing(ground)
    run_cases(ground, suite, names, "careless racing")
    ground.expect(suite.changed > 20, "the writers changed too little")
    ground.summary += f", {suite.changed} changes meanwhile"
