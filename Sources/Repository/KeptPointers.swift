import Git
import Platform
import Pointer

extension Repository {
    /// The pointers that somebody works with now: those of HEAD and the index of every worktree, of the
    /// stash, and of an operation that is under way.
    package func pointersInUse() throws(RepositoryError) -> [PointerFile] {
        var used: [PointerFile] = []
        for worktree in try worktrees() {
            let git = try asking { () throws(GitError) in try Git(in: worktree, worktree: worktree, isolated: true) }
            used += try pointers(among: try asking { () throws(GitError) in try git.indexEntries() })
            for name in ["HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"] as [BytePath] {
                guard let commit = try asking({ () throws(GitError) in try git.resolve(name) }) else { continue }
                used += try treePointers(BytePath(bytes: commit.hex))
            }
        }
        let stashes = try asking { () throws(GitError) in
            // Without a stash there is no such ref, and Git says so.
            try git().run(["rev-list", "--walk-reflogs", "--ignore-missing", "refs/stash", "--"])
        }
        for stash in stashes.status == 0 ? stashes.lines : [] { used += try treePointers(stash) }
        return used
    }

    /// The tops of the worktrees that are there; a bare repository has none.
    package func worktrees() throws(RepositoryError) -> [BytePath] {
        let answer = try asking { () throws(GitError) in try git().query(["worktree", "list", "--porcelain"]) }
        var tops: [BytePath] = []
        for block in answer.output.split(separator: UInt8(ascii: "\n")) {
            let prefix = Array("worktree ".utf8)
            if block.starts(with: prefix) { tops.append(BytePath(bytes: block.dropFirst(prefix.count))) }
            if block.elementsEqual("bare".utf8) { tops.removeLast() }
        }
        return tops.filter(\.isFolder)
    }
}
