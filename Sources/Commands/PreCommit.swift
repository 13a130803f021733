import Diagnostics
import Git
import Platform
import Pointer
import Repository

/// The pre-commit hook: what is staged under a data attribute is a pointer, and a whole one.
struct PreCommit {
    let context: CommandContext
    let repository: Repository

    /// Files of other kinds above this are pointed out.
    private static let largeByteCount = 10 << 20

    func run() throws -> ExitCode {
        let staged = try stagedEntries()
        guard !staged.isEmpty else { return .success }
        let filters = try repository.git().attribute("filter", of: staged.map(\.path), cached: true)
        let sizes = try byteCounts(staged)
        let data = staged.filter { filters[$0.path] == "data" }
        warnOfLarge(staged.filter { filters[$0.path] == nil && sizes[$0.name, default: 0] >= Self.largeByteCount }, sizes)
        guard !data.isEmpty else { return .success }
        let pointers = Set(try repository.pointers(among: data).map(\.path))
        let rest = data.filter { !pointers.contains($0.path) && sizes[$0.name, default: 0] > 0 }
        let problems = try rest.compactMap { try problem($0, byteCount: sizes[$0.name, default: 0]) }
        guard !problems.isEmpty else { return .success }
        context.output.error(
            Explanation(
                "\(Count.files(problems.count)) of data staged without the filter:\n"
                    + problems.map { "\t\($0.path) (\($0.what))" }.joined(separator: "\n"),
                kept: "the files and what is staged; nothing was committed",
                hints: ["git add --renormalize \(problems.map { "'\($0.path)'" }.joined(separator: " "))"]))
        return .failure
    }

    /// What is wrong with an entry that has the data attribute and is no pointer; nil for small text that
    /// may stay in Git.
    private func problem(_ entry: IndexEntry, byteCount: Int) throws -> (path: BytePath, what: String)? {
        let settings = try repository.settings()
        if byteCount < max(Pointer.maximumTextByteCount, Int(settings.minimumByteCount)),
            let content = try repository.git().blob(BytePath(bytes: entry.name.hex))
        {
            if Self.hasConflictMarkers(content) { return (entry.path, "conflict markers inside a pointer") }
            if case .foreignPointer = Pointer.recognize(content) { return nil }
            if byteCount < Int(settings.minimumByteCount), !content.prefix(8000).contains(0) { return nil }
        }
        return (entry.path, "\(ByteCountText.format(Int64(byteCount))) of raw content")
    }

    static func hasConflictMarkers(_ content: [UInt8]) -> Bool {
        let lines = content.split(separator: UInt8(ascii: "\n"))
        return lines.contains { $0.starts(with: "<<<<<<<".utf8) } && lines.contains { $0.starts(with: ">>>>>>>".utf8) }
            && lines.contains { $0.starts(with: "oid sha256:".utf8) }
    }

    private func warnOfLarge(_ entries: [IndexEntry], _ sizes: [GitObjectName: Int]) {
        for entry in entries {
            let size = ByteCountText.format(Int64(sizes[entry.name, default: 0]))
            context.output.warning("'\(entry.path)' (\(size)) goes into Git itself")
            context.output.message("hint: git data track --filename '\(entry.path)' && git add --renormalize '\(entry.path)'")
        }
    }

    /// The regular files that the commit adds or changes.
    private func stagedEntries() throws -> [IndexEntry] {
        let git = try repository.git()
        let head = try git.resolve("HEAD").map { BytePath(bytes: $0.hex) }
        // Git's empty tree stands in for the parent of a first commit.
        let parent = try head ?? git.query(["hash-object", "-t", "tree", "/dev/null"]).line
        let names = try git.query(["diff-index", "--cached", "--name-only", "--diff-filter=AMT", "-z", parent]).records
        let changed = Set(names)
        guard !changed.isEmpty else { return [] }
        return try git.indexEntries().filter { $0.isRegularFile && $0.stage == 0 && changed.contains($0.path) }
    }

    private func byteCounts(_ entries: [IndexEntry]) throws -> [GitObjectName: Int] {
        let input = entries.map { $0.name.hex + [UInt8(ascii: "\n")] }.joined()
        let answer = try repository.git().query(
            ["cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer"], input: Array(input))
        var counts: [GitObjectName: Int] = [:]
        for line in answer.lines {
            let fields = line.bytes.split(separator: UInt8(ascii: " "))
            guard fields.count == 2, let name = GitObjectName(hex: fields[0]) else { continue }
            counts[name] = Int(String(decoding: fields[1], as: UTF8.self))
        }
        return counts
    }
}
