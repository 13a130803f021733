import Digest
import ObjectStore
import Platform
import Pointer

/// A data file of a bundle.
struct BundledFile {
    let path: BytePath
    let oid: ObjectID
    let byteCount: Int64

    var pointer: Pointer { Pointer(oid: oid, byteCount: byteCount) }

    static func < (one: BundledFile, other: BundledFile) -> Bool { (one.path, one.oid) < (other.path, other.oid) }
}

/// Data files of a bundle, in the order in which they were added: memory for some of them, however many there are.
final class BundleFiles {
    private let spool: RecordSpool

    init(in store: ObjectStore) {
        spool = RecordSpool(in: store, limit: 1 << 16)
    }

    var count: Int { spool.count }

    func add(_ file: BundledFile) {
        var record = RecordBytes()
        record.add(text: file.path.bytes)
        record.add(file.oid)
        record.add(file.byteCount)
        spool.add(record)
    }

    func forEach(_ body: (BundledFile) throws -> Void) throws {
        var reader = reader()
        while let file = try reader.next() { try body(file) }
    }

    func reader() -> Reader { Reader(records: spool.reader()) }

    struct Reader {
        fileprivate var records: RecordSpool.Reader

        /// - Returns: nil behind the last file.
        mutating func next() throws(SystemError) -> BundledFile? {
            guard let record = try records.next() else { return nil }
            var fields = RecordFields(record)
            return BundledFile(
                path: BytePath(bytes: fields.nextText()), oid: fields.next(ObjectID.self), byteCount: fields.next(Int64.self))
        }
    }
}

/// Data files that are added in any order and read in that of their paths, and of their oids: sorted run by run, which are
/// merged.
final class SortedBundleFiles {
    private let store: ObjectStore
    private let runLimit: Int
    private var gathered: [BundledFile] = []
    private var runs: [BundleFiles] = []

    /// - Parameter runLimit: so many files are in memory.
    init(in store: ObjectStore, runLimit: Int) {
        (self.store, self.runLimit) = (store, runLimit)
    }

    func add(_ file: BundledFile) {
        gathered.append(file)
        if gathered.count >= runLimit { endRun() }
    }

    private func endRun() {
        let run = BundleFiles(in: store)
        for file in gathered.sorted(by: <) { run.add(file) }
        runs.append(run)
        gathered.removeAll(keepingCapacity: true)
    }

    /// Calls `body` for each of the files, once all were added.
    func forEach(_ body: (BundledFile) throws -> Void) throws {
        endRun()
        var readers = runs.map { $0.reader() }
        var heads = try readers.indices.map { try readers[$0].next() }
        while true {
            var least: (run: Int, file: BundledFile)?
            for (run, head) in heads.enumerated() {
                guard let head, least.map({ head < $0.file }) ?? true else { continue }
                least = (run, head)
            }
            guard let least else { return }
            try body(least.file)
            heads[least.run] = try readers[least.run].next()
        }
    }
}
