import Diagnostics
import ObjectStore
import Platform
import Repository
import Transfer

/// `git data prune`: frees the space of blobs that a data remote has.
struct PruneCommand: Command {
    static let recent = Value<Int>(
        "recent", "DAYS", "keep what the commits of the last DAYS days have brought; `data.pruneRecentDays`, or 7",
        parse: .wholeNumber)
    static let unreferenced = Flag(
        "unreferenced",
        "also delete blobs that no commit, index or reflog names and that are two weeks old, whether or not a remote has them")
    static let declaration = Declaration(
        "prune", group: .keeping, summary: "delete local blobs that are not in use and that the data remote has",
        description: """
            Kept is what the index, HEAD, the stash and an operation under way of any worktree name, what commits \
            name that are not pushed, and what recent commits have brought; in a shared store, for every \
            repository that uses it. Of the rest goes what the data remote, asked now, says that it has, with \
            its size; what it lacks is kept, and what `git data gc --remote` has marked there, so that no last copy is \
            ever deleted. `git data fetch` brings a blob back.

            With `data.keep = pushed`, blobs that the remote has and that stand unchanged in the worktree go \
            too: a pushed data set takes its own size once.
            """,
        options: [DownloadOptions.remote, recent, unreferenced, CommonOptions.dryRun, CommonOptions.json],
        examples: [Example("git data prune --dry-run", "see what would go, and why the rest stays")],
        seeAlso: ["du", "fsck", "fetch"])

    /// What crashed processes left behind is swept after this many seconds: two weeks, as in git-gc(1).
    private static let leftoverAge: Int64 = 14 * 24 * 3600

    /// What `git diff` shows of large files is made anew after a month, in seconds.
    private static let summaryAge: Int64 = 30 * 24 * 3600

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let isDryRun = arguments[CommonOptions.dryRun]
        let store = try repository.store()
        if !isDryRun {
            try store.settle()
            try store.sweepIncoming(olderThan: leftoverAge)
            try SummaryCache(repository).sweep(olderThan: summaryAge)
        }
        let days = try arguments[recent] ?? repository.settings().pruneRecentDays
        let use = try StoreUse(context: context, repository: repository, recentDays: days, isDryRun: isDryRun)
        let plan = PrunePlan(in: store)
        try use.forEachEntry { plan.add($0, $1) }
        if plan.hasCandidates { try sort(plan, arguments, repository, context) }
        if arguments[unreferenced] {
            if use.gone.isEmpty {
                try plan.deleteUnreferenced(olderThan: leftoverAge, named: use.named())
            } else {
                // Where it is now, nobody knows before git data runs there.
                context.output.message("Kept what nothing names: a repository that shares the store may only have been moved.")
                context.output.message("hint: git data status, in its new place; then the same again")
            }
        }
        if arguments[CommonOptions.json] {
            try context.output.jsonArray(of: PrunePlan.Row.self) { give in try plan.forEachRow(give) }
        }
        if !isDryRun {
            // What nothing named a moment ago may have been added since.
            try plan.forEachToGo { oid, isUnnamed in
                if isUnnamed { _ = try store.remove(oid, untouchedFor: leftoverAge) } else { try store.remove(oid) }
            }
        }
        if !arguments[CommonOptions.json] { try say(plan, isDryRun: isDryRun, context.output) }
        return .success
    }

    /// Asks the remote which of the blobs it has, with their sizes, and which of them a collection may take away. It
    /// answers for all of them before anything is deleted.
    private static func sort(
        _ plan: PrunePlan, _ arguments: ParsedArguments, _ repository: Repository, _ context: CommandContext
    ) throws {
        let remote = if let name = arguments[DownloadOptions.remote] {
            try repository.dataRemote(named: name)
        } else {
            try repository.dataRemote()
        }
        try refuseOwnStore(remote, repository.store())
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        // The mark first: what is swept before the second question is not among what is there.
        let mark = try CollectionMark.current(session, remote.name)
        try plan.sort(on: remote.name, isMarked: { mark?.contains($0) ?? false }) { items in try session.existing(matching: items) }
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

    private static func say(_ plan: PrunePlan, isDryRun: Bool, _ output: Output) throws {
        if isDryRun || output.isVerbose {
            try plan.forEachRow { row in
                let verb = row.isKept ? "keep" : isDryRun ? "would delete" : "deleted"
                output.line("\(verb) \(row.oid) \(row.size) (\(row.reason))")
            }
        }
        let gone = plan.gone
        guard gone.files > 0 else {
            output.message("Nothing to delete: every local blob is in use, not pushed, recent, or not safe on the remote.")
            return sayLacking(plan, output)
        }
        let what = "\(Count.blobs(gone.files)), \(ByteCountText.format(gone.bytes))"
        output.message(isDryRun ? "would delete \(what)" : "Deleted \(what).")
        sayLacking(plan, output)
    }

    private static func sayLacking(_ plan: PrunePlan, _ output: Output) {
        guard let remote = plan.remote else { return }
        let (lacking, marked) = (plan.lacking, plan.marked)
        if marked.files > 0 {
            output.message(
                "Kept \(Count.blobs(marked.files)) (\(ByteCountText.format(marked.bytes))) that are marked to leave '\(remote)'.")
        }
        guard lacking.files > 0 else { return }
        output.message("Kept \(Count.blobs(lacking.files)) (\(ByteCountText.format(lacking.bytes))) that '\(remote)' does not have.")
        output.message("hint: git data push --all, or for what no commit names: git data prune --unreferenced")
    }
}
