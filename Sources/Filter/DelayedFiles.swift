import Digest
import ObjectStore
import Platform
import Pointer

/// The files of a checkout whose content Git will ask for again, in the order in which it asked first. A portion of them
/// is at hand, so that memory does not grow with their number.
struct DelayedFiles {
    struct File {
        let pointer: Pointer
        /// What Git has of the file.
        let text: [UInt8]
    }

    private let spool: RecordSpool
    private let portionCount: Int
    private var reader: RecordSpool.Reader?
    private var takenCount = 0
    private var atHand: [BytePath: File] = [:]
    private var paths: [ObjectID: [BytePath]] = [:]

    init(in store: ObjectStore, portionCount: Int = 4096) {
        spool = RecordSpool(in: store)
        self.portionCount = portionCount
    }

    var isEmpty: Bool { atHand.isEmpty && takenCount == spool.count }

    mutating func add(_ path: BytePath, _ text: [UInt8]) {
        var record = RecordBytes()
        record.add(text: path.bytes)
        record.add(text: text)
        spool.add(record)
    }

    /// Takes more of what waits, once half of what was at hand is done.
    /// - Returns: the pointers of those files, whose blobs are to be fetched.
    mutating func refill() throws(SystemError) -> [Pointer] {
        var pointers: [Pointer] = []
        guard atHand.count <= portionCount / 2 else { return [] }
        while atHand.count < portionCount, takenCount < spool.count {
            guard let record = try reader?.next() else {
                // There is none yet, or the file was added since.
                var next = spool.reader()
                for _ in 0..<takenCount { _ = try next.next() }
                reader = next
                continue
            }
            takenCount += 1
            var fields = RecordFields(record)
            let (path, text) = (BytePath(bytes: fields.nextText()), fields.nextText())
            guard case .pointer(let pointer) = Pointer.recognize(text) else { continue }
            atHand[path] = File(pointer: pointer, text: text)
            paths[pointer.oid, default: []].append(path)
            pointers.append(pointer)
        }
        return pointers
    }

    /// Takes a file that Git asks for again.
    /// - Returns: nil where it is none of those at hand.
    mutating func take(_ path: BytePath) -> File? {
        guard let file = atHand.removeValue(forKey: path) else { return nil }
        paths[file.pointer.oid]?.removeAll { $0 == path }
        if paths[file.pointer.oid]?.isEmpty == true { paths[file.pointer.oid] = nil }
        return file
    }

    /// The files at hand whose blobs are among these; all where nil.
    func waiting(for oids: [ObjectID]?) -> [BytePath] {
        guard let oids else { return Array(atHand.keys) }
        return Set(oids).flatMap { paths[$0] ?? [] }
    }
}
