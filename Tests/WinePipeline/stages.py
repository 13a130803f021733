"""The stages of the pipeline, and which of them a change concerns. Nothing here asks git data: it is what the tests hold
against its answers."""

import dataclasses


@dataclasses.dataclass
class Stage:
    name: str
    command: str
    inputs: list
    outputs: list
    metrics: list = dataclasses.field(default_factory=list)
    parameters: list = dataclasses.field(default_factory=list)
    # What its script imports, unless it says so itself.
    packages: str = ""


STAGES = [
    Stage("clean", "python clean.py", ["clean.py", "data/wine.csv"], ["work/clean.csv"]),
    Stage("split", "python split.py", ["split.py", "work/clean.csv"], ["work/train.csv", "work/test.csv"], parameters=["split"]),
    Stage("train", "python train.py", ["train.py", "work/train.csv"], ["models/wine.joblib"], parameters=["train"]),
    Stage("evaluate", "python evaluate.py", ["evaluate.py", "models/wine.joblib", "work/test.csv"], ["reports/confusion.csv"], ["reports/metrics.json"]),
    Stage(
        "report", "jupyter execute notebooks/report.ipynb", ["notebooks/report.ipynb", "reports/confusion.csv", "reports/metrics.json"],
        ["reports/confusion.png"]),
    Stage("describe", "python describe.py", ["describe.py", "data/cancer.csv"], ["reports/cancer.md"], packages="tabulate"),
]

# The stages whose scripts import a package, or one that requires it.
USERS = {"tabulate": {"describe"}, "joblib": {"split", "train", "evaluate"}}


def git_data_run(stage):
    """The arguments of `git data` that make a stage."""
    options = [word for path in stage.inputs for word in ("-i", path)]
    options += [word for key in stage.parameters for word in ("-p", f"params.toml:{key}")]
    options += [word for path in stage.outputs for word in ("-o", path)]
    options += [word for path in stage.metrics for word in ("-m", path)]
    options += ["-e", f"python:{stage.packages}"] if stage.packages else []
    return ["run", *options, "--", *stage.command.split()]


def closure(hit):
    """These stages, and all that read what they make."""
    found = set()
    for stage in STAGES:
        made = {path for other in STAGES if other.name in found for path in other.outputs + other.metrics}
        if stage.name in hit or made & set(stage.inputs):
            found.add(stage.name)
    return found


def after(hit, changed):
    """The stages that had to run: those that were hit, and those that read a file that is now another."""
    made = {path for stage in STAGES for path in stage.outputs + stage.metrics}
    return set(hit) | {stage.name for stage in STAGES if changed & made & set(stage.inputs)}
