"""Data files of a repository with git data, where a script needs them.

    import pandas, git_data

    table = pandas.read_csv(git_data.track("data/train.csv"))

`track` gives back a path with the right bytes behind it. In a clone whose data is not here yet it fetches that file,
and only that; a file that is here costs a look at its first bytes. It works for files, for folders, and with
`revision="v1.2"` for the data of another commit, read-only and beside the worktree. Of many files in a folder track the
folder, which is fetched at once.

A relative path is taken from the current folder, as `open` takes it. Only where nothing is there, the folder of the
running script and the top of the repository are tried, and what both have is refused as ambiguous.

Which script used which data is written to `lineage/uses/<script>.uses`: a path on each line, to be committed. On
another machine `git data pull --for train.py` then fetches what that script needs. The script is the one that was
started, whatever module of it calls `track`; in a notebook it is the notebook, as far as Jupyter, VS Code, papermill
or nbconvert tell its name, or else as `notebook("analysis.ipynb")` does. Recording never makes a script fail.

    GIT_DATA_OFFLINE=1    nothing is fetched; what is missing is named in the error
    GIT_DATA_RECORD=0     nothing is recorded

Everything may be called from several threads, and from the workers of a DataLoader. The settings are git data's own:
remotes and credentials are read where `git data pull` reads them, and nothing of yours is written.
"""

import builtins
import json
import os

from . import _uses
from ._files import fill, locate
from ._git import DataError, is_on, replace
from ._revisions import at_revision
from ._uses import record

__all__ = ["DataError", "metrics", "notebook", "open", "params", "track"]
__version__ = "0.1.0"


def track(path, revision=None, offline=None):
    """The absolute path of a file or folder whose data is there, fetched if need be.

    `revision`: a tag, branch or commit, for the data as it was there: a read-only file of the same name outside the
    worktree. `offline`: fetch nothing; by default what GIT_DATA_OFFLINE says. Raises DataError.
    """
    given = os.fsdecode(path)
    if not given:
        raise DataError("an empty path names no data")
    offline = is_on("GIT_DATA_OFFLINE") if offline is None else offline
    if revision is not None:
        return at_revision(given, str(revision), offline)
    found = locate(given)
    record(found)
    fill(found, offline)
    return found


def open(path, mode="r", *arguments, revision=None, offline=None, **options):
    """`open()` of a tracked file, for reading."""
    if set(mode) & set("wax+"):
        raise ValueError("git_data.open only reads; what is written goes through open()")
    return builtins.open(track(path, revision, offline), mode, *arguments, **options)


def notebook(path):
    """Says which notebook this is, where that cannot be found out: `notebook("analysis.ipynb")`; None takes it back."""
    file = None if path is None else os.path.realpath(os.fsdecode(path))
    if file and not os.path.isfile(file):
        raise DataError("there is no notebook '%s'" % file)
    _uses.notebook = file


def params(path="params.json"):
    """The parameters in a JSON or TOML file, which counts as used."""
    file = track(path)
    try:
        if not file.endswith(".toml"):
            with builtins.open(file, encoding="utf-8") as stream:
                return json.load(stream)
        try:
            import tomllib
        except ImportError:
            import tomli as tomllib
        with builtins.open(file, "rb") as stream:
            return tomllib.load(stream)
    except ImportError:
        raise DataError("Python reads TOML from 3.11 on; '%s' is TOML" % path, hints=["pip install tomli"]) from None
    except ValueError as error:
        raise DataError("'%s' cannot be read: %s" % (path, error)) from None


def metrics(values, path):
    """Writes metrics as JSON that has the same bytes for the same values; readers see the old file or the new one.

    NumPy's numbers are taken as numbers; NaN and infinities, which JSON does not have, as text.
    """
    file = os.path.abspath(os.fsdecode(path))
    text = json.dumps(_plain(values), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    os.makedirs(os.path.dirname(file), exist_ok=True)
    replace(file, text.encode("utf-8"))


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if not isinstance(value, (str, int, float, bool, type(None))) and hasattr(value, "tolist"):
        return _plain(value.tolist())
    return value
