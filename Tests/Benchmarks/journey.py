"""What is done with one kind of data: each step brings a party's repository to where the step can begin, says what
is timed, and looks at the outcome."""

import hashlib
import os
import pathlib
import shutil
import sys
import time
from typing import Callable, NamedTuple

from jobs import SMALL_SIZE
from laboratory import Failure
from measuring import Command
from parties import Party, Place

SLOW = 30  # seconds: whoever takes longer for a step is not asked to do it again
PATIENCE = 10  # seconds that the repetitions of a short step may take together


class Step(NamedTuple):
    """`byte_count` is how much memory it will touch, 0 for a short step, `inputs` is what it reads."""
    commands: list
    inputs: tuple = ()
    byte_count: int = 0
    check: Callable = lambda: None


class Limit:
    """What tools of the system need for the same bytes; it has no repository."""
    is_peer = False

    def __init__(self, name):
        self.name = self.title = name
        self.programs = (name,)


class Journey:
    def __init__(self, laboratory, stopwatch, kind, scale_count, other):
        """`scale_count` is the size of the large file, or how many small ones there are; `other` a folder on
        another file system, or None."""
        self.laboratory, self.stopwatch, self.kind, self.other = laboratory, stopwatch, kind, other
        self.folder = laboratory.folder / kind
        self.trash = self.folder / "trash"
        self.trash.mkdir(parents=True)
        self.top = "large.bin" if kind == "large" else "data"
        self.places = {}
        self.count = 0
        self.versions = {"main": self.folder / "first", "other": self.folder / "second"}
        self.source = self.versions["main"] / self.top
        self.small_count = scale_count
        if kind == "large":
            self.byte_count = scale_count
            self.source.parent.mkdir()
            write_random(self.source, scale_count)
            self.sums = {self.top: sum_of(self.source)}
        else:
            self.byte_count = scale_count * SMALL_SIZE
            self.write_small("main")
            self.sums = {
                str(path.relative_to(self.source.parent)): sum_of(path)
                for path in self.source.rglob("*") if path.is_file()}

    def write_small(self, version):
        for number in range(self.small_count):
            path = self.versions[version] / "data" / f"{number % 100:02}" / f"{number}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_random(path, SMALL_SIZE)

    @property
    def any_file(self):
        return next(path for path in [self.source, *self.source.rglob("*")] if path.is_file())

    # Taking turns

    def measure(self, job, parties, times):
        """Gives the figures of each party; a peer that fails is left out from there on."""
        figures = {party.name: [] for party in parties}
        parties = list(parties)
        for turn in range(times * job.repeat):
            # In turns, each time in another order, so that a busy moment of the machine hits all alike.
            shift = turn % len(parties)
            for party in parties[shift:] + parties[:shift]:
                done = figures[party.name]
                if self.is_enough(job, [figure.wall for figure in done]):
                    continue
                try:
                    done.append(self.measure_one(job, party))
                except Failure as failure:
                    if not party.is_peer:
                        raise
                    print(f"{party.title} is left out of {job.name}: {failure}", file=sys.stderr, flush=True)
                    parties = [one for one in parties if one is not party]
                    figures.pop(party.name)
                    continue
                if len(done) % job.repeat == 0:
                    print(f"  {job.name}, {party.title}: {done[-1].wall:.3f} s", file=sys.stderr, flush=True)
        self.empty_trash()
        return figures

    @staticmethod
    def is_enough(job, walls):
        """Whether a party that has taken so long is not asked again."""
        return max(walls, default=0) > SLOW or (job.repeat > 1 and len(walls) > 2 and sum(walls) > PATIENCE)

    def measure_one(self, job, party):
        if isinstance(party, Limit):
            step = self.limit(job, party)
        else:
            step = getattr(self, job.step)(party)
        if step.byte_count:
            self.stopwatch.warm(step.inputs, step.byte_count)
        figure = self.stopwatch.time(step.commands, party.programs if step.byte_count else ())
        step.check()
        return figure

    def limit(self, job, party):
        if party.name == "nothing":
            return Step([Command([self.laboratory.folder / "nothing"], self.folder)])
        if party.name == "openssl":
            words = ["openssl", "dgst", "-sha256", self.source]
            if self.kind != "large":
                words = ["sh", "-c", 'find "$1" -type f -print0 | xargs -0 openssl dgst -sha256', "sh", self.source]
            return Step([Command(words, self.folder)], (self.source,), self.byte_count // 8)
        target = (self.other if job.step == "push_other" else self.folder) / self.next("copy")
        return Step(
            [Command(["cp", "-r", "--reflink=never", self.source, target], self.folder)], (self.source,),
            self.byte_count, lambda: self.discard(target))

    # Bringing a repository to where a step can begin

    def place(self, party):
        if party.name not in self.places:
            self.places[party.name] = Place(self.folder / party.name, self.top)
        return self.places[party.name]

    def files(self, party):
        """A new repository with the files in its worktree."""
        place = self.places[party.name] = Place(self.folder / party.name, self.top)
        self.discard(place.folder)
        party.create(place)
        self.laboratory.run(["cp", "-r", self.source, place.work / self.top])
        return place

    def added(self, party):
        place = self.place(party)
        if not place.is_added:
            place = self.files(party)
            self.stopwatch.run(party.add(place))
            place.is_added = True
        return place

    def committed(self, party):
        place = self.added(party)
        if not place.is_committed:
            party.commit(place, "Data")
            place.is_committed = True
            self.check_clean(place.work)
        return place

    def pushed(self, party):
        place = self.committed(party)
        if place.remote is None:
            party.new_remote(place, place.folder / self.next("remote"))
            self.stopwatch.run(party.push(place))
        return place

    def branched(self, party):
        """With a second branch, where all files differ."""
        place = self.committed(party)
        if not place.has_branches:
            if not self.versions["other"].exists():
                self.write_small("other")
            self.laboratory.run(["git", "switch", "--quiet", "-c", "other"], cwd=place.work)
            self.discard(place.work / self.top)
            self.laboratory.run(["cp", "-r", self.versions["other"] / self.top, place.work])
            self.stopwatch.run(party.add(place))
            party.commit(place, "Other data")
            self.check_clean(place.work)
            place.has_branches, place.branch = True, "other"
        return place

    # The steps

    def add(self, party):
        place = self.files(party)

        def check():
            place.is_added = True
            if party.name in ("data", "data-add"):
                self.check_pointers(place)

        return Step(party.add(place), (place.work / self.top,), self.byte_count * 3 // 2, check)

    def status(self, party):
        place = self.committed(party)
        # Another time in each turn, and so old that Git need not look twice.
        self.count += 1
        moment = time.time() - 1_000_000 + 10 * self.count
        for path in [place.work / self.top, *(place.work / self.top).rglob("*")]:
            if path.is_file():
                os.utime(path, (moment, moment))
        # A party may look at the blob that it has, rather than hash the file.
        return Step(
            party.status(place), (place.work,), self.byte_count // 2,
            lambda: self.check_clean(place.work))

    def push(self, party):
        place = self.committed(party)
        if place.remote:
            self.discard(place.remote)
        party.new_remote(place, place.folder / self.next("remote"))
        return Step(
            party.push(place), (place.work,), self.byte_count * 3 // 2, lambda: self.check_remote(party, place))

    def push_other(self, party):
        place = self.committed(party)
        if place.remote:
            self.discard(place.remote)
        folder = self.other / self.next("remote")
        party.new_remote(place, folder)

        def check():
            self.check_remote(party, place)
            for path in folder.parent.glob(f"{folder.name}*"):
                self.discard(path)
            place.remote = None

        return Step(party.push(place), (place.work,), self.byte_count * 3 // 2, check)

    def pull(self, party):
        place = self.pushed(party)
        clone = place.folder / self.next("clone")

        def check():
            self.check_files(party, clone, "main")
            if place.kept_clone:
                self.discard(place.kept_clone)
            place.kept_clone = clone
            if self.kind == "large":
                self.discard(clone)
                place.kept_clone = None

        return Step(party.pull(place, clone), (place.remote,), self.byte_count * 3, check)

    def clone(self, party):
        place = self.pushed(party)
        clone = place.folder / self.next("clone")

        def check():
            self.check_files(party, clone, "main")
            self.discard(clone)

        return Step(party.clone(place, clone, self.byte_count), (place.remote,), self.byte_count * 3, check)

    def push_again(self, party):
        return Step(party.push(self.pushed(party)))

    def pull_again(self, party):
        place = self.pushed(party)
        if not place.kept_clone:
            clone = place.folder / self.next("clone")
            self.stopwatch.run(party.pull(place, clone))
            self.check_files(party, clone, "main")
            place.kept_clone = clone
        return Step(party.pull_again(place.kept_clone))

    def switch(self, party):
        place = self.branched(party)
        place.branch = "main" if place.branch == "other" else "other"
        return Step(
            party.switch(place, place.branch), (place.work,), self.byte_count * 2,
            lambda: self.check_files(party, place.work, place.branch))

    def add_tiny(self, party):
        place = self.place(party)
        if not place.folder.exists():
            party.create(place)
        self.count += 1
        name = f"{self.count}.bin"
        (place.work / name).write_bytes(bytes([self.count % 256]))
        return Step(party.add_tiny(place, name))

    def start(self, party):
        return Step([Command(["git-data", "version"], self.folder)])

    # Looking at the outcome

    def check_pointers(self, place):
        """The index has a pointer for each file, to the byte."""
        listed = self.laboratory.run(["git", "ls-files", "--stage", "-z", "--", self.top], cwd=place.work).stdout
        entries = [line.split("\t", 1) for line in listed.split("\0") if line]
        paths = [path for _, path in entries]
        oids = "".join(fields.split()[1] + "\n" for fields, _ in entries)
        said = self.laboratory.run(["git", "cat-file", "--batch"], cwd=place.work, input=oids).stdout
        expected = "".join(
            f"{oid} blob {len(pointer)}\n{pointer}\n"
            for oid, pointer in zip(oids.split(), (self.pointer(path) for path in paths)))
        if said != expected or sorted(paths) != sorted(self.sums):
            raise Failure(f"the index of {place.work} has not the pointers of the files")

    def pointer(self, path):
        size, digest = self.sums[path]
        return f"git data pointer 1\noid sha256:{digest}\nsize {size}\n"

    def check_remote(self, party, place):
        """Each blob is where the pushed commit needs it."""
        if party.name == "data":
            for size, digest in self.sums.values():
                blob = pathlib.Path(place.remote) / "data" / "objects" / digest[:2] / digest[2:4] / digest
                if not blob.is_file() or blob.stat().st_size != size:
                    raise Failure(f"after the push there is no {blob}")

    def check_files(self, party, folder, version):
        if party.is_faithful:
            found = folder / self.top
            if not found.exists():
                # restic gives files back below their whole path.
                found = next((path for path in folder.rglob(self.top)), found)
            self.laboratory.run(["diff", "-rq", self.versions[version] / self.top, found])
        self.check_clean(folder)

    def check_clean(self, folder):
        if (folder / ".git").exists():
            self.laboratory.assert_clean(folder)

    # Folders

    def next(self, name):
        self.count += 1
        return f"{name}-{self.count}"

    def discard(self, path):
        """Takes something out of the way. What is on this file system goes after the job: ext4 is slow to make
        files where many have just been deleted."""
        if path.exists():
            if self.other and path.is_relative_to(self.other):
                remove(path)
            else:
                path.rename(self.trash / self.next(path.name))
                if self.kind == "large":
                    self.empty_trash()

    def empty_trash(self):
        remove(self.trash)
        self.trash.mkdir()

    def close(self):
        remove(self.folder)


def remove(path):
    """Also what somebody has made read-only."""
    def allow(function, name, _):
        os.chmod(os.path.dirname(name), 0o700)
        if os.path.isdir(name) and not os.path.islink(name):
            os.chmod(name, 0o700)
            shutil.rmtree(name, onerror=allow)
        else:
            os.unlink(name)

    if path.is_dir():
        shutil.rmtree(path, onerror=allow)
    else:
        path.unlink()


def write_random(path, byte_count):
    with open(path, "wb") as file:
        while byte_count > 0:
            byte_count -= file.write(os.urandom(min(1 << 24, byte_count)))


def sum_of(path):
    """Size and SHA-256."""
    with open(path, "rb") as file:
        return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()
