"""An old version meets a newer format: it refuses to write, says why and what is needed, and loses nothing."""

import json
import re
import shutil

from ground import blob_path, pointer, run_cases


class Versions:
    def __init__(self, ground):
        self.ground = ground

    def project(self, name):
        g = self.ground
        work = g.project(name)
        self.content = g.bytes(20_000)
        g.write(work / "a.bin", self.content)
        g.commit(work, "Data")
        g.git(work, "push", "--quiet")
        return work

    def refuse(self, work, commands, *parts):
        """Each refuses in plain words, and nothing is changed."""
        g = self.ground
        before = self.state(work)
        for words in commands:
            result = g.try_(["git", *words], cwd=work)
            g.expect_refused(result, *parts)
            g.expect(self.state(work) == before, f"'git {' '.join(words)}' changed something:\n{result.said}")

    def state(self, work):
        g = self.ground
        files = {}
        for folder in (work / ".git/data", g.folder / f"{work.name}.git"):
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "cache" not in path.parts and "logs" not in path.parts and "FETCH_HEAD" != path.name:
                    files[str(path)] = path.stat().st_size
        refs = g.git(work, "for-each-ref") + g.git(work, "ls-files", "-s") + (work / "a.bin").read_bytes().hex()
        return files, refs

    WRITERS = [
        ("add", "new.bin"), ("data", "add", "new.bin"), ("data", "push", "--all"), ("data", "prune"), ("data", "gc", "--remote", "--mark"),
        ("data", "fetch", "--all"), ("data", "import", "/etc/hostname", "h.bin"), ("data", "fix"),
        ("data", "run", "-o", "o.bin", "--", "sh", "-c", "echo x >o.bin"), ("data", "fsck", "--repair"),
    ]

    def required(self):
        """The project asks for a version that is not here yet."""
        g = self.ground
        work = self.project("required")
        g.git(work, "config", "-f", ".gitdata", "data.requiredVersion", "9.1")
        g.git(work, "-c", "data.requiredVersion=0.1", "add", ".gitdata")
        g.git(work, "-c", "data.requiredVersion=0.1", "commit", "--quiet", "-m", "Needs 9.1")
        g.git(work, "-c", "data.requiredVersion=0.1", "update-index", "--refresh")
        g.write(work / "new.bin", g.bytes(5000))
        self.refuse(work, self.WRITERS, "9.1", "kept:", "install git data 9.1")
        refused = g.try_(["git", "commit", "--allow-empty", "-m", "x"], cwd=work)
        g.expect_refused(refused, "9.1")
        # What is only looked at goes on, and so does Git.
        g.git(work, "push", "--quiet", "--no-verify")
        g.expect_done(g.try_(["git", "log", "-p", "--stat"], cwd=work))
        g.expect_said(g.try_(["git", "data", "doctor"], cwd=work), "9.1")
        copy = g.try_(["git", "clone", g.folder / "required.git", "required-copy"])
        g.expect_done(copy, "9.1")
        g.expect_content(g.folder / "required-copy/a.bin", pointer(self.content))
        # Who knows better says so in their own configuration.
        g.git(work, "config", "data.requiredVersion", "0.1")
        g.expect_done(g.try_(["git", "data", "push", "--all"], cwd=work))
        g.expect_done(g.try_(["git", "add", "new.bin"], cwd=work))
        g.git(work, "config", "data.requiredVersion", "soon")
        g.expect_refused(g.try_(["git", "data", "push"], cwd=work), "soon", "a version")

    def store(self):
        """The local store has another layout."""
        g = self.ground
        work = self.project("store")
        g.write(work / ".git/data/format", "git data store 2\n")
        g.write(work / "new.bin", g.bytes(5000))
        self.refuse(work, self.WRITERS, "newer git data", "kept:", "install the newer git data")
        (work / ".git/data/format").write_text("git data store 1\n")
        g.expect_done(g.try_(["git", "add", "new.bin"], cwd=work))
        g.sound(work)

    def pointers(self):
        """A pointer of version 2 passes through, and what it needs is not cleared away."""
        g = self.ground
        work = self.project("pointers")
        newer = pointer(self.content).replace(b"pointer 1", b"pointer 2")
        blob = g.run(["git", "hash-object", "-w", "--stdin"], cwd=work, input=newer.decode()).stdout.strip()
        g.git(work, "update-index", "--add", "--cacheinfo", f"100644,{blob},b.bin")
        g.git(work, "commit", "--quiet", "--no-verify", "-m", "From the future")
        checkout = g.try_(["git", "checkout", "--", "b.bin"], cwd=work)
        g.expect_done(checkout, "b.bin", "version 2")
        g.expect_content(work / "b.bin", newer)
        g.expect_done(g.try_(["git", "add", "b.bin"], cwd=work))
        g.expect_clean(work)
        self.refuse(work, [("data", "prune"), ("data", "gc", "--remote", "--mark"), ("data", "push"), ("push", "origin", "main")], "b.bin", "version 2", "kept:")
        g.expect_done(g.try_(["git", "data", "pull"], cwd=work))
        g.expect_content(work / "a.bin", self.content)

    def marks(self):
        """The remote says that it is of another kind."""
        g = self.ground
        work = self.project("marks")
        mark = g.folder / "marks.git/data/gc/mark"
        g.write(mark, "git data collection 2\nwhatever\n")
        g.write(work / "b.bin", g.bytes(5000))
        g.commit(work, "More")
        self.refuse(work, [("push",), ("data", "push"), ("data", "gc", "--remote", "--mark"), ("data", "gc", "--remote", "--unmark"), ("data", "gc", "--remote", "--sweep")], "version 2", "kept:", "install the newer git data")
        # What is only damaged can be taken away, and is said to be that.
        g.write(mark, "git data coll")
        g.expect_refused(g.try_(["git", "push"], cwd=work), "damaged", "--unmark")
        g.expect_done(g.try_(["git", "data", "gc", "--remote", "--unmark"], cwd=work))
        g.expect_done(g.try_(["git", "push"], cwd=work))

    def history(self):
        """The state of a repository in a folder is of a newer version."""
        g = self.ground
        work = g.project("history")
        place = g.folder / "place"
        place.mkdir()
        g.git(work, "remote", "add", "far", f"data::{place}")
        g.write(work / "a.bin", g.bytes(5000))
        g.commit(work, "Data")
        g.git(work, "push", "--quiet", "far", "main")
        states = sorted((place / "git/states").iterdir())
        newest = json.loads(states[-1].read_text())
        newest["version"] = 2
        name = states[-1].name.replace(str(newest["number"]), str(newest["number"] + 1))
        newest["number"] += 1
        g.write(place / "git/states" / name, json.dumps(newest))
        g.write(work / "b.bin", g.bytes(500))
        g.commit(work, "More")
        before = sorted(str(path) for path in (place / "git").rglob("*"))
        for words in [("push", "far", "main"), ("fetch", "far"), ("data", "remote", "gc", "--remote", "far"), ("data", "clone", f"data::{place}", "../history-copy")]:
            g.expect_refused(g.try_(["git", *words], cwd=work), "version 2", "newer git data")
        g.expect(before == sorted(str(path) for path in (place / "git").rglob("*")), "something was changed at the place")

    def bundles(self):
        g = self.ground
        work = self.project("bundles")
        file = g.folder / "all.tar"
        g.git(work, "data", "bundle", "create", file)
        file.write_bytes(file.read_bytes().replace(b"git data bundle 1\n", b"git data bundle 2\n", 1))
        for words in [("verify", file), ("unbundle", file), ("clone", file, "bundle-copy"), ("list-heads", file)]:
            result = g.try_(["git", "data", "bundle", *words], cwd=g.folder if words[0] == "clone" else work)
            g.expect_refused(result, "later git data")
        g.expect(not (g.folder / "bundle-copy").exists(), "a clone was left")

    def records(self):
        """Records of runs and environments, and recipes with words that are not known."""
        g = self.ground
        work = self.project("records")
        g.write(work / "make.sh", "wc -c <a.bin >out.txt\n")
        g.git(work, "data", "run", "--name", "count", "-i", "a.bin", "-i", "make.sh", "-o", "out.txt", "--", "sh", "make.sh")
        g.commit(work, "Stage")
        record = work / "lineage/count.run.json"
        text = record.read_text()
        newer = re.sub(r'("version" *: *)1\b', r"\g<1>2", text)
        g.expect(newer != text, "the record has no version")
        record.write_text(newer)
        for words in [("repro",), ("repro", "--force"), ("lineage", "out.txt"), ("report", "--output", "r.html")]:
            result = g.try_(["git", "data", *words], cwd=work)
            g.expect(record.read_text() == newer, f"{words} wrote over a newer record:\n{result.said}")
            g.expect_said(result, "version 2")
        record.write_text(text)
        stage = work / "lineage/count.stage"
        recipe = stage.read_text()
        stage.write_text(recipe + "\tretries = 3\n")
        g.expect_refused(g.try_(["git", "data", "repro"], cwd=work), "retries")
        g.expect(stage.read_text() == recipe + "\tretries = 3\n", "the recipe was changed")
        stage.write_text(recipe)
        for environment in (work / "lineage/environments").iterdir():
            environment.write_text(re.sub(r'^(  "version" *: *)1\b', r"\g<1>2", environment.read_text(), flags=re.M))
        g.expect_said(g.try_(["git", "data", "environment", "show", "count"], cwd=work), "version 2")
        # What can be made anew at any time is.
        for cache in (work / ".git/data/cache").glob("*") if (work / ".git/data/cache").exists() else []:
            cache.write_bytes(b"git data pointers 9\n" + bytes(108))
        g.expect_done(g.try_(["git", "data", "status"], cwd=work))
        shutil.rmtree(work / ".git/data/cache", ignore_errors=True)

    CASES = ["required", "store", "pointers", "marks", "history", "bundles", "records"]


def run(ground, names):
    run_cases(ground, Versions(ground), names, "careless versions")
