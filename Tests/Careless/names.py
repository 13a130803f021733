"""Names: as long as a file system takes, longer than a path may be, a hundred folders deep, and of any bytes."""

import os

from ground import pointer, run_cases


class Names:
    def __init__(self, ground):
        self.ground = ground

    def check(self, work, files):
        """Through add, commit, push, clone, pull, checkout and the commands that look."""
        g = self.ground
        for path, content in files.items():
            g.write(work / path, content)
        g.expect_done(g.try_(["git", "add", "--all"], cwd=work))
        g.git(work, "commit", "--quiet", "-m", "Names")
        g.expect_clean(work)
        for path, content in files.items():
            stored = g.run(["git", "cat-file", "blob", f"HEAD:{path}"], cwd=work).stdout.encode()
            g.expect(stored == pointer(content), f"'{path[:40]}…' is no pointer")
        g.expect_done(g.try_(["git", "push", "--quiet"], cwd=work))
        for words in [("status",), ("ls-files",), ("status", "--json"), ("fsck", "--remote", "--worktree"), ("log", next(iter(files))), ("diff", "HEAD~1", "HEAD"), ("du",)]:
            g.expect_done(g.try_(["git", "data", *words], cwd=work))
        copy = g.clone(g.folder / f"{work.name}.git", f"{work.name}-c", environment={"GIT_DATA_LAZY": "1"})
        g.expect_done(g.try_(["git", "data", "pull"], cwd=copy))
        for path, content in files.items():
            g.expect_content(copy / path, content)
        g.expect_clean(copy)
        g.git(copy, "checkout", "--quiet", "HEAD~1")
        g.git(copy, "checkout", "--quiet", "main")
        for path, content in files.items():
            g.expect_content(copy / path, content)
        g.expect_clean(copy)
        g.expect_done(g.try_(["git", "data", "add", "--all"], cwd=work))

    def long(self):
        g = self.ground
        component = "n" * 251 + ".bin"
        self.check(g.project("long"), {
            component: g.bytes(9000), "d" * 255 + "/" + component: g.bytes(9000), ("ä" * 127)[:125] + ".bin": g.bytes(900),
            "/".join(["e" * 200] * 15) + "/f.bin": g.bytes(9000),
        })

    def deep(self):
        g = self.ground
        depth = 300 if g.is_long else 110
        self.check(g.project("deep"), {"/".join(["d"] * depth) + "/f.bin": g.bytes(9000), "/".join(f"{n}" for n in range(depth)) + "/g.bin": g.bytes(10)})

    def too_long(self):
        """A path that no system call takes: Git says so, and git data does not say less."""
        g = self.ground
        work = g.project("toolong")
        here = os.getcwd()
        try:
            os.chdir(work)
            for _ in range(25):
                os.mkdir("f" * 200)
                os.chdir("f" * 200)
            with open("x.bin", "wb") as file:
                file.write(g.bytes(9000))
        finally:
            os.chdir(here)
        g.write(work / "good.bin", g.bytes(1000))
        for words in [("status",), ("data", "status"), ("data", "add", "."), ("add", "."), ("data", "ls-files"), ("data", "fix"), ("data", "doctor")]:
            result = g.try_(["git", *words], cwd=work)
            g.expect(result.returncode in (0, 1, 128), f"{words}: {result.returncode} {result.said}")
        # From inside, the path is short enough; the name of the file in Git is not.
        g.expect(g.try_(["git", "add", "good.bin"], cwd=work).returncode == 0, "good.bin cannot be added")
        g.git(work, "commit", "--quiet", "-m", "Good")
        g.sound(work)
        # The same by Git's own hand: a tree that cannot be checked out.
        blob = g.run(["git", "hash-object", "-w", "--stdin"], cwd=work, input=pointer(b"x").decode()).stdout.strip()
        path = "/".join(["f" * 200] * 25) + "/y.bin"
        g.run(["git", "update-index", "-z", "--index-info"], cwd=work, input=f"100644 {blob}\t{path}\0")
        for words in [("status",), ("pull",), ("ls-files",), ("fix",), ("fsck", "--worktree"), ("checkout",), ("doctor",)]:
            result = g.try_(["git", "data", *words], cwd=work)
            g.expect(result.returncode in (0, 1, 128), f"{words}: {result.returncode} {result.said}")

    CASES = ["long", "deep", "too_long"]


def run(ground, names):
    run_cases(ground, Names(ground), names, "careless names")
