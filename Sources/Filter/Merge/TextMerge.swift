import Git
import Platform

/// The merge of three texts by Git's own hand, on files.
struct TextMerge: ~Copyable {
    /// A merged text, which is there as long as the merge is.
    struct Result {
        let file: BytePath
        let conflictCount: Int
    }

    private let git: Git
    private let base: BytePath
    private let ours: BytePath
    private let theirs: BytePath
    private let merged: TemporaryFile
    private let marked: TemporaryFile
    private let appended: TemporaryFile

    /// - Parameter folder: where results lie.
    init(git: Git, folder: BytePath, base: BytePath, ours: BytePath, theirs: BytePath) throws(SystemError) {
        let merged = try TemporaryFile(in: folder, prefix: Self.prefix, permissions: 0o600)
        let marked = try TemporaryFile(in: folder, prefix: Self.prefix, permissions: 0o600)
        let appended = try TemporaryFile(in: folder, prefix: Self.prefix, permissions: 0o600)
        (self.git, self.base, self.ours, self.theirs) = (git, base, ours, theirs)
        self.merged = merged
        self.marked = marked
        self.appended = appended
    }

    private static let prefix = "merge-"

    /// Merges with the user's conflict style, which Git reads by itself.
    func run(markerSize: Int) throws -> Result {
        let options: [BytePath] = [
            BytePath("--marker-size=\(max(1, markerSize))"), "-L", "ours", "-L", "base", "-L", Self.theirName,
        ]
        return Result(file: merged.path, conflictCount: try merge(into: merged, options))
    }

    /// Runs Git on a copy of our version, which it overwrites.
    /// - Returns: the number of conflicts; for very many, the most that an exit status can say.
    private func merge(into result: borrowing TemporaryFile, _ options: [BytePath]) throws -> Int {
        try copy(ours, to: result.descriptor)
        let answer = try git.run(["merge-file", "-q"] + options + ["--", result.path, base, theirs])
        guard (0...127).contains(answer.status) else {
            throw GitError.failed(command: "git merge-file", status: answer.status, message: answer.message)
        }
        return Int(answer.status)
    }

    private func copy(_ source: BytePath, to output: borrowing Descriptor) throws {
        let reader = ByteReader(try Descriptor.open(source, .read), bufferSize: 1 << 18)
        if output.share(contentOf: reader.descriptor) { return }
        try reader.forEachPiece { try output.write($0) }
    }

    /// What Git calls the commit that is merged, for the markers.
    private static var theirName: BytePath {
        let prefix = Array("GITHEAD_".utf8)
        let names = Environment.all.filter { $0.starts(with: prefix) }.map { entry in
            BytePath(bytes: entry.drop { $0 != UInt8(ascii: "=") }.dropFirst())
        }
        return names.count == 1 ? names[0] : "theirs"
    }

    // MARK: rows at the end

    /// Merges text in which the sides disagree about nothing but what comes at the end, where each added rows:
    /// ours, then theirs.
    /// - Returns: nil where it is not so, or a row of one side may be one of the other's.
    func appendRows(_ format: RowFormat) throws -> BytePath? {
        // Markers that no data has.
        let label = BytePath("git data " + String(UInt64.random(in: .min ... .max), radix: 36))
        let size = 43
        let labels: [BytePath] = ["-L", label, "-L", label, "-L", label]
        guard try merge(into: marked, ["--diff3", BytePath("--marker-size=\(size)")] + labels) == 1 else { return nil }
        var rows = AppendedRows(markerSize: size, label: label)
        let reader = ByteReader(try Descriptor.open(marked.path, .read), bufferSize: 1 << 18)
        while let line = try reader.read(until: UInt8(ascii: "\n")) {
            guard rows.take(line) else { return nil }
        }
        guard let start = rows.start, rows.isComplete, try format.areDistinct(rows.ours, rows.theirs, base: base) else {
            return nil
        }
        try writeRows(rows, behind: start)
        return appended.path
    }

    private func writeRows(_ rows: AppendedRows, behind start: Int64) throws(SystemError) {
        let output = ByteWriter(try Descriptor.open(appended.path, .write), bufferSize: 1 << 18)
        let reader = ByteReader(try Descriptor.open(marked.path, .read), bufferSize: 1 << 18)
        var rest = start
        while rest > 0 {
            let piece = try reader.readSome(limit: Int(clamping: rest))
            if piece.isEmpty { break }
            try output.write(piece)
            rest -= Int64(piece.count)
        }
        for row in rows.ours + rows.theirs {
            try output.write(row)
            try output.write([UInt8(ascii: "\n")])
        }
        try output.flush()
    }
}
