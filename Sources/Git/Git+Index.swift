import Platform

/// One entry of the index.
package struct IndexEntry: Equatable, Sendable {
    /// The file's mode in octal digits: `100644`, `100755`, `120000` for links, `160000` for submodules.
    package let mode: String
    package let name: GitObjectName
    /// 0, or 1 to 3 for the sides of a conflict: base, ours, theirs.
    package let stage: Int
    /// From the top of the worktree.
    package let path: BytePath

    package init(mode: String, name: GitObjectName, stage: Int, path: BytePath) {
        self.mode = mode
        self.name = name
        self.stage = stage
        self.path = path
    }

    package var isRegularFile: Bool { mode.hasPrefix("100") }
}

extension Git {
    /// The entries of the index, for the paths (literal, from the top of the worktree) or for all.
    /// Git must work at the top of the worktree.
    package func indexEntries(_ paths: [BytePath] = []) throws(GitError) -> [IndexEntry] {
        let literal: [BytePath] = ["--literal-pathspecs", "ls-files", "-s", "-z", "--full-name", "--"]
        return try query(literal + paths).records.map { record throws(GitError) in
            try Self.entry(record, command: "git ls-files -s")
        }
    }

    /// The files of a tree, in the shape of index entries.
    /// - Parameter revision: any name of a commit or a tree.
    package func treeEntries(_ revision: BytePath) throws(GitError) -> [IndexEntry] {
        let answer = try query(["ls-tree", "-r", "-z", "--full-tree", revision])
        var entries: [IndexEntry] = []
        for record in answer.records {
            // `100644 blob <name>\t<path>`
            let fields = record.bytes.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard fields.count == 3 else { throw .unexpected(command: "git ls-tree", answer: record.description) }
            guard fields[1].elementsEqual("blob".utf8) else { continue }
            let rest = fields[2].split(separator: UInt8(ascii: "\t"), maxSplits: 1)
            guard rest.count == 2, let name = GitObjectName(hex: rest[0]) else {
                throw .unexpected(command: "git ls-tree", answer: record.description)
            }
            entries.append(
                IndexEntry(
                    mode: String(decoding: fields[0], as: UTF8.self), name: name, stage: 0,
                    path: BytePath(bytes: rest[1])))
        }
        return entries
    }

    /// `<mode> <name> <stage>\t<path>`
    static func entry(_ record: BytePath, command: String) throws(GitError) -> IndexEntry {
        let halves = record.bytes.split(separator: UInt8(ascii: "\t"), maxSplits: 1)
        let fields = (halves.first ?? []).split(separator: UInt8(ascii: " "))
        guard halves.count == 2, fields.count == 3, let name = GitObjectName(hex: fields[1]),
            let stage = Int(String(decoding: fields[2], as: UTF8.self))
        else { throw .unexpected(command: command, answer: record.description) }
        return IndexEntry(
            mode: String(decoding: fields[0], as: UTF8.self), name: name, stage: stage, path: BytePath(bytes: halves[1]))
    }

    /// The value of one attribute for each path, as Git reads `.gitattributes` of the worktree; paths
    /// for which it is not set, or unset, are left out.
    /// - Parameter cached: take `.gitattributes` from the index alone.
    package func attribute(
        _ name: String, of paths: [BytePath], cached: Bool = false
    ) throws(GitError) -> [BytePath: BytePath] {
        guard !paths.isEmpty else { return [:] }
        let input = Array(paths.map { $0.bytes + [0] }.joined())
        var arguments: [BytePath] = ["check-attr", "-z", "--stdin"]
        if cached { arguments.append("--cached") }
        arguments.append(BytePath(name))
        let records = try query(arguments, input: input).output.split(separator: 0, omittingEmptySubsequences: false)
        var values: [BytePath: BytePath] = [:]
        for position in stride(from: 0, to: records.count - 2, by: 3) {
            let value = BytePath(bytes: records[position + 2])
            if value != "unspecified" && value != "unset" {
                values[BytePath(bytes: records[position])] = value
            }
        }
        return values
    }
}
