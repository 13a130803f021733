"""Files of another revision, outside of the worktree: data as links to their blobs, anything else as Git has it."""

import atexit
import os
import re
import shlex
import shutil
import tempfile

from ._files import elsewhere, failure, filling, join
from ._git import DataError, command, git, replace
from ._uses import record

_known = {}
_scratch = None


def at_revision(given, revision, offline):
    """The path of a file or folder as it was in a revision: a link or a read-only file, outside of the worktree."""
    here, found = join(os.getcwd(), given), {}
    for path in [here] + elsewhere(given):
        top, asked = _place(path)
        if top is None:
            continue
        commit = _commit(top, revision)
        known = _known.get((top, commit, asked))
        if known and os.path.exists(known):
            return known
        name, entries = _entries(top, commit, asked)
        if entries:
            found[top, name] = (commit, asked, entries)
            if path == here:
                break
    if not found:
        raise DataError("there is no '%s' in revision '%s'" % (given, revision))
    if len(found) > 1:
        names = sorted(name for _, name in found)
        raise DataError("'%s' is ambiguous: in revision '%s' it could be any of '%s'" % (given, revision, "', '".join(names)))
    for (top, name), (commit, asked, entries) in found.items():
        record(os.path.join(top, name), revision)
        with filling:
            _known[top, commit, asked] = _written_out(top, commit, name, entries, revision, offline)
        return _known[top, commit, asked]


def _place(path):
    """The worktree that a path is in and the path from its top, by the names alone: links may have led elsewhere then."""
    folder, names = os.path.normpath(path), []
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, name = os.path.split(folder)
        if not name:
            return None, None
        names.insert(0, name)
    return os.path.realpath(folder), os.path.join(*names) if names else "."


def _commit(top, revision):
    answer = git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
    lines = os.fsdecode(answer.stdout).splitlines()
    if answer.returncode != 0 or not lines:
        raise DataError("'%s' is no revision of the repository at '%s'" % (revision, top), hints=["git fetch --tags"])
    return lines[-1]


def _entries(top, commit, name):
    """What a commit has at a path, and the path; where it is a link, of what that leads to."""
    for _ in range(8):
        names = ["--"] + ([] if name == "." else [name])
        listing = git(top, "--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, *names).stdout
        entries = [record.split(b"\t", 1) for record in listing.split(b"\0") if record]
        if len(entries) != 1 or entries[0][1] != os.fsencode(name) or not entries[0][0].startswith(b"120000 "):
            return name, entries
        target = os.fsdecode(git(top, "cat-file", "blob", entries[0][0].split(b" ")[2]).stdout)
        name = os.path.normpath(os.path.join(os.path.dirname(name), target))
        if os.path.isabs(name) or name.split(os.sep)[0] == os.pardir:
            break
    raise DataError("'%s' is a link that leads out of revision '%s'" % (name, commit))


def _written_out(top, commit, name, entries, revision, offline):
    run = git(top, "data", "locate", "--revision", commit, *(["--local"] if offline else []), "--", name)
    answer = run.stdout.split(b"\0")
    places = {record[65:]: place for record, place in zip(answer[0::2], answer[1::2])}
    if run.returncode != 0:
        lacking = re.findall(r"^\t(.*?)(?: \(.*\))?$", os.fsdecode(run.stderr), re.MULTILINE) or [name]
        hint = command(top, "data", "fetch", "--revision", shlex.quote(revision), name)
        raise failure(run, lacking, offline, hint, kept=None)
    wanted = os.fsencode(name)
    is_file = len(entries) == 1 and entries[0][1] == wanted
    # What Git calls the content, so that the same content is there once.
    content = entries[0][0].split(b" ")[2] if is_file else git(top, "rev-parse", commit + ":" + name.lstrip(".")).stdout
    base = os.path.join(_cache(top), os.fsdecode(content.strip()))
    target = os.path.join(base, os.path.basename(top if name == "." else name))
    plain = []
    for description, path in entries:
        mode, _, oid = description.split(b" ")
        below = path if name == "." else path[len(wanted):].lstrip(b"/")
        file = os.path.join(target, os.fsdecode(below)) if below else target
        os.makedirs(os.path.dirname(file), exist_ok=True)
        if path in places:
            _link(os.fsdecode(places[path]), file)
        elif mode != b"160000" and b"\n" not in path:
            plain.append((oid + b" " + path, mode == b"120000", file))
    _write(top, plain)
    return target


def _write(top, plain):
    """Writes what Git itself holds, as a checkout would, all with one process."""
    asked = b"".join(question + b"\n" for question, _, _ in plain)
    answer = git(top, "cat-file", "--batch", "--filters", data=asked).stdout if plain else b""
    start = 0
    for question, is_link, file in plain:
        end = answer.index(b"\n", start)
        size = answer[start:end].split(b" ")[-1]
        if not size.isdigit():
            raise DataError("Git has no content for '%s'" % os.fsdecode(question[41:]), hints=["git fsck"])
        content = answer[end + 1:end + 1 + int(size)]
        start = end + 2 + int(size)
        if is_link:
            _link(os.fsdecode(content), file)
        else:
            replace(file, content, 0o444)


def _cache(top):
    """Where files of other revisions are: in Git's own folder, or where that is read-only in one of this process."""
    global _scratch
    common = os.fsdecode(git(top, "rev-parse", "--git-common-dir").stdout).rstrip("\n")
    folder = os.path.join(top, common, "data", "revisions")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        pass
    if os.access(folder, os.W_OK):
        return os.path.realpath(folder)
    if _scratch is None:
        _scratch = tempfile.mkdtemp(prefix="git-data-")
        atexit.register(_remove_scratch, os.getpid(), _scratch)
    return _scratch


def _remove_scratch(owner, folder):
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _link(target, file):
    if os.path.islink(file) and os.readlink(file) == target:
        return
    temporary = "%s.%d.%s" % (file, os.getpid(), os.urandom(4).hex())
    os.symlink(target, temporary)
    os.replace(temporary, file)
