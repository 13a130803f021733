import Platform

/// One request. Nothing in it is changed on its way: the URL's bytes are sent as they are, and of the headers
/// that libcurl would add by itself only `Host` and `Content-Length` are.
package struct HTTPRequest: Sendable {
    package struct Method: Hashable, Sendable, ExpressibleByStringLiteral {
        package let name: String

        package init(stringLiteral name: String) { self.name = name }

        package static let get: Method = "GET"
        package static let head: Method = "HEAD"
        package static let put: Method = "PUT"
        package static let post: Method = "POST"
        package static let delete: Method = "DELETE"

        /// A request of this kind says how long its body is, even where it has none.
        var hasBody: Bool { self == .put || self == .post }
    }

    /// What is sent behind the headers.
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// So many bytes of a file from `offset` on. Many requests may send parts of one file at once.
        case file(HTTPFile, offset: Int64, byteCount: Int64)

        package var byteCount: Int64 {
            switch self {
            case .none: 0
            case .bytes(let bytes): Int64(bytes.count)
            case .file(_, _, let byteCount): byteCount
            }
        }
    }

    package var method: Method
    /// Absolute, `http` or `https`, encoded, without a fragment.
    package var url: String
    /// Sent in this order. Names and values without line ends; `Content-Length` is left out here.
    package var headers: HTTPHeaders
    package var body: Body
    /// Asks the server before the body is sent, so that a refused upload costs nothing. A server that does not
    /// say anything within a second gets the body.
    package var expectsContinue = false
    /// What this request takes for a standstill, where that is not what the client does.
    package var patience: HTTPPatience?
    /// Where the bytes of a streamed answer go as far as there is room, one behind the other: the pieces that the
    /// receiver gets are in there, so that they need not be copied, and come in large ones.
    package var landing: HTTPMemory?
    /// Where this request prefers another version than the client does.
    package var version: HTTPVersion?
    /// Nothing that is nearer is connected to. It is for requests that go to no proxy.
    package var nearest = Nearness.link
    /// Asked ten times a second, on the client's own thread; true calls the exchange off.
    package var isCancelled: (@Sendable () -> Bool)?
    /// Told of the number of the body's bytes that are on their way, some times a second and at the end, on the
    /// client's own thread; it gets smaller where a body is sent anew.
    package var onSent: (@Sendable (Int64) -> Void)?

    package init(_ method: Method, _ url: String, headers: HTTPHeaders = [], body: Body = .none) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// An open file whose bytes requests send. It is read by position, on the client's own thread.
package final class HTTPFile: Sendable {
    package let descriptor: Descriptor

    package init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }
}

/// Memory that an exchange may write to until it has ended.
package final class HTTPMemory: @unchecked Sendable {
    // Safety: whoever has made the request leaves it alone, but for the pieces that a receiver has been given.
    package let bytes: UnsafeMutableRawBufferPointer

    package init(byteCount: Int) {
        bytes = .allocate(byteCount: byteCount, alignment: 4096)
    }

    deinit { bytes.deallocate() }
}

/// The versions of HTTP that are spoken where the server has them.
package enum HTTPVersion: Sendable {
    /// One exchange at a time on each connection: the best for much data, as each has a connection of its own.
    case http1
    /// Many exchanges on one encrypted connection, where the server offers HTTP/2; else HTTP/1.1.
    case http2
}

/// How long an exchange waits when nothing moves.
package struct HTTPPatience: Equatable, Sendable {
    /// Slower than this is a standstill.
    package var bytesPerSecond: Int64
    /// How long a standstill may last while a body is on its way, up or down.
    package var stall: Duration
    /// How long the server may think between the last byte of the request and the first of its answer.
    package var answer: Duration

    package init(bytesPerSecond: Int64 = 16, stall: Duration = .seconds(60), answer: Duration = .seconds(120)) {
        self.bytesPerSecond = bytesPerSecond
        self.stall = stall
        self.answer = answer
    }

    /// What the user's environment says to Git, else the standard.
    ///
    /// Spec: git-config(1), `http.lowSpeedLimit` and `http.lowSpeedTime`.
    package static var own: HTTPPatience {
        var patience = HTTPPatience()
        func number(_ name: String) -> Int64? { Environment.value(name).flatMap { Int64($0.text) }.flatMap { $0 > 0 ? $0 : nil } }
        if let limit = number("GIT_HTTP_LOW_SPEED_LIMIT") { patience.bytesPerSecond = limit }
        if let seconds = number("GIT_HTTP_LOW_SPEED_TIME") {
            (patience.stall, patience.answer) = (.seconds(min(seconds, 86_400)), .seconds(min(seconds, 86_400)))
        }
        return patience
    }
}
