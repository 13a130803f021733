import Digest
import Git
import ObjectStore
import Platform

/// The contents of a history that a migration is to convert, gathered while that is read. Memory is for some of them,
/// however many there are.
final class MigrationContents {
    /// A content that one file has in some commit.
    struct Content {
        let path: BytePath
        let blob: GitObjectName
        let byteCount: Int64
        /// Of the blob that a pointer names.
        let oid: ObjectID?
        /// Whether no content before is the same.
        let isFirst: Bool
    }

    /// How much there is of each type.
    let types: TypeTable
    /// The numbers of the folders that have one of the files.
    private(set) var folders: Set<Int> = []
    /// How many different ones there are, and how long they are together.
    private(set) var count = 0
    private(set) var byteCount: Int64 = 0

    private let contents: RecordSpool
    /// With the number of each content in `contents`.
    private var blobs: SortedBlobs?
    /// Which of `contents` are the first of their blob.
    private var firsts = NumberSet(below: 0)

    init(in store: ObjectStore) {
        types = TypeTable(in: store)
        contents = RecordSpool(in: store)
        blobs = SortedBlobs(in: store)
    }

    func add(_ version: HistoryCatalogue.Version, byteCount: Int64, oid: ObjectID? = nil) {
        folders.insert(version.folder)
        types.addFile(version.path)
        blobs?.add(version.blob.key, byteCount: byteCount, note: Int64(contents.count))
        var record = RecordBytes()
        record.add(text: version.path.bytes)
        record.add(version.blob)
        record.add(byteCount)
        record.add(oid)
        contents.add(record)
    }

    /// To be called when all have been added: counts each content once, and tells which is the first.
    func seal() throws {
        firsts = NumberSet(below: contents.count)
        var reader = try blobs?.reader()
        blobs = nil
        var last: ObjectID?
        while let item = try reader?.next() {
            guard item.oid != last else { continue }
            last = item.oid
            firsts.insert(Int(item.note))
            count += 1
            byteCount = byteCount.adding(byteCount: item.byteCount)
        }
        try forEach { content in
            if content.isFirst { types.addContent(of: content.path, byteCount: content.byteCount) }
        }
    }

    /// Calls `body` with the contents in the order in which they turned up.
    func forEach(_ body: (Content) throws -> Void) throws {
        var reader = contents.reader()
        var number = 0
        while let record = try reader.next() {
            var fields = RecordFields(record)
            try body(
                Content(
                    path: BytePath(bytes: fields.nextText()), blob: fields.next(GitObjectName.self),
                    byteCount: fields.next(Int64.self), oid: fields.next(ObjectID?.self),
                    isFirst: firsts.contains(number)))
            number += 1
        }
    }

    /// Calls `body` with the different contents, so many at once.
    func forEachPortion(of count: Int, _ body: ([Content]) throws -> Void) throws {
        var portion: [Content] = []
        try forEach { content in
            guard content.isFirst else { return }
            portion.append(content)
            guard portion.count >= count else { return }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }
}
