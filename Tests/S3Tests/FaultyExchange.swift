import Platform
import Remote

@testable import S3

/// Real exchanges that tests look at, and spoil.
final class FaultyExchange: WebExchange {
    /// What happens to a request.
    enum Fault: Sendable {
        /// Nobody answers.
        case refused
        /// An answer of the test's own.
        case answer(WebResponse)
        /// The request is made and its answer lost.
        case lost
        /// The request is made and its answer's body cut after so many bytes.
        case cut(Int)
    }

    private let web: HTTPExchange
    private let log = Monitor<[WebRequest]>([])
    private let fault: @Sendable (WebRequest) -> Fault?

    init(_ web: HTTPExchange, fault: @escaping @Sendable (WebRequest) -> Fault?) {
        self.web = web
        self.fault = fault
    }

    var requests: [WebRequest] { log.change { $0 } }
    /// As in `PUT http://host/bucket/key?query`.
    var lines: [String] { requests.map { "\($0.method) \($0.url)" } }

    func exchange(
        _ request: WebRequest, _ cancellation: Cancellation, sent: (@Sendable (Int) -> Void)?,
        receive: (WebResponse, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) -> WebResponse {
        log.change { $0.append(request) }
        let gone = RemoteError(.unreachable, "the connection broke", isTransient: true)
        switch fault(request) {
        case .refused: throw gone
        case .answer(let response):
            var failure: RemoteError?
            response.body.withUnsafeBytes { buffer in
                guard response.isSuccess else { return }
                do throws(RemoteError) { try receive(response, buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            return response
        case .lost:
            _ = try web.exchange(request, cancellation, sent: sent) { _, _ in }
            throw gone
        case .cut(let limit):
            var count = 0
            return try web.exchange(request, cancellation, sent: sent) { head, piece throws(RemoteError) in
                let rest = UnsafeRawBufferPointer(rebasing: piece.prefix(limit - count))
                count += rest.count
                try receive(head, rest)
                if count == limit { throw gone }
            }
        case nil: return try web.exchange(request, cancellation, sent: sent, receive: receive)
        }
    }
}
