"""Disks: read-only, full, and file systems that know no links and no difference of case."""

import os
import shutil

from ground import Skipped, blob_path, pointer, run_cases


class Mounted:
    """A file system of its own below the laboratory, as far as this machine allows one."""

    def __init__(self, ground, name, command):
        self.ground, self.path = ground, ground.folder / name
        self.path.mkdir()
        made = ground.try_(["sh", "-c", f"PATH=$PATH:/usr/sbin:/sbin\n{command.format(path=self.path, image=ground.folder / (name + '.img'))}"])
        if made.returncode:
            raise Skipped(f"a file system cannot be mounted here ({made.said.strip().splitlines()[-1][:100] if made.said.strip() else command})")

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        # The process that settles may be at work for a moment.
        for _ in range(50):
            if self.ground.try_(["umount", self.path]).returncode == 0:
                return
            self.ground.try_(["sleep", "0.1"])
        self.ground.try_(["umount", "-l", self.path])

    def remount(self, options):
        result = self.ground.try_(["mount", "-o", f"remount,{options}", self.path])
        if result.returncode:
            raise Skipped(f"it cannot be remounted: {result.said}")


class Disks:
    def __init__(self, ground):
        self.ground = ground

    # Read-only

    READERS = [
        ("status",), ("log", "--stat"), ("diff",), ("diff", "HEAD~1"), ("data", "status"), ("data", "status", "--json"), ("data", "ls-files"), ("data", "diff", "HEAD~1"),
        ("data", "fsck"), ("data", "fsck", "--remote", "--worktree"), ("data", "doctor"), ("data", "log", "a.bin"), ("data", "du"), ("data", "remote", "list"),
        ("data", "lineage", "a.bin"), ("data", "environment", "show"), ("data", "conflicts"), ("data", "metrics"), ("data", "migrate", "info"),
    ]
    WRITERS = [
        ("add", "new.bin"), ("commit", "--allow-empty", "-m", "x"), ("checkout", "HEAD~1"), ("data", "add", "--all"), ("data", "fix"), ("data", "pull"), ("data", "checkout", "b.bin"), ("data", "fetch", "--all"),
        ("data", "track", "*.x"), ("data", "import", "/etc/hostname", "h.bin"), ("data", "prune"), ("data", "init"), ("data", "dedup"), ("data", "run", "-o", "o", "--", "true"),
        ("data", "bundle", "create", "inside.tar"), ("data", "remote", "add", "x", "/tmp"), ("data", "untrack", "*.bin"), ("data", "report", "--output", "r.html"),
    ]

    def read_only(self):
        """A repository, and then a remote, on media that cannot be written."""
        g = self.ground
        mounted = Mounted(g, "fixed", "mount -t tmpfs -o size=64m tmpfs {path}")
        with mounted as disk:
            work = g.repository("fixed/work")
            first, second, third = g.bytes(9000), g.bytes(8000), g.bytes(70)
            g.write(work / "a.bin", first)
            g.commit(work, "One")
            g.write(work / "a.bin", second)
            g.write(work / "b.bin", third)
            g.commit(work, "Two")
            g.git(work, "push", "--quiet", "-u", "origin", "main")
            g.write(work / "b.bin", pointer(third))
            g.write(work / "new.bin", g.bytes(400))
            g.run(["git-data", "settle", work / ".git/data"])
            before = {str(path): path.stat().st_mtime_ns for path in disk.rglob("*")}
            mounted.remount("ro")
            for words in self.READERS:
                result = g.try_(["git", *words], cwd=work)
                g.expect(result.returncode in (0, 1), f"{words} ended with {result.returncode}:\n{result.said}")
            for words in self.WRITERS:
                result = g.try_(["git", *words], cwd=work)
                g.expect(result.returncode in (0, 1, 128), f"{words} ended with {result.returncode}:\n{result.said}")
                if result.returncode == 0:
                    continue
                g.expect("ead-only" in result.said or "dedup" in words, f"{words} does not say that the disk is read-only:\n{result.said}")
            g.expect(before == {str(path): path.stat().st_mtime_ns for path in disk.rglob("*")}, "something was changed")
            # A clone elsewhere, with its data, from the read-only disk; and a pull of what it lacks.
            for number, words in enumerate([("clone",), ("data", "clone")]):
                result = g.try_(["git", *words, disk / "work.git", f"from-fixed-{number}"])
                g.expect_done(result)
                copy = g.folder / f"from-fixed-{number}"
                g.expect_content(copy / "a.bin", second)
                g.expect_content(copy / "b.bin", third)
                g.expect_clean(copy)
            copy = g.clone(disk / "work.git", "from-fixed-lazy", environment={"GIT_DATA_LAZY": "1"})
            g.git(copy, "data", "init", "--quiet")
            g.expect_done(g.try_(["git", "data", "pull"], cwd=copy))
            g.expect_content(copy / "a.bin", second)
            g.expect_done(g.try_(["git", "data", "fsck", "--remote"], cwd=copy))
            # To push there fails in words, and keeps what was to be pushed.
            more = g.bytes(500)
            g.write(copy / "more.bin", more)
            g.commit(copy, "More")
            g.expect_refused(g.try_(["git", "push"], cwd=copy), "ead-only", "kept:")
            g.expect_refused(g.try_(["git", "data", "push"], cwd=copy), "ead-only", "kept:")
            g.expect_content(copy / "more.bin", more)
            mounted.remount("rw")
            g.expect_done(g.try_(["git", "push"], cwd=copy))
            g.expect_content(disk / "work.git/data" / blob_path(more), more)
            g.sound(copy)

    # Full

    def full(self):
        """The disk is full in the middle of each command; with room again, the same command completes."""
        g = self.ground
        with Mounted(g, "small", "mount -t tmpfs -o size=24m tmpfs {path}") as disk:
            work = g.repository("small/work")
            g.commit(work, "Track data")
            content = g.bytes(7 << 20)
            g.write(work / "a.bin", content)
            ballast = disk / "ballast"

            def fill(left):
                free = shutil.disk_usage(disk).free
                g.write(ballast, bytes(max(0, free - left)))

            for number, words in enumerate([("add", "a.bin"), ("data", "add", "a.bin")]):
                for left in (5 << 20, 64 << 10, 0):
                    fill(left)
                    result = g.try_(["git", *words], cwd=work)
                    g.expect(result.returncode != 0 and ("space" in result.said), f"{words} with {left}: {result.returncode} {result.said}")
                    g.expect_content(work / "a.bin", content)
                    ballast.unlink()
                    g.expect(g.git(work, "ls-files", "a.bin") == "", f"{words}: something was staged")
            g.expect_done(g.try_(["git", "add", "a.bin"], cwd=work))
            g.git(work, "commit", "--quiet", "-m", "Data")
            g.sound(work)
            # To a remote there, from elsewhere: on one file system a blob is one file for both.
            g.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", disk / "far.git"])
            shutil.rmtree(disk / "work.git")
            far = g.clone(work, "far")
            g.git(far, "data", "init", "--quiet")
            g.git(far, "remote", "set-url", "origin", disk / "far.git")
            for words in (("push", "--quiet", "origin", "main"), ("data", "push", "--all")):
                fill(3 << 20)
                result = g.try_(["git", *words], cwd=far)
                g.expect_refused(result, "kept:")
                g.expect("room" in result.said or "space" in result.said, result.said)
                ballast.unlink()
            shutil.rmtree(work)
            g.expect_done(g.try_(["git", "push", "--quiet", "origin", "main"], cwd=far))
            g.expect_content(disk / "far.git/data" / blob_path(content), content)
            # There is no room for a clone; where there is, the clone goes on.
            fill(8 << 20)
            result = g.try_(["git", "data", "clone", f"file://{far}/.git", disk / "copy"])
            g.expect(result.returncode != 0, f"a clone fits where it cannot: {result.said}")
            ballast.unlink()
            shutil.rmtree(disk / "far.git")
            g.expect_done(g.try_(["git", "data", "clone", f"file://{far}/.git", disk / "copy"]))
            g.expect_content(disk / "copy/a.bin", content)
            g.expect_clean(disk / "copy")
            g.sound(disk / "copy")
            shutil.rmtree(disk / "copy")
            # Room for nothing, and then for the blob and not for the file.
            g.run(["git", "-c", "data.lazy=true", "clone", "--quiet", f"file://{far}/.git", disk / "copy"])
            for left in (3 << 20, 10 << 20):
                fill(left)
                result = g.try_(["git", "data", "pull"], cwd=disk / "copy")
                g.expect_refused(result, "hint: free some space")
                g.expect("who has the data" not in result.said, f"with {left}: {result.said}")
                ballast.unlink()
            g.expect_done(g.try_(["git", "data", "pull"], cwd=disk / "copy"))
            g.expect_content(disk / "copy/a.bin", content)
            g.expect_clean(disk / "copy")

    # Without links, without case

    def simple(self):
        """exFAT in user space: no links of any kind, no permissions, and `A` is `a`."""
        g = self.ground
        make = "truncate -s 96M {image} && mkfs.exfat {image} >/dev/null && mount -t exfat-fuse -o loop {image} {path} 2>&1"
        with Mounted(g, "simple", make) as disk:
            g.expect((disk / "x").write_text("") == 0 and (disk / "X").exists(), "the file system tells cases apart")
            (disk / "x").unlink()
            work = g.repository("simple/work")
            content, other = g.bytes(90_000), g.bytes(80_000)
            g.write(work / "Data.bin", content)
            g.commit(work, "Upper case")
            g.expect_done(g.try_(["git", "push", "--quiet", "-u", "origin", "main"], cwd=work))
            g.expect_content(disk / "work.git/data" / blob_path(content), content)
            g.expect_clean(work)
            g.sound(work)
            for words in (("clone",), ("data", "clone")):
                copy = disk / f"copy-{words[0]}"
                g.expect_done(g.try_(["git", *words, "--quiet", disk / "work.git", copy]))
                g.expect_content(copy / "Data.bin", content)
                g.expect_clean(copy)
                g.git(copy, "mv", "Data.bin", "data.bin")
                g.git(copy, "commit", "--quiet", "-m", "Lower case")
                g.expect_content(copy / "data.bin", content)
                g.expect_clean(copy)
            # Two names that are one here: made elsewhere.
            twins = g.clone(disk / "work.git", "twins")
            g.git(twins, "data", "init", "--quiet")
            g.write(twins / "data.bin", other)
            g.commit(twins, "A twin")
            g.expect_done(g.try_(["git", "push", "--quiet"], cwd=twins))
            for words in (("clone",), ("data", "clone")):
                copy = disk / f"twins-{words[0]}"
                result = g.try_(["git", *words, disk / "work.git", copy])
                g.expect(result.returncode in (0, 1), result.said)
                if words == ("data", "clone"):
                    g.expect(result.returncode == 1 and "takes its name for that of another" in result.said, result.said)
                more = g.try_(["git", "data", "pull"], cwd=copy)
                g.expect(more.returncode in (0, 1), more.said)
                # With plain Git's clone both are of Git's own writing, into what is one file for the disk and two, each with pages of its own, for the kernel.
                is_whole = (copy / "Data.bin").read_bytes() in (content, other)
                g.expect(is_whole or words == ("clone",), f"the twin's content is neither: {more.said}")
                for look in (("status",), ("data", "status"), ("data", "fsck", "--worktree"), ("data", "doctor")):
                    g.expect(g.try_(["git", *look], cwd=copy).returncode in (0, 1), f"{look}")
            g.sound(twins)

    def quota(self):
        """A quota, where this kernel knows one."""
        g = self.ground
        make = "truncate -s 400M {image} && mkfs.xfs -q {image} && mount -o loop,uquota {image} {path}"
        with Mounted(g, "quota", make) as disk:
            user = "nobody"
            g.run(["xfs_quota", "-x", "-c", f"limit bhard=4m {user}", disk])
            work = g.repository("quota/work")
            content = g.bytes(6 << 20)
            os.chmod(disk, 0o777)
            g.write(work / "a.bin", content)
            result = g.try_(["setpriv", "--reuid", user, "--clear-groups", "git", "-c", "safe.directory=*", "add", "a.bin"], cwd=work)
            g.expect_refused(result, "quota")
            g.expect_content(work / "a.bin", content)

    CASES = ["read_only", "full", "simple", "quota"]


def run(ground, names):
    run_cases(ground, Disks(ground), names, "careless disks")
