import Digest
import Git
import Platform
import Pointer
import Repository

/// What commits have brought of records, environments and data files.
///
/// Where the time goes: one walk of Git over the commits, and one reading of the blobs that it names.
package struct LineageHistory: Sendable {
    package struct Commit: Sendable {
        package let name: GitObjectName
        /// Of the committer, in seconds since 1970.
        package let time: Int64
        /// The first line of its message.
        package let subject: BytePath
    }

    /// Newest first, without those that brought nothing of the kind.
    package private(set) var commits: [Commit] = []
    /// The records that can be read, each with its commit's position in `commits`, newest first.
    package private(set) var records: [StageName: [(commit: Int, record: RunRecord)]] = [:]
    /// The versions of data files likewise.
    package private(set) var pointers: [BytePath: [(commit: Int, pointer: Pointer)]] = [:]
    /// What records name as their environment, as JSON of any shape.
    package private(set) var environments: [ObjectID: JSONValue] = [:]

    private static let environmentByteLimit = 4 << 20

    /// - Parameters:
    ///   - revisions: names of commits, those that are left out behind `^`. None: nothing is found.
    ///   - files: those data files whose versions are wanted, from the top of the worktree.
    package init(_ repository: Repository, revisions: [BytePath], files: [BytePath]) throws(LineageError) {
        guard !revisions.isEmpty else { return }
        let arguments: [BytePath] = [
            "--literal-pathspecs", "log", "--no-renames", "--no-show-signature", "--format=commit %H %ct %s", "--raw",
            "--no-abbrev", "-z", "--diff-merges=first-parent",
        ]
        let log = try Lineage.git { () throws(GitError) in
            try repository.git().run(arguments + revisions + ["--", StageName.folder] + files)
        }
        let changes = read(log.status == 0 ? log.output : [])
        try readContents(changes, repository)
    }

    private struct Change {
        let commit: Int
        let path: BytePath
        let blob: GitObjectName
    }

    /// `commit <name> <time> <subject>` NUL or LF, then for each file `:<mode> <mode> <name> <name> <letter>` NUL `<path>` NUL.
    private mutating func read(_ output: [UInt8]) -> [Change] {
        var changes: [Change] = []
        var blob: GitObjectName?
        for record in output.split(separator: 0) {
            var record = record.drop { $0 == UInt8(ascii: "\n") }
            // Behind such a line a path stands, which may begin with anything.
            if let found = blob {
                blob = nil
                if !found.isNull { changes.append(Change(commit: commits.count - 1, path: BytePath(bytes: record), blob: found)) }
                continue
            }
            if record.starts(with: "commit ".utf8) {
                let line = record.prefix { $0 != UInt8(ascii: "\n") }
                let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
                if fields.count >= 3, let name = GitObjectName(hex: fields[1]) {
                    let time = Int64(String(decoding: fields[2], as: UTF8.self)) ?? 0
                    commits.append(Commit(name: name, time: time, subject: BytePath(bytes: fields.count > 3 ? fields[3] : [])))
                }
                record = record[line.endIndex...].drop { $0 == UInt8(ascii: "\n") }
            }
            if record.first == UInt8(ascii: ":") {
                let fields = record.split(separator: UInt8(ascii: " "))
                blob = fields.count == 5 ? GitObjectName(hex: fields[3]) : nil
            }
        }
        return changes
    }

    private mutating func readContents(_ changes: [Change], _ repository: Repository) throws(LineageError) {
        var places: [GitObjectName: BytePath] = [:]
        for change in changes { places[change.blob] = change.path }
        var runs: [GitObjectName: RunRecord] = [:]
        var found: [GitObjectName: Pointer] = [:]
        var known: [ObjectID: JSONValue] = [:]
        try Lineage.git { () throws(GitError) in
            try repository.git().forEachBlob(Array(places.keys), shorterThan: StageFiles.recordByteLimit) { blob, content in
                guard let path = places[blob] else { return }
                if StageName(recordFile: path) != nil {
                    // One with a conflict in it has been committed: what it says is not known.
                    runs[blob] = try? RunRecord(content, file: path)
                } else if let id = Self.environment(at: path), content.count < Self.environmentByteLimit {
                    known[id] = JSONValue(json: content)
                } else if case .pointer(let pointer) = Pointer.recognize(content) {
                    found[blob] = pointer
                }
            }
        }
        environments = known
        for change in changes {
            if let name = StageName(recordFile: change.path), let record = runs[change.blob] {
                records[name, default: []].append((change.commit, record))
            } else if let pointer = found[change.blob] {
                pointers[change.path, default: []].append((change.commit, pointer))
            }
        }
    }

    /// The name of a file `lineage/environments/<digest>.json`.
    private static func environment(at path: BytePath) -> ObjectID? {
        let prefix = "\(StageName.folder)/environments/"
        guard path.isUTF8, path.text.hasPrefix(prefix), path.text.hasSuffix(".json") else { return nil }
        return ObjectID(String(path.text.dropFirst(prefix.count).dropLast(".json".count)))
    }
}
