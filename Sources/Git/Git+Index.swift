import Platform

/// One entry of the index.
package struct IndexEntry: Equatable, Sendable {
    package let name: GitObjectName
    private let shortStage: UInt8
    private let modeBits: UInt32
    /// From the top of the worktree.
    package let path: BytePath

    package init(mode: String, name: GitObjectName, stage: Int, path: BytePath) {
        self.init(modeBits: UInt32(mode, radix: 8) ?? 0, name: name, stage: UInt8(truncatingIfNeeded: stage), path: path)
    }

    init(modeBits: UInt32, name: GitObjectName, stage: UInt8, path: BytePath) {
        self.modeBits = modeBits
        self.name = name
        shortStage = stage
        self.path = path
    }

    /// The file's mode in octal digits: `100644`, `100755`, `120000` for links, `160000` for submodules.
    package var mode: String {
        let digits = String(modeBits, radix: 8)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// 0, or 1 to 3 for the sides of a conflict: base, ours, theirs.
    package var stage: Int { Int(shortStage) }

    package var isRegularFile: Bool { modeBits & 0o170000 == 0o100000 }
}

extension Git {
    /// The entries of the index, for the paths (literal, from the top of the worktree) or for all.
    /// Git must work at the top of the worktree.
    package func indexEntries(_ paths: [BytePath] = []) throws(GitError) -> [IndexEntry] {
        var entries: [IndexEntry] = []
        try forEachIndexEntry(paths) { entries.append($0) }
        return entries
    }

    /// Calls `body` for each of the entries that `indexEntries` would give.
    package func forEachIndexEntry(
        _ paths: [BytePath] = [], _ body: (IndexEntry) throws(GitError) -> Void
    ) throws(GitError) {
        let literal: [BytePath] = ["--literal-pathspecs", "ls-files", "-s", "-z", "--full-name", "--"]
        try forEachRecord(of: literal + paths, endingWith: 0) { record throws(GitError) in
            try body(try Self.entry(BytePath(bytes: record), command: "git ls-files -s"))
        }
    }

    /// How many entries the index has, one for each side of a conflict, without those that a sparse checkout leaves out.
    package func checkedOutCount() throws(GitError) -> Int {
        var count = 0
        try forEachRecord(of: ["ls-files", "-z", "-t"], endingWith: 0) { record in
            if record.first != UInt8(ascii: "S") { count += 1 }
        }
        return count
    }

    /// The files of a tree, in the shape of index entries.
    /// - Parameters:
    ///   - revision: any name of a commit or a tree.
    ///   - paths: files and folders; all of the tree where there are none.
    package func treeEntries(_ revision: BytePath, _ paths: [BytePath] = []) throws(GitError) -> [IndexEntry] {
        let answer = try query(Self.treeListing(revision, paths))
        var entries: [IndexEntry] = []
        for record in answer.records { if let entry = try Self.treeEntry(record) { entries.append(entry) } }
        return entries
    }

    /// Calls `body` with the entries that `treeEntries` would give, so many at once.
    package func forEachTreePortion(
        _ revision: BytePath, _ paths: [BytePath] = [], of count: Int, _ body: ([IndexEntry]) throws(GitError) -> Void
    ) throws(GitError) {
        var portion: [IndexEntry] = []
        try forEachRecord(of: Self.treeListing(revision, paths), endingWith: 0) { record throws(GitError) in
            guard let entry = try Self.treeEntry(BytePath(bytes: record)) else { return }
            portion.append(entry)
            guard portion.count >= count else { return }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }

    /// Calls `body` with the regular files of the index that a tree has not, or otherwise, so many at once in the order of
    /// their paths. Files in conflict are left out.
    /// - Parameter revision: any name of a commit or a tree.
    package func forEachStagedPortion(
        since revision: BytePath, of count: Int, _ body: ([IndexEntry]) throws(GitError) -> Void
    ) throws(GitError) {
        let arguments: [BytePath] = [
            "diff-index", "--cached", "--raw", "--no-abbrev", "--no-renames", "--diff-filter=AMT", "-z", revision,
        ]
        var portion: [IndexEntry] = []
        // `:<mode> <mode> <name> <name> <letter>`, then the path.
        var head: (mode: String, name: GitObjectName)?
        try forEachRecord(of: arguments, endingWith: 0) { record throws(GitError) in
            guard let (mode, name) = head.take() else {
                let fields = record.dropFirst().split(separator: UInt8(ascii: " "))
                guard record.first == UInt8(ascii: ":"), fields.count == 5, let name = GitObjectName(hex: fields[3]) else {
                    throw .unexpected(command: "git diff-index", answer: String(decoding: record, as: UTF8.self))
                }
                head = (String(decoding: fields[1], as: UTF8.self), name)
                return
            }
            let entry = IndexEntry(mode: mode, name: name, stage: 0, path: BytePath(bytes: record))
            guard entry.isRegularFile else { return }
            portion.append(entry)
            guard portion.count >= count else { return }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }

    private static func treeListing(_ revision: BytePath, _ paths: [BytePath]) -> [BytePath] {
        ["--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", revision, "--"] + paths
    }

    /// `100644 blob <name>\t<path>`
    /// - Returns: nil for what is no file.
    private static func treeEntry(_ record: BytePath) throws(GitError) -> IndexEntry? {
        let fields = record.bytes.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard fields.count == 3 else { throw .unexpected(command: "git ls-tree", answer: record.description) }
        guard fields[1].elementsEqual("blob".utf8) else { return nil }
        let rest = fields[2].split(separator: UInt8(ascii: "\t"), maxSplits: 1)
        guard rest.count == 2, let name = GitObjectName(hex: rest[0]) else {
            throw .unexpected(command: "git ls-tree", answer: record.description)
        }
        return IndexEntry(
            mode: String(decoding: fields[0], as: UTF8.self), name: name, stage: 0, path: BytePath(bytes: rest[1]))
    }

    /// Calls `body` for the Git blobs of a tree's regular files, each path's.
    package func forEachBlobName(
        ofTree tree: GitObjectName, _ body: (GitObjectName) throws(GitError) -> Void
    ) throws(GitError) {
        // `100644 blob <name>\t<path>`; nothing else has a mode that begins so.
        let prefix = Array("100".utf8)
        let nameStart = "100644 blob ".utf8.count, nameEnd = nameStart + 2 * Int(tree.byteCount)
        let arguments: [BytePath] = ["ls-tree", "-r", "-z", "--full-tree", BytePath(bytes: tree.hex)]
        try forEachRecord(of: arguments, endingWith: 0) { record throws(GitError) in
            guard record.starts(with: prefix) else { return }
            guard nameEnd < record.count, let name = GitObjectName(hex: record[nameStart..<nameEnd]) else {
                throw .unexpected(command: "git ls-tree", answer: String(decoding: record, as: UTF8.self))
            }
            try body(name)
        }
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
        let all = try beginAttribute(name, of: paths, cached: cached).values()
        var values: [BytePath: BytePath] = [:]
        for (path, value) in zip(paths, all) where value != PendingAttribute.unset { values[path] = value }
        return values
    }

    /// As `attribute`, answered while the asker does something else.
    package func beginAttribute(_ name: String, of paths: [BytePath], cached: Bool = false) -> PendingAttribute {
        PendingAttribute(self, name, paths, isCached: cached)
    }
}

/// The values of an attribute that Git was asked for.
package final class PendingAttribute {
    /// What Git answers for an attribute that is taken away, as by `-filter`.
    package static let unset: BytePath = "unset"

    private let answer: PendingAnswer?
    private let count: Int

    fileprivate init(_ git: Git, _ name: String, _ paths: [BytePath], isCached: Bool) {
        count = paths.count
        var input: [UInt8] = []
        input.reserveCapacity(paths.reduce(0) { $0 + $1.bytes.count + 1 })
        for path in paths {
            input += path.bytes
            input.append(0)
        }
        let arguments: [BytePath] = ["check-attr", "-z", "--stdin"] + (isCached ? ["--cached"] : [])
        answer = paths.isEmpty ? nil : git.begin(arguments + [BytePath(name)], input: input)
    }

    /// Waits for Git.
    /// - Returns: one value for each path, in their order; nil where nothing is said of it, `unset` where `-name` is.
    package func values() throws(GitError) -> [BytePath?] {
        guard let output = try answer?.query().output else { return [] }
        var values: [BytePath?] = []
        values.reserveCapacity(count)
        // `<path>` NUL `<attribute>` NUL `<value>` NUL. Most paths have the same few values.
        var known: [BytePath] = []
        var field = 0
        var start = 0
        while let end = output[start...].firstIndex(of: 0) {
            if field == 2 {
                let value = output[start..<end]
                if value.elementsEqual("unspecified".utf8) {
                    values.append(nil)
                } else if let same = known.first(where: { $0.bytes[...] == value }) {
                    values.append(same)
                } else {
                    let new = BytePath(bytes: value)
                    if known.count < 8 { known.append(new) }
                    values.append(new)
                }
            }
            field = (field + 1) % 3
            start = end + 1
        }
        guard values.count == count else {
            throw .unexpected(command: "git check-attr", answer: "\(values.count) values for \(count) paths")
        }
        return values
    }
}
