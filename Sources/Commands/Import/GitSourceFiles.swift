import Digest
import Git
import ObjectStore
import Platform
import Pointer

/// A file of another repository.
struct GitSourceFile {
    /// What a pointer names.
    struct Blob: BitwiseCopyable {
        let oid: ObjectID
        let byteCount: Int64
    }

    let path: BytePath
    /// Git's object with its content, or with the text of its pointer.
    let name: GitObjectName
    let isExecutable: Bool
    /// nil where the content is Git's.
    let blob: Blob?

    init(_ entry: IndexEntry, _ pointer: Pointer?) {
        path = entry.path
        name = entry.name
        isExecutable = entry.mode == "100755"
        blob = pointer.map { Blob(oid: $0.oid, byteCount: $0.byteCount) }
    }

    fileprivate init(_ record: [UInt8]) {
        var fields = RecordFields(record)
        path = BytePath(bytes: fields.nextText())
        name = fields.next(GitObjectName.self)
        isExecutable = fields.next(Bool.self)
        blob = fields.next(Blob?.self)
    }

    fileprivate var record: RecordBytes {
        var record = RecordBytes()
        record.add(text: path.bytes)
        record.add(name)
        record.add(isExecutable)
        record.add(blob)
        return record
    }
}

/// Files of another repository, in the order of their paths: memory for some of them, however many there are.
final class GitSourceFiles {
    private let spool: RecordSpool

    init(in store: ObjectStore) {
        spool = RecordSpool(in: store, limit: 1 << 18)
    }

    var count: Int { spool.count }

    func add(_ file: GitSourceFile) { spool.add(file.record) }

    func forEach(_ body: (GitSourceFile) throws -> Void) throws {
        var reader = spool.reader()
        while let record = try reader.next() { try body(GitSourceFile(record)) }
    }
}
