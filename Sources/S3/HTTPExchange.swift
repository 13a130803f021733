import HTTP
import Platform
import Remote
internal import Synchronization

/// Exchanges over our own HTTP engine.
final class HTTPExchange: WebExchange {
    private let client: HTTPClient
    private let trace: RemoteTrace?
    /// For addresses of this machine; made when it is asked for, which is on few machines.
    private let local = Mutex<HTTPClient?>(nil)

    /// - Parameters:
    ///   - certificates: a file of trusted certificates instead of the system's.
    ///   - patience: what is a standstill; what our HTTP engine takes for one where nil.
    ///   - trace: told of each request and answer.
    init(certificates: BytePath? = nil, patience: Duration? = nil, trace: RemoteTrace? = nil) {
        var options = Self.options(trace)
        options.certificates = certificates
        if let patience { options.patience = HTTPPatience(stall: patience, answer: patience) }
        self.trace = trace
        client = HTTPClient(options)
    }

    private static func options(_ trace: RemoteTrace?) -> HTTPClient.Options {
        var options = HTTPClient.Options()
        options.trace = trace?.say
        options.tracesHeaders = trace?.showsHeaders ?? false
        return options
    }

    /// With the certificates that the user's AWS tools trust.
    convenience init(_ configuration: ToolConfiguration, trace: RemoteTrace? = nil) {
        let name = configuration.environment["AWS_CA_BUNDLE"] ?? configuration.value("ca_bundle")
        self.init(certificates: name.map { configuration.environment.expanded($0) }, trace: trace)
    }

    private var localClient: HTTPClient {
        local.withLock { known in
            if let known { return known }
            var options = Self.options(trace)
            options.proxy = ""
            options.connectTimeout = .seconds(1)
            let client = HTTPClient(options)
            known = client
            return client
        }
    }

    func exchange(
        _ request: WebRequest, _ cancellation: Cancellation, sent: (@Sendable (Int) -> Void)?,
        receive: (WebResponse, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) -> WebResponse {
        try interruption(cancellation)
        var head: WebResponse?
        let response = try (request.isLocal ? localClient : client).stream(
            Self.request(request, cancellation, sent), failure: RemoteError.init(_:)
        ) { answer, piece throws(RemoteError) in
            let known = head ?? WebResponse(answer)
            head = known
            try receive(known, piece)
        }
        return head ?? WebResponse(response)
    }

    private func interruption(_ cancellation: Cancellation) throws(RemoteError) {
        if cancellation.isCancelled { throw RemoteError(.interrupted, "the transfer was interrupted") }
    }

    private static func request(
        _ request: WebRequest, _ cancellation: Cancellation, _ sent: (@Sendable (Int) -> Void)?
    ) -> HTTPRequest {
        let body: HTTPRequest.Body =
            switch request.body {
            case .none: .none
            case .bytes(let bytes): .bytes(bytes)
            case .file(let file, let offset, let byteCount): .file(file, offset: offset, byteCount: byteCount)
            }
        var headers = HTTPHeaders()
        for (name, value) in request.headers { headers.append(name, value) }
        var result = HTTPRequest(.init(stringLiteral: request.method), request.url, headers: headers, body: body)
        let deadline = request.timeout.map { ContinuousClock.now + $0 }
        result.landing = request.landing
        result.isCancelled = {
            if let deadline, ContinuousClock.now > deadline { return true }
            return cancellation.isCancelled
        }
        if let sent {
            let reported = Reported()
            result.onSent = { total in sent(Int(total - reported.count.exchange(total, ordering: .relaxed))) }
        }
        return result
    }

    private final class Reported: Sendable {
        let count = Atomic<Int64>(0)
    }
}

extension WebResponse {
    fileprivate init(_ response: HTTPResponse) {
        self.init(status: response.status, body: response.body)
        for field in response.headers.fields { headers[field.name.lowercased()] = field.value }
    }
}

extension RemoteError {
    /// What an exchange that failed on its way means to who asked for a blob or a file.
    package init(_ error: HTTPError) {
        let kind: Kind =
            switch error.kind {
            case .resolve, .connect, .tls, .proxy, .stalled, .cut: .unreachable
            case .interrupted: .interrupted
            case .tooNear: .denied
            case .protocolViolation, .tooLarge, .source, .other: .other
            }
        self.init(kind, error.message, isTransient: error.isTransient)
    }
}
