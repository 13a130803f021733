"""The same pipeline with DVC and DataLad, beside git data: what a person types, what is recorded, what it costs to ask."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

from stages import STAGES, git_data_run

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "git-data-tests" / "peers"
DATA = ("wine", "cancer")
# What is the same after the first run, whichever tool made it.
PRODUCTS = ["data/wine.csv", "work/test.csv", "models/wine.joblib", "reports/metrics.json", "reports/confusion.png", "reports/cancer.md"]


def install():
    """Whether DVC and DataLad are there; a sentence on what is not."""
    if not (CACHE / "complete").exists():
        print("== Getting DVC and DataLad", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", CACHE], check=True)
        wanted = ["dvc", "datalad", *([] if shutil.which("git-annex") else ["git-annex"])]
        if subprocess.run([CACHE / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted]).returncode != 0:
            return False
        (CACHE / "complete").touch()
    return True


class Tool:
    """One way to make the pipeline: the commands that a person types, in order."""

    home = "home"
    clone = []
    recipes = ()
    records = ()

    def __init__(self, laboratory):
        self.laboratory = laboratory
        self.bare = laboratory.folder / f"{self.folder}.git"

    def make(self):
        self.work = self.laboratory.project(self.folder)
        for command in self.commands():
            self.laboratory.run(self.work, *command, home=self.home)
        return self

    def measure(self):
        """Seconds in which nothing is to be done: medians of five, after one that is not counted."""
        self.times = {}
        for name, command, count in (("status", self.status_command, 5), ("no-op repro", self.repro_command, self.repeats)):
            if count > 1:
                self.laboratory.run(self.work, *command, home=self.home)
            times = []
            for _ in range(count):
                began = time.perf_counter()
                self.laboratory.run(self.work, *command, home=self.home)
                times.append(time.perf_counter() - began)
            self.times[name] = statistics.median(times)
        return self

    def recreate(self):
        """Clones as a stranger would; what is there afterwards."""
        place = self.laboratory.folder / f"{self.folder}-elsewhere"
        place.mkdir()
        for folder, *command in self.clone_commands():
            self.laboratory.run(place / folder, *command, home=f"{self.folder}-other")
        return place / "clone"

    def size(self, patterns):
        """Files and lines of what the tool keeps beside the project."""
        files = [path for pattern in patterns for path in sorted(self.work.glob(pattern))]
        return len(files), sum(len(path.read_text().splitlines()) for path in files)

    def recorded(self):
        """Everything that is recorded of the runs, as text."""
        return "".join(path.read_text() for pattern in self.records for path in sorted(self.work.glob(pattern)))

    repeats = 5

    def stale(self):
        """The stages that the tool takes for stale; None where it cannot be asked."""


class GitData(Tool):
    name, folder = "git data", "wine"
    status_command, repro_command = ["git", "data", "status"], ["git", "data", "repro"]
    recipes = ("lineage/*.stage", "lineage/*/*.stage", ".gitattributes")
    records = ("lineage/**/*.run.json", "lineage/environments/*.json")

    def commands(self):
        return [
            ["git", "data", "init"], ["git", "data", "track", "*.csv", "*.joblib", "*.png"],
            *[["git", "data", "import", f"../published/{name}.csv", f"data/{name}.csv"] for name in DATA],
            *[["git", "data", *git_data_run(stage)] for stage in STAGES],
            ["git", "add", "."], ["git", "commit", "--quiet", "-m", "First results"], ["git", "tag", "v1"],
            ["git", "push", "--quiet", "origin", "main", "v1"],
        ]

    def clone_commands(self):
        return [[".", "git", "data", "clone", "--quiet", "--revision", "v1", self.bare, "clone"]]

    def who(self):
        return '"author"' in self.recorded() and '"started"' in self.recorded()

    def stale(self, work=None, home="home"):
        rows = json.loads(self.laboratory.attempt(work or self.work, "git", "data", "repro", "--dry-run", "--json", home=home).stdout)
        return {row["stage"] for row in rows if not row["isFresh"]}


class DVC(Tool):
    name, folder, home = "DVC", "dvc", "dvc-home"
    status_command, repro_command = ["dvc", "status"], ["dvc", "repro"]
    recipes = ("dvc.yaml", "*/*.dvc", ".dvc/config", ".dvcignore", ".gitignore", "*/.gitignore")
    records = ("dvc.lock",)

    def commands(self):
        return [
            ["dvc", "init", "--quiet"], ["dvc", "remote", "add", "--quiet", "-d", "storage", str(self.laboratory.folder / "dvc-storage")],
            ["mkdir", "data", "work", "models", "reports"],
            *[["dvc", "import-url", "--quiet", str(self.laboratory.folder / "published" / f"{name}.csv"), f"data/{name}.csv"] for name in DATA],
            *[self.stage(stage) for stage in STAGES],
            ["git", "add", "."], ["git", "commit", "--quiet", "-m", "First results"], ["git", "tag", "v1"],
            ["git", "push", "--quiet", "origin", "main", "v1"], ["dvc", "push", "--quiet"],
        ]

    def stage(self, stage):
        options = [word for path in stage.inputs for word in ("-d", path)]
        options += [word for key in stage.parameters for word in ("-p", f"params.toml:{key}")]
        options += [word for path in stage.outputs for word in ("-o", path)]
        options += [word for path in stage.metrics for word in ("-M", path)]
        return ["dvc", "stage", "add", "--quiet", "--run", "-n", stage.name, *options, *stage.command.split()]

    def clone_commands(self):
        return [[".", "git", "clone", "--quiet", "--branch", "v1", self.bare, "clone"], ["clone", "dvc", "pull", "--quiet"]]

    def who(self):
        return "Ada" in self.recorded()

    def stale(self):
        said = json.loads(self.laboratory.run(self.work, "dvc", "status", "--json", home=self.home).stdout)
        return set(said)


class DataLad(Tool):
    name, folder, home = "DataLad", "datalad", "datalad-home"
    status_command, repro_command = ["datalad", "status"], ["datalad", "rerun", "--since="]
    # It runs all commands again.
    repeats = 1
    recipes = (".gitattributes", ".datalad/config", ".datalad/.gitattributes")

    def commands(self):
        return [
            ["git", "-C", self.bare, "annex", "init", "--quiet"], ["datalad", "create", "--force", "-c", "text2git", "."], ["datalad", "save", "-m", "Scripts"],
            ["mkdir", "data", "work", "models", "reports"],
            *[["datalad", "run", "-m", name, "-o", f"data/{name}.csv", f"cp ../published/{name}.csv data/{name}.csv"] for name in DATA],
            *[self.stage(stage) for stage in STAGES],
            ["git", "tag", "v1"], ["datalad", "push", "--to", "origin"], ["git", "push", "--quiet", "origin", "v1"],
        ]

    def stage(self, stage):
        options = [word for path in [*stage.inputs, *(["params.toml"] if stage.parameters else [])] for word in ("-i", path)]
        options += [word for path in stage.outputs + stage.metrics for word in ("-o", path)]
        return ["datalad", "run", "-m", stage.name, *options, stage.command]

    def clone_commands(self):
        return [[".", "datalad", "clone", self.bare, "clone"], ["clone", "git", "switch", "--quiet", "--detach", "v1"], ["clone", "datalad", "get", "."]]

    def recorded(self):
        return self.laboratory.run(self.work, "git", "log", "--format=%an %ad %B", home=self.home).stdout

    def who(self):
        return "Ada" in self.recorded()


def yes(value):
    return "yes" if value else "no"


def compare(laboratory, sums, git_data, check, change_package):
    """Makes the pipeline with the others, and prints the table."""
    print("== Beside other tools", flush=True)
    if not install():
        print("skipped: DVC and DataLad could not be had from PyPI")
        return
    tools = [git_data]
    for kind in (DVC, DataLad):
        tool = kind(laboratory)
        (laboratory.folder / tool.home).mkdir()
        (laboratory.folder / tool.home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
        if kind is DataLad and shutil.which("git-annex", path=laboratory.environment(tool.home)["PATH"]) is None:
            print("DataLad skipped: there is no git-annex")
            continue
        tools.append(tool.make())
    rows = {}
    for tool in tools:
        products = sums(tool.work, PRODUCTS)
        check(f"{tool.name}: the same results", sums(tool.recreate(), PRODUCTS), products)
        tool.measure()
        text = tool.recorded()
        commands = [[str(word) for word in command] for command in tool.commands()]
        rows[tool.name] = {
            "commands to make, record and publish": len(commands),
            "words in them": sum(len(command) for command in commands),
            "commands to recreate it elsewhere": len(tool.clone_commands()),
            "recipes and settings: files, lines": "%d, %d" % tool.size(tool.recipes),
            "records: files, lines": "%d, %d" % tool.size(tool.records) if tool.records else f"{len(STAGES) + len(DATA)} commits",
            "a run's record names inputs by content": yes(re.search(r"sha256:|md5: ", text)),
            "… single parameters": yes(re.search(r"trees", text)),
            "… packages": yes("tabulate" in text.replace("from tabulate", "")),
            "… metrics": yes("accuracy" in text),
            "… who and when": yes(tool.who()),
            "status, s": tool.times["status"], "no-op repro, s": tool.times["no-op repro"],
        }
    seconds = dict(rows["git data"])
    change_package()
    for tool in tools:
        found = tool.stale()
        rows[tool.name]["stale after a change of a package"] = "not told" if found is None else ", ".join(sorted(found)) or "nothing"
        if tool is git_data:
            check("git data: what a package makes stale", found, {"describe"})
    for name, row in rows.items():
        for key in ("status, s", "no-op repro, s"):
            if key == "no-op repro, s" and name == "DataLad":
                row[key] = f"{row[key]:.1f}; runs all"
            else:
                row[key] = f"{row[key]:.3f} (×{row[key] / seconds[key]:.1f})"
    print(table(rows), flush=True)


def table(rows):
    names = list(rows)
    lines = [["", *names]] + [[key, *(str(rows[name][key]) for name in names)] for key in rows[names[0]]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
