import HTTP
import Remote

/// A request as it goes over the wire.
struct WebRequest: Sendable {
    /// What follows the head.
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// `byteCount` bytes of a file from `offset` on.
        case file(HTTPFile, offset: Int64, byteCount: Int64)

        var byteCount: Int64 {
            switch self {
            case .none: 0
            case .bytes(let bytes): Int64(bytes.count)
            case .file(_, _, let byteCount): byteCount
            }
        }
    }

    var method: String
    var url: String
    var headers: [(name: String, value: String)] = []
    var body = Body.none
    /// Where the body of a success is put, as far as there is room; the pieces that are received are in there.
    var landing: HTTPMemory?
    /// How long the whole exchange may take; nil leaves it to whoever watches for stalls.
    var timeout: Duration?
    /// For addresses of this machine, which no proxy can reach.
    var isLocal = false
}

/// The head of an answer, and its body where nobody received that.
struct WebResponse: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    var isSuccess: Bool { (200..<300).contains(status) }
    /// What the server says the time is.
    var date: UTCTime? { headers["date"].flatMap { UTCTime(httpDate: $0) } }
}

/// Whoever makes exchanges over the network.
protocol WebExchange: Sendable {
    /// Makes one exchange and waits for its end.
    /// - Parameters:
    ///   - sent: told how many more bytes of the body have gone out; on any thread.
    ///   - receive: gets the pieces of a successful answer's body, on the calling thread; what it throws
    ///     ends the exchange. The body of any other answer is in the response, as far as it is worth reading.
    /// - Throws: where there was no complete answer; `interrupted` where the work was called off.
    func exchange(
        _ request: WebRequest, _ cancellation: Cancellation, sent: (@Sendable (Int) -> Void)?,
        receive: (WebResponse, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) -> WebResponse
}
