import Diagnostics
import Digest
import Lineage
import ObjectStore
import Platform
import Repository

/// A file or a folder of this machine, which is copied.
struct LocalImport: ImportSource {
    let order: ImportOrder
    let context: CommandContext
    /// A recipe may name it from the top of the worktree; this is absolute.
    let place: BytePath
    let store: ObjectStore
    /// Where copies wait for their places.
    let folder: ImportFolder

    func bring(_ known: SourceReceipt?, isCheck: Bool) throws -> ImportAnswer {
        guard let status = try place.status(followingLinks: true) else {
            throw CommandFailure(
                "there is no '\(place)'", kept: known.map { _ in "'\(order.output)' as it was" },
                hints: known.map { _ in ["when it is back: git data import --update \(ShellWord.quoted(order.output))"] } ?? [])
        }
        let isFolder = status.kind == .folder
        guard isFolder || status.kind == .regular else { throw CommandFailure("'\(place)' is neither a file nor a folder") }
        var receipt = SourceReceipt()
        let found = try look(at: isFolder ? nil : status, &receipt)
        guard found.count > 0 else { throw CommandFailure("the folder '\(place)' has no files") }
        if isFolder { receipt.fileCount = Int64(found.count) }
        if let known, known.change(to: receipt) == .same { return .same(receipt) }
        let files = ImportedFiles(in: store)
        var digest = ImportDigest()
        try forEach(found) { number, path, status in
            let source = path.isEmpty ? place : place / path
            let copy = folder.path / "\(number)"
            digest.add(path, isCheck ? try ImportDigest.of(source.resolved()) : try copyFile(source, to: copy))
            guard try source.status(followingLinks: true)?.isSameContent(as: status) == true else {
                throw CommandFailure("'\(source)' was changed while it was read", hints: ["try again when nobody writes it"])
            }
            if isCheck { return }
            files.add(ImportedFile(path: path, file: copy, byteCount: status.byteCount, isExecutable: status.isExecutable))
        }
        if !isCheck { try Descriptor.open(folder.path, [.read, .folder]).synchronizeFileSystem() }
        receipt.digest = digest.finish(isFolder: isFolder)
        if let known, known.change(to: receipt) == .same { return .same(receipt) }
        return isCheck ? .changed(receipt) : .brought(files, receipt)
    }

    /// Finds what there is, and notes how much it is, and its names, sizes and times.
    /// - Parameter only: the status of a file; nil of a folder.
    private func look(at only: FileStatus?, _ receipt: inout SourceReceipt) throws -> RecordSpool {
        let found = RecordSpool(in: store, limit: 1 << 18)
        var listing: MessageDigest? = MessageDigest(.sha256)
        var byteCount: Int64 = 0
        func add(_ path: BytePath, _ status: FileStatus) {
            var record = RecordBytes()
            record.add(text: path.bytes)
            record.add(status)
            found.add(record)
            listing?.update(path.bytes + [0] + Array("\(status.byteCount) \(status.modified.seconds) \(status.modified.nanoseconds)\n".utf8))
            byteCount = byteCount.adding(byteCount: status.byteCount)
        }
        if let only {
            add("", only)
        } else {
            let walk = FolderWalk(top: place) { path, kind in
                context.output.warning("'\(place / path)' is \(kind == .link ? "a symbolic link" : "no file") and is left out")
            }
            try walk.forEachFile(add)
        }
        receipt.byteCount = byteCount
        if let listing = listing.take() { receipt.listing = ObjectID(digest: listing.finalize()) }
        return found
    }

    private func forEach(_ found: RecordSpool, _ body: (Int, BytePath, FileStatus) throws -> Void) throws {
        var reader = found.reader()
        var number = 0
        while let record = try reader.next() {
            var fields = RecordFields(record)
            try body(number, BytePath(bytes: fields.nextText()), fields.next(FileStatus.self))
            number += 1
        }
    }

    /// - Returns: the SHA-256 of what was copied.
    private func copyFile(_ source: BytePath, to copy: BytePath) throws -> ObjectID {
        let target = try Descriptor.open(copy, [.readWrite, .create, .exclusive])
        let opened = try Descriptor.open(source, [.read, .nonBlocking])
        if !target.share(contentOf: opened) { try target.copyContent(of: opened) { _ in } }
        return try ImportDigest.of(copy)
    }
}
