import Diagnostics
import Digest
import Git
import Lineage
import ObjectStore
import Platform
import Repository

/// Imports one thing, from the question to the record.
struct ImportRun {
    let context: CommandContext
    let repository: Repository
    let order: ImportOrder
    var isForced = false
    /// What the file must have as SHA-256.
    var digest: ObjectID?
    /// Whether a data remote that only the other repository names may be used.
    var trustsOthers = false

    /// What became of it.
    struct Result {
        enum Change: String {
            case imported, updated, same, changed
        }

        let change: Change
        var old: ContentID?
        var new: ContentID?
        var byteCount: Int64?
    }

    /// Brings the data.
    /// - Parameters:
    ///   - record: of the last time; nil where everything is wanted.
    ///   - isCheck: whether it only matters if there is another version.
    func run(since record: RunRecord?, isCheck: Bool = false) throws -> Result {
        let turn = isCheck ? nil : try takeTurn()
        defer { withExtendedLifetime(turn) {} }
        let mark = PlacingMark(order, try repository.store())
        let placing = try ImportPlacing(repository, output: order.output, isForced: isForced, ownDigest: mark.digest)
        let old = record?.outputs[order.output.text]
        var known = record?.received.map { SourceReceipt($0) }
        // Without the output there is nothing that could be the same.
        if !isCheck, try !isOutputStaged() { known = nil }
        if !isCheck, known == nil || isForced { try placing.check() }
        let start = FileStatus.Time.now
        let source = try source()
        // With it go the files that it has brought.
        defer { withExtendedLifetime(source) {} }
        let answer = try source.bring(known, isCheck: isCheck)
        switch answer {
        case .changed(let receipt): return Result(change: .changed, old: old, byteCount: receipt.byteCount)
        case .same(let receipt):
            if let digest { try verify(known ?? receipt, digest) }
            if !isCheck, var record, let known { try refresh(&record, known, receipt) }
            return Result(change: .same, old: old, new: old, byteCount: receipt.byteCount)
        case .brought(let files, var receipt):
            if let digest { try verify(receipt, digest, files) }
            let circumstances = try repository.circumstances(besides: [order.output])
            try mark.set(receipt.digest)
            let (placed, removed) = try place(files, placing, mark, isNew: record == nil)
            let staging = ImportStaging(context: context, repository: repository, order: order)
            let new = try staging.stage(placed, removed: removed)
            receipt.retrieved = RunRecord.text(ofTime: start.seconds)
            receipt.withheld = order.withheld.isEmpty ? known?.withheld ?? [] : order.withheld
            try staging.leaveRecord(self.record(of: new, receipt, circumstances, start))
            try mark.set(nil)
            return Result(change: record == nil ? .imported : .updated, old: old, new: new, byteCount: receipt.byteCount)
        }
    }

    private func isOutputStaged() throws -> Bool {
        var isStaged = false
        try repository.git().forEachIndexEntry([order.output]) { _ in isStaged = true }
        return isStaged
    }

    private func takeTurn() throws -> Turn {
        try repository.turn(of: order.stage.name, "'\(order.output)' is being imported")
    }

    /// What cannot be placed is not kept: the next attempt would not know what it is.
    private func place(
        _ files: ImportedFiles, _ placing: ImportPlacing, _ mark: PlacingMark, isNew: Bool
    ) throws -> (placed: StagingCandidates, removed: RecordSpool) {
        do {
            return try placing.place(files, isNew: isNew)
        } catch {
            try? files.remove()
            try? mark.set(nil)
            throw error
        }
    }

    /// Records who brought the file or folder that is at the output already.
    func noteManual(since record: RunRecord?) throws -> Result {
        let turn = try takeTurn()
        defer { withExtendedLifetime(turn) {} }
        let top = try repository.worktree()
        let files = StagingCandidates(in: try repository.store())
        var indexed = try IndexedFiles(repository, at: order.output).cursor()
        func add(_ path: BytePath, _ status: FileStatus) throws {
            files.add(StagingCandidate(path: path, entry: try indexed.file(at: path)?.entry), byteCount: status.byteCount)
        }
        let status = try (top / order.output).status()
        let isFolder = status?.kind == .folder
        if isFolder {
            try FolderWalk(top: top).forEachFile(below: order.output, add)
        } else if let status, status.kind == .regular {
            try add(order.output, status)
        }
        guard files.count > 0 else { throw CommandFailure("there is no file at '\(order.output)'") }
        var receipt = SourceReceipt()
        receipt.byteCount = files.byteCount
        if isFolder { receipt.fileCount = Int64(files.count) }
        if let digest {
            guard !isFolder, try ImportDigest.of(top / order.output) == digest else {
                throw CommandFailure("'\(order.output)' has not the SHA-256 \(digest.hex)")
            }
        }
        let start = FileStatus.Time.now
        let circumstances = try repository.circumstances(besides: [order.output])
        let staging = ImportStaging(context: context, repository: repository, order: order)
        let new = try staging.stage(files)
        receipt.retrieved = RunRecord.text(ofTime: start.seconds)
        if case .blob(let oid) = new { receipt.digest = oid }
        try staging.leaveRecord(self.record(of: new, receipt, circumstances, start))
        return Result(
            change: record == nil ? .imported : .updated, old: record?.outputs[order.output.text], new: new, byteCount: receipt.byteCount)
    }

    private func record(
        of id: ContentID, _ receipt: SourceReceipt, _ circumstances: Circumstances,
        _ start: FileStatus.Time
    ) -> RunRecord {
        var record = RunRecord(order.causes)
        record.outputs = [order.output.text: id]
        record.received = receipt.json
        record.commit = circumstances.commit
        record.isTreeClean = circumstances.isClean
        record.author = circumstances.author
        record.started = start.seconds
        let end = FileStatus.Time.now
        record.milliseconds = (end.seconds - start.seconds) * 1000 + Int64(end.nanoseconds - start.nanoseconds) / 1_000_000
        return record
    }

    /// A source that calls the same content by another name is not asked for the content again.
    private func refresh(_ record: inout RunRecord, _ known: SourceReceipt, _ now: SourceReceipt) throws {
        var new = known
        new.etag = now.etag ?? known.etag
        new.modified = now.modified ?? known.modified
        new.revision = now.revision ?? known.revision
        new.listing = now.listing ?? known.listing
        guard new != known || record.causes != order.causes else { return }
        var renewed = RunRecord(order.causes)
        renewed.outputs = record.outputs
        renewed.received = new.json
        renewed.commit = record.commit
        renewed.isTreeClean = record.isTreeClean
        renewed.author = record.author
        renewed.started = record.started
        renewed.milliseconds = record.milliseconds
        record = renewed
        try ImportStaging(context: context, repository: repository, order: order).leaveRecord(record)
    }

    private func verify(_ receipt: SourceReceipt, _ digest: ObjectID, _ files: ImportedFiles? = nil) throws {
        guard receipt.digest != digest else { return }
        try files?.remove()
        throw CommandFailure(
            "\(order.shown) has the SHA-256 \(receipt.digest?.hex ?? "of nothing"), and not \(digest.hex)",
            kept: "'\(order.output)' as it was")
    }

    private func source() throws -> any ImportSource {
        let store = try repository.store()
        func folder() throws -> ImportFolder {
            try store.prepare()
            return try ImportFolder(in: store.incoming)
        }
        switch order.source.kind {
        case .url where ImportOrder.isWeb(order.address) || ImportOrder.isBucket(order.address):
            return WebImport(order: order, context: context, store: store)
        case .url:
            let local = BytePath(localURL: order.address) ?? order.address
            guard !local.text.contains("://") else {
                throw CommandFailure(
                    "'\(BytePath(order.source.value))' is no place that this version imports from: 'https://', 's3://', a file or a folder")
            }
            return LocalImport(
                order: order, context: context, place: local.absolute(from: try repository.worktree()).normalized, store: store,
                folder: try folder())
        case .query: return QueryImport(order: order, top: try repository.worktree(), store: store, folder: try folder())
        case .git: return GitImport(order: order, context: context, repository: repository, folder: try folder(), trustsOthers: trustsOthers)
        case .manual: throw CommandFailure("'\(order.output)' was brought by a person, who has to bring the new version")
        }
    }
}
