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
    /// The files that differ between two commits or trees.
    package func treeChanges(from old: GitObjectName, to new: BytePath) throws(GitError) -> [TreeChange] {
        let answer = try query(["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", BytePath(bytes: old.hex), new])
        return try Self.rawChanges(answer, command: "git diff-tree").map { fields, path throws(GitError) in
            guard let before = GitObjectName(hex: fields[2]), let after = GitObjectName(hex: fields[3]) else {
                throw .unexpected(command: "git diff-tree", answer: path.description)
            }
            return TreeChange(
                path: path, mode: String(decoding: fields[1], as: UTF8.self), old: before.isNull ? nil : before,
                new: after.isNull ? nil : after)
        }
    }

    /// The files of the worktree that differ from the index, as Git sees them through its filters.
    package func worktreeChanges() throws(GitError) -> [WorktreeChange] {
        let answer = try query(["diff-files", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules"])
        return try Self.rawChanges(answer, command: "git diff-files").map { fields, path throws(GitError) in
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

    /// `:<mode> <mode> <name> <name> <letter>`, then the path.
    private static func rawChanges(
        _ answer: Answer, command: String
    ) throws(GitError) -> [(fields: [ArraySlice<UInt8>], path: BytePath)] {
        var changes: [([ArraySlice<UInt8>], BytePath)] = []
        var records = answer.records[...]
        while let head = records.popFirst(), let path = records.popFirst() {
            let fields = head.bytes.dropFirst().split(separator: UInt8(ascii: " "))
            guard fields.count == 5 else { throw .unexpected(command: command, answer: head.description) }
            changes.append((fields, path))
        }
        return changes
    }
}
