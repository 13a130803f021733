"""The two projects of the hour of load, in one prefix of one bucket: one whose history is in a bare repository behind
Git's own server, and one whose history is in the bucket too. And those who look after them: collectors and an auditor."""

import shutil
import subprocess
import threading
import time

from client import MISSING, RACE, Trouble

SAMPLE = 12


class Project:
    """A repository that clients share."""

    def __init__(self, name, laboratory, variables, bucket):
        self.name, self.laboratory, self.variables, self.bucket = name, laboratory, variables, bucket
        self.folder = laboratory.folder / name
        self.folder.mkdir()

    def environment(self, name):
        """A person's own home, on a machine of their own."""
        home = self.folder / f"home-{name}"
        if not home.exists():
            shutil.copytree(self.laboratory.home, home)
            # Git's usual strategy finds renames whatever merge.renames says (until 2.50), and the ledger knows none.
            settings = {
                "gc.auto": "200", "gc.autoDetach": "false", "pull.twohead": "recursive", "merge.renames": "false",
                "merge.directoryRenames": "false", "advice.detachedHead": "false"}
            for key, value in settings.items():
                subprocess.run(["git", "config", "--file", home / ".gitconfig", key, value], check=True)
        credentials = {key: value for key, value in self.variables.items() if key.startswith("AWS_")}
        return self.laboratory.environment | credentials | {"HOME": str(home), "GIT_AUTHOR_NAME": name, "GIT_COMMITTER_NAME": name}

    def has_hooks(self, number):
        return True

    def clone_options(self, number):
        """Some share a store, and one keeps only what is not pushed."""
        options = []
        if number is not None and number // 2 % 4 in (0, 1):
            options += ["-c", f"data.store={self.folder / 'store'}"]
        if number is not None and number // 2 % 4 == 2:
            options += ["-c", "data.keep=pushed"]
        return options

    def found(self, run):
        """The first commit, by which it begins."""
        first = self.folder / "first"
        environment = self.environment("first")

        def git(*words, folder=first):
            result = run("begin", ["git", *words], folder, environment)
            if result.status != 0:
                raise Trouble(str(result))
            return result.output.strip()

        git("init", "--quiet", "--initial-branch=main", str(first), folder=self.folder)
        for option in self.clone_options(None)[1::2]:
            git("config", *option.split("=", 1))
        git("remote", "add", "origin", self.url)
        git("data", "init", "--quiet")
        git("data", "track", "--quiet", "*.bin")
        git("add", "--all")
        git("commit", "--quiet", "-m", "Begin")
        git("push", "--quiet", "origin", "main")
        return git("rev-parse", "HEAD")


class ServedProject(Project):
    """History behind `git daemon`, which no kill of a client hits; data in the bucket."""

    def __init__(self, laboratory, variables, bucket, port):
        super().__init__("served", laboratory, variables, bucket)
        self.url = f"git://127.0.0.1:{port}/origin.git"
        self.bare = self.folder / "origin.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", self.bare], check=True, env=laboratory.environment)

    def clone_options(self, number):
        return super().clone_options(number) + ["-c", f"data.storage.url={self.bucket.url}", "-c", "data.remote=storage"]

    def mirror(self, auditor):
        return self.bare


class BucketProject(Project):
    """History and data in the bucket."""

    def __init__(self, laboratory, variables, bucket):
        super().__init__("bucket", laboratory, variables, bucket)
        self.url = f"data::{bucket.url}"

    def has_hooks(self, number):
        return number != 3

    def mirror(self, auditor):
        folder = self.folder / "mirror.git"
        words = ["fetch", "--quiet", "--prune", "origin"] if folder.exists() else ["clone", "--quiet", "--mirror", self.url, folder]
        auditor.run("mirror", ["git", *words], folder if folder.exists() else self.folder, self.environment("auditor"))
        return folder


class Keeper(threading.Thread):
    """Somebody who does something again and again, until the hour is over."""

    def __init__(self, commands, ledger, pause):
        super().__init__(daemon=True)
        self.commands, self.ledger, self.pause = commands, ledger, pause

    def run(self):
        while not self.commands.is_over.wait(self.pause):
            self.attempt()

    def attempt(self, **options):
        try:
            self.turn(**options)
        except Exception as error:
            self.commands.fail(f"{type(self).__name__}: {type(error).__name__} {error}")


class Auditor(Keeper):
    """Looks at the server itself: what live refs name must be there, and what pushes have said is there."""

    def __init__(self, projects, bucket, commands, ledger, chance, pause):
        super().__init__(commands, ledger, pause)
        self.projects, self.bucket, self.chance = projects, bucket, chance
        self.audits = self.lost = self.looked_at = 0

    def must(self, kind, words, folder, environment):
        result = self.commands.run(kind, words, folder, environment)
        if result.status != 0:
            raise Trouble(str(result))
        return result.output

    def turn(self, is_last=False):
        # What a sweep takes meanwhile may have been named by a branch that is deleted meanwhile.
        with self.ledger.sweeping:
            needed = {}
            for project in self.projects:
                needed |= self.look(project)
            there = self.bucket.blobs()
            sample = sorted(needed)
            for oid in sample if is_last else self.chance.sample(sample, min(SAMPLE, len(sample))):
                self.looked_at += 1
                if oid in there and not self.bucket.is_intact(oid):
                    self.lose(f"blob {oid} has other bytes at the server")
        for oid in needed.keys() - {oid for oid, size in there.items() if needed.get(oid) == size}:
            self.lose(f"blob {oid} of {needed[oid]} bytes, which a live branch names, is at the server as {there.get(oid)}")
        self.audits += 1

    def lose(self, what):
        self.lost += 1
        self.commands.fail("LOST: " + what)

    def look(self, project):
        """The blobs that a project's refs name. What a push has promised must be in their history."""
        promised = self.ledger.promised(project.name)
        folder = project.mirror(self.commands)
        environment = project.environment("auditor")
        refs = dict(reversed(line.split()) for line in self.must(
            "look", ["git", "for-each-ref", "--format=%(objectname) %(refname)"], folder, environment).splitlines())
        commits = {}
        for ref, target in refs.items():
            if not ref.startswith("refs/heads/"):
                continue
            reached = self.must("look", ["git", "rev-list", target], folder, environment).split()
            commits.update(dict.fromkeys(reached))
            # Somebody may have begun to take it back since.
            branch = ref.removeprefix("refs/heads/")
            missing = promised.get(branch, set()) & self.ledger.promised(project.name).get(branch, set()) - set(reached)
            for commit in missing:
                self.lose(f"commit {commit}, of which a push to {branch} of {project.name} said that it is there, is not")
        for branch in promised.keys() - {ref.removeprefix("refs/heads/") for ref in refs}:
            if self.ledger.promised(project.name).get(branch):
                self.lose(f"the branch {branch} of {project.name} is gone, and nobody has deleted it")
        return self.ledger.needed(commits)


class Collector(Keeper):
    """Clears the data remote of what nothing names, and one that comes in its way. Between mark and sweep is the least
    time that is longer than any push: until everything has ended that had begun when the mark was made."""

    EXPECTED = r"is marked since|somebody else has just marked|is being swept already|nothing is marked"

    def __init__(self, projects, bucket, commands, ledger, chance, pause):
        super().__init__(commands, ledger, pause)
        self.projects, self.bucket, self.chance = projects, bucket, chance
        self.collections = 0
        self.served, self.other = projects

    def git(self, *words, name="collector", kill=False, allowing=None):
        folder, environment = self.served.folder / name, self.served.environment(name)
        if not folder.exists():
            self.commands.run(
                "clone", ["git", "data", "clone", "--quiet", "--lazy", *self.served.clone_options(None), self.served.url, folder],
                self.served.folder, environment)
        kind = f"data gc {words[3]}" if words[:2] == ("data", "gc") else words[0]
        result = self.commands.run(kind, ["git", *words], folder, environment, self.chance if kill else None)
        if result.status != 0 and not result.is_killed and not (allowing and result.says(allowing)):
            raise Trouble(str(result))
        return result

    def turn(self):
        # Only what the collector itself names it must not keep.
        for name in ("collector", "second"):
            self.git("fetch", "--quiet", "--prune", "origin", name=name, allowing=RACE)
            self.git("reset", "--quiet", "--hard", "origin/main", name=name, allowing=MISSING)
            self.git("reflog", "expire", "--expire=now", "--all", name=name)
        collect = ["data", "gc", "--remote"]
        others = ["--repository", self.other.url]
        marked = self.git(*collect, "--mark", "--grace", "0", *others, kill=True, allowing=self.EXPECTED)
        self.commands.wait_for_all_begun_before(time.monotonic())
        with self.ledger.sweeping:
            before = self.bucket.blobs()
            second = threading.Thread(target=self.sweep_too, args=[collect, others])
            if self.chance.random() < 0.3:
                second.start()
            swept = self.git(*collect, "--sweep", *others, kill=True, allowing=self.EXPECTED)
            if second.ident:
                second.join()
            self.ledger.collect(before.keys() - self.bucket.blobs().keys())
            if swept.status != 0 or marked.is_killed:
                self.git(*collect, "--unmark")
        self.collections += swept.status == 0

    def sweep_too(self, collect, others):
        try:
            swept = self.git(*collect, "--sweep", *others, name="second", allowing=self.EXPECTED)
            self.collections += swept.status == 0
        except Trouble as trouble:
            self.commands.fail(f"the second collector: {trouble}")


class Tidier(Keeper):
    """Packs the history in the bucket anew, and removes at once what nothing names any more."""

    def __init__(self, project, commands, ledger, chance, pause):
        super().__init__(commands, ledger, pause)
        self.project, self.chance, self.collections = project, chance, 0

    def turn(self):
        folder, environment = self.project.folder / "tidier", self.project.environment("tidier")
        if not folder.exists():
            self.commands.run("clone", ["git", "clone", "--quiet", "--no-checkout", self.project.url, folder], self.project.folder, environment)
        words = ["git", "data", "remote", "gc", "--expire", "0", "--prune", "0"]
        result = self.commands.run("data remote gc", words, folder, environment, self.chance)
        if result.status != 0 and not result.is_killed:
            raise Trouble(str(result))
        self.collections += result.status == 0
