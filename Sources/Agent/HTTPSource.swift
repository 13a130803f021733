import FoundationEssentials
import HTTP
import Platform
import Remote
import S3

/// A file of a web server. Redirects are followed to web servers alone, never from `https` to `http` nor from far to near
/// addresses, and nobody is shown what was given for another.
struct HTTPSource: SourcePlace {
    private let client: HTTPClient
    private let url: WebURL
    private let isDirect: Bool

    private static let longestChain = 10

    /// - Throws: `other` for what is no URL of a web server.
    init(_ url: BytePath, trace: RemoteTrace?) throws(RemoteError) {
        guard let parsed = WebURL(url.bytes) else { throw RemoteError(.other, "the URL is neither http nor https") }
        self.url = parsed
        var options = HTTPClient.Options()
        options.certificates = ["GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE"].lazy
            .compactMap { Environment.value($0) }.first { !$0.isEmpty }
        options.trace = trace?.say
        options.tracesHeaders = trace?.showsHeaders ?? false
        client = HTTPClient(options)
        // Behind a proxy, only the proxy's address is seen.
        isDirect = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].allSatisfy {
            Environment.value($0)?.isEmpty ?? true
        }
    }

    var name: String { "'\(url.authority)'" }

    func get(
        _ question: SourceQuestion, _ cancellation: Cancellation,
        receive: (SourceAnswer, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) -> SourceAnswer {
        var place = url
        var nearest = Nearness.link
        for _ in 0...Self.longestChain {
            var request = request(question, to: place)
            request.nearest = nearest
            request.isCancelled = { cancellation.isCancelled }
            let response = try client.stream(request, failure: RemoteError.init(_:)) { head, piece throws(RemoteError) in
                guard head.status == 200 || head.status == 206 else { return }
                try receive(Self.answer(head), piece)
            }
            switch response.status {
            case 200, 206, 304, 412, 416: return Self.answer(response)
            case 301, 302, 303, 307, 308:
                let last = place
                place = try next(place, response)
                // A server in the world shall not make us read what is on this machine or in its network.
                if isDirect {
                    if let nearness = response.nearness { nearest = min(nearest, nearness) }
                } else if let nearness = Nearness(authority: place.authority), nearness > Nearness(authority: last.authority) ?? .world {
                    throw RemoteError(.denied, "'\(place.authority)' is nearer than the server that leads there")
                }
            default: throw Self.failure(response, at: place)
            }
        }
        throw RemoteError(.other, "\(name) sends us from one place to another without an end")
    }

    private func request(_ question: SourceQuestion, to place: WebURL) -> HTTPRequest {
        // What is stored is what the file is, and not a form of it for the way.
        var headers: HTTPHeaders = [("Accept-Encoding", "identity")]
        if question.offset > 0, let validator = question.validator {
            headers.append("Range", "bytes=\(question.offset)-")
            headers.append("If-Range", validator)
        } else if let etag = question.etag {
            headers.append("If-None-Match", etag)
        } else if let modified = question.modified {
            headers.append("If-Modified-Since", modified)
        }
        if let userInfo = url.userInfo, place.hasOrigin(of: url) {
            headers.append("Authorization", "Basic " + Data(Self.decoded(userInfo)).base64EncodedString())
        }
        return HTTPRequest(.get, place.text, headers: headers)
    }

    private func next(_ place: WebURL, _ response: HTTPResponse) throws(RemoteError) -> WebURL {
        guard let location = response.headers["location"], let next = place.following(location) else {
            throw RemoteError(.other, "'\(place.authority)' sends us to a place that is no web server's")
        }
        guard place.mayLead(to: next) else {
            throw RemoteError(.denied, "'\(place.authority)' sends us from https to http, at '\(next.authority)', which is refused")
        }
        return next
    }

    private static func answer(_ response: HTTPResponse) -> SourceAnswer {
        SourceAnswer(status: response.status, isBucket: false) { response.headers[$0] }
    }

    private static func failure(_ response: HTTPResponse, at place: WebURL) -> RemoteError {
        let server = "'\(place.authority)'"
        let pause = response.headers["retry-after"].flatMap { Int64($0) }.map { Duration.seconds(min(max(0, $0), 300)) }
        let status = "(status \(response.status))"
        switch response.status {
        case 401, 403:
            return RemoteError(.denied, "\(server) does not let us read it: sign in, or ask for a URL that may \(status)")
        case 407: return RemoteError(.denied, "the proxy wants credentials: put them into https_proxy \(status)")
        case 404, 410: return RemoteError(.absent, "\(server) has no such file \(status)")
        case 408, 425, 429, 500, 502, 503, 504, 509, 520...529:
            return RemoteError(.unreachable, "\(server) has a trouble of its own \(status)", isTransient: true, retryAfter: pause)
        default: return RemoteError(.other, "\(server) does not give the file \(status)")
        }
    }

    /// With the `%` escapes undone.
    private static func decoded(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
