import Digest
import Platform
import Remote

/// Fetches the ranges of a large object, several at once, and hands them out in order. Memory is bounded by
/// the remote's budget: a range holds its share from its request until it is handed out.
final class RangeReader {
    private struct State {
        /// The index of the next range to be fetched, and to be handed out.
        var nextFetch = 0
        var nextDelivery = 0
        var arrived: [Int: Result<[UInt8], RemoteError>] = [:]
        var isStopped = false
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

    /// The next range; nil behind the last one.
    func next() throws(RemoteError) -> [UInt8]? {
        let result: Result<[UInt8], RemoteError>? = worker.state.wait { state in
            if state.nextDelivery == count { return .some(nil) }
            guard let result = state.arrived.removeValue(forKey: state.nextDelivery) else { return nil }
            state.nextDelivery += 1
            return .some(result)
        }
        guard let result else { return nil }
        if case .success(let bytes) = result { worker.remote.downloads.giveBack(Int64(bytes.count)) }
        return try result.get()
    }

    /// Calls off the rest, and waits until nothing of it runs.
    func stop() {
        worker.cancellation.cancel()
        worker.state.change { $0.isStopped = true }
        let left = worker.state.wait { state -> [Result<[UInt8], RemoteError>]? in
            guard state.threads == 0 else { return nil }
            defer { state.arrived = [:] }
            return Array(state.arrived.values)
        }
        for case .success(let bytes) in left { worker.remote.downloads.giveBack(Int64(bytes.count)) }
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
            while let index = next() {
                let result = fetch(index)
                state.change { $0.arrived[index] = result }
            }
            state.change { $0.threads -= 1 }
        }

        private func next() -> Int? {
            let count = count
            return state.wait { state -> Int?? in
                let hasFailed = state.arrived.values.contains { (try? $0.get()) == nil }
                if state.isStopped || state.nextFetch == count || hasFailed { return .some(nil) }
                guard state.nextFetch < state.nextDelivery + RangeReader.window else { return nil }
                defer { state.nextFetch += 1 }
                return .some(state.nextFetch)
            }
        }

        /// Fetches one range whole. On success its share of the budget stays taken.
        private func fetch(_ index: Int) -> Result<[UInt8], RemoteError> {
            let start = range.lowerBound + Int64(index) * S3Remote.rangeByteCount
            let end = min(start + S3Remote.rangeByteCount, range.upperBound)
            remote.downloads.take(end - start)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(Int(end - start))
            do throws(S3Failure) {
                let request = remote.rangeRequest(oid, start..<end)
                _ = try remote.client.send(request, cancellation, receive: { head, piece throws(RemoteError) in
                    guard head.status == 206, ContentRange(head)?.first == start,
                        Int64(bytes.count + piece.count) <= end - start
                    else { throw RemoteError(.other, "\(self.remote.name) sends other bytes than it was asked for", isTransient: true) }
                    bytes += piece
                })
                guard Int64(bytes.count) == end - start else {
                    throw S3Failure(RemoteError(.unreachable, "\(remote.name) sent too few bytes", isTransient: true))
                }
                return .success(bytes)
            } catch {
                remote.downloads.giveBack(end - start, wasThrottled: error.isThrottling)
                return .failure(error.error)
            }
        }
    }
}
