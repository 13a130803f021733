import Platform

/// Content on its way to a file: a thread of its own writes it while the next of it is read and hashed. One
/// thread at a time may append.
///
/// Where the content may be that of a blob that is here, the thread compares it with that instead, which needs
/// neither space nor the disk; from the first difference on it writes.
final class BlobStream: @unchecked Sendable {
    // Safety: what both threads touch is in `queue`; a piece belongs to whoever took it out of there, and `sink`
    // to the thread, until that has ended.

    private static let pieceByteCount = 1 << 20
    /// So many pieces there are at most, so that memory stays flat.
    private static let pieceLimit = 4

    private struct Queue {
        var full: [Piece] = []
        var empty: [Piece] = []
        var failure: SystemError?
        var isEnded = false
    }

    private final class Piece: @unchecked Sendable {
        // Safety: see above.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: BlobStream.pieceByteCount, alignment: 4096)
        var count = 0

        deinit { bytes.deallocate() }
    }

    private let queue = Monitor(Queue())
    private let sink: BlobSink
    private var thread: WorkerThread?
    /// The piece that is being filled.
    private var piece = Piece()
    private var pieceCount = 1

    init(_ store: ObjectStore, guess: consuming Descriptor?) {
        sink = BlobSink(store, guess: guess)
        thread = WorkerThread { [queue, sink] in Self.work(queue, sink) }
    }

    deinit {
        stop()
    }

    func append(_ bytes: [UInt8]) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { bytes in
            do throws(SystemError) { try append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// - Throws: what stopped the writing of anything before.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, piece.bytes.count - piece.count)
            let some = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
            UnsafeMutableRawBufferPointer(rebasing: piece.bytes[piece.count...]).copyMemory(from: some)
            piece.count += count
            rest = rest.dropFirst(count)
            if piece.count == piece.bytes.count { try handOver() }
        }
    }

    /// Gives the full piece to the thread and takes an empty one.
    private func handOver() throws(SystemError) {
        queue.change { $0.full.append(piece) }
        if pieceCount < Self.pieceLimit {
            piece = Piece()
            pieceCount += 1
            return
        }
        let next: Result<Piece, SystemError> = queue.wait { queue in
            if let failure = queue.failure { return .failure(failure) }
            return queue.empty.popLast().map { .success($0) }
        }
        piece = try next.get()
        piece.count = 0
    }

    /// Waits until all is written.
    /// - Returns: the file with all that was appended.
    func finish() throws(SystemError) -> TemporaryFile {
        if piece.count > 0 { queue.change { $0.full.append(piece) } }
        stop()
        if let failure = queue.change({ $0.failure }) { throw failure }
        return try sink.finish()
    }

    private func stop() {
        queue.change { $0.isEnded = true }
        thread.take()?.join()
    }

    private static func work(_ queue: Monitor<Queue>, _ sink: BlobSink) {
        while true {
            let next: Piece?? = queue.wait { queue in
                if !queue.full.isEmpty { return .some(queue.full.removeFirst()) }
                return queue.isEnded ? .some(nil) : nil
            }
            guard let piece = next ?? nil else { return }
            do throws(SystemError) {
                try sink.write(UnsafeRawBufferPointer(rebasing: piece.bytes[..<piece.count]))
            } catch {
                return queue.change { $0.failure = error }
            }
            queue.change { $0.empty.append(piece) }
        }
    }
}

/// Where the pieces go: to a comparison as long as they are those of the blob that was guessed, then to a file.
private final class BlobSink: @unchecked Sendable {
    // Safety: one thread at a time has it, see `BlobStream`.
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

    func finish() throws(SystemError) -> TemporaryFile {
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
