import Diagnostics
import Digest
import ObjectStore
import Platform
import Repository
import Transfer

/// `git data prune`: frees the space of blobs that a data remote has.
struct PruneCommand: Command {
    static let declaration = Declaration(
        "prune", group: .keeping, summary: "delete local blobs that are not in use and that the data remote has",
        description: """
            In use is what the index, HEAD and the stash of any worktree name. Everything else is deleted from \
            the local store once the data remote, asked now, says that it has it, with its size; what it lacks \
            is kept, so that no last copy is ever deleted. `git data fetch` brings a blob back.
            """,
        options: [DownloadOptions.remote, CommonOptions.dryRun],
        examples: [Example("git data prune --dry-run --verbose", "see what would go")], seeAlso: ["fsck", "fetch"])

    /// What crashed processes left behind is swept after this many seconds: two weeks, as in git-gc(1).
    private static let leftoverAge: Int64 = 14 * 24 * 3600

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let store = try repository.store()
        guard try repository.settings().store == nil else {
            throw CommandFailure(
                "the store '\(store.folder)' is shared (data.store); what other clones use of it is not known here",
                kept: "all of it")
        }
        let isDryRun = arguments[CommonOptions.dryRun]
        if !isDryRun { try store.sweepIncoming(olderThan: leftoverAge) }
        let candidates = try unused(repository, store)
        guard !candidates.isEmpty else {
            context.output.message("Nothing to delete: every local blob is in use.")
            return .success
        }
        let remote = if let name = arguments[DownloadOptions.remote] {
            try repository.dataRemote(named: name)
        } else {
            try repository.dataRemote()
        }
        try refuseOwnStore(remote, store)
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        let safe = try session.existing(matching: candidates.map { TransferItem(oid: $0.oid, byteCount: $0.byteCount) })
        var freed = Int64(0)
        for blob in candidates where safe.contains(blob.oid) {
            if isDryRun || context.output.isVerbose { context.output.line("\(blob.oid) \(blob.byteCount)") }
            if !isDryRun { try store.remove(blob.oid) }
            freed += blob.byteCount
        }
        let what = "\(Count.blobs(safe.count)), \(ByteCountText.format(freed))"
        context.output.message(isDryRun ? "would delete \(what)" : "Deleted \(what).")
        report(kept: candidates.filter { !safe.contains($0.oid) }, remote, context.output)
        return .success
    }

    private static func unused(_ repository: Repository, _ store: ObjectStore) throws -> [ObjectStore.Entry] {
        let used = Set(try repository.pointersInUse().map(\.pointer.oid))
        var unused: [ObjectStore.Entry] = []
        try store.forEachEntry { entry in
            if !used.contains(entry.oid) { unused.append(entry) }
        }
        return unused
    }

    /// A store that is its own remote would vouch for what is about to be deleted.
    private static func refuseOwnStore(_ remote: DataRemote, _ store: ObjectStore) throws {
        guard let folder = DataRemote.folder(remote.url) else { return }
        for (theirs, ours) in [(folder, store.folder), (folder / "objects", store.objects)] {
            guard let one = try theirs.status(followingLinks: true), let other = try ours.status(followingLinks: true),
                one.device == other.device, one.inode == other.inode
            else { continue }
            throw CommandFailure(
                "data remote '\(remote.name)' is this repository's own store", kept: "all of it",
                hints: ["git data prune --remote NAME"])
        }
    }

    private static func report(kept: [ObjectStore.Entry], _ remote: DataRemote, _ output: Output) {
        guard !kept.isEmpty else { return }
        let total = kept.reduce(Int64(0)) { $0 + $1.byteCount }
        output.message("Kept \(Count.blobs(kept.count)) (\(ByteCountText.format(total))) that '\(remote.name)' does not have.")
        for blob in kept { output.detail("\t\(blob.oid) \(blob.byteCount)") }
        output.message("hint: git data push --all")
    }
}
