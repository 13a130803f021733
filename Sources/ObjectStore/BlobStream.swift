import Digest
import Platform

/// Content that is too long for memory, on its way to a file: one thread hashes it and one writes it, while the next
/// of it is read.
///
/// Where the time goes for 2 GiB, by `perf`: SHA-256 keeps one processor busy throughout; the other one has to share its
/// time between Git, which reads the file into the pipe, our reading of the pipe and the copying into the page cache. On
/// two processors these take as long as the hash, so that there is nothing left to gain from more overlap.
///
/// Where the content may be that of a blob that is here, it is compared with that instead of being written, which
/// needs neither space nor the disk; nor is it hashed, where the blob was verified in this run of the system. From the
/// first difference on it is written. So a `git status` of a touched file takes half as long as its hash would, where the
/// blob is in the page cache, and as long as the disk takes to give the blob, where it is not.
final class BlobStream {
    private let store: ObjectStore
    /// What came before the first `append`.
    private let head: [UInt8]
    /// Has had `head`, until the writing begins.
    private var hasher: BlobHasher?
    /// As long as all content is that of a verified blob.
    private var comparison: BlobComparison?
    private var writing: Writing?

    private struct Writing {
        let pipeline: PiecePipeline
        let sink: BlobSink
        let hash: RunningHash
    }

    /// - Parameter hasher: has had the bytes that come before the first `append`, as has `head`, which is written.
    init(
        _ store: ObjectStore, guess: consuming BlobGuess?, hasher: consuming BlobHasher, head: [UInt8]
    ) throws(SystemError) {
        self.store = store
        self.head = head
        self.hasher = consume hasher
        let comparison: BlobComparison?
        switch consume guess {
        case .some(let known): comparison = BlobComparison(known)
        case .none: comparison = nil
        }
        if let comparison, comparison.isVerified, try Self.withBytes(head, comparison.takes) {
            self.comparison = comparison
        } else {
            try startWriting(comparing: comparison)
        }
    }

    private static func withBytes<Result>(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let outcome = bytes.withUnsafeBytes { bytes in
            do throws(SystemError) {
                return Swift.Result<Result, SystemError>.success(try body(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// - Parameter comparison: with a blob that is not verified; what is equal need not be written.
    private func startWriting(comparing comparison: BlobComparison?) throws(SystemError) {
        let sink = BlobSink(store, comparison)
        let hash = RunningHash(hasher.take() ?? BlobHasher())
        try Self.withBytes(head, sink.write)
        writing = Writing(pipeline: PiecePipeline([hash.update, sink.write]), sink: sink, hash: hash)
    }

    /// Goes on without the comparison: what was equal is taken from the blob.
    private func depart(from comparison: BlobComparison) throws(SystemError) {
        self.comparison = nil
        try startWriting(comparing: nil)
        if let pipeline = writing?.pipeline { try comparison.replay(from: Int64(head.count), pipeline.append) }
    }

    /// - Throws: what stopped the writing of anything before.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if let comparison {
            if try comparison.takes(bytes) { return }
            try depart(from: comparison)
        }
        try writing?.pipeline.append(bytes)
    }

    /// Waits until all is compared, or hashed and written.
    /// - Returns: the oid of all content.
    func finish() throws(SystemError) -> ObjectID {
        if let oid = comparison?.result { return oid }
        guard let written = try finishWriting() else { return ObjectID.of(head) }
        return written.hash.finish()
    }

    @discardableResult
    private func finishWriting() throws(SystemError) -> Writing? {
        if let comparison { try depart(from: comparison) }
        try writing?.pipeline.finish()
        return writing
    }

    /// The file with all content, made where there is none yet. To be asked once, after `finish`.
    func takeFile() throws(SystemError) -> TemporaryFile {
        if comparison != nil { try finishWriting() }
        guard let sink = writing?.sink else { return try store.makeSpool() }
        return try sink.takeFile()
    }
}

/// A hash that moves from thread to thread.
private final class RunningHash: @unchecked Sendable {
    // Safety: one thread at a time has it: the pipeline's until that is finished, then its owner's.
    private var hasher: BlobHasher?

    init(_ hasher: consuming BlobHasher) { self.hasher = consume hasher }

    func update(_ bytes: UnsafeRawBufferPointer) { hasher?.update(bytes) }

    func finish() -> ObjectID {
        guard let running = hasher.take() else { return ObjectID.of([]) }
        return running.finish()
    }
}

/// Where the bytes go: to a comparison as long as they are those of the blob that was guessed, then to a file.
private final class BlobSink: @unchecked Sendable {
    // Safety: as for `RunningHash`.
    private let store: ObjectStore
    private var comparison: BlobComparison?
    private var file: TemporaryFile?

    init(_ store: ObjectStore, _ comparison: BlobComparison?) {
        self.store = store
        self.comparison = comparison
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if let comparison {
            if try comparison.takes(bytes) { return }
            try depart(from: comparison)
        }
        if file == nil { file = try store.makeSpool() }
        try file?.descriptor.write(bytes)
    }

    func takeFile() throws(SystemError) -> TemporaryFile {
        if let comparison { try depart(from: comparison) }
        if let made = file.take() { return made }
        return try store.makeSpool()
    }

    /// Goes on without the comparison: what was equal is copied from the blob.
    private func depart(from comparison: BlobComparison) throws(SystemError) {
        self.comparison = nil
        let made = try store.makeSpool()
        try comparison.replay { bytes throws(SystemError) in try made.descriptor.write(bytes) }
        file = consume made
    }
}
