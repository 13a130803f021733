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

    /// What the remote lacks, and whether it is here.
    struct Plan {
        var uploads: [TransferItem] = []
        /// Neither on the remote nor here.
        var lost: [ReachedPointer] = []
        /// Blobs that the remote has already.
        var present = 0
    }

    /// Asks the remote which of the blobs it has.
    /// - Parameter isRescuing: whether the store takes from the worktree what it lacks; else nothing is changed, and
    ///   what stands unchanged in the worktree counts as being here.
    func plan(_ pointers: [ReachedPointer], _ session: TransferSession, isRescuing: Bool = false) throws -> Plan {
        let store = try repository.store()
        var byOID: [ObjectID: ReachedPointer] = [:]
        for reached in pointers where !reached.pointer.isExtended && reached.pointer.byteCount > 0 {
            if byOID[reached.pointer.oid] == nil { byOID[reached.pointer.oid] = reached }
        }
        let existing = try session.existing(
            matching: byOID.values.map { TransferItem(oid: $0.pointer.oid, byteCount: $0.pointer.byteCount) })
        var plan = Plan()
        plan.present = existing.count
        // What the store let go for its copy in the worktree comes back from there.
        let absent = Set(byOID.keys.filter { !existing.contains($0) && !store.contains($0) })
        if isRescuing {
            var rescue = Rescue(repository: repository, store: store, wanted: absent)
            try rescue.takeFromWorktree()
        }
        let inWorktree = isRescuing || absent.isEmpty ? [] : try repository.blobsInWorktree()
        for (oid, reached) in byOID where !existing.contains(oid) {
            if store.contains(oid) || inWorktree.contains(oid) {
                plan.uploads.append(TransferItem(oid: oid, byteCount: reached.pointer.byteCount))
            } else {
                plan.lost.append(reached)
            }
        }
        plan.lost = try withoutUnfiltered(plan.lost).sorted { $0.path < $1.path }
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
    func run(_ pointers: [ReachedPointer], isCheckOnly: Bool = false) throws -> Bool {
        guard !pointers.isEmpty else { return true }
        let session = try context.session(to: remote, repository, progress: context.progress("Uploading data"))
        defer { session.finish() }
        try session.protectFromCollection(Set(pointers.map(\.pointer.oid)), remote.name)
        let plan = try plan(pointers, session, isRescuing: true)
        guard plan.lost.isEmpty else {
            reportLost(plan.lost)
            return false
        }
        guard !plan.uploads.isEmpty else {
            try dropWhatIsPushed(pointers)
            return true
        }
        if isCheckOnly {
            let paths = Dictionary(pointers.map { ($0.pointer.oid, $0.path) }) { first, _ in first }
            context.output.error(
                Explanation(
                    "\(Count.blobs(plan.uploads.count)) are not on data remote '\(remote.name)' yet:\n"
                        + plan.uploads.map { "\t\(paths[$0.oid]?.description ?? $0.oid.hex)" }.joined(separator: "\n"),
                    hints: ["git data push", "or let the hook upload: git config data.prePush upload"]))
            return false
        }
        let outcome = try session.upload(plan.uploads)
        guard outcome.failures.isEmpty else {
            reportFailures(outcome.failures, pointers)
            return false
        }
        // What counts is what the remote says, not what was sent.
        let there = try session.existing(matching: plan.uploads)
        guard there.count == plan.uploads.count else {
            throw CommandFailure(
                "data remote '\(remote.name)' does not have \(Count.blobs(plan.uploads.count - there.count)) that were just sent",
                kept: "the blobs, in the local store", hints: ["git data push"], exitCode: .failure)
        }
        let total = plan.uploads.totalByteCount { $0.byteCount }
        context.output.message(
            "\(Count.blobs(plan.uploads.count)) uploaded to '\(remote.name)' (\(ByteCountText.format(total)))")
        try dropWhatIsPushed(pointers)
        return true
    }

    /// With `data.keep = pushed`: the remote has said that it has these blobs; those that stand unchanged in the
    /// worktree need not lie in the store as well.
    private func dropWhatIsPushed(_ pointers: [ReachedPointer]) throws {
        let settings = try repository.settings()
        // A folder inside the Git remote, or a shared store, may be all that others have.
        guard settings.keep == .pushed, settings.store == nil else { return }
        // What only another remote has, such as a backup, would not come back from the one in use.
        guard (try? repository.dataRemote())?.url == remote.url else { return }
        let store = try repository.store()
        let present = try repository.blobsInWorktree()
        // Of pointers with extensions the remote was not asked.
        for oid in Set(pointers.map(\.pointer).filter { !$0.isExtended }.map(\.oid))
        where present.contains(oid) && store.path(of: oid).exists {
            try store.remove(oid)
        }
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

    private func reportFailures(_ failures: [TransferFailure], _ pointers: [ReachedPointer]) {
        let paths = Dictionary(pointers.map { ($0.pointer.oid, $0.path) }) { first, _ in first }
        let items = failures.map { (name: paths[$0.oid]?.description ?? $0.oid.hex, cause: $0.message) }
        context.output.error(
            Explanation(
                "\(Count.blobs(failures.count)) could not be uploaded to '\(remote.name)':\n" + Causes.list(items, limit: 10),
                kept: "the blobs, in the local store; what has arrived need not be sent again",
                hints: ["git data push"]))
    }
}
