import Diagnostics
import Digest
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

    private struct Row: Encodable {
        let oid: String
        let size: Int64
        let isKept: Bool
        let reason: String
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
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
        var plan = PrunePlan()
        var candidates: [ObjectStore.Entry] = []
        for (entry, need) in try use.entries() {
            if let need { plan.keep(entry, need.rawValue) } else { candidates.append(entry) }
        }
        if !candidates.isEmpty { try plan.sort(candidates, on: safe(candidates, arguments, repository, context)) }
        if arguments[unreferenced] {
            if use.gone.isEmpty {
                plan.deleteUnreferenced(olderThan: leftoverAge, named: try use.named())
            } else {
                // Where it is now, nobody knows before git data runs there.
                context.output.message("Kept what nothing names: a repository that shares the store may only have been moved.")
                context.output.message("hint: git data status, in its new place; then the same again")
            }
        }
        if arguments[CommonOptions.json] {
            try context.output.json(
                plan.rows.map { Row(oid: $0.entry.oid.hex, size: $0.entry.byteCount, isKept: $0.isKept, reason: $0.reason) })
        }
        if !isDryRun {
            for row in plan.rows where !row.isKept {
                // What nothing named a moment ago may have been added since.
                if row.isUnnamed {
                    _ = try store.remove(row.entry.oid, untouchedFor: leftoverAge)
                } else {
                    try store.remove(row.entry.oid)
                }
            }
        }
        if !arguments[CommonOptions.json] { say(plan, isDryRun: isDryRun, context.output) }
        return .success
    }

    /// Asks the remote which of the blobs it has, with their sizes, and which of them a collection may take away.
    private static func safe(
        _ candidates: [ObjectStore.Entry], _ arguments: ParsedArguments, _ repository: Repository, _ context: CommandContext
    ) throws -> PrunePlan.Holdings {
        let remote = if let name = arguments[DownloadOptions.remote] {
            try repository.dataRemote(named: name)
        } else {
            try repository.dataRemote()
        }
        try refuseOwnStore(remote, repository.store())
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        let items = candidates.map { TransferItem(oid: $0.oid, byteCount: $0.byteCount) }
        // The mark first: what is swept before the second question is not among what is there.
        let marked = try CollectionMark.current(session, remote.name)?.oids ?? []
        return PrunePlan.Holdings(remote: remote.name, oids: try session.existing(matching: items), marked: marked)
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

    private static func say(_ plan: PrunePlan, isDryRun: Bool, _ output: Output) {
        if isDryRun || output.isVerbose {
            for row in plan.rows {
                let verb = row.isKept ? "keep" : isDryRun ? "would delete" : "deleted"
                output.line("\(verb) \(row.entry.oid) \(row.entry.byteCount) (\(row.reason))")
            }
        }
        let gone = plan.rows.filter { !$0.isKept }
        guard !gone.isEmpty else {
            output.message("Nothing to delete: every local blob is in use, not pushed, recent, or not safe on the remote.")
            return sayLacking(plan, output)
        }
        let freed = gone.reduce(Int64(0)) { $0 + $1.entry.byteCount }
        let what = "\(Count.blobs(gone.count)), \(ByteCountText.format(freed))"
        output.message(isDryRun ? "would delete \(what)" : "Deleted \(what).")
        sayLacking(plan, output)
    }

    private static func sayLacking(_ plan: PrunePlan, _ output: Output) {
        guard let remote = plan.remote else { return }
        let (lacking, marked) = (plan.lacking, plan.marked)
        if marked.count > 0 {
            output.message(
                "Kept \(Count.blobs(marked.count)) (\(ByteCountText.format(marked.byteCount))) that are marked to leave '\(remote)'.")
        }
        guard lacking.count > 0 else { return }
        output.message("Kept \(Count.blobs(lacking.count)) (\(ByteCountText.format(lacking.byteCount))) that '\(remote)' does not have.")
        output.message("hint: git data push --all, or for what no commit names: git data prune --unreferenced")
    }
}

/// Which blobs of the store go and which stay, each with its reason.
struct PrunePlan {
    struct Row {
        let entry: ObjectStore.Entry
        var isKept: Bool
        var reason: String

        /// Whether it goes though no remote may have it.
        var isUnnamed: Bool { reason == PrunePlan.unnamed }
    }

    /// What a remote says of the blobs that could go.
    struct Holdings {
        let remote: String
        /// The blobs that are there.
        let oids: Set<ObjectID>
        /// The blobs that a collection has written down, to take them away.
        let marked: Set<ObjectID>
    }

    private(set) var rows: [Row] = []
    private(set) var remote: String?
    private static let notThere = "not on the remote"
    private static let leaving = "marked to leave the remote"
    private static let unnamed = "nothing names it"

    /// What stays because the remote lacks it.
    var lacking: (count: Int, byteCount: Int64) { kept(for: Self.notThere) }

    /// What stays because the remote may soon lack it.
    var marked: (count: Int, byteCount: Int64) { kept(for: Self.leaving) }

    private func kept(for reason: String) -> (count: Int, byteCount: Int64) {
        let kept = rows.filter { $0.isKept && $0.reason == reason }
        return (kept.count, kept.reduce(0) { $0 + $1.entry.byteCount })
    }

    mutating func keep(_ entry: ObjectStore.Entry, _ reason: String) {
        rows.append(Row(entry: entry, isKept: true, reason: reason))
    }

    /// Lets go what the remote has.
    mutating func sort(_ candidates: [ObjectStore.Entry], on holdings: Holdings) {
        remote = holdings.remote
        for entry in candidates {
            if !holdings.oids.contains(entry.oid) {
                keep(entry, Self.notThere)
            } else if holdings.marked.contains(entry.oid) {
                keep(entry, Self.leaving)
            } else {
                rows.append(Row(entry: entry, isKept: false, reason: "on '\(holdings.remote)'"))
            }
        }
    }

    /// Lets go what nothing names and nobody has touched for long.
    mutating func deleteUnreferenced(olderThan age: Int64, named: Set<ObjectID>) {
        let limit = FileStatus.Time.now.seconds - age
        for position in rows.indices where rows[position].isKept && rows[position].reason == Self.notThere {
            let entry = rows[position].entry
            guard !named.contains(entry.oid), entry.modified.seconds < limit else { continue }
            rows[position].isKept = false
            rows[position].reason = Self.unnamed
        }
    }
}
