import Digest
import Platform

/// A blob that arrives piece by piece: hashed and written in one pass, nameless until it is whole. What is short
/// stays in memory until its oid is known, and is not written at all where the store has it.
package struct BlobSpool: ~Copyable {
    /// Opens the blob that the content may turn out to be once more: that of the file's last version.
    package typealias Guess = () -> Descriptor?

    /// Shorter content stays in memory until its end.
    private static let headLimit = 1 << 20

    private var hasher = BlobHasher()
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

    package var byteCount: Int64 { hasher.byteCount }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        hasher.update(bytes)
        do throws(SystemError) {
            if let stream { return try stream.append(bytes) }
            if head.count + bytes.count <= Self.headLimit { return head.append(contentsOf: bytes) }
            let started = BlobStream(store, guess: guess?())
            stream = started
            try started.append(head)
            head = []
            try started.append(bytes)
        } catch {
            throw .system(error)
        }
    }

    /// Ends the blob and gives it to `batch`, which makes it durable.
    /// - Returns: the oid of all that was written.
    package consuming func insert(into batch: BlobBatch) throws(StoreError) -> ObjectID {
        let byteCount = hasher.byteCount
        let oid = hasher.finish()
        if try batch.keeps(oid, byteCount: byteCount) { return oid }
        let file = try Self.file(with: head, or: stream, in: store)
        try batch.add(file.descriptor, at: file.path, as: oid)
        file.finish()
        return oid
    }

    private static func file(
        with head: [UInt8], or stream: BlobStream?, in store: ObjectStore
    ) throws(StoreError) -> TemporaryFile {
        do throws(SystemError) {
            if let stream { return try stream.finish() }
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
}
