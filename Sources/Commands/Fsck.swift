import Digest
import FoundationEssentials
import ObjectStore
import Platform
import Pointer
import Repository
import Transfer

/// One run of `git data fsck`.
struct Fsck {
    let context: CommandContext
    let repository: Repository
    private let store: ObjectStore
    /// The pointers that some ref reaches or the index has: the note tells their order, and its last bit whether they are
    /// extended.
    private let reached: SortedBlobs
    /// Where the blobs are that something is to be said of. Paths of all would take memory for each.
    private var known: [ObjectID: ReachedPointer] = [:]
    private var looked: Set<ObjectID> = []
    private(set) var report = FsckReport()

    /// So many blobs are asked about at once.
    private static let portionCount = 8000

    init(context: CommandContext, repository: Repository) throws {
        self.context = context
        self.repository = repository
        store = try repository.store()
        // What is whole and only waits for the disk is looked at like the rest.
        try store.settle()
        let reached = SortedBlobs(in: store)
        var count: Int64 = 0
        try Self.walk(repository) { pointer in
            reached.add(
                pointer.pointer.oid, byteCount: pointer.pointer.byteCount, note: count << 1 | (pointer.pointer.isExtended ? 1 : 0))
            count += 1
        }
        self.reached = reached
    }

    private static func walk(_ repository: Repository, _ body: (ReachedPointer) -> Void) throws {
        try repository.forEachReachedPointer(from: [], extra: ["--all", "--indexed-objects"], completing: true, body)
    }

    /// Walks once more, where there is anything to be said of blobs.
    /// - Returns: the pointers that claim these lengths of these blobs, in the order of the walk.
    @discardableResult
    private mutating func find(_ oids: some Sequence<ObjectID>, claims: Set<TransferItem> = []) throws -> [ReachedPointer] {
        let unknown = Set(oids).subtracting(looked)
        guard !unknown.isEmpty || !claims.isEmpty else { return [] }
        looked.formUnion(unknown)
        var (found, claiming): ([ObjectID: ReachedPointer], [ReachedPointer]) = ([:], [])
        try Self.walk(repository) { pointer in
            let oid = pointer.pointer.oid
            if unknown.contains(oid), found[oid] == nil { found[oid] = pointer }
            if claims.contains(TransferItem(oid: oid, byteCount: pointer.pointer.byteCount)) { claiming.append(pointer) }
        }
        known.merge(found) { first, _ in first }
        return claiming
    }

    /// The path of a blob that was looked for.
    private func path(of oid: ObjectID) -> String? { known[oid]?.path.description }

    // MARK: the store

    /// Hashes every blob of the store, and those of its alternates that some pointer names.
    mutating func verifyStore() throws {
        // What a killed process left complete counts as stored from here on.
        let blobs = try blobsToVerify()
        let verification = try Verification(
            store: store, blobs: blobs, count: report.verified, byteCount: report.verifiedBytes,
            progress: context.progress("Verifying blobs"))
        let damaged = try verification.run()
        var kept: [(oid: ObjectID, place: BytePath)] = []
        for oid in damaged { kept.append((oid, try store.setAside(oid))) }
        kept += try recallDamaged(besides: Set(damaged))
        let wrong = try find(kept.map(\.oid), claims: wrongClaims(blobs, besides: Set(damaged)))
        for (oid, place) in kept {
            report.problems.append(
                FsckReport.Problem(kind: .damaged, oid: oid.hex, path: path(of: oid), kept: place.description))
        }
        for item in wrong {
            report.problems.append(
                FsckReport.Problem(kind: .size, oid: item.pointer.oid.hex, path: item.path.description))
        }
    }

    /// The blobs of the store, with 1 as note, and those that only its alternates have.
    private mutating func blobsToVerify() throws -> SortedBlobs {
        let blobs = SortedBlobs(in: store)
        var (count, total): (Int, Int64) = (0, 0)
        func add(_ oid: ObjectID, _ byteCount: Int64, isOwn: Bool) {
            blobs.add(oid, byteCount: byteCount, note: isOwn ? 1 : 0)
            count += 1
            total = total.adding(byteCount: byteCount)
        }
        var reader = try reached.reader()
        var next = try reader.next()
        var last: ObjectID?
        /// Goes on to what is no earlier than an oid.
        func pass(to oid: ObjectID?) throws(SystemError) {
            while let item = next, oid.map({ item.oid < $0 }) ?? true {
                if item.oid != last, store.contains(item.oid) {
                    let isOwn = store.path(of: item.oid).exists
                    add(item.oid, isOwn ? store.byteCount(of: item.oid) ?? 0 : item.byteCount, isOwn: isOwn)
                }
                last = item.oid
                next = try reader.next()
            }
        }
        try store.forEachEntry { entry throws(StoreError) in
            do throws(SystemError) { try pass(to: entry.oid) } catch { throw .system(error) }
            add(entry.oid, entry.byteCount, isOwn: true)
            last = entry.oid
        }
        try pass(to: nil)
        (report.verified, report.verifiedBytes) = (count, total)
        return blobs
    }

    /// What pointers say of blobs that are here with another length.
    private func wrongClaims(_ blobs: SortedBlobs, besides damaged: Set<ObjectID>) throws -> Set<TransferItem> {
        var wrong: Set<TransferItem> = []
        var (claims, sizes) = (try reached.reader(), try blobs.reader())
        while let claim = try claims.next() {
            guard let blob = try sizes.first(of: claim.oid), blob.note == 1, blob.byteCount != claim.byteCount,
                !damaged.contains(claim.oid)
            else { continue }
            wrong.insert(TransferItem(oid: claim.oid, byteCount: claim.byteCount))
        }
        return wrong
    }

    /// What an earlier run has taken out of use stays damaged until it is brought back.
    private func recallDamaged(besides known: Set<ObjectID>) throws -> [(oid: ObjectID, place: BytePath)] {
        var reader = try reached.reader()
        var recalled: [(ObjectID, BytePath)] = []
        for (oid, kept) in try store.setAsideBlobs() where !known.contains(oid) {
            if try reader.first(of: oid) != nil, !store.contains(oid) { recalled.append((oid, kept)) }
        }
        return recalled
    }

    // MARK: the worktree

    /// Compares the files of the worktree that Git calls unchanged with what they should be.
    mutating func verifyWorktree() throws {
        let top = try repository.worktree()
        try repository.forEachIntactFile { file in
            guard !store.hasContent(file.pointer.oid, at: top.appending(file.path)) else { return }
            report.problems.append(
                FsckReport.Problem(kind: .worktree, oid: file.pointer.oid.hex, path: file.path.description))
        }
    }

    // MARK: the remote

    mutating func askRemote(_ remote: DataRemote) throws {
        let session = try context.session(to: remote, repository)
        defer { session.finish() }
        var (unpushed, absent) = try missing(at: session)
        // What the store let go for its copy in the worktree is there.
        let inWorktree = absent.isEmpty ? [] : try repository.blobsInWorktree()
        unpushed += absent.filter { inWorktree.contains($0.oid) }
        absent.removeAll { inWorktree.contains($0.oid) }
        let lost = try lostPointers(absent, Upload(context: context, repository: repository, remote: remote))
        try find(unpushed.map(\.oid))
        for item in unpushed.sorted(by: { $0.oid < $1.oid }) {
            report.problems.append(FsckReport.Problem(kind: .unpushed, oid: item.oid.hex, path: path(of: item.oid)))
        }
        for lost in lost {
            report.problems.append(
                FsckReport.Problem(kind: .missing, oid: lost.pointer.oid.hex, path: lost.path.description))
        }
        do throws(TransferError) {
            report.unfinished = try session.unfinishedUploads().map { upload in
                FsckReport.Unfinished(
                    oid: upload.oid?.hex, begun: upload.begun.map { Date(timeIntervalSince1970: Double($0)).ISO8601Format() })
            }
        } catch {
            context.output.warning("unfinished uploads are not known: \(Words.explanation(error).what)")
        }
        let oids = report.unfinished.map { $0.oid.flatMap { ObjectID($0) } }
        try find(oids.compactMap { $0 })
        for (position, oid) in oids.enumerated() { report.unfinished[position].path = oid.flatMap { path(of: $0) } }
    }

    /// The blobs that the remote does not have: those that are in the store, and others.
    private func missing(at session: TransferSession) throws -> (stored: [TransferItem], absent: [TransferItem]) {
        var (stored, absent): ([TransferItem], [TransferItem]) = ([], [])
        var reader = try reached.reader()
        var last: ObjectID?
        while true {
            var items: [TransferItem] = []
            while items.count < Self.portionCount, let item = try reader.next() {
                // The first that says how long the blob is, as when it is pushed.
                guard item.note & 1 == 0, item.byteCount > 0, item.oid != last else { continue }
                last = item.oid
                items.append(TransferItem(oid: item.oid, byteCount: item.byteCount))
            }
            if items.isEmpty { return (stored, absent) }
            let existing = try session.existing(matching: items)
            for item in items where !existing.contains(item.oid) {
                if store.contains(item.oid) { stored.append(item) } else { absent.append(item) }
            }
        }
    }

    /// The first pointer to each of the blobs that is not just a file that looks like one, in the order of the paths.
    private mutating func lostPointers(_ items: [TransferItem], _ upload: Upload) throws -> [ReachedPointer] {
        var seen: Set<ObjectID> = []
        let lost = try find([], claims: Set(items)).filter { !$0.pointer.isExtended && seen.insert($0.pointer.oid).inserted }
        return try upload.withoutUnfiltered(lost).sorted { $0.path < $1.path }
    }

    // MARK: repair

    /// Brings back what is damaged or missing, as far as it is to be had.
    mutating func repair(from folders: [BytePath]) throws {
        let wanted = report.problems.filter { $0.kind == .damaged || $0.kind == .missing }
        var rescue = Rescue(repository: repository, store: store, wanted: Set(wanted.compactMap { ObjectID($0.oid) }))
        try rescue.takeFromWorktree()
        for folder in folders { try rescue.take(from: folder) }
        if !rescue.wanted.isEmpty, let remote = try? repository.dataRemote() {
            try find(rescue.wanted)
            let missing = rescue.wanted.compactMap { known[$0]?.pointer }
            let download = Download(context: context, repository: repository)
            let fetched = try download.fetch(missing)
            for pointer in missing {
                if let reason = download.reason(for: pointer, fetched) {
                    context.output.warning("\(pointer.oid) is not brought back: \(reason)")
                } else {
                    rescue.found(pointer.oid, in: "'\(remote.name)'")
                }
            }
        }
        for position in report.problems.indices {
            let problem = report.problems[position]
            guard problem.kind == .damaged || problem.kind == .missing, let oid = ObjectID(problem.oid) else { continue }
            report.problems[position].repairedFrom = rescue.sources[oid]
        }
    }
}
