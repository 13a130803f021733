"""What the clients of the hour of load have made and pushed, kept outside of git data: every content, the content of
each data file of every commit, and which commits a push has reported as pushed."""

import collections
import hashlib
import random
import threading
import time

#: By what share of contents, and from how many bytes to how many.
SIZES = [(0.6, 1, 20_000), (0.3, 20_000, 200_000), (0.09, 200_000, 2_000_000), (0.01, 9_000_000, 20_000_000)]
POINTER = "git data pointer 1\noid sha256:{}\nsize {}\n"


def pointer_text(oid, size):
    return POINTER.format(oid, size).encode()


class Content:
    """Some bytes that can be made anew at any time."""

    def __init__(self, seed, number, size):
        self.seed, self.number, self.size = seed, number, size
        content = self.bytes()
        self.oid = hashlib.sha256(content).hexdigest()
        self.pointer = pointer_text(self.oid, size)
        self.git_name = hashlib.sha1(b"blob %d\0" % len(self.pointer) + self.pointer).hexdigest()

    def bytes(self):
        return random.Random(f"{self.seed} {self.number}").randbytes(self.size)


class Ledger:
    def __init__(self, seed):
        self.seed = seed
        self.lock = threading.Lock()
        #: Held by who sweeps, and by who must not be swept under.
        self.sweeping = threading.RLock()
        self.contents, self.begun = [], 0
        self.by_oid, self.by_git_name = {}, {}
        #: The oid of each data file, by path, of each commit.
        self.files = {}
        self.pushes = collections.defaultdict(list)
        #: When somebody has taken a branch back: from when on until when, None while it goes on.
        self.undone = collections.defaultdict(list)
        #: The blobs that a sweep has taken away, at some time.
        self.collected = set()

    # --- contents ---

    def fresh(self, chance):
        share = chance.random()
        for part, least, most in SIZES:
            share -= part
            if share <= 0:
                break
        with self.lock:
            self.begun += 1
            number = self.begun
        content = Content(self.seed, number, chance.randint(least, most))
        with self.lock:
            self.contents.append(content)
            self.by_oid[content.oid] = self.by_git_name[content.git_name] = content
        return content

    def old(self, chance):
        """A content that was made before, wherever it is by now."""
        with self.lock:
            return chance.choice(self.contents) if self.contents else None

    # --- commits ---

    def record(self, commit, files):
        with self.lock:
            self.files[commit] = files

    def merged(self, bases, ours, theirs):
        """What a merge may give, by path: a set of oids, None standing for no file. More than one where there was a
        conflict, or where several bases leave it open."""
        result = {}
        for path in {*ours, *theirs, *(path for base in bases for path in base)}:
            mine, other, before = ours.get(path), theirs.get(path), {base.get(path) for base in bases}
            if mine == other:
                result[path] = {mine}
            elif len(before) == 1 and mine in before:
                result[path] = {other}
            elif len(before) == 1 and other in before:
                result[path] = {mine}
            else:
                result[path] = {mine, other}
        return result

    # --- pushes ---

    def pushed(self, project, branch, commit, begun):
        with self.lock:
            self.pushes[project].append((branch, commit, begun))

    def undo(self, project, branch):
        """Somebody is about to delete a branch, or to push it by force. What it gives is to be closed afterwards."""
        entry = [time.monotonic(), None]
        with self.lock:
            self.undone[project, branch].append(entry)
        return entry

    @staticmethod
    def close(entry):
        entry[1] = time.monotonic()

    def promised(self, project):
        """Commits of which a push has said that they are there, by branch, and which nobody has taken back since."""
        with self.lock:
            promised = collections.defaultdict(set)
            for branch, commit, begun in self.pushes[project]:
                if not any(end is None or end > begun for _, end in self.undone[project, branch]):
                    promised[branch].add(commit)
            return promised

    def needed(self, commits):
        """The blobs that commits name, with their sizes.
        - Raises KeyError for a commit that no client has made."""
        with self.lock:
            oids = set()
            for commit in commits:
                oids.update(self.files[commit].values())
            return {oid: self.by_oid[oid].size for oid in oids}

    def collect(self, oids):
        with self.lock:
            self.collected.update(oids)

    def is_collected(self, oids):
        """Whether a sweep has taken one of these blobs away. One that is under way is waited for, as nobody knows yet."""
        oids = list(oids)
        with self.lock:
            if not self.collected.isdisjoint(oids):
                return True
        with self.sweeping, self.lock:
            return not self.collected.isdisjoint(oids)
