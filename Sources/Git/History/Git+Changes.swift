import Platform

/// A file that differs between two trees.
package struct TreeChange: Equatable, Sendable {
    package let path: BytePath
    /// The mode in the new tree; `000000` where it is not there.
    package let mode: String
    /// nil where it was not there.
    package let old: GitObjectName?
    /// nil where it is not there any more.
    package let new: GitObjectName?
}

/// A file of the worktree that differs from the index.
package struct WorktreeChange: Equatable, Sendable {
    package let path: BytePath
    /// What the index has.
    package let indexed: GitObjectName
    /// Whether the file is there and of the same kind, with other content.
    package let isContentAlone: Bool
}

extension Git {
    /// Calls `body` with the files that differ between two commits or trees, so many at once in the order of their paths.
    package func forEachTreeChangePortion(
        from old: GitObjectName, to new: BytePath, of count: Int, _ body: ([TreeChange]) throws(GitError) -> Void
    ) throws(GitError) {
        let question: [BytePath] = ["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", BytePath(bytes: old.hex), new]
        try forEachPortion(ofRawChanges: question, count, body) { fields, path throws(GitError) in
            guard let before = GitObjectName(hex: fields[2]), let after = GitObjectName(hex: fields[3]) else {
                throw .unexpected(command: "git diff-tree", answer: path.description)
            }
            return TreeChange(
                path: path, mode: String(decoding: fields[1], as: UTF8.self), old: before.isNull ? nil : before,
                new: after.isNull ? nil : after)
        }
    }

    /// Calls `body` with the files of the worktree that differ from the index, as Git sees them through its filters, so many
    /// at once in the order of their paths.
    package func forEachWorktreeChangePortion(
        of count: Int, _ body: ([WorktreeChange]) throws(GitError) -> Void
    ) throws(GitError) {
        let question: [BytePath] = ["diff-files", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules"]
        try forEachPortion(ofRawChanges: question, count, body) { fields, path throws(GitError) in
            guard let indexed = GitObjectName(hex: fields[2]) else {
                throw .unexpected(command: "git diff-files", answer: path.description)
            }
            let isContentAlone = fields[0] == fields[1] && fields[4].elementsEqual("M".utf8)
            return WorktreeChange(path: path, indexed: indexed, isContentAlone: isContentAlone)
        }
    }

    /// Whether the index has just the files of a commit.
    package func indexIs(_ commit: GitObjectName) throws(GitError) -> Bool {
        let arguments: [BytePath] = ["diff-index", "--cached", "--quiet", "--ignore-submodules"]
        return try run(arguments + [BytePath(bytes: commit.hex), "--"]).status == 0
    }

    /// - Parameter change: makes a change of `:<mode> <mode> <name> <name> <letter>`, and of the path that follows.
    private func forEachPortion<Change>(
        ofRawChanges question: [BytePath], _ count: Int, _ body: ([Change]) throws(GitError) -> Void,
        reading change: ([ArraySlice<UInt8>], BytePath) throws(GitError) -> Change
    ) throws(GitError) {
        var portion: [Change] = []
        var head: [UInt8]?
        try forEachRecord(of: question, endingWith: 0) { record throws(GitError) in
            guard let known = head.take() else {
                head = record
                return
            }
            let fields = known.dropFirst().split(separator: UInt8(ascii: " "))
            guard fields.count == 5 else {
                throw .unexpected(command: Git.name(question), answer: String(decoding: known, as: UTF8.self))
            }
            portion.append(try change(fields, BytePath(bytes: record)))
            guard portion.count >= count else { return }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }
}
