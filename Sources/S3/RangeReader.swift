import Digest
import Platform
import Remote

/// Fetches the ranges of a large object, several at once, and hands them out in order. Memory is bounded by
/// the remote's buffers: a range holds one from its request until it is handed out. As ranges get theirs in
/// order, the one that everybody waits for always has one.
final class RangeReader {
    private struct State {
        /// The index of the next range to be fetched, and to be handed out.
        var nextFetch = 0
        var nextDelivery = 0
        var arrived: [Int: Result<RangeBuffer, RemoteError>] = [:]
        var isStopped = false
        var hasFailed = false
        var threads = 0
    }

    /// How many ranges of one download may be ahead of the one that is handed out next.
    private static let window = 6

    private let worker: Worker
    private let count: Int

    init(_ remote: S3Remote, _ oid: ObjectID, _ range: Range<Int64>, _ cancellation: Cancellation) {
        worker = Worker(remote: remote, oid: oid, range: range, outer: cancellation)
        count = worker.count
        let threads = min(Self.window, count)
        worker.state.change { $0.threads = threads }
        for _ in 0..<threads { WorkerThread.detach { [worker] in worker.run() } }
    }

    /// Hands out the next range in small pieces, which stay in the processor's caches on their way.
    /// - Returns: false behind the last one.
    func deliver(_ receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void) throws(RemoteError) -> Bool {
        let result: Result<RangeBuffer, RemoteError>? = worker.state.wait { state in
            if state.nextDelivery == count { return .some(nil) }
            guard let result = state.arrived.removeValue(forKey: state.nextDelivery) else { return nil }
            state.nextDelivery += 1
            return .some(result)
        }
        guard let buffer = try result?.get() else { return false }
        defer { worker.remote.buffers.giveBack(buffer) }
        let bytes = buffer.bytes
        for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
            try receive(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.pieceSize, bytes.count)]))
        }
        return true
    }

    private static let pieceSize = 128 << 10

    /// Calls off the rest, and waits until nothing of it runs.
    func stop() {
        worker.cancellation.cancel()
        worker.state.change { $0.isStopped = true }
        // At once: one of the threads may be waiting for a buffer.
        giveBackArrived()
        worker.state.wait { $0.threads == 0 ? () : nil }
        giveBackArrived()
    }

    private func giveBackArrived() {
        let arrived = worker.state.change { state in
            defer { state.arrived = [:] }
            return state.arrived.values
        }
        for case .success(let buffer) in arrived { worker.remote.buffers.giveBack(buffer) }
    }

    private final class Worker: Sendable {
        let remote: S3Remote
        let state = Monitor(State())
        /// Calls off what is under way when nobody wants it any more.
        let cancellation: Cancellation
        private let oid: ObjectID
        private let range: Range<Int64>

        init(remote: S3Remote, oid: ObjectID, range: Range<Int64>, outer: Cancellation) {
            self.remote = remote
            self.oid = oid
            self.range = range
            cancellation = Cancellation(within: outer)
        }

        var count: Int { Int((Int64(range.count) + S3Remote.rangeByteCount - 1) / S3Remote.rangeByteCount) }

        func run() {
            while let (index, buffer) = next() {
                let result = fetch(index, into: buffer)
                state.change { state in
                    state.arrived[index] = result
                    if case .failure = result { state.hasFailed = true }
                }
            }
            state.change { $0.threads -= 1 }
        }

        /// Takes the next range to be fetched, with the buffer for it: the buffer first, so that each range
        /// that is taken can be fetched.
        private func next() -> (index: Int, buffer: RangeBuffer)? {
            let count = count
            guard !state.change({ Self.isOver($0, count: count) }) else { return nil }
            let buffer = remote.buffers.take()
            let index: Int? = state.wait { state -> Int?? in
                if Self.isOver(state, count: count) { return .some(nil) }
                guard state.nextFetch < state.nextDelivery + RangeReader.window else { return nil }
                defer { state.nextFetch += 1 }
                return .some(state.nextFetch)
            }
            guard let index else {
                remote.buffers.giveBack(buffer)
                return nil
            }
            return (index, buffer)
        }

        private static func isOver(_ state: State, count: Int) -> Bool {
            state.isStopped || state.hasFailed || state.nextFetch == count
        }

        /// Fetches one range whole.
        private func fetch(_ index: Int, into buffer: RangeBuffer) -> Result<RangeBuffer, RemoteError> {
            let start = range.lowerBound + Int64(index) * S3Remote.rangeByteCount
            let end = min(start + S3Remote.rangeByteCount, range.upperBound)
            remote.downloads.take(0)
            var outcome = RequestBudget.Outcome.done
            defer { remote.downloads.giveBack(0, outcome) }
            do throws(S3Failure) {
                var request = remote.rangeRequest(oid, start..<end)
                request.landing = buffer.memory
                _ = try remote.client.send(request, cancellation, receive: { head, piece throws(RemoteError) in
                    guard head.status == 206, ContentRange(head)?.first == start, buffer.append(piece) else {
                        throw RemoteError(.other, "\(self.remote.name) sends other bytes than it was asked for", isTransient: true)
                    }
                })
                guard Int64(buffer.bytes.count) == end - start else {
                    throw S3Failure(RemoteError(.unreachable, "\(remote.name) sent too few bytes", isTransient: true))
                }
                return .success(buffer)
            } catch {
                outcome = error.isThrottling ? .throttled : .failed
                remote.buffers.giveBack(buffer)
                return .failure(error.error)
            }
        }
    }
}
