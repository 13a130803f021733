import Digest
import Git
import Platform
import Pointer

extension Repository {
    /// The blobs that somebody works with now: those that HEAD and the index of every worktree name, the stash, and an
    /// operation that is under way.
    /// - Parameter body: called for each, once or more often.
    package func forEachBlobInUse(_ body: (ObjectID) -> Void) throws(RepositoryError) {
        var trees: Set<GitObjectName> = []
        // The same tree is read once, whoever has it.
        func addTree(_ revision: BytePath, _ git: Git) throws(RepositoryError) {
            let name = revision.adding(suffix: "^{tree}")
            let tree = try asking { () throws(GitError) in try git.resolve(name) }
            guard let tree, !trees.contains(tree) else { return }
            try complete([BytePath(bytes: tree.hex)])
            try asking { () throws(GitError) in
                let gathering = try PointerGathering(self)
                try git.forEachBlobName(ofTree: tree) { name throws(GitError) in try gathering.add(name, body) }
                try gathering.finish(body)
            }
            // Now, as one that could not be read is to be read once more.
            trees.insert(tree)
        }
        func addWorktree(_ worktree: BytePath) throws(RepositoryError) {
            let git = try asking { () throws(GitError) in try Git(in: worktree, worktree: worktree, isolated: true) }
            let isOwn = worktree == location.worktree && Environment.value("GIT_INDEX_FILE") == nil
            let gathering = try asking { () throws(GitError) in try PointerGathering(self) }
            try forEachIndexPortion(of: isOwn ? location.index : nil, git) { index throws(RepositoryError) in
                try asking { () throws(GitError) in
                    for item in index.items where item.isRegularFile { try gathering.add(item.name, body) }
                }
            }
            try asking { () throws(GitError) in try gathering.finish(body) }
            // Of the others, git gc may have taken the commit away that they name.
            for name: BytePath in ["HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"] {
                try addTree(name, git)
            }
        }
        for worktree in try worktrees() {
            for attempt in 1...Self.removalPatience.attempts {
                do throws(RepositoryError) {
                    try addWorktree(worktree)
                    break
                } catch {
                    guard attempt < Self.removalPatience.attempts else { throw error }
                    pauseAbout(Self.removalPatience.pause)
                    // One that somebody has just removed has no say.
                    if let present = try? worktrees(), !present.contains(worktree) { break }
                }
            }
        }
        let git = try asking { () throws(GitError) in try self.git() }
        let stashes = try asking { () throws(GitError) in
            // Without a stash there is no such ref, and Git says so.
            try git.run(["rev-list", "--walk-reflogs", "--ignore-missing", "refs/stash", "--"])
        }
        for stash in stashes.status == 0 ? stashes.lines : [] { try addTree(stash, git) }
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
        // One whose disk does not answer is there, and what it shows is in use.
        do throws(SystemError) {
            var present: [BytePath] = []
            for top in tops where try top.status(followingLinks: true)?.kind == .folder { present.append(top) }
            return present
        } catch {
            throw .system(error)
        }
    }
}

/// Looks up what names stand for, a batch at a time.
private final class PointerGathering {
    private let finder: PointerFinder
    private var batch: [GitObjectName] = []

    init(_ repository: Repository) throws(GitError) {
        finder = try PointerFinder(repository)
    }

    func add(_ name: GitObjectName, _ body: (ObjectID) -> Void) throws(GitError) {
        batch.append(name)
        if batch.count == PointerFinder.batchCount { try look(body) }
    }

    /// To be called behind the last name.
    func finish(_ body: (ObjectID) -> Void) throws(GitError) {
        try look(body)
        finder.finish()
    }

    private func look(_ body: (ObjectID) -> Void) throws(GitError) {
        for found in try finder.find(batch) {
            if let found { body(found.pointer.oid) }
        }
        batch.removeAll(keepingCapacity: true)
    }
}
