/// Bytes on their way to several consumers, each on a thread of its own, while the next bytes are read: hashing and
/// writing take the time of the slower one, not of both. One thread at a time may append.
///
/// Memory is flat: a producer that is faster than its consumers waits for them.
package final class PiecePipeline: @unchecked Sendable {
    // Safety: what the threads share is in `queue`; a piece's bytes belong to the producer until it is handed over, and
    // are only read from then until every consumer has given it back.

    /// Takes the bytes in their order. What it throws ends the pipeline.
    package typealias Consumer = @Sendable (UnsafeRawBufferPointer) throws(SystemError) -> Void

    private static let pieceByteCount = 1 << 20
    private static let pieceLimit = 4

    private final class Piece: @unchecked Sendable {
        // Safety: see above.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: PiecePipeline.pieceByteCount, alignment: 4096)
        var count = 0
        /// Consumers that have not had it yet; changed under the queue's lock.
        var readers = 0

        deinit { bytes.deallocate() }
    }

    private struct Queue {
        /// In order; the first may have been had by some.
        var full: [Piece] = []
        /// How many pieces have left `full` at its front.
        var dropped = 0
        var empty: [Piece] = []
        var failure: SystemError?
        var isEnded = false
    }

    private let queue = Monitor(Queue())
    private let consumerCount: Int
    private var threads: [Thread] = []
    private var piece = Piece()
    private var pieceCount = 1

    private final class Thread {
        var handle: WorkerThread?
        init(_ handle: consuming WorkerThread) { self.handle = consume handle }
    }

    package init(_ consumers: [Consumer]) {
        consumerCount = consumers.count
        threads = consumers.map { consumer in
            Thread(WorkerThread { [queue] in Self.work(queue, consumer) })
        }
    }

    deinit {
        stop()
    }

    /// Copies the bytes into the pipeline.
    /// - Throws: what stopped a consumer at any of the bytes before.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = UnsafeMutableRawBufferPointer(rebasing: piece.bytes[piece.count...])
            let some = UnsafeRawBufferPointer(rebasing: rest.prefix(room.count))
            room.copyMemory(from: some)
            rest = rest.dropFirst(some.count)
            try advance(by: some.count)
        }
    }

    /// Waits until every consumer has had all.
    /// - Throws: what stopped one of them.
    package func finish() throws(SystemError) {
        if piece.count > 0 { handOver() }
        stop()
        if let failure = queue.change({ $0.failure }) { throw failure }
    }

    private func advance(by count: Int) throws(SystemError) {
        piece.count += count
        guard piece.count == piece.bytes.count else { return }
        handOver()
        piece = try nextEmpty()
        piece.count = 0
    }

    private func handOver() {
        queue.change { [piece, consumerCount] queue in
            piece.readers = consumerCount
            queue.full.append(piece)
        }
    }

    private func nextEmpty() throws(SystemError) -> Piece {
        if pieceCount < Self.pieceLimit {
            pieceCount += 1
            return Piece()
        }
        let next: Result<Piece, SystemError> = queue.wait { queue in
            if let failure = queue.failure { return .failure(failure) }
            return queue.empty.popLast().map { .success($0) }
        }
        return try next.get()
    }

    private func stop() {
        queue.change { $0.isEnded = true }
        for thread in threads { thread.handle.take()?.join() }
        threads = []
    }

    private static func work(_ queue: Monitor<Queue>, _ consumer: Consumer) {
        var position = 0
        while true {
            let next: Piece?? = queue.wait { queue in
                if queue.failure != nil { return .some(nil) }
                if position - queue.dropped < queue.full.count { return .some(queue.full[position - queue.dropped]) }
                return queue.isEnded ? .some(nil) : nil
            }
            guard let piece = next ?? nil else { return }
            position += 1
            do throws(SystemError) {
                try consumer(UnsafeRawBufferPointer(rebasing: piece.bytes[..<piece.count]))
            } catch {
                return queue.change { $0.failure = $0.failure ?? error }
            }
            queue.change { queue in
                piece.readers -= 1
                while let first = queue.full.first, first.readers == 0 {
                    queue.full.removeFirst()
                    queue.dropped += 1
                    queue.empty.append(first)
                }
            }
        }
    }
}
