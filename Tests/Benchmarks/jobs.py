"""The jobs, and what each is to reach."""

from typing import Callable, NamedTuple

from measuring import Figure

LARGE_SIZE = 2 << 30
SMALL_COUNT = 10_000
SMALL_SIZE = 50 << 10
MEMORY_LIMIT = 32  # MiB, of any of our processes, whatever the size

# More than plain Git, in seconds, that `git add` of a small file may cost; the run fails otherwise.
TINY_ADD_LIMIT = 0.010


class Job(NamedTuple):
    """`step` names the method of a journey, and `question` that of a party. `target` gives seconds out of the
    wall times of the others by their names, and `rule` says it in words."""
    name: str
    kind: str
    title: str
    step: str
    question: str
    rule: str
    target: Callable
    limits: tuple = ()
    without: tuple = ()
    ours: str = "data"
    # Short steps are repeated, in turns with the others.
    repeat: int = 1


def all_jobs(has_reflinks):
    if has_reflinks:
        push = {"rule": "100 ms, by reflinks", "target": lambda s: 0.1}
    else:
        push = {"rule": "1.3 x cp", "target": lambda s: 1.3 * s["cp"]}
    return [
        Job("add-large", "large", "git add, {large}", "add", "add",
            "1.3 x openssl", lambda s: 1.3 * s["openssl"], ("cp", "openssl")),
        Job("status-large", "large", "git status after touch, {large}", "status", "status",
            "1.2 x openssl", lambda s: 1.2 * s["openssl"], ("openssl",)),
        Job("push-other", "large", "push to another file system, {large}", "push_other", "push",
            "1.3 x cp", lambda s: 1.3 * s["cp"], ("cp",), ("floor",)),
        Job("push-large", "large", "push on the file system, {large}", "push", "push",
            limits=("cp",), without=("floor",), **push),
        Job("pull-large", "large", "clone without blobs, pull, {large}", "pull", "pull",
            "1.3 x max(openssl, 2 x cp)", lambda s: 1.3 * max(s["openssl"], 2 * s["cp"]), ("cp", "openssl")),
        Job("clone-large", "large", "git clone with smudge, {large}", "clone", "clone",
            "1.3 x floor + openssl", lambda s: 1.3 * s["floor"] + s["openssl"], ("openssl",)),
        Job("add-small", "small", "git add, {small}", "add", "add",
            "1.35 x floor", lambda s: 1.35 * s["floor"], ("openssl",)),
        Job("data-add-small", "small", "git data add, {small}", "add", "add",
            "floor", lambda s: s["floor"], ("openssl",), ours="data-add"),
        Job("status-small", "small", "git status after touch, {small}", "status", "status",
            "1.5 x floor", lambda s: 1.5 * s["floor"], ("openssl",)),
        Job("push-small", "small", "push on the file system, {small}", "push", "push",
            "none", lambda s: None, ("cp",), ("floor", "git-annex")),
        Job("pull-small", "small", "clone without blobs, pull, {small}", "pull", "pull",
            "0.5 x floor", lambda s: 0.5 * s["floor"], ("cp",), ("git-annex",)),
        Job("nothing-push", "small", "push with nothing new, {small}", "push_again", "push",
            "floor + 30 ms", lambda s: s["floor"] + 0.03, repeat=5),
        Job("nothing-pull", "small", "pull with nothing new, {small}", "pull_again", "pull_again",
            "floor + 30 ms", lambda s: s["floor"] + 0.03, without=("git-annex",), repeat=5),
        Job("switch-small", "small", "switch where all differ, {small}", "switch", "switch",
            "floor", lambda s: s["floor"]),
        Job("add-tiny", "tiny", "git add, one file of 1 byte", "add_tiny", "add_tiny",
            "floor + 5 ms", lambda s: s["floor"] + 0.005, repeat=30),
        Job("start", "tiny", "start of git-data", "start", "add_tiny",
            "nothing + 3 ms", lambda s: s["nothing"] + 0.003, ("nothing",), ("floor", "peers"), repeat=30),
    ]


def size_words(byte_count):
    for unit, name in (30, "GiB"), (20, "MiB"), (10, "KiB"):
        if byte_count >= 1 << unit:
            return f"{byte_count / (1 << unit):.3g} {name}"
    return f"{byte_count} bytes"


def row(job, title, figures):
    """What is known of a job in the form in which it is kept. `figures` has the list of each party's figures."""
    middles = {name: Figure.middle(list(some)) for name, some in figures.items() if some}
    seconds = {name: figure.wall for name, figure in middles.items()}
    try:
        target = job.target(seconds)
    except KeyError:
        target = None
    ours = seconds.get(job.ours)
    return {
        "job": job.name, "title": title, "rule": job.rule, "unit": "s", "ours": job.ours, "target": target,
        "ratio": ours / target if ours and target else None,
        "figures": {
            name: {
                "wall": figure.wall, "cpu": figure.cpu, "memory": figure.memory,
                "samples": [round(sample.wall, 6) for sample in figures[name]]}
            for name, figure in middles.items()},
    }


def memory_row(rows):
    """The most that any process of each party has taken in all jobs, in MiB."""
    peaks = {}
    for one in rows:
        for name, figure in one["figures"].items():
            if figure["memory"] is not None:
                peaks[name] = max(figure["memory"], peaks.get(name, 0))
    ours = max((peaks[name] for name in ("data", "data-add") if name in peaks), default=None)
    if ours is not None:
        peaks["data"] = ours
    return {
        "job": "memory", "title": "peak memory of a process", "rule": f"{MEMORY_LIMIT} MiB", "unit": "MiB",
        "ours": "data", "target": MEMORY_LIMIT, "ratio": ours / MEMORY_LIMIT if ours else None,
        "figures": {name: {"memory": peak} for name, peak in peaks.items()},
    }
