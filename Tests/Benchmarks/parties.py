"""Who takes part. Each party answers to the same questions - how do you add, push, pull - with the commands that a
person would type. A question that makes no sense for a party is None, and the job is done without it."""

import pathlib
import re
import shutil

from measuring import Command
from laboratory import ROOT


class Place:
    """One party's folders for one kind of data. `top` is the file or the folder of data in the worktree."""

    def __init__(self, folder, top):
        self.folder = pathlib.Path(folder)
        self.top = top
        self.work = self.folder / "work"
        self.remote = None
        self.kept_clone = None
        self.is_added = self.is_committed = self.has_branches = False


class Party:
    """`programs` are those whose memory counts, by the first 15 letters of their names."""
    name = "git"
    title = "plain Git"
    programs = ()
    needs = None
    is_peer = True
    # Whether the files that come back are those that went.
    is_faithful = True
    # Lines for a repository of its own; the pattern is that of all data files.
    attributes = None

    def __init__(self, laboratory):
        self.laboratory = laboratory

    @property
    def is_here(self):
        return self.needs is None or shutil.which(self.needs, path=self.laboratory.environment["PATH"]) is not None

    def version(self):
        found = re.search(r"\d[\w.]*", self.laboratory.run(self.version_command()).stdout)
        return found.group() if found else "unknown"

    def version_command(self):
        return [self.needs or "git", "--version"]

    # Repositories

    def create(self, place):
        """Makes the repository; the files come after."""
        place.folder.mkdir(parents=True, exist_ok=True)
        git = self.git(place.work)
        self.laboratory.run(["git", "init", "--quiet", "--initial-branch=main", place.work])
        git("remote", "add", "origin", "nowhere")
        self.set_up(place, git)
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "-m", "Start")

    def set_up(self, place, git):
        if self.attributes:
            (place.work / ".gitattributes").write_text(self.attributes)

    def commit(self, place, message):
        git = self.git(place.work)
        git("add", "--all")
        git("commit", "--quiet", "-m", message)

    def new_remote(self, place, folder):
        """Makes an empty remote the one of this repository, which forgets what it knew of the last."""
        self.laboratory.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder])
        git = self.git(place.work)
        git("remote", "set-url", "origin", folder)
        git("update-ref", "-d", "refs/remotes/origin/main")
        place.remote = folder

    def git(self, folder):
        return lambda *words: self.laboratory.run(["git", *words], cwd=folder)

    # The questions

    def add(self, place):
        return [Command(["git", "add", place.top], place.work)]

    def add_tiny(self, place, name):
        return [Command(["git", "add", name], place.work)]

    def status(self, place):
        return [Command(["git", "status", "--porcelain"], place.work)]

    def push(self, place):
        return [Command(["git", "push", "--quiet", "origin", "main"], place.work)]

    def pull(self, place, clone):
        return [Command(["git", "clone", "--quiet", place.remote, clone], place.folder)]

    def clone(self, place, clone, byte_count):
        return [Command(["git", "clone", "--quiet", place.remote, clone], place.folder)]

    def pull_again(self, clone):
        return [Command(["git", "pull", "--quiet"], clone)]

    def switch(self, place, branch):
        return [Command(["git", "switch", "--quiet", branch], place.work)]


class Data(Party):
    name, title, is_peer = "data", "git data", False
    programs = ("git-data", "git-data-transf")

    def version_command(self):
        return ["git", "data", "version"]

    def set_up(self, place, git):
        git("data", "init", "--quiet")
        git("data", "track", "--quiet", "*.bin")

    def pull(self, place, clone):
        return [
            Command(["git", "data", "clone", "--quiet", "--lazy", place.remote, clone], place.folder),
            Command(["git", "data", "pull", "--quiet"], clone)]

    def clone(self, place, clone, byte_count):
        # Above this limit git data writes a file outside of Git's filter, where a plain clone cannot go.
        limit = f"data.inlineLimit={byte_count + 1}"
        return [Command(["git", "-c", limit, "clone", "--quiet", place.remote, clone], place.folder)]

    def pull_again(self, clone):
        return super().pull_again(clone) + [Command(["git", "data", "pull", "--quiet"], clone)]


class DataAdd(Data):
    """The same, by the command that goes round Git's filter."""
    name, title = "data-add", "git data add"

    @property
    def is_here(self):
        return self.laboratory.run(["git", "data", "help", "add"], expecting=None).returncode == 0

    def add(self, place):
        return [Command(["git", "data", "add", place.top], place.work)]


class Floor(Party):
    name, title, is_peer, is_faithful = "floor", "floor", False, False
    programs = ("floor",)
    attributes = "*.bin filter=floor -text\n"

    def build(self):
        self.laboratory.run(["gcc", "-O2", "-o", "floor", ROOT / "Tests" / "Benchmarks" / "floor.c"])

    def set_source(self, file):
        """Where the bytes come from that it gives back."""
        for key, value in ("process", f"'{self.laboratory.folder}/floor' '{file}'"), ("required", "true"):
            self.laboratory.run(["git", "config", "--global", f"filter.floor.{key}", value])

    def pull(self, place, clone):
        return [
            Command(["git", "clone", "--quiet", "--no-checkout", place.remote, clone], place.folder),
            Command(["git", "checkout", "--quiet", "main"], clone)]


class LFS(Party):
    name, title, needs = "git-lfs", "git-lfs", "git-lfs"
    programs = ("git-lfs",)
    attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n"

    def version_command(self):
        return ["git-lfs", "version"]

    def set_up(self, place, git):
        super().set_up(place, git)
        self.laboratory.run(["git", "lfs", "install", "--skip-repo"])
        git("lfs", "install", "--force")

    def pull(self, place, clone):
        return [
            Command(["git", "clone", "--quiet", place.remote, clone], place.folder, {"GIT_LFS_SKIP_SMUDGE": "1"}),
            Command(["git", "lfs", "pull"], clone)]

    def pull_again(self, clone):
        return super().pull_again(clone) + [Command(["git", "lfs", "pull"], clone)]


class Annex(Party):
    name, title, needs = "git-annex", "git-annex", "git-annex"
    programs = ("git-annex",)
    status = clone = switch = None

    def version_command(self):
        return ["git-annex", "version"]

    def set_up(self, place, git):
        git("annex", "init", "--quiet", "work")

    def new_remote(self, place, folder):
        super().new_remote(place, folder)
        # Which makes it one that git-annex copies to; it goes on writing to that branch by itself.
        self.git(place.work)("push", "--quiet", "origin", "git-annex")

    def add(self, place):
        return [Command(["git", "annex", "add", "--quiet", place.top], place.work)]

    def add_tiny(self, place, name):
        return [Command(["git", "annex", "add", "--quiet", name], place.work)]

    def push(self, place):
        return super().push(place) + [Command(["git", "annex", "copy", "--quiet", "--to", "origin", "."], place.work)]

    def pull(self, place, clone):
        return super().pull(place, clone) + [Command(["git", "annex", "get", "--quiet", "."], clone)]

    def pull_again(self, clone):
        return super().pull_again(clone) + [Command(["git", "annex", "get", "--quiet", "."], clone)]


class DVC(Party):
    name, title, needs = "dvc", "DVC", "dvc"
    programs = ("dvc",)
    clone = None

    def create(self, place):
        # Else it keeps notes for all users, outside of the scratch folder.
        self.laboratory.environment |= {
            "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(self.laboratory.folder / "dvc-site")}
        super().create(place)

    def set_up(self, place, git):
        self.dvc(place, "init", "--quiet")
        self.dvc(place, "remote", "add", "--quiet", "-d", "storage", "nowhere")

    def dvc(self, place, *words):
        self.laboratory.run(["dvc", *words], cwd=place.work)

    def new_remote(self, place, folder):
        super().new_remote(place, folder)
        self.dvc(place, "remote", "modify", "storage", "url", f"{folder}-storage")
        self.git(place.work)("commit", "--quiet", "-am", "Other storage")

    def add(self, place):
        return [
            Command(["dvc", "add", "--quiet", place.top], place.work),
            Command(["git", "add", f"{place.top}.dvc", ".gitignore"], place.work)]

    def add_tiny(self, place, name):
        return [
            Command(["dvc", "add", "--quiet", name], place.work),
            Command(["git", "add", f"{name}.dvc", ".gitignore"], place.work)]

    def status(self, place):
        return [Command(["dvc", "status", "--quiet"], place.work)]

    def push(self, place):
        return super().push(place) + [Command(["dvc", "push", "--quiet"], place.work)]

    def pull(self, place, clone):
        return super().pull(place, clone) + [Command(["dvc", "pull", "--quiet"], clone)]

    def pull_again(self, clone):
        return super().pull_again(clone) + [Command(["dvc", "pull", "--quiet"], clone)]

    def switch(self, place, branch):
        return super().switch(place, branch) + [Command(["dvc", "checkout", "--quiet"], place.work)]


class Backup(Party):
    """A program that knows no Git: what it is to keep goes into its archive and comes back from there."""
    status = push = clone = pull_again = switch = add_tiny = None

    def create(self, place):
        shutil.rmtree(place.folder, ignore_errors=True)
        place.work.mkdir(parents=True)
        place.remote = place.folder / "archive"
        self.laboratory.run(self.archive(place, *self.opening), environment=self.variables(place))

    def variables(self, place):
        return {}

    def commit(self, place, message):
        pass

    def new_remote(self, place, folder):
        pass

    def add(self, place):
        return [Command(self.archive(place, *self.storing, place.top), place.work, self.variables(place))]

    def pull(self, place, clone):
        clone.mkdir()
        return [Command(self.archive(place, *self.restoring(clone)), clone, self.variables(place))]


class Restic(Backup):
    name, title, needs = "restic", "restic", "restic"
    programs = ("restic",)
    opening, storing = ["init"], ["backup"]

    def version_command(self):
        return ["restic", "version"]

    def variables(self, place):
        return {
            "RESTIC_PASSWORD": "a", "RESTIC_COMPRESSION": "off", "RESTIC_CACHE_DIR": str(place.folder / "cache")}

    def archive(self, place, *words):
        return ["restic", "--quiet", "--repo", place.remote, *words]

    def restoring(self, clone):
        return ["restore", "latest", "--target", clone]


class Borg(Backup):
    name, title, needs = "borg", "borg", "borg"
    programs = ("borg",)
    opening, storing = ["init", "--encryption=none"], ["create", "--compression=none", "::data"]

    def variables(self, place):
        return {
            "BORG_REPO": str(place.remote), "BORG_BASE_DIR": str(place.folder / "borg"),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}

    def archive(self, place, *words):
        return ["borg", *words]

    def restoring(self, clone):
        return ["extract", "::data"]


PEERS = [LFS, Annex, DVC, Restic, Borg]
