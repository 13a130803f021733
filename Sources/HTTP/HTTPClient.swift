// HTTP: exchanges with servers over libcurl's multi interface: one loop, one thread, many requests in
// flight, bodies streamed both ways with flat memory. It follows no redirect, retries nothing, decodes
// nothing, and knows neither S3 nor credentials.

import Platform

/// Sends requests and gives their answers. Any number of threads may call it; each waits for its own answer
/// while one thread of the client's own serves all connections.
package final class HTTPClient: Sendable {
    package struct Options: Sendable {
        /// The most connections to one host, and at all; further requests wait for their turn.
        package var connectionsPerHost = 32
        package var connections = 64
        /// What is spoken where the server has it.
        package var version = HTTPVersion.http1
        /// A file of trusted certificates (PEM) instead of the system's.
        package var certificates: BytePath?
        /// The proxy's URL, empty for none; what the environment says (`https_proxy`, `no_proxy`, …) where nil.
        package var proxy: String?
        /// For the name, the connection, the proxy and the handshake together.
        package var connectTimeout = Duration.seconds(30)
        /// What is a standstill, for requests that do not say.
        package var patience = HTTPPatience.own
        /// Told of each request and answer, line by line, without secrets, on the client's own thread.
        package var trace: (@Sendable (String) -> Void)?
        /// Whether `trace` is told of the headers as well.
        package var tracesHeaders = true

        package init() {}
    }

    /// So much is kept of the body of an answer that is no success.
    package static let refusalLimit = 64 << 10

    private let inbox = Inbox()

    package init(_ options: Options = Options()) {
        let inbox = inbox
        WorkerThread.detach { EventLoop(inbox, options).run() }
    }

    deinit {
        inbox.post(.close)
    }

    /// Sends a request and waits for its answer, whatever the status.
    ///
    /// A request on a kept connection that the server turns out to have closed is sent anew, by libcurl; so
    /// the server may have seen it before.
    /// - Parameter bodyLimit: the largest body of a success; a larger one is `tooLarge`.
    package func perform(_ request: HTTPRequest, bodyLimit: Int = 16 << 20) throws(HTTPError) -> HTTPResponse {
        let exchange = try begin(request, bodyLimit: bodyLimit)
        while true {
            guard case .ending(let ending) = exchange.next() else { continue }
            return try Self.response(ending)
        }
    }

    /// Sends a request and gives the body of a success to a receiver, piece by piece, on the calling thread. As
    /// long as the receiver is busy, little more is read from the connection. Other answers come as from
    /// `perform`.
    /// - Parameters:
    ///   - failure: makes the receiver's kind of error of ours.
    ///   - receive: gets the answer's head and the next piece of its body. What it throws ends the exchange.
    /// - Returns: the answer, without the body that was received.
    package func stream<Failure: Error>(
        _ request: HTTPRequest, failure: (HTTPError) -> Failure,
        receive: (HTTPResponse, UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) -> HTTPResponse {
        let exchange: Exchange
        do throws(HTTPError) { exchange = try begin(request, bodyLimit: nil) } catch { throw failure(error) }
        while true {
            switch exchange.next() {
            case .piece(let slab, let head, let isLoopWaiting):
                if isLoopWaiting { inbox.post(.attend(exchange)) }
                do throws(Failure) { try receive(head, slab.bytes) } catch {
                    abandon(exchange)
                    throw error
                }
                exchange.giveBack(slab)
            case .ending(let ending):
                do throws(HTTPError) { return try Self.response(ending) } catch { throw failure(error) }
            }
        }
    }

    /// Calls off all exchanges under way. Any thread may call it at any time.
    package func cancelAll() {
        inbox.post(.cancelAll)
    }

    private func begin(_ request: HTTPRequest, bodyLimit: Int?) throws(HTTPError) -> Exchange {
        if let flaw = request.flaw { throw HTTPError(.other, "the request cannot be sent: \(flaw)") }
        let exchange = Exchange(request, bodyLimit: bodyLimit)
        inbox.post(.start(exchange))
        return exchange
    }

    /// Returns when the loop has let go of the exchange.
    private func abandon(_ exchange: Exchange) {
        inbox.post(.cancel(exchange))
        while true {
            if case .ending = exchange.next() { return }
        }
    }

    private static func response(_ ending: Exchange.Ending) throws(HTTPError) -> HTTPResponse {
        switch ending {
        case .answered(let response): return response
        case .failed(let error): throw error
        }
    }
}
