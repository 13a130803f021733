import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// Brings blobs to a data remote and makes sure that they are there, for `push` and the pre-push hook.
struct Upload {
    let context: CommandContext
    let repository: Repository
    let remote: DataRemote

    /// So many blobs are asked about or sent at once.
    var portionCount = 8000

    /// What the remote lacks, and whether it is here.
    struct Plan {
        let uploads: SortedBlobs
        fileprivate(set) var total = ProgressTick()
        /// Neither on the remote nor here.
        fileprivate(set) var lost: [ReachedPointer] = []
        /// Blobs that the remote has already.
        fileprivate(set) var present = 0

        fileprivate mutating func add(_ item: TransferItem) {
            uploads.add(item.oid, byteCount: item.byteCount)
            total.filesTotal += 1
            total.bytesTotal = total.bytesTotal.adding(byteCount: item.byteCount)
        }
    }

    /// Asks the remote which of the blobs it has.
    /// - Parameter isRescuing: whether the store takes from the worktree what it lacks; else nothing is changed, and
    ///   what stands unchanged in the worktree counts as being here.
    func plan(_ blobs: PushedBlobs, _ session: TransferSession, isRescuing: Bool = false) throws -> Plan {
        let store = try repository.store()
        var plan = Plan(uploads: SortedBlobs(in: store))
        var absent: [TransferItem] = []
        try blobs.forEachPortion(of: portionCount) { items in
            let existing = try session.existing(matching: items)
            plan.present += existing.count
            for item in items where !existing.contains(item.oid) {
                if store.contains(item.oid) { plan.add(item) } else { absent.append(item) }
            }
        }
        guard !absent.isEmpty else { return plan }
        // What the store let go for its copy in the worktree comes back from there.
        let wanted = Set(absent.map(\.oid))
        var inWorktree: Set<ObjectID> = []
        if isRescuing {
            var rescue = Rescue(repository: repository, store: store, wanted: wanted)
            try rescue.takeFromWorktree()
        } else {
            try repository.forEachBlobInWorktree { if wanted.contains($0) { inWorktree.insert($0) } }
        }
        var lost: Set<ObjectID> = []
        for item in absent {
            if store.contains(item.oid) || inWorktree.contains(item.oid) { plan.add(item) } else { lost.insert(item.oid) }
        }
        plan.lost = try withoutUnfiltered(try blobs.pointers(to: lost)).sorted { $0.path < $1.path }
        return plan
    }

    /// Text that looks like a pointer and that no data filter has made is a file like any other.
    func withoutUnfiltered(_ lost: [ReachedPointer]) throws -> [ReachedPointer] {
        guard !lost.isEmpty, repository.location.worktree != nil else { return lost }
        let filters = try repository.git().attribute("filter", of: lost.map(\.path))
        return lost.filter { filters[$0.path] != nil }
    }

    /// Uploads what is here and reports what could not be.
    /// - Returns: whether the remote has every blob now.
    func run(_ blobs: PushedBlobs, isCheckOnly: Bool = false) throws -> Bool {
        guard !blobs.isEmpty else { return true }
        let session = try context.session(to: remote, repository, progress: context.progress("Uploading data"))
        defer { session.finish() }
        try session.protectFromCollection(remote.name) { try blobs.forEach($0) }
        let plan = try plan(blobs, session, isRescuing: true)
        guard plan.lost.isEmpty else {
            reportLost(plan.lost)
            return false
        }
        let count = plan.total.filesTotal
        guard count > 0 else {
            try dropWhatIsPushed(blobs)
            return true
        }
        if isCheckOnly {
            try reportUnpushed(plan, blobs)
            return false
        }
        let failures = try send(plan, session)
        guard failures.isEmpty else {
            try reportFailures(failures, blobs)
            return false
        }
        // What counts is what the remote says, not what was sent.
        var there = 0
        try plan.uploads.forEachPortion(of: portionCount) { there += try session.existing(matching: $0).count }
        guard there == count else {
            throw CommandFailure(
                "data remote '\(remote.name)' does not have \(Count.blobs(count - there)) that were just sent",
                kept: "the blobs, in the local store", hints: ["git data push"], exitCode: .failure)
        }
        context.output.message(
            "\(Count.blobs(count)) uploaded to '\(remote.name)' (\(ByteCountText.format(plan.total.bytesTotal)))")
        try dropWhatIsPushed(blobs)
        return true
    }

    /// Sends all that the remote lacks, whatever becomes of some of it.
    func send(_ plan: Plan, _ session: TransferSession) throws -> [TransferFailure] {
        var (tick, failures): (ProgressTick, [TransferFailure]) = (plan.total, [])
        try plan.uploads.forEachPortion(of: portionCount) { failures += try session.upload($0, of: &tick).failures }
        return failures
    }

    /// With `data.keep = pushed`: the remote has said that it has these blobs; those that stand unchanged in the
    /// worktree need not lie in the store as well.
    private func dropWhatIsPushed(_ blobs: PushedBlobs) throws {
        let settings = try repository.settings()
        // A folder inside the Git remote, or a shared store, may be all that others have.
        guard settings.keep == .pushed, settings.store == nil else { return }
        // What only another remote has, such as a backup, would not come back from the one in use.
        guard (try? repository.dataRemote())?.url == remote.url else { return }
        let store = try repository.store()
        let present = SortedBlobs(in: store)
        try repository.forEachBlobInWorktree { present.add($0) }
        var reader = try present.reader()
        // Of pointers with extensions the remote was not asked.
        try blobs.forEachPlain { oid in
            if try reader.first(of: oid) != nil, store.path(of: oid).exists { try store.remove(oid) }
        }
    }

    private func reportUnpushed(_ plan: Plan, _ blobs: PushedBlobs) throws {
        var oids: Set<ObjectID> = []
        try plan.uploads.forEachPortion(of: portionCount) { oids.formUnion($0.map(\.oid)) }
        let paths = try blobs.paths(of: oids)
        context.output.error(
            Explanation(
                "\(Count.blobs(plan.total.filesTotal)) are not on data remote '\(remote.name)' yet:\n"
                    + oids.map { "\t\(paths[$0] ?? $0.hex)" }.sorted().joined(separator: "\n"),
                hints: ["git data push", "or let the hook upload: git config data.prePush upload"]))
    }

    private func reportLost(_ lost: [ReachedPointer]) {
        let others = ((try? repository.settings().remotes) ?? []).filter { $0.name != remote.name }
        let fetches = others.map { "data remote '\($0.name)' may have it: git data fetch --all --remote \($0.name)" }
        context.output.error(
            Explanation(
                "\(Count.blobs(lost.count)) are neither on this machine nor on data remote '\(remote.name)':\n"
                    + lost.map { line(for: $0) }.joined(separator: "\n"),
                kept: "your commits, which were not pushed",
                hints: ["another clone may have the data: git data push --all, there"] + fetches))
    }

    private func line(for reached: ReachedPointer) -> String {
        let commit = (try? repository.git().run([
            "log", "-1", "--format=%h %s", BytePath("--find-object=\(reached.blob)"), "--all",
        ]))?.line
        return "\t\(reached.path) (\(reached.pointer.oid.hex.prefix(12))"
            + (commit.flatMap { $0.isEmpty ? nil : ", commit \($0)" } ?? "") + ")"
    }

    private func reportFailures(_ failures: [TransferFailure], _ blobs: PushedBlobs) throws {
        let paths = try blobs.paths(of: Set(failures.map(\.oid)))
        let items = failures.map { (name: paths[$0.oid] ?? $0.oid.hex, cause: $0.message) }
        context.output.error(
            Explanation(
                "\(Count.blobs(failures.count)) could not be uploaded to '\(remote.name)':\n" + Causes.list(items, limit: 10),
                kept: "the blobs, in the local store; what has arrived need not be sent again",
                hints: [failures.contains { $0.kind == .full } ? "make room there; then: git data push" : "git data push"]))
    }
}
