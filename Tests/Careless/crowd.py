"""A crowd: very many files in one folder."""

import time

from ground import run_cases


class Crowd:
    def __init__(self, ground):
        self.ground = ground

    def one_folder(self):
        g = self.ground
        count = 100_000 if g.is_long else 2_000
        work = g.project("crowd")
        folder = work / "all"
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:06}.bin").write_bytes(b"%d\n" % number)
        steps = [
            ("add", ["git", "data", "add", "--all"], work), ("commit", ["git", "commit", "--quiet", "-m", "Crowd"], work),
            ("push", ["git", "push", "--quiet"], work), ("clone", ["git", "data", "clone", "--quiet", g.folder / "crowd.git", "crowd-copy"], g.folder),
            ("status", ["git", "data", "status"], work), ("ls-files", ["git", "data", "ls-files"], work), ("fsck", ["git", "data", "fsck", "--remote"], work),
            ("git status", ["git", "status", "--porcelain"], work), ("prune", ["git", "data", "prune"], work),
        ]
        for title, command, place in steps:
            started = time.monotonic()
            result = g.run(command, cwd=place)
            if g.is_long:
                print(f"{title:<10} {time.monotonic() - started:7.1f} s", flush=True)
            if title == "ls-files":
                g.expect(len(result.stdout.splitlines()) == count, "files are missing from ls-files")
        for number in range(0, count, 997):
            g.expect_content(g.folder / f"crowd-copy/all/{number:06}.bin", b"%d\n" % number)
        g.expect_clean(work)
        g.expect_clean(g.folder / "crowd-copy")
        # One changed among so many.
        g.write(folder / "000007.bin", b"changed\n")
        g.git(work, "commit", "--quiet", "-am", "One")
        g.git(work, "push", "--quiet")
        g.git(g.folder / "crowd-copy", "pull", "--quiet")
        g.expect_content(g.folder / "crowd-copy/all/000007.bin", b"changed\n")
        g.expect_clean(g.folder / "crowd-copy")

    CASES = ["one_folder"]


def run(ground, names):
    run_cases(ground, Crowd(ground), names, "careless crowd")
