"""Runs commands with faults, and looks at what is left."""
import argparse
import hashlib
import mmap
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback

import plan
from laboratory import POINTER, Broken, Fault, Laboratory, build_library, install
from scenarios import SCENARIOS

HYDRATING = re.compile(r"\.git-data-[0-9a-z]{8,13}$")
CRASH = re.compile(r"Fatal error|fatal error|SystemError\(|Error\(|Stack dump|Unexpectedly found nil|Optional\(|\bcode: -?\d+\)", re.M)
SIGNALLED = re.compile(r"died of signal (\d+)")


class Suite:
    def __init__(self, scenario, laboratory):
        self.scenario = scenario
        self.lab = laboratory

    def prepare(self):
        """Makes the template, the undisturbed result, and the list of calls."""
        lab, scenario = self.lab, self.scenario
        lab.begin()
        scenario.prepare(lab)
        lab.keep()
        lab.restore()
        self.before = lab.files()
        self.needed = lab.named()
        blobs = lab.blobs()
        self.needed = {oid for oid in self.needed if any(blobs.get(oid, {}).values())}
        outcome = lab.run(scenario.command, scenario.folder, record=True)
        self.calls = {}
        for line in outcome.log:
            key, _, call = line.partition("\t")
            if key in ("fault", "crash"):
                raise Broken(f"{line}: {outcome}")
            count = self.calls.get(key, (call, 0))[1]
            self.calls[key] = (call, count + 1)
        self.after = lab.files()
        self.reference = self.state()
        if scenario.checks:
            scenario.checks(lab)
        self.again()
        self.final = self.state()
        if self.final != self.reference and not scenario.finish:
            raise Broken(f"a second run changes the result: {difference(self.reference, self.final)}")

    def known(self):
        return [Fault(plan.key_of(call), call, occurrence, kind, number) for call, occurrence, kind, number in self.scenario.known]

    def state(self):
        """What a command has achieved, without what differs from run to run."""
        lab = self.lab
        lab.settle()
        differs = [re.compile(pattern) for pattern in self.scenario.differs]

        def is_volatile(path):
            return any(pattern.fullmatch(path.split("/", 1)[-1]) for pattern in differs)

        state = {}
        for path, content in lab.files().items():
            # A file under construction beside a data file goes with the next pull that writes in its folder.
            if "lineage/environments/" in path or self.scenario.hydrates and HYDRATING.search(path):
                continue
            state[f"file {path}"] = "" if is_volatile(path) else hashlib.sha256(content).hexdigest()[:12] + f" {len(content)}"
        for folder, git in lab.repositories():
            if folder != git:
                # What ran in which environment is another file in each.
                for line in lab.git("ls-files", "-s", cwd=folder).text.splitlines():
                    facts, path = line.split("\t")
                    if path.startswith("lineage/environments/"):
                        continue
                    state[f"index {folder} {path}"] = "" if is_volatile(f"x/{path}") else facts
                for line in lab.git("status", "--porcelain", cwd=folder).text.splitlines():
                    if self.scenario.hydrates and HYDRATING.search(line):
                        continue
                    if "lineage/environments/" not in line and ".merge_file_" not in line:
                        state[f"status {folder} {line}"] = ""
            for line in lab.git("for-each-ref", "--format=%(refname) %(objectname)", cwd=folder).text.splitlines():
                name, object = line.split()
                # A commit of a file that tells of the moment is another one each time.
                state[f"ref {folder} {name}"] = "" if differs else object
        if os.path.isdir(lab.path("place")):
            state["place"] = lab.run(["git", "ls-remote", f"data::{lab.path('place')}"]).text
        for oid, places in lab.blobs().items():
            for place, is_intact in places.items():
                # Which of outputs of earlier versions are kept is no part of the result.
                state[f"blob {place} {oid[:12]}"] = "intact" if is_intact else "damaged"
        home = lab.path("home/.gitconfig")
        with open(home) as file:
            state["home"] = file.read()
        return state

    def again(self, outcome=None):
        scenario, lab = self.scenario, self.lab
        command = scenario.again or scenario.command
        outcome = lab.run(command, scenario.folder, expect=scenario.again_ends)
        return lab.run(scenario.finish, scenario.folder) if scenario.finish else outcome

    # One run

    def play(self, fault):
        """Runs the command with a fault and looks at everything.
        Returns what was said, or None where the fault did not meet its call."""
        lab, scenario = self.lab, self.scenario
        lab.restore()
        outcome = lab.run(scenario.command, scenario.folder, expect=None, fault=fault)
        if not outcome.fired:
            return None
        try:
            self.look(fault, outcome)
        except Broken as error:
            raise Broken(f"{error}\n--- the command with the fault: {outcome}\n  faults: {[line for line in outcome.log if line[:5] in ('fault', 'crash')]}")
        return outcome

    def look(self, fault, outcome):
        lab, scenario = self.lab, self.scenario
        crashes = [line for line in outcome.log if line.startswith("crash")]
        if crashes:
            raise Broken(f"it crashed: {crashes}")
        signals = set(SIGNALLED.findall(outcome.errors)) - ({"9"} if fault.ends_processes else set())
        if signals or CRASH.search(outcome.errors):
            raise Broken("it says what only programmers understand")
        is_killed = fault.ends_processes
        if outcome.status not in (0, 1, 128, 129) and not (is_killed and outcome.status in (-9, 137)):
            raise Broken(f"it ended with {outcome.status}")
        if outcome.status != 0 and not is_killed and not re.search(r"(error|fatal|warning|kept|missing|cannot)\b", outcome.errors):
            raise Broken("it failed without a word")
        if fault.kind.startswith("power"):
            lab.lose_unsynced()
            lab.is_rebooted = True
        # A medium that can only be read keeps what should have been removed.
        if is_killed or fault.kind == "persist":
            self.remove_locks()
        self.look_at_blobs()
        self.look_at_files(fault)
        for folder, git in lab.repositories():
            lab.git("fsck", "--no-progress", "--no-dangling", cwd=folder)
            if os.path.isdir(lab.path(git, "data")) and folder != git and scenario.name != "fsck-repair":
                report = lab.data("fsck", cwd=folder, expect=None)
                if report.status != 0 and not (fault.kind.startswith("power") and report.status in (0, 1)):
                    raise Broken(f"git data fsck is not content: {report}")
        if outcome.status == 0 and not is_killed:
            self.compare(self.state(), outcome, is_first=True)
        try:
            second = self.again(outcome)
        except Broken as error:
            raise Broken(f"it cannot be completed: {error}")
        try:
            self.compare(self.state(), outcome, is_first=False)
        except Broken as error:
            raise Broken(f"{error}\n--- the second run: {second}")
        if scenario.checks:
            scenario.checks(lab)
        self.look_at_blobs(is_final=True)

    def remove_locks(self):
        """What Git asks people to do after a kill."""
        for folder, _, names in os.walk(self.lab.top):
            for name in names:
                if name.endswith(".lock") and ".git" in folder:
                    os.remove(os.path.join(folder, name))

    def look_at_blobs(self, is_final=False):
        found = self.lab.blobs()
        lost = [oid for oid in self.needed if not any(found.get(oid, {}).values())]
        if lost:
            raise Broken(f"LOST: the blobs {lost}")
        for oid, places in found.items():
            for place, is_intact in places.items():
                if not is_intact and not place.endswith("pending") and self.scenario.name != "fsck-repair" and "damaged" not in place:
                    raise Broken(f"LOST: '{place}' has a blob that is not that of its name: {oid}")

    def look_at_files(self, fault):
        found = self.lab.files()
        for path in self.before.keys() | self.after.keys():
            allowed = [self.before.get(path), self.after.get(path)]
            content = found.get(path)
            if content in allowed:
                continue
            if content is not None and POINTER.match(content):
                oid = POINTER.match(content)[1].decode()
                if any(known and hashlib.sha256(known).hexdigest() == oid for known in allowed):
                    continue
            if self.scenario.is_git and (fault.kind.startswith("power") or content is None):
                continue
            if any(re.fullmatch(pattern, path.split("/", 1)[-1]) for pattern in self.scenario.differs):
                continue
            if content is None and self.before.get(path) in self.lab.aside():
                continue
            raise Broken(f"LOST: '{path}' is {content if content is None or len(content) < 300 else len(content)}")

    def compare(self, state, outcome, is_first):
        expected = self.reference if is_first else self.final
        if state == expected:
            return
        wrong = difference(expected, state)
        if is_first and self.scenario.may_leave_pointers and re.search("pointer|git data pull", outcome.errors):
            return
        what = "it says success, but" if is_first else "after a second run"
        raise Broken(f"{what} the result is another: {wrong}")


def difference(expected, found):
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            lines.append(f"{name}: {expected.get(name)} -> {found.get(name)}")
    return "\n    ".join(lines[:12])


# All runs

def work(arguments):
    name, options, folder, library = arguments
    scenario = next(scenario for scenario in SCENARIOS if scenario.name == name)
    laboratory = Laboratory(os.path.join(folder, name), options.programs, library)
    suite = Suite(scenario, laboratory)
    result = {"name": name, "runs": 0, "missed": 0, "failures": [], "messages": {}, "all": 0}
    try:
        suite.prepare()
        if options.list:
            print("".join(f"{count:5} {call}\n" for call, count in sorted(suite.calls.values())), flush=True)
            return result
        faults = plan.faults(suite.calls)
        result["all"] = len(faults)
        if options.only_calls:
            faults = [fault for fault in faults if re.search(options.only_calls, f"{fault}")]
        choice = random.Random(f"{options.seed} {name}")
        if options.number is not None:
            faults = choice.sample(faults, min(options.number, len(faults)))
        elif options.share < 1:
            faults = choice.sample(faults, max(1, round(len(faults) * options.share)))
        started = time.monotonic()
        for fault in (suite.known() if not options.only_calls else []) + faults:
            if options.seconds and time.monotonic() - started > options.seconds:
                break
            try:
                outcome = suite.play(fault)
                if outcome is None:
                    result["missed"] += 1
                    continue
                if outcome.status and not fault.ends_processes:
                    said = re.sub(r"[0-9a-f]{8,}", "#", outcome.errors)
                    result["messages"].setdefault(said, str(fault))
            except Broken as error:
                result["failures"].append((str(fault), str(error)))
                print(f"faults: {name}: {fault}\n{error}\n", flush=True)
            result["runs"] += 1
    except Exception:
        result["failures"].append(("preparation", traceback.format_exc()))
        print(f"faults: {name}: {traceback.format_exc()}", flush=True)
    shutil.rmtree(laboratory.folder, ignore_errors=True)
    print(f"faults: {name}: {result['runs']} of {result['all']} faults, {len(result['failures'])} failures, {result['missed']} missed", flush=True)
    return result


def is_sanitized(program):
    with open(program, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        return memory.find(b"__tsan_init") >= 0 or memory.find(b"__asan_init") >= 0


def main():
    parser = argparse.ArgumentParser(
        prog="Tests/faults", description="Runs every command that writes with faults of system calls, and looks at what is left.")
    parser.add_argument("share", nargs="?", type=float, default=1, help="which share of all faults is tried; 1 is every one")
    parser.add_argument("seed", nargs="?", type=int, default=random.randrange(1_000_000), help="chooses them")
    parser.add_argument("--build", required=True, help="the folder of the dynamically linked programs")
    parser.add_argument("--commands", type=int, help="how many commands, chosen by the seed, beside six that always are")
    parser.add_argument("--only", default="", help="commands, by their names, separated by commas")
    parser.add_argument("--only-calls", default="", help="a pattern of faults")
    parser.add_argument("--number", type=int, help="how many faults of each command")
    parser.add_argument("--seconds", type=float, help="how long each command")
    parser.add_argument("--list", action="store_true", help="only list the calls of the commands")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--messages", help="a file for everything that was said")
    options = parser.parse_args()
    names = [scenario.name for scenario in SCENARIOS]
    if options.only:
        unknown = [name for name in options.only.split(",") if name not in names]
        if unknown:
            parser.error(f"there is no '{unknown[0]}'; there are {', '.join(names)}")
        names = options.only.split(",")
    if options.commands is not None:
        always = ["add", "pull", "push", "prune-shared", "helper-fetch", "fsck-repair"]
        others = [name for name in names if name not in always]
        names = always + random.Random(options.seed).sample(others, min(options.commands, len(others)))
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="git-data-faults-", dir=base)
    print(f"faults: seed {options.seed}", flush=True)
    if is_sanitized(os.path.join(options.build, "git-data")):
        print("faults: skipped: programs with a sanitizer bear no other preloaded library")
        return 0
    try:
        options.programs = install(os.path.join(folder, "programs"), options.build)
        library = build_library(folder)
        with multiprocessing.Pool(options.jobs, maxtasksperchild=1) as pool:
            results = pool.map(work, [(name, options, folder, library) for name in names], chunksize=1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    runs = sum(result["runs"] for result in results)
    failures = [failure for result in results for failure in result["failures"]]
    lost = [text for _, text in failures if "LOST" in text]
    if options.messages:
        with open(options.messages, "w") as file:
            for result in results:
                for text, fault in result["messages"].items():
                    file.write(f"== {result['name']}: {fault}\n{text}\n")
    print(f"faults: {runs} faults in {len(results)} commands, {len(failures)} failures, {len(lost)} lost")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
