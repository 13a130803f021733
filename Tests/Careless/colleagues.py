"""Colleagues: somebody has no filter, no hooks, no git data at all, or Git LFS beside it. What they do is found, is told in
words that say what to do, and is mended."""

from ground import Skipped, blob_path, pointer, run_cases

RAW = ["-c", "filter.data.process=", "-c", "filter.data.clean=cat", "-c", "filter.data.required=false"]


class Colleagues:
    def __init__(self, ground):
        self.ground = ground
        other = ground.folder / "home-without"
        other.mkdir()
        # A machine on which nobody has installed git data.
        self.plain = {"HOME": str(other), "PATH": "/usr/bin:/bin", "GIT_AUTHOR_NAME": "Ben", "GIT_AUTHOR_EMAIL": "ben@example.org"}

    def blob(self, work, content):
        return self.ground.folder / f"{work.name}.git" / "data" / blob_path(content)

    def without_filter(self):
        """A colleague without git data commits raw content and pushes it."""
        g = self.ground
        work = g.project("filterless")
        theirs = g.clone(g.folder / "filterless.git", "filterless-theirs", environment=self.plain)
        raw, later = g.bytes(30_000), g.bytes(20_000)
        g.write(theirs / "raw.bin", raw)
        for words in [("add", "."), ("commit", "--quiet", "-m", "Measurements"), ("push", "--quiet")]:
            g.git(theirs, *words, environment=self.plain)
        g.git(work, "pull", "--quiet")
        g.expect_content(work / "raw.bin", raw)
        status = g.try_(["git", "data", "status"], cwd=work)
        g.expect_said(status, "In Git itself", "raw.bin", "git data fix")
        g.expect_said(g.try_(["git", "data", "doctor"], cwd=work), "raw.bin", "git data fix")
        g.expect_done(g.try_(["git", "data", "fix"], cwd=work))
        g.commit(work, "Data as data")
        g.expect_clean(work)
        g.expect_done(g.try_(["git", "push"], cwd=work))
        g.expect(g.git(work, "cat-file", "blob", "origin/main:raw.bin").encode() == pointer(raw), "no pointer was pushed")
        g.expect_content(self.blob(work, raw), raw)
        # The commit between holds the content itself, and gives it.
        copy = g.clone(g.folder / "filterless.git", "filterless-copy")
        g.expect_content(copy / "raw.bin", raw)
        g.git(copy, "checkout", "--quiet", "HEAD~1")
        g.expect_content(copy / "raw.bin", raw)
        # The colleague goes on, from a pointer now, with content of the old name again.
        g.git(theirs, "pull", "--quiet", environment=self.plain)
        g.expect_content(theirs / "raw.bin", pointer(raw))
        g.write(theirs / "raw.bin", later)
        for words in [("commit", "--quiet", "-am", "Again"), ("push", "--quiet")]:
            g.git(theirs, *words, environment=self.plain)
        g.git(work, "pull", "--quiet")
        g.expect_content(work / "raw.bin", later)
        g.expect_done(g.try_(["git", "data", "fix"], cwd=work))
        g.commit(work, "Data as data, again")
        g.git(work, "push", "--quiet")
        # Where they get git data at last, nothing of theirs is in the way.
        g.git(theirs, "pull", "--quiet", environment=self.plain)
        g.run(["git", "data", "init", "--quiet"], cwd=theirs)
        g.expect_done(g.try_(["git", "data", "pull"], cwd=theirs))
        g.expect_content(theirs / "raw.bin", later)
        g.expect_clean(theirs)
        g.sound(work)

    def hooks_without_filter(self):
        """The hooks are there, and the filter is not, in a repository that had both."""
        g = self.ground
        work = g.project("unfiltered")
        raw = g.bytes(30_000)
        g.write(work / "raw.bin", raw)
        g.git(work, *RAW, "add", "raw.bin")
        refused = g.try_(["git", "commit", "-m", "Raw"], cwd=work)
        g.expect_refused(refused, "raw.bin", "without the filter", "kept:", "git data fix")
        g.git(work, *RAW, "commit", "--quiet", "--no-verify", "-m", "Raw all the same")
        refused = g.try_(["git", "push"], cwd=work)
        g.expect_refused(refused, "raw.bin", "git data fix", "kept:")
        g.expect(g.git(g.folder / "unfiltered.git", "log", "--format=%s", "main").splitlines()[0] == "Track data", "it was pushed")
        g.expect_done(g.try_(["git", "data", "fix"], cwd=work))
        g.commit(work, "Data as data")
        g.expect_done(g.try_(["git", "push"], cwd=work))
        g.expect_content(self.blob(work, raw), raw)
        # What is meant is not stopped for ever.
        g.write(work / "small.bin", g.bytes(5000))
        g.git(work, *RAW, "add", "small.bin")
        g.git(work, *RAW, "commit", "--quiet", "--no-verify", "-m", "Raw again")
        g.expect_done(g.try_(["git", "push", "--no-verify"], cwd=work))
        # Somebody who did not bring it may push what is their own.
        copy = g.clone(g.folder / "unfiltered.git", "unfiltered-copy")
        g.git(copy, "data", "init", "--quiet")
        g.write(copy / "c.bin", g.bytes(5000))
        g.git(copy, "add", "c.bin")
        g.git(copy, "commit", "--quiet", "-m", "Mine")
        g.expect_done(g.try_(["git", "push"], cwd=copy))

    def bypassed(self):
        """Pointers are pushed whose blobs are not: by --no-verify, by other hooks, by a Git without git data."""
        g = self.ground
        ways = {
            "no-verify": lambda theirs: g.git(theirs, "push", "--quiet", "--no-verify"),
            "plain-git": lambda theirs: g.git(theirs, "-c", "core.hooksPath=/nonexistent", "push", "--quiet", environment={"PATH": "/usr/bin:/bin"}),
            "hooks-path": lambda theirs: g.git(theirs, "-c", "core.hooksPath=/nonexistent", "push", "--quiet"),
            "never-initialized": lambda theirs: g.git(theirs, "push", "--quiet"),
        }
        for way, push in list(ways.items())[: None if g.is_long else 2]:
            work = g.project(way)
            theirs = g.clone(g.folder / f"{way}.git", f"{way}-theirs")
            if way != "never-initialized":
                g.git(theirs, "data", "init", "--quiet")
            content, next_content = g.bytes(30_000), g.bytes(1000)
            g.write(theirs / "a.bin", content)
            g.git(theirs, "add", "a.bin")
            g.git(theirs, "commit", "--quiet", "-m", "New weights", environment={"GIT_AUTHOR_NAME": "Ben"})
            push(theirs)
            g.expect(not self.blob(work, content).exists(), f"{way}: the blob was uploaded")
            pull = g.try_(["git", "pull"], cwd=work)
            g.expect_content(work / "a.bin", pointer(content))
            data = g.try_(["git", "data", "pull"], cwd=work)
            g.expect_refused(data, "a.bin", "kept:", "Ben", "New weights", "git data push --all")
            fetch = g.try_(["git", "data", "fsck", "--remote"], cwd=work)
            g.expect_refused(fetch, "a.bin")
            # Whoever goes on from there is not stopped, as their own is whole; the other's is not made worse.
            g.write(work / "b.bin", g.bytes(500))
            g.commit(work, "Mine")
            g.expect_done(g.try_(["git", "push"], cwd=work))
            # On the machine that has the blob, the next push with the hooks brings it.
            g.git(theirs, "data", "init", "--quiet")
            g.git(theirs, "pull", "--quiet", "--rebase")
            g.write(theirs / "c.bin", next_content)
            g.commit(theirs, "Later")
            later = g.try_(["git", "push"], cwd=theirs)
            g.expect_done(later)
            g.expect_content(self.blob(work, content), content)
            g.expect_done(g.try_(["git", "pull", "--quiet"], cwd=work))
            g.expect_done(g.try_(["git", "data", "pull"], cwd=work))
            g.expect_content(work / "a.bin", content)
            g.expect_clean(work)

    def beside_git_lfs(self):
        """Both filters are installed, and a project has files of either."""
        g = self.ground
        if g.try_(["git", "lfs", "version"]).returncode:
            raise Skipped("Git LFS is not installed")
        g.run(["git", "lfs", "install", "--skip-repo"])
        work = g.project("both")
        g.git(work, "lfs", "track", "*.psd")
        picture, data = g.bytes(20_000), g.bytes(30_000)
        g.write(work / "p.psd", picture)
        g.write(work / "d.bin", data)
        g.commit(work, "Both")
        push = g.try_(["git", "push"], cwd=work)
        g.expect_done(push)
        g.try_(["git", "lfs", "push", "--all", "origin"], cwd=work)
        for number, words in enumerate([("clone", "--quiet"), ("data", "clone", "--quiet"), ("lfs", "clone", "--quiet")]):
            result = g.try_(["git", *words, f"file://{g.folder}/both.git", f"both-{number}"])
            copy = g.folder / f"both-{number}"
            g.expect_content(copy / "d.bin", data)
            g.expect_content(copy / "p.psd", picture)
            g.expect_clean(copy)
        said = g.try_(["git", "data", "doctor"], cwd=work)
        g.expect_said(said, "of Git LFS: 1 file")
        # Hooks of both, whichever came first.
        for order in (["data init", "lfs install --local"], ["lfs install --local", "data init"]):
            name = f"both-{order[0].split()[0]}"
            copy = g.clone(f"file://{g.folder}/both.git", name)
            for words in order:
                g.try_(["git", *words.split()], cwd=copy)
            g.write(copy / "p2.psd", g.bytes(1000) + name.encode())
            more = g.bytes(2000)
            g.write(copy / "d2.bin", more)
            g.commit(copy, "More of both")
            g.git(copy, "push", "--quiet", "origin", f"HEAD:refs/heads/{name}")
            g.expect_content(self.blob(work, more), more)
            after = g.clone(f"file://{g.folder}/both.git", f"{name}-after", "--branch", name)
            g.expect_content(after / "d2.bin", more)
            g.expect((after / "p2.psd").read_bytes().endswith(name.encode()), f"{name}: Git LFS's file did not arrive")

    CASES = ["without_filter", "hooks_without_filter", "bypassed", "beside_git_lfs"]


def run(ground, names):
    run_cases(ground, Colleagues(ground), names, "careless colleagues")
