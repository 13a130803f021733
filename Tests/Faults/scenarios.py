"""The commands that write, each with the state in which it begins."""
import dataclasses
import errno as E
import hashlib
import os
import random

ATTRIBUTES = "*.bin filter=data diff=data merge=data -text\n*.csv filter=data diff=data merge=data -text\n"


@dataclasses.dataclass
class Scenario:
    name: str
    prepare: object
    command: list
    folder: str = "work"
    # What completes it: the same, unless something else is said.
    again: list = None
    # How the completing run may end: a second time, there may be nothing to do.
    again_ends: tuple = (0,)
    # What comes then, and is what the result is known by.
    finish: list = None
    # Git itself writes files here, so that what is left of a file by a power cut is Git's.
    is_git: bool = False
    # Data that cannot be had may stay a pointer, if that is said.
    may_leave_pointers: bool = False
    # Pointers give way to data here, outside Git's filter.
    hydrates: bool = False
    # Files whose content tells of the moment.
    differs: tuple = ()
    # A last look.
    checks: object = None
    # Faults that once did harm, as (call, occurrence, kind, errno): always tried.
    known: tuple = ()


def binary(count, seed):
    return b"\0" + random.Random(seed).randbytes(count - 1)


def table(rows, seed):
    random_rows = random.Random(seed)
    return "id,value\n" + "".join(f"{row},{random_rows.randrange(10000)}\n" for row in range(rows))


def project(lab):
    """A bare repository, and a worktree that pushes to it."""
    lab.run(["git", "init", "--quiet", "--bare", "--template=", "origin.git"])
    lab.run(["git", "init", "--quiet", "--template=", "work"])
    lab.git("remote", "add", "origin", "../origin.git")
    lab.data("init", "--quiet")
    lab.write("work/.gitattributes", ATTRIBUTES)
    lab.write("work/main.py", "print('hello')\n")
    commit(lab, "Track data")


def commit(lab, message, folder="work"):
    lab.git("add", "--all", cwd=folder)
    lab.git("commit", "--quiet", "-m", message, cwd=folder)


def first_data(lab):
    lab.write("work/a.bin", binary(150_000, 1))
    lab.write("work/data/b.csv", table(200, 2))
    lab.write("work/data/deep/c.bin", binary(3_000, 3))


def pushed(lab):
    project(lab)
    first_data(lab)
    commit(lab, "Data")
    lab.git("push", "--quiet", "-u", "origin", "main")


def two_versions(lab):
    pushed(lab)
    lab.git("switch", "--quiet", "-c", "other")
    lab.write("work/a.bin", binary(160_000, 4))
    lab.write("work/new.bin", binary(5_000, 5))
    commit(lab, "Other")
    lab.git("push", "--quiet", "-u", "origin", "other")
    lab.git("switch", "--quiet", "main")


def change(lab):
    lab.write("work/a.bin", binary(170_000, 6))
    lab.write("work/new.csv", table(300, 7))
    lab.write("work/notes.txt", "notes\n")


def added(lab):
    pushed(lab)
    change(lab)


def staged(lab):
    added(lab)
    lab.git("add", "--all")


def committed(lab):
    added(lab)
    commit(lab, "Change")


def clone_of_pointers(lab):
    two_versions(lab)
    lab.environment["GIT_DATA_LAZY"] = "1"
    lab.run(["git", "clone", "--quiet", "origin.git", "clone"])
    del lab.environment["GIT_DATA_LAZY"]
    lab.data("init", "--quiet", cwd="clone")
    lab.git("config", "data.lazy", "false", cwd="clone")


def fetched_clone(lab):
    clone_of_pointers(lab)
    lab.data("fetch", "--quiet", cwd="clone")


def merging(lab):
    two_versions(lab)
    lab.write("work/data/b.csv", table(200, 2) + "1000,1\n")
    commit(lab, "Ours")
    lab.git("switch", "--quiet", "other")
    lab.write("work/data/b.csv", table(200, 2).replace("\n5,", "\n5000,", 1))
    commit(lab, "Theirs")
    lab.git("switch", "--quiet", "main")


def pruning(lab):
    pushed(lab)
    for seed in (11, 12):
        lab.write("work/a.bin", binary(20_000, seed))
        commit(lab, "Version")
    lab.git("push", "--quiet")
    lab.git("reflog", "expire", "--expire=now", "--all")
    lab.git("config", "data.pruneRecentDays", "0")


def sharing(lab):
    """Two clones with one store, of which the other has what is nowhere else."""
    pruning(lab)
    lab.run(["git", "clone", "--quiet", "origin.git", "clone"])
    lab.data("init", "--quiet", cwd="clone")
    lab.git("config", "data.store", lab.path("store"), cwd="clone")
    lab.git("config", "data.store", lab.path("store"))
    lab.data("init", "--quiet", cwd="clone")
    lab.data("init", "--quiet")
    lab.data("pull", "--quiet", cwd="clone")
    lab.data("fetch", "--all", "--quiet")
    lab.write("clone/own.bin", binary(30_000, 13))
    commit(lab, "Own", "clone")
    lab.write("work/a.bin", binary(25_000, 14))
    commit(lab, "Dropped")
    lab.git("reset", "--quiet", "--hard", "HEAD~1")
    lab.git("reflog", "expire", "--expire=now", "--all")
    lab.git("gc", "--quiet", "--prune=now")
    # What is young is spared.
    lab.settle()
    lab.run(["find", "store/objects", "-type", "f", "-exec", "touch", "-d", "2020-01-01", "{}", "+"])


def raw_history(lab):
    """Files that are in Git itself, in some commits."""
    lab.run(["git", "init", "--quiet", "--template=", "work"])
    lab.data("init", "--quiet")
    for seed in (21, 22):
        lab.write("work/a.bin", binary(30_000, seed))
        lab.write("work/main.py", f"print({seed})\n")
        commit(lab, "Version")


def imported_history(lab):
    raw_history(lab)
    lab.data("migrate", "import", "--everything", "--include", "*.bin", "--quiet")
    lab.git("reset", "--quiet", "--hard")
    lab.run(["sh", "-c", "git for-each-ref --format='delete %(refname)' refs/original | git update-ref --stdin"], "work")


def lfs_history(lab):
    lab.run(["git", "init", "--quiet", "--template=", "work"])
    content = binary(30_000, 31)
    oid = hashlib.sha256(content).hexdigest()
    lab.write("work/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    lab.write("work/a.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n")
    lab.write(f"work/.git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}", content)
    for command in (["config", "filter.lfs.clean", "cat"], ["add", "--all"], ["commit", "--quiet", "-m", "LFS"]):
        lab.git(*command)
    lab.git("config", "--unset", "filter.lfs.clean")


def collectable(lab):
    two_versions(lab)
    lab.git("push", "--quiet", "origin", ":other")
    lab.git("branch", "--quiet", "-D", "other")
    lab.git("reflog", "expire", "--expire=now", "--all")
    # What no branch has is not here either.
    lab.data("prune", "--quiet", "--unreferenced")


def marked(lab):
    collectable(lab)
    lab.data("gc", "--remote", "--mark", "--grace", "0")


def helper_project(lab):
    project(lab)
    lab.git("remote", "set-url", "origin", f"data::{lab.path('place')}")
    first_data(lab)
    commit(lab, "Data")


def helper_pushed(lab):
    helper_project(lab)
    lab.git("push", "--quiet", "-u", "origin", "main")


def helper_second(lab):
    helper_pushed(lab)
    change(lab)
    commit(lab, "Second")


def helper_behind(lab):
    helper_pushed(lab)
    lab.run(["git", "clone", "--quiet", f"data::{lab.path('place')}", "clone"])
    change(lab)
    commit(lab, "Second")
    lab.git("push", "--quiet")


def scripts(lab):
    pushed(lab)
    lab.write("work/make.sh", "cat a.bin data/b.csv > made.bin; printf '{\"size\": %s}\\n' \"$(wc -c < made.bin)\" > size.json\n")
    commit(lab, "Script")


RUN = ["git", "data", "run", "-i", "make.sh", "-i", "a.bin", "-i", "data/b.csv", "-o", "made.bin", "-m", "size.json", "--", "sh", "make.sh"]


def stale(lab):
    scripts(lab)
    lab.run(RUN, "work")
    commit(lab, "Run")
    lab.write("work/a.bin", binary(40_000, 41))
    commit(lab, "Changed")


def outside(lab):
    pushed(lab)
    lab.write("outside/x.bin", binary(50_000, 51))
    lab.write("outside/y.csv", table(300, 52))


def imported(lab):
    outside(lab)
    lab.data("import", lab.path("outside"), "data/got")
    commit(lab, "Imported")
    lab.write("outside/x.bin", binary(52_000, 53))


def bundled(lab):
    two_versions(lab)
    lab.data("bundle", "create", "--quiet", "../all.tar")
    lab.run(["git", "clone", "--quiet", "--no-checkout", "origin.git", "clone"])
    lab.data("init", "--quiet", cwd="clone")
    lab.git("remote", "remove", "origin", cwd="clone")


def damaged(lab):
    pushed(lab)
    folder = lab.path("work/.git/data/objects")
    paths = sorted(os.path.join(base, name) for base, _, names in os.walk(folder) for name in names)
    os.chmod(paths[0], 0o644)
    with open(paths[0], "r+b") as file:
        file.write(b"damaged")
    os.remove(paths[1])


def raw(lab):
    pushed(lab)
    lab.write("work/raw.bin", binary(20_000, 61))
    lab.git("-c", "filter.data.process=", "-c", "filter.data.clean=cat", "-c", "filter.data.required=false", "add", "raw.bin")
    lab.git("commit", "--quiet", "--no-verify", "-m", "Raw")


def empty(lab):
    lab.run(["git", "init", "--quiet", "--template=", "work"])
    lab.write("work/big.parquet", binary(9_000, 71))


def nothing(lab):
    pass


def verify_bundle(lab):
    lab.run(["git", "data", "bundle", "verify", "../made.tar"], "work")


def migrate_again(verb):
    migrate = f"git data migrate {verb} --everything --include '*.bin'"
    return ["sh", "-c", f"{migrate} || {{ git reset --quiet --hard && git data migrate undo && {migrate}; }}"]


MERGE = ["git", "merge", "--quiet", "-m", "Merged", "other"]
# Pointers that were left are what Git takes for clean.
CHECKOUT_AGAIN = ["sh", "-c", "git checkout --quiet --force other && git data pull --quiet a.bin new.bin"]
MERGE_AGAIN = ["sh", "-c", "git merge --abort 2>/dev/null; git reset --quiet --hard && " + " ".join(MERGE)
               + " && git data pull --quiet"]
# As it says: a sweep that was cut off is given up, and begun anew.
SWEEP_AGAIN = ("git data gc --remote --sweep || { git data gc --remote --unmark; git data gc --remote --mark --grace 0"
               " && git data gc --remote --sweep; } || true")
COMMIT = ["git", "commit", "--quiet", "-m", "Change"]
RECORDS = (r"lineage/.*",)

SCENARIOS = [
    Scenario("add", added, ["git", "add", "--all"], finish=COMMIT, known=(
        ("git-data thread ", 1, "each", E.EAGAIN), ("git-data fsync work/.git/data/incoming/#.pending", 1, "power", 0))),
    Scenario("data-add", added, ["git", "data", "add", "."], finish=COMMIT),
    Scenario("commit", staged, ["git", "commit", "--quiet", "-m", "Change"], again_ends=(0, 1)),
    Scenario("checkout", two_versions, ["git", "checkout", "--quiet", "other"], again=CHECKOUT_AGAIN, is_git=True, hydrates=True, may_leave_pointers=True),
    Scenario("switch-fetch", clone_of_pointers, ["git", "checkout", "--quiet", "other"], "clone", again=CHECKOUT_AGAIN, is_git=True, hydrates=True, may_leave_pointers=True),
    Scenario("pull", clone_of_pointers, ["git", "data", "pull"], "clone", hydrates=True, known=(
        ("git-data stat clone/data/deep/c.bin", 1, "errno", E.EIO), ("git-data open clone/a.bin", 1, "errno", E.EACCES),
        # An index that cannot be changed.
        ("git-data open clone/.git/index", 1, "each", E.EACCES))),
    Scenario("fetch", clone_of_pointers, ["git", "data", "fetch"], "clone"),
    Scenario("data-checkout", fetched_clone, ["git", "data", "checkout"], "clone", hydrates=True),
    Scenario("push", committed, ["git", "push", "origin", "main"]),
    Scenario("data-push", committed, ["git", "data", "push"]),
    Scenario("merge", merging, MERGE, again=MERGE_AGAIN, is_git=True, may_leave_pointers=True),
    Scenario("prune", pruning, ["git", "data", "prune"]),
    Scenario("prune-shared", sharing, ["git", "data", "prune", "--unreferenced"], known=(
        # Who shares the store, and what they need.
        ("git-data open clone/.git/HEAD", 1, "each", E.EACCES), ("git-data stat clone/.git/HEAD", 1, "each", E.EIO),
        ("git-data stat store/clones", 1, "each", E.EIO))),
    Scenario("clone", pushed, ["git", "data", "clone", "--quiet", "origin.git", "clone"], ".", again_ends=(0, 128), is_git=True, hydrates=True, may_leave_pointers=True),
    Scenario("migrate-import", raw_history, ["git", "data", "migrate", "import", "--everything", "--include", "*.bin"], again=migrate_again("import"), is_git=True),
    Scenario("migrate-export", imported_history, ["git", "data", "migrate", "export", "--everything", "--include", "*.bin"], again=migrate_again("export"), is_git=True),
    Scenario("migrate-lfs", lfs_history, ["git", "data", "migrate", "lfs"], known=(("git-data fsync work", 1, "errno", E.EIO),)),
    Scenario("gc-mark", collectable, ["git", "data", "gc", "--remote", "--mark", "--grace", "0"], again_ends=(0, 128)),
    Scenario("gc-sweep", marked, ["git", "data", "gc", "--remote", "--sweep"], again=["sh", "-c", SWEEP_AGAIN]),
    Scenario("helper-push", helper_second, ["git", "push", "origin", "main"]),
    Scenario("helper-first", helper_project, ["git", "push", "origin", "main"]),
    Scenario("helper-fetch", helper_behind, ["git", "fetch"], "clone", known=(
        ("git-remote-data stat place/git/states", 1, "each", E.EIO),)),
    Scenario("helper-clone", helper_pushed, ["git", "data", "clone", "--quiet", "data::place", "clone"], ".", again_ends=(0, 128), is_git=True, hydrates=True, may_leave_pointers=True),
    Scenario("run", scripts, RUN, finish=COMMIT, differs=RECORDS, known=(("git-data fsync work/lineage/.git-data-#", 1, "kill", 0),)),
    Scenario("repro", stale, ["git", "data", "repro"], again=["sh", "-c", "git data repro || git data repro --force make"], finish=COMMIT, differs=RECORDS, known=(
        # What is set aside while a stage runs.
        ("git-data rename work/.git/data/aside/run-#.d/0", 1, "killed", 0), ("git-data spawn git --literal-pathspecs", 2, "each", E.EAGAIN),
        ("git-data rename work/lineage/make.run.json", 1, "late", E.EIO),
        # The record is there, and not staged; the disk takes nothing more.
        ("git-data fsync work/lineage", 1, "kill", 0), ("git-data fsync work/lineage", 1, "persist", E.EIO))),
    Scenario("import", outside, ["git", "data", "import", "../outside", "data/got"], again_ends=(0, 128), finish=COMMIT, differs=RECORDS),
    Scenario("import-update", imported, ["git", "data", "import", "--update", "--trust"], finish=COMMIT, differs=RECORDS),
    Scenario("bundle-create", two_versions, ["git", "data", "bundle", "create", "--quiet", "../made.tar"], checks=verify_bundle),
    Scenario("bundle-unbundle", bundled, ["git", "data", "bundle", "unbundle", "--quiet", "../all.tar"], "clone"),
    Scenario("fsck-repair", damaged, ["git", "data", "fsck", "--repair"], known=(
        ("git-data fsync work/.git/data/damaged", 1, "kill", 0), ("git-data open work/a.bin", 1, "errno", E.EACCES))),
    Scenario("fix", raw, ["git", "data", "fix"], finish=COMMIT),
    Scenario("init", empty, ["git", "data", "init"]),
    Scenario("track", empty, ["git", "data", "track", "*.parquet"], known=(("git-data fsync work/.git-data-#", 1, "kill", 0),)),
    Scenario("install", nothing, ["git-data", "install"], "."),
]
