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
/// needs neither space nor the disk; from the first difference on it is written.
final class BlobStream {
    private let pipeline: PiecePipeline
    private let sink: BlobSink
    private let hash: RunningHash

    /// - Parameter hasher: has had the bytes that come before the first `append`, as has `head`, which is written.
    init(
        _ store: ObjectStore, guess: consuming Descriptor?, hasher: consuming BlobHasher, head: [UInt8]
    ) throws(SystemError) {
        let sink = BlobSink(store, guess: guess)
        let hash = RunningHash(hasher)
        self.sink = sink
        self.hash = hash
        var failure: SystemError?
        head.withUnsafeBytes { bytes in
            do throws(SystemError) { try sink.write(bytes) } catch { failure = error }
        }
        pipeline = PiecePipeline([hash.update, sink.write])
        if let failure { throw failure }
    }

    /// - Throws: what stopped the writing of anything before.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try pipeline.append(bytes)
    }

    /// Waits until all is hashed, and written or compared.
    /// - Returns: the oid of all content.
    func finish() throws(SystemError) -> ObjectID {
        try pipeline.finish()
        return hash.finish()
    }

    /// The file with all content, made where there is none yet. To be asked once, after `finish`.
    func takeFile() throws(SystemError) -> TemporaryFile { try sink.takeFile() }
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
    private var guess: Descriptor?
    private var file: TemporaryFile?
    /// How much is known to be equal to the guess.
    private var equalByteCount: Int64 = 0
    private var buffer: [UInt8] = []

    init(_ store: ObjectStore, guess: consuming Descriptor?) {
        self.store = store
        self.guess = guess
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if guess != nil {
            if try isNextOfGuess(bytes) {
                equalByteCount += Int64(bytes.count)
                return
            }
            try leaveGuess()
        }
        if file == nil { file = try store.makeSpool() }
        try file?.descriptor.write(bytes)
    }

    func takeFile() throws(SystemError) -> TemporaryFile {
        if guess != nil { try leaveGuess() }
        if let made = file.take() { return made }
        return try store.makeSpool()
    }

    private func isNextOfGuess(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Bool {
        if buffer.count < bytes.count { buffer = [UInt8](repeating: 0, count: bytes.count) }
        var count = 0
        while count < bytes.count {
            let read = try readGuess(at: equalByteCount + Int64(count), into: count..<bytes.count)
            if read == 0 { return false }
            count += read
        }
        return buffer.withUnsafeBytes { haveEqualBytes(UnsafeRawBufferPointer(rebasing: $0[..<bytes.count]), bytes) }
    }

    /// Reads from the guess into that part of the buffer.
    private func readGuess(at offset: Int64, into range: Range<Int>) throws(SystemError) -> Int {
        var failure: SystemError?
        let count = buffer.withUnsafeMutableBytes { target in
            do throws(SystemError) {
                return try guess?.read(into: UnsafeMutableRawBufferPointer(rebasing: target[range]), at: offset) ?? 0
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }

    /// Goes on without the guess: what was equal is copied from it.
    private func leaveGuess() throws(SystemError) {
        let made = try store.makeSpool()
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: 1 << 16) }
        var offset: Int64 = 0
        while offset < equalByteCount {
            let wanted = Int(min(Int64(buffer.count), equalByteCount - offset))
            let count = try readGuess(at: offset, into: 0..<wanted)
            // It was longer a moment ago: somebody has cut the blob.
            guard count > 0 else { throw SystemError("read", path: guess?.path ?? store.objects, code: 5) }
            try made.descriptor.write(Array(buffer[..<count]))
            offset += Int64(count)
        }
        file = consume made
        guess = nil
    }
}
