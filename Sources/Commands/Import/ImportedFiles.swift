import Diagnostics
import ObjectStore
import Platform

/// A file that has come and waits for its place.
struct ImportedFile {
    /// From the output, below it; empty for the output itself.
    let path: BytePath
    /// Where its bytes are, on the disk; the file may be moved away.
    let file: BytePath
    let byteCount: Int64
    var isExecutable = false
}

/// Files that have come, in the order of their paths: memory for some of them, however many there are.
final class ImportedFiles {
    private let spool: RecordSpool
    private(set) var byteCount: Int64 = 0
    /// Whether they are what is in a folder; otherwise the only file is the output itself.
    private(set) var isFolder = false

    init(in store: ObjectStore) {
        spool = RecordSpool(in: store, limit: 1 << 18)
    }

    convenience init(_ only: ImportedFile, in store: ObjectStore) {
        self.init(in: store)
        add(only)
    }

    var count: Int { spool.count }

    /// - Parameter file: whose path comes behind those of the files before it.
    func add(_ file: ImportedFile) {
        var record = RecordBytes()
        record.add(text: file.path.bytes)
        record.add(text: file.file.bytes)
        record.add(file.byteCount)
        record.add(file.isExecutable)
        spool.add(record)
        byteCount = byteCount.adding(byteCount: file.byteCount)
        isFolder = !file.path.isEmpty
    }

    func forEach(_ body: (ImportedFile) throws -> Void) throws {
        var reader = spool.reader()
        while let record = try reader.next() {
            var fields = RecordFields(record)
            try body(
                ImportedFile(
                    path: BytePath(bytes: fields.nextText()), file: BytePath(bytes: fields.nextText()),
                    byteCount: fields.next(Int64.self), isExecutable: fields.next(Bool.self)))
        }
    }

    /// Removes what has not found its place.
    func remove() throws {
        try forEach { try $0.file.removeFile() }
    }
}
