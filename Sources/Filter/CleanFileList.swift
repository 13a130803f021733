import Git
import ObjectStore
import Platform

/// Files that have become clean, in the order of their paths: memory for some of them, however many there are.
package final class CleanFileList {
    private let spool: RecordSpool
    private var sums = CleanFiles.Sums()

    package init(in store: ObjectStore) {
        spool = RecordSpool(in: store)
    }

    package var count: Int { spool.count }

    package func add(_ file: CleanFile) {
        var record = RecordBytes()
        record.add(text: file.path.bytes)
        record.add(file.name)
        record.add(text: Array(file.mode.utf8))
        record.add(file.status)
        spool.add(record)
        sums.add(file)
    }

    package var files: CleanFiles {
        CleanFiles(sums) { () throws(SystemError) in self.reader() }
    }

    /// Begins to read the files.
    package func reader() -> CleanFiles.Reader {
        var reader = spool.reader()
        return { () throws(SystemError) in try reader.next().map(Self.file) }
    }

    /// Calls `body` for each file.
    package func forEach(_ body: (CleanFile) -> Void) throws(SystemError) {
        var reader = spool.reader()
        while let record = try reader.next() { body(Self.file(record)) }
    }

    private static func file(_ record: [UInt8]) -> CleanFile {
        var fields = RecordFields(record)
        return CleanFile(
            path: BytePath(bytes: fields.nextText()), name: fields.next(GitObjectName.self),
            mode: String(decoding: fields.nextText(), as: UTF8.self), status: fields.next(FileStatus?.self))
    }
}
