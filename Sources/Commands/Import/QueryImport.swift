import Digest
import Lineage
import ObjectStore
import Platform
import Repository

/// What a command prints.
struct QueryImport: ImportSource {
    let order: ImportOrder
    let top: BytePath
    let store: ObjectStore
    let folder: ImportFolder

    func bring(_ known: SourceReceipt?, isCheck: Bool) throws -> ImportAnswer {
        let file = folder.path / "output"
        var receipt = SourceReceipt()
        var digest = MessageDigest(.sha256)
        var byteCount: Int64 = 0
        let target = try Descriptor.open(file, [.readWrite, .create, .exclusive])
        let child = try ChildProcess("/bin/sh", ["-c", BytePath(order.source.value)], folder: top)
        if let output = child.takeOutput() {
            while true {
                let piece = try output.readSome()
                guard !piece.isEmpty else { break }
                let bytes = Array(piece)
                digest.update(bytes)
                try target.write(bytes)
                byteCount += Int64(bytes.count)
            }
        }
        let ending = child.wait()
        guard ending.isSuccess else {
            let words = switch ending {
            case .exited(let status): "ended with status \(status)"
            case .killed(let signal): "was killed by signal \(signal)"
            }
            throw CommandFailure("\(order.shown) \(words), so that what it printed is not taken")
        }
        try target.synchronize()
        receipt.byteCount = byteCount
        receipt.digest = ObjectID(digest: digest.finalize())
        if let known, known.change(to: receipt) == .same { return .same(receipt) }
        return isCheck ? .changed(receipt) : .brought(ImportedFiles(ImportedFile(path: "", file: file, byteCount: byteCount), in: store), receipt)
    }
}
