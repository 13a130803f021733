import Diagnostics
import Digest
import Lineage
import Platform
import Repository

/// A file or a folder of this machine, which is copied.
struct LocalImport: ImportSource {
    let order: ImportOrder
    let context: CommandContext
    /// A recipe may name it from the top of the worktree; this is absolute.
    let place: BytePath
    /// Where copies wait for their places.
    let folder: ImportFolder

    private typealias Found = (path: BytePath, status: FileStatus)

    func bring(_ known: SourceReceipt?, isCheck: Bool) throws -> ImportAnswer {
        guard let status = try place.status(followingLinks: true) else {
            throw CommandFailure("there is no '\(place)'")
        }
        var found: [Found] = []
        switch status.kind {
        case .regular: found = [("", status)]
        case .folder: try walk("", &found)
        case .link, .other: throw CommandFailure("'\(place)' is neither a file nor a folder")
        }
        guard !found.isEmpty else { throw CommandFailure("the folder '\(place)' has no files") }
        found.sort { $0.path < $1.path }
        var receipt = SourceReceipt()
        receipt.byteCount = found.totalByteCount { $0.status.byteCount }
        receipt.listing = listing(found)
        if status.kind == .folder { receipt.fileCount = Int64(found.count) }
        if let known, known.change(to: receipt) == .same { return .same(receipt) }
        var files: [ImportedFile] = []
        var digests: [(path: BytePath, digest: ObjectID)] = []
        for (number, entry) in found.enumerated() {
            let source = entry.path.isEmpty ? place : place / entry.path
            let copy = folder.path / "\(number)"
            let digest = isCheck ? try ImportDigest.of(source.resolved()) : try copyFile(source, to: copy)
            guard try source.status(followingLinks: true)?.isSameContent(as: entry.status) == true else {
                throw CommandFailure("'\(source)' was changed while it was read", hints: ["try again when nobody writes it"])
            }
            digests.append((entry.path, digest))
            files.append(
                ImportedFile(path: entry.path, file: copy, byteCount: entry.status.byteCount, isExecutable: entry.status.isExecutable))
        }
        if !isCheck { try Descriptor.open(folder.path, [.read, .folder]).synchronizeFileSystem() }
        receipt.digest = status.kind == .folder ? ImportDigest.ofFolder(digests) : digests.first?.digest
        if let known, known.change(to: receipt) == .same { return .same(receipt) }
        return isCheck ? .changed(receipt) : .brought(files, receipt)
    }

    private func walk(_ below: BytePath, _ found: inout [Found]) throws {
        let here = below.isEmpty ? place : place / below
        for name in try here.entries() {
            let path = below.appending(name)
            guard let status = try (here / name).status() else { continue }
            switch status.kind {
            case .regular: found.append((path, status))
            case .folder where name != ".git": try walk(path, &found)
            case .folder: continue
            case .link, .other: context.output.warning("'\(here / name)' is \(status.kind == .link ? "a symbolic link" : "no file") and is left out")
            }
        }
    }

    /// By names, sizes and times.
    private func listing(_ found: [Found]) -> ObjectID {
        var text: [UInt8] = []
        for (path, status) in found {
            text += path.bytes + [0] + Array("\(status.byteCount) \(status.modified.seconds) \(status.modified.nanoseconds)\n".utf8)
        }
        return .of(text)
    }

    /// - Returns: the SHA-256 of what was copied.
    private func copyFile(_ source: BytePath, to copy: BytePath) throws -> ObjectID {
        let target = try Descriptor.open(copy, [.readWrite, .create, .exclusive])
        let opened = try Descriptor.open(source, [.read, .nonBlocking])
        if !target.share(contentOf: opened) { try target.copyContent(of: opened) { _ in } }
        return try ImportDigest.of(copy)
    }
}
