"""One client of the hour of load: a clone of its own, in which it does at random what people do, and compares every
byte of its worktree with the ledger after each step."""

import hashlib
import pathlib
import random
import shutil

from ledger import pointer_text

RACE = (r"fetch first|non-fast-forward|stale info|failed to update ref|cannot lock ref|remote ref does not exist|reference already exists"
        r"|incorrect old value|needs force|deleted|no such ref|couldn't find remote ref|not our ref|unable to delete|cannot update ref|no match")
SWEEPING = r"is being cleared of blobs that this push needs"
GONE = r"neither on this machine nor on data remote"
MISSING = r"without data|neither on this machine|not have|not fetched|not in the local store"
#: What a clone says that was killed when all was done.
COMPLETE = r"already exists and is not an empty directory$"
PATIENCE = 12
MOST_BRANCHES = 12


class Trouble(Exception):
    """Something that must not be. The client begins anew after it."""


class Client:
    def __init__(self, number, project, commands, ledger, seed):
        self.number, self.project, self.commands, self.ledger = number, project, commands, ledger
        self.chance = random.Random(f"{seed} client {number}")
        self.folder = project.folder / f"client-{number}"
        self.environment = project.environment(f"client-{number}")
        self.serial = 0
        self.branches_made = 0
        self.recent = []
        self.tally = {"commits": 0, "merges": 0, "conflicts": 0, "races": 0, "refused": 0, "clones": 0, "files": 0, "pointers": 0}

    # --- commands ---

    def run(self, *words, kind=None, kill=False, folder=None, allowing=(), status=(1,)):
        """Runs a command that must end well, or with one of these statuses and words of that pattern."""
        result = self.commands.run(
            kind or (words[1] if words[1] != "data" else f"data {words[2]}"), words, folder or self.folder, self.environment,
            self.chance if kill else None)
        self.recent = self.recent[-30:] + [f"{' '.join(result.words)} -> {result.status}{' killed' if result.is_killed else ''} {result.errors[-300:].strip()}".rstrip()]
        if result.status != 0 and not result.is_killed and not (allowing and result.status in status and result.says(allowing)):
            raise Trouble(str(result))
        return result

    def git(self, *words, **options):
        return self.run("git", *words, **options)

    def ask(self, *words, folder=None):
        """What Git answers to a question that cannot fail."""
        return self.run("git", *words, kind="look", folder=folder).output.strip()

    # --- what must be true ---

    def head(self):
        return self.ask("rev-parse", "HEAD")

    def branch(self):
        return self.ask("symbolic-ref", "--short", "HEAD")

    def tree(self, commit):
        """The Git blobs of the data files of a commit."""
        entries = {}
        for line in self.ask("ls-tree", "-r", "-z", commit).split("\0"):
            if line:
                fields, path = line.split("\t", 1)
                if path.endswith(".bin"):
                    entries[path] = fields.split()[2]
        return entries

    def files(self, commit):
        """The ledger's page of a commit; one that is not there yet must be what it rests on, merged."""
        known = self.ledger.files.get(commit)
        if known is not None:
            return known
        parents = self.ask("rev-list", "--parents", "-1", commit).split()[1:]
        if len(parents) != 2:
            raise Trouble(f"nobody has made commit {commit}")
        bases = [self.files(base) for base in self.ask("merge-base", "--all", *parents).split()]
        allowed = self.ledger.merged(bases or [{}], self.files(parents[0]), self.files(parents[1]))
        tree, files = self.tree(commit), {}
        for path in {*allowed, *tree}:
            matching = [oid for oid in allowed.get(path, {None}) if (self.ledger.by_oid[oid].git_name if oid else None) == tree.get(path)]
            if not matching:
                raise Trouble(f"the merge {commit} has {path} as {tree.get(path)}, and not {allowed.get(path)}")
            if matching[0]:
                files[path] = matching[0]
        self.ledger.record(commit, files)
        self.tally["merges"] += 1
        return files

    def committed(self, expected):
        """Takes a commit that was just made into the ledger; it must have what was in the worktree."""
        commit = self.head()
        names = {path: self.ledger.by_oid[oid].git_name for path, oid in expected.items()}
        tree = self.tree(commit)
        if tree != names:
            wrong = [path for path in {*tree, *names} if tree.get(path) != names.get(path)]
            raise Trouble(f"commit {commit} has other contents than were added: {wrong}")
        self.ledger.record(commit, expected)
        self.tally["commits"] += 1

    def check(self, is_lazy=False, folder=None):
        """Compares the worktree with the commit that is checked out."""
        folder = folder or self.folder
        commit = self.ask("rev-parse", "HEAD", folder=folder)
        self.compare(self.files(commit), is_lazy, folder)
        if self.chance.random() < 0.1:
            changes = self.git("status", "--porcelain", folder=folder).output
            if changes:
                raise Trouble(f"git status in {folder}, where nobody has changed anything:\n{changes}")

    def compare(self, files, is_lazy=False, folder=None):
        folder = folder or self.folder
        there = {str(file.relative_to(folder)) for file in folder.glob("[!.]*/*.bin")}
        if there != files.keys():
            raise Trouble(f"{folder}: these files are too many or too few: {sorted(there ^ files.keys())}")
        for path, oid in files.items():
            content = (folder / path).read_bytes()
            self.tally["files"] += 1
            if hashlib.sha256(content).hexdigest() == oid:
                continue
            if content != pointer_text(oid, self.ledger.by_oid[oid].size):
                raise Trouble(f"{folder / path} has other bytes than {oid}: {content[:200]!r}")
            self.tally["pointers"] += 1
            if not is_lazy and not self.ledger.is_collected({oid}):
                raise Trouble(f"{folder / path} is a pointer of {oid}, which nobody has taken away")

    def lacks_collected(self, *extra):
        """Whether something that this clone names was taken away by a sweep, at some time."""
        commits = self.ask("rev-list", "--all", *extra).split()
        return self.ledger.is_collected({oid for commit in commits for oid in self.ledger.files.get(commit, {}).values()})

    # --- beginnings ---

    def begin(self):
        """A clone, made anew, with all that belongs to it."""
        # What an addition has left for after its end may still be at work in it.
        while self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        ours = self.project.has_hooks(self.number) and self.chance.random() < 0.7
        words = ["git", *(["data"] if ours else []), "clone", "--quiet", *self.project.clone_options(self.number), self.project.url, self.folder]
        self.clone(words, "clone", self.folder, is_ours=ours)
        if self.project.has_hooks(self.number) and not ours:
            self.git("data", "init", "--quiet")
        if not ours:
            self.git("data", "pull", "--quiet", allowing=MISSING)
        self.tally["clones"] += 1
        self.check()

    def clone(self, words, kind, folder, is_ours=True):
        """Clones, and after a kill again, until a clone is done. Of Git's own clones a killed one has to be removed."""
        was_killed = False
        for _ in range(PATIENCE):
            allowing = f"{RACE}|{COMPLETE}" if was_killed else RACE
            result = self.run(*words, kind=kind, kill=True, folder=self.project.folder, allowing=allowing, status=(1, 128))
            if result.is_done or was_killed and result.says(COMPLETE):
                return
            was_killed = result.is_killed and is_ours
            if not is_ours:
                shutil.rmtree(folder, ignore_errors=True)
        raise Trouble("no clone came about")

    def recover(self):
        """What somebody does after a crash: takes Git's locks away and what was half done back. What they had written
        themselves has been looked at before."""
        git = self.folder / ".git"
        for lock in [*git.glob("*.lock"), *(git / "refs").rglob("*.lock"), *(git / "objects").rglob("*.lock")]:
            lock.unlink(missing_ok=True)
        self.git("reset", "--quiet", "--hard", allowing=MISSING, status=(1, 128))
        self.git("clean", "--quiet", "-d", "--force")
        self.git("data", "pull", "--quiet", allowing=MISSING)
        self.check()

    # --- one step ---

    STEPS = {
        "commit": 22, "land": 10, "push": 9, "branch": 6, "switch": 10, "fetch": 6, "pull": 8, "merge": 8, "delete": 5, "prune": 6,
        "amend": 3, "data_fetch": 4, "data_push": 2, "visit": 3, "examine": 2, "again": 1,
    }

    def step(self):
        name = self.chance.choices(list(self.STEPS), list(self.STEPS.values()))[0]
        try:
            getattr(self, name)()
        except Trouble as trouble:
            recent = "\n".join(f"    {line}" for line in self.recent)
            self.commands.fail(f"client {self.number} ({self.project.name}), {name}: {trouble}\n  before that:\n{recent}")
            self.begin()

    def write(self):
        """Changes some files, as a program of a person would.
        - Returns: what is in the worktree now."""
        files = dict(self.files(self.head()))
        for _ in range(self.chance.randint(1, 4)):
            own = self.chance.random() < 0.75
            path = f"client-{self.number}/{self.chance.randrange(6)}.bin" if own else f"shared/{self.chance.randrange(6)}.bin"
            if path in files and self.chance.random() < 0.1:
                (self.folder / path).unlink()
                del files[path]
                continue
            content = self.ledger.old(self.chance) if self.chance.random() < 0.25 else None
            content = content or self.ledger.fresh(self.chance)
            (self.folder / path).parent.mkdir(exist_ok=True)
            (self.folder / path).write_bytes(content.bytes())
            files[path] = content.oid
        self.serial += 1
        (self.folder / f"client-{self.number}.txt").write_text(f"step {self.serial}\n")
        return files

    def commit(self, *options):
        before = self.head()
        if not self.project.has_hooks(self.number):
            self.compare(self.files(before), is_lazy=True)
        files = self.write()
        add = self.chance.choice([("add", "--all"), ("data", "add", "--all")])
        added = self.git(*add, kill=True)
        made = added
        if not added.is_killed:
            made = self.git("commit", "--quiet", "-m", f"Client {self.number}, step {self.serial}", *options, kill=True)
        # Whatever was killed: what the person wrote is theirs.
        self.compare(files, is_lazy=True)
        if self.head() != before:
            self.committed(files)
        if made.is_killed:
            self.recover()
        self.check()

    def others(self):
        """The branches of the remote, as this clone knows them."""
        names = self.ask("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin").split()
        return [name for name in names if name != "HEAD"]

    def branch_off(self, start):
        self.branches_made += 1
        return f"f/{self.number}-{self.branches_made}", start

    def branch_names(self):
        return self.ask("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()

    def moved(self, result):
        """After a command that has written the worktree."""
        if result.is_killed:
            self.recover()
        elif result.status != 0:
            self.git("data", "pull", "--quiet", allowing=MISSING)
        self.check()

    def branch_step(self):
        name, start = self.branch_off(self.chance.choice(["HEAD", *(f"origin/{name}" for name in self.others())]))
        self.moved(self.git("switch", "--quiet", "--no-track", "-c", name, start, kill=True, kind="switch", allowing=MISSING))

    def switch(self, name=None):
        names = sorted({*self.branch_names(), *self.others()} - {self.branch()})
        if not names and not name:
            return
        self.moved(self.git("switch", "--quiet", name or self.chance.choice(names), kill=True, allowing=MISSING))

    def fetch(self):
        result = self.git("fetch", "--quiet", "--prune", "origin", kill=True, allowing=RACE, status=(1, 128))
        if result.is_killed:
            return self.recover()
        # A branch that is gone there is nobody's work here any more, mostly.
        there, here = set(self.others()), self.branch()
        for name in self.branch_names():
            if name not in there and name not in (here, "main") and self.chance.random() < 0.4:
                self.git("branch", "--quiet", "-D", name)

    def merge(self, other=None):
        others = self.others()
        if not other and not others:
            return
        self.settle_merge(self.git(
            "merge", "--quiet", "--no-edit", other or f"origin/{self.chance.choice(others)}", kill=True, allowing="CONFLICT|" + MISSING))

    def pull(self):
        branch = self.branch()
        name = branch if branch in self.others() else "main"
        self.settle_merge(self.git(
            "pull", "--quiet", "--no-rebase", "--no-edit", "origin", name, kill=True, allowing=RACE + "|CONFLICT|" + MISSING, status=(1, 128)))

    def settle_merge(self, result):
        """After a merge: what stopped is resolved, one way or another."""
        if result.is_killed:
            return self.recover()
        conflicts = [path for path in self.ask("diff", "--name-only", "-z", "--diff-filter=U").split("\0") if path]
        if (self.folder / ".git/MERGE_HEAD").exists():
            self.tally["conflicts"] += 1
            if self.chance.random() < 0.2:
                return self.moved(self.git("merge", "--abort", allowing=MISSING))
            for path in conflicts:
                self.resolve(path)
            self.moved(self.git("commit", "--quiet", "--no-edit", allowing=MISSING))
        self.moved(result)

    def resolve(self, path):
        """Takes a side of a conflict, whose bytes must then stand there."""
        side, number = self.chance.choice([("ours", 2), ("theirs", 3)])
        stages = {line.split()[2]: line.split()[1] for line in self.ask("ls-files", "--unmerged", "--", path).splitlines()}
        if str(number) not in stages:
            self.git("rm", "--quiet", "--force", "--", path, kind="resolve")
            return
        self.git("checkout", "--quiet", f"--{side}", "--", path, kind="resolve", allowing=MISSING)
        if path.endswith(".bin"):
            content = (self.folder / path).read_bytes()
            named = self.ledger.by_git_name[stages[str(number)]]
            is_pointer = content == named.pointer and self.ledger.is_collected({named.oid})
            if hashlib.sha256(content).hexdigest() != named.oid and not is_pointer:
                raise Trouble(f"git checkout --{side} gave {path} other bytes than {named.oid}")
        self.git("add", "--", path, kind="resolve")

    def push(self, branch=None):
        """Pushes the present branch, and where others were faster, merges and pushes again."""
        branch = branch or self.branch()
        for _ in range(PATIENCE):
            commit = self.head()
            result = self.git(
                "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}", kill=True, allowing=f"{RACE}|{SWEEPING}|{GONE}", status=(1,))
            if result.status == 0:
                self.ledger.pushed(self.project.name, branch, commit, result.begun)
            if result.is_killed:
                return self.recover()
            if result.status == 0:
                return self.check()
            if self.give_way(result, branch):
                return None
        return None

    def give_way(self, result, branch):
        """After a push that did not land.
        - Returns: whether this client gives up."""
        if result.says(GONE):
            # Only what a sweep has taken may be missing: nothing at the remote had named it when it was marked.
            if not self.lacks_collected("HEAD"):
                raise Trouble(f"a push misses blobs that nobody has taken away\n{result}")
            self.tally["refused"] += 1
            self.git("fetch", "--quiet", "--prune", "origin", allowing=RACE, status=(1, 128))
            self.moved(self.git("reset", "--quiet", "--hard", "origin/main", allowing=MISSING))
            return True
        self.tally["races"] += 1
        self.git("fetch", "--quiet", "--prune", "origin", allowing=RACE, status=(1, 128))
        if branch in self.others():
            self.merge(f"origin/{branch}")
        return not self.commands.is_over.is_set() and self.chance.random() < 0.1

    def land(self):
        """Brings a branch into the main one, as the others do."""
        if self.git("fetch", "--quiet", "--prune", "origin", kill=True, allowing=RACE, status=(1, 128)).is_killed:
            self.recover()
        if self.branch() != "main":
            self.switch("main")
        self.merge("origin/main")
        if self.chance.random() < 0.6:
            self.merge()
        if self.branch() == "main":
            self.push("main")

    def amend(self):
        """Writes a commit anew, and pushes its branch by force where nobody else has touched it."""
        branch = self.branch()
        # Without its first commit a branch would have nothing in common with the others.
        if branch == "main" or branch not in self.others() or not self.ask("rev-list", "--parents", "-1", "HEAD").split()[1:]:
            return
        self.commit("--amend")
        if self.branch() != branch:
            return
        commit, entry = self.head(), self.ledger.undo(self.project.name, branch)
        result = self.git(
            "push", "--quiet", "--force-with-lease", "origin", f"HEAD:refs/heads/{branch}", kill=True, kind="force",
            allowing=f"{RACE}|{SWEEPING}|{GONE}")
        self.ledger.close(entry)
        if result.is_killed:
            self.recover()
        elif result.status != 0 and result.says(GONE):
            self.give_way(result, branch)

    def delete(self):
        names = [name for name in self.others() if name != "main"]
        if not names or (len(names) < MOST_BRANCHES and self.chance.random() < 0.5):
            return
        name = self.chance.choice(names)
        entry = self.ledger.undo(self.project.name, name)
        result = self.git("push", "--quiet", "origin", "--delete", name, kill=True, kind="delete", allowing=RACE)
        self.ledger.close(entry)
        if result.is_killed:
            self.recover()
        if name in self.branch_names() and name != self.branch() and self.chance.random() < 0.7:
            self.git("branch", "--quiet", "-D", name)

    # --- git data's own ---

    def prune(self):
        # Another client of a shared store may be half removed at the moment, as it clones again.
        result = self.git("data", "prune", "--quiet", "--recent", "0", kill=True, allowing="cannot be looked at now", status=(128,))
        if self.chance.random() < 0.3 and not result.is_killed:
            self.git("data", "fetch", "--quiet", "--all", allowing=MISSING if self.lacks_collected() else ())
        self.check()

    def data_fetch(self):
        words = self.chance.choice([("fetch", "--all"), ("fetch",), ("pull",), ("checkout",)])
        result = self.git("data", *words, "--quiet", kill=True, allowing=MISSING)
        if result.is_killed:
            return self.recover()
        if result.status == 1 and not self.lacks_collected():
            raise Trouble(f"blobs are missing that nobody has taken away\n{result}")
        self.check()

    def data_push(self):
        result = self.git("data", "push", "--quiet", kill=True, allowing=f"{SWEEPING}|{GONE}", status=(1, 128))
        if result.status == 1 and result.says(GONE) and not self.lacks_collected():
            raise Trouble(f"blobs are missing that nobody has taken away\n{result}")

    def visit(self):
        """A lazy clone, made anew, filled and compared."""
        folder = self.project.folder / f"visit-{self.number}"
        shutil.rmtree(folder, ignore_errors=True)
        words = ["git", "data", "clone", "--quiet", "--lazy", *self.project.clone_options(None), self.project.url, folder]
        self.clone(words, "lazy clone", folder)
        self.check(is_lazy=True, folder=folder)
        files = list(self.files(self.ask("rev-parse", "HEAD", folder=folder)))
        if files and self.chance.random() < 0.5:
            self.git("data", "pull", "--quiet", self.chance.choice(files), folder=folder, allowing=MISSING)
        for _ in range(PATIENCE):
            if self.git("data", "pull", "--quiet", folder=folder, kill=True, allowing=MISSING).is_done:
                break
        self.check(folder=folder)
        # What the pull has left for later may be at work in it for a moment more.
        while folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
        self.tally["clones"] += 1

    def examine(self):
        self.git("data", "fsck", "--quiet", kind="data fsck")
        self.git("fsck", "--no-dangling", "--no-progress", "--connectivity-only")

    def again(self):
        self.begin()


# `branch` asks for the name of the present one; the step makes another.
Client.STEPS["branch_step"] = Client.STEPS.pop("branch")
