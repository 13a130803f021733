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
            // Of the others, git gc may have taken the commit away that they name.
            let names: [BytePath] = [
                "HEAD", "ORIG_HEAD^{commit}", "MERGE_HEAD^{commit}", "CHERRY_PICK_HEAD^{commit}", "REVERT_HEAD^{commit}",
                "REBASE_HEAD^{commit}",
            ]
            for name in names {
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
        let listing: [BytePath] = ["worktree", "list", "--porcelain"]
        let lines = try asking { () throws(GitError) -> [ArraySlice<UInt8>] in
            // Gits before 2.36 end each line with a newline only.
            let answer = try git().run(listing + ["-z"])
            if answer.status == 0 { return answer.output.split(separator: 0) }
            return try git().query(listing).output.split(separator: UInt8(ascii: "\n"))
        }
        let prefix = Array("worktree ".utf8)
        var tops: [BytePath] = []
        for line in lines {
            if line.starts(with: prefix) { tops.append(BytePath(bytes: line.dropFirst(prefix.count))) }
            if line.elementsEqual("bare".utf8) { tops.removeLast() }
        }
        return tops.filter(\.isFolder)
    }
}
