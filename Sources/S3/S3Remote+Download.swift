import Digest
import Platform
import Remote

extension S3Remote {
    /// What the first request fetches, and each of those that fetch what is behind it at the same time. The first
    /// needs no memory, and is the only one for most blobs.
    static let firstRangeByteCount: Int64 = 8 << 20
    static let rangeByteCount: Int64 = 4 << 20

    package func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        try control.checkpoint()
        // The first range tells how long the object is. It is handed out as it comes, so that it takes no memory.
        var ahead: RangeReader?
        defer { ahead?.stop() }
        // A server that knows no ranges begins at 0.
        var unwanted = offset
        let first = try reported { () throws(S3Failure) -> WebResponse in
            downloads.take(0)
            var outcome = RequestBudget.Outcome.done
            defer { downloads.giveBack(0, outcome) }
            do throws(S3Failure) {
                var request = rangeRequest(oid, offset..<offset + Self.firstRangeByteCount)
                // What is known to be no longer is asked for whole, which is less work for servers.
                if offset == 0, let whole = control.byteCount, whole <= Self.firstRangeByteCount { request.headers = [] }
                let response = try client.send(request, accepting: [416], control.cancellation, receive: { head, piece throws(RemoteError) in
                    guard head.headers["etag"] != nil else { throw self.client.nonsense(request, head).error }
                    if ahead == nil { ahead = self.readAhead(oid, from: offset, head, control) }
                    let skipped = head.status == 206 ? 0 : min(Int(clamping: unwanted), piece.count)
                    unwanted -= Int64(skipped)
                    if skipped < piece.count { try receive(UnsafeRawBufferPointer(rebasing: piece[skipped...])) }
                })
                // An empty body has no piece to be looked at.
                guard response.status == 416 || response.headers["etag"] != nil else { throw client.nonsense(request, response) }
                return response
            } catch {
                outcome = error.isThrottling ? .throttled : .failed
                throw error
            }
        }
        if first.status == 416 { return try requireEnd(oid, at: offset, first) }
        while try ahead?.deliver(receive) == true {}
    }

    func rangeRequest(_ oid: ObjectID, _ range: Range<Int64>) -> S3Request {
        S3Request(
            method: "GET", key: keys.key(of: oid), headers: [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")],
            action: "read")
    }

    /// No object is longer; what says so is not read ahead of.
    private static let greatestByteCount: Int64 = 1 << 50

    /// Starts to fetch what is behind the first range.
    private func readAhead(_ oid: ObjectID, from offset: Int64, _ head: WebResponse, _ control: TransferControl) -> RangeReader? {
        guard head.status == 206, let total = ContentRange(head)?.total, total > offset + Self.firstRangeByteCount,
            total <= Self.greatestByteCount
        else { return nil }
        return RangeReader(self, oid, offset + Self.firstRangeByteCount..<total, control.cancellation)
    }

    /// Makes sure that a range which the server does not have begins at the object's very end.
    private func requireEnd(_ oid: ObjectID, at offset: Int64, _ response: WebResponse) throws(RemoteError) {
        var total = ContentRange(response)?.total
        if total == nil { total = try reported { () throws(S3Failure) in try byteCount(of: oid) } }
        guard let total else { throw RemoteError(.absent, "not at \(name)") }
        guard total <= offset else {
            throw RemoteError(.other, "\(name) does not give the bytes from \(offset) on, of \(total)")
        }
    }
}

/// What a `Content-Range` header says.
///
/// Spec: RFC 9110, 14.4.
struct ContentRange: Equatable {
    /// nil in the answer to a range that is not there.
    var first: Int64?
    var last: Int64?
    var total: Int64?

    init?(_ response: WebResponse) {
        guard let text = response.headers["content-range"] else { return nil }
        self.init(text)
    }

    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let halves = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        total = Int64(halves[1])
        guard halves[0] != "*" else { return }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
        (self.first, self.last) = (first, last)
    }
}
