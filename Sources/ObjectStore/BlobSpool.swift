import Digest
import Platform

/// A blob that arrives piece by piece: hashed and written in one pass, nameless until it is whole. What is short
/// stays in memory until its oid is known, and is not written at all where the store has it.
package struct BlobSpool: ~Copyable {
    /// Opens the blob that the content may turn out to be once more: that of the file's last version.
    package typealias Guess = () -> BlobGuess?

    /// Shorter content stays in memory until its end.
    private static let headLimit = 1 << 20

    /// What has been written.
    package private(set) var byteCount: Int64 = 0
    /// Of the content, as long as there is no stream, which has it then.
    private var hasher: BlobHasher? = BlobHasher()
    private let store: ObjectStore
    private let guess: Guess?
    /// All of the content, as long as there is no stream.
    private var head: [UInt8] = []
    private var stream: BlobStream?

    /// Starts a blob in the store's `incoming/`. A spool that is let go leaves nothing behind; that of a
    /// killed process is swept later.
    /// - Parameter guess: asked when the content has outgrown memory. Content that is that very blob is compared with
    ///   it as it arrives, and not written again.
    package init(in store: ObjectStore, guess: Guess? = nil) {
        self.store = store
        self.guess = guess
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        byteCount += Int64(bytes.count)
        do throws(SystemError) {
            if let stream { return try stream.append(bytes) }
            if head.count + bytes.count <= Self.headLimit {
                hasher?.update(bytes)
                return head.append(contentsOf: bytes)
            }
            try startStream().append(bytes)
        } catch {
            throw .system(error)
        }
    }

    private mutating func startStream() throws(SystemError) -> BlobStream {
        let started = try BlobStream(store, guess: guess?(), hasher: hasher.take() ?? BlobHasher(), head: head)
        stream = started
        head = []
        return started
    }

    /// Ends the blob and gives it to `batch`, which makes it durable.
    /// - Returns: the oid of all that was written.
    package consuming func insert(into batch: BlobBatch) throws(StoreError) -> ObjectID {
        let oid = try finishContent()
        try insert(as: oid, into: batch)
        return oid
    }

    /// As `insert(into:)`, where all that was written is a certain blob.
    /// - Returns: false where it is another; nothing of it stays then.
    package consuming func insert(into batch: BlobBatch, ifIts wanted: ObjectID) throws(StoreError) -> Bool {
        guard try finishContent() == wanted else { return false }
        try insert(as: wanted, into: batch)
        return true
    }

    private mutating func finishContent() throws(StoreError) -> ObjectID {
        do throws(SystemError) {
            return try stream?.finish() ?? (hasher.take() ?? BlobHasher()).finish()
        } catch {
            throw .system(error)
        }
    }

    private consuming func insert(as oid: ObjectID, into batch: BlobBatch) throws(StoreError) {
        // Most content is new, and whether its pending name is taken, the making of the file tells.
        if stream == nil, !store.hasPublished(oid), try batch.add(head, as: oid) { return }
        if try batch.keeps(oid, byteCount: byteCount) { return }
        let file = try Self.file(with: head, or: stream, in: store)
        try batch.add(file.descriptor, at: file.path, as: oid)
        file.finish()
    }

    private static func file(
        with head: [UInt8], or stream: BlobStream?, in store: ObjectStore
    ) throws(StoreError) -> TemporaryFile {
        do throws(SystemError) {
            if let stream { return try stream.takeFile() }
            let file = try store.makeSpool()
            try file.descriptor.write(head)
            return file
        } catch {
            throw .system(error)
        }
    }
}

extension ObjectStore {
    /// Makes an empty file for content whose oid is not known yet.
    func makeSpool() throws(SystemError) -> TemporaryFile {
        do throws(SystemError) {
            return try TemporaryFile(in: incoming, prefix: "spool-")
        } catch {
            guard error.isAbsent else { throw error }
            try incoming.makeFolders()
            return try TemporaryFile(in: incoming, prefix: "spool-")
        }
    }

    /// A file for what has no room in memory.
    func makeNamelessFile() throws(SystemError) -> NamelessFile {
        try NamelessFile(makeSpool())
    }
}
