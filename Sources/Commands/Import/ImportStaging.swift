import Diagnostics
import Digest
import Git
import Lineage
import Platform
import Repository

/// Gives Git what was imported, as data where it is large or binary, and leaves the recipe and the record.
struct ImportStaging {
    let context: CommandContext
    let repository: Repository
    let order: ImportOrder

    /// Stages the files.
    /// - Returns: what identifies the output now.
    func stage(_ paths: [BytePath], removed: [BytePath]) throws -> ContentID {
        let git = try repository.git()
        try OutputTracking(context: context, repository: repository).track(paths, of: [order.output])
        if !removed.isEmpty { try git.change(["--literal-pathspecs", "rm", "--cached", "--quiet", "--ignore-unmatch", "--"] + removed) }
        try add(paths, git)
        return try contentID()
    }

    private func add(_ paths: [BytePath], _ git: Git) throws {
        var input: [UInt8] = []
        for path in paths { input += path.bytes + [0] }
        // Who imports a file wants it, whatever is ignored.
        try git.change(
            ["--literal-pathspecs", "add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"], input: input)
    }

    /// By what the index has.
    func contentID() throws -> ContentID {
        let entries = try repository.git().indexEntries([order.output]).filter { $0.stage == 0 }
        let pointers = try repository.pointers(among: entries)
        let oids = Dictionary(pointers.map { ($0.path, $0.pointer.oid) }) { first, _ in first }
        let files = entries.map { entry in
            (path: entry.path, id: oids[entry.path].map { ContentID.blob($0) } ?? ContentID.git(entry.name))
        }
        if let only = files.first, files.count == 1, only.path == order.output { return only.id }
        return .folder(files.map { (path: ($0.path.relative(to: order.output) ?? $0.path).bytes, id: $0.id) })
    }

    // MARK: recipe and record

    /// Writes and stages both.
    func leaveRecord(_ record: RunRecord) throws {
        try StageWriter(context: context, repository: repository).write(order.stage, record)
    }
}
