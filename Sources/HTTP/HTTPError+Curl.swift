internal import CCurl

// Older headers do not know these: `CURLE_PROXY` and `CURLE_TOO_LARGE`.
private let curlProxyError = CURLcode(rawValue: 97)
private let curlTooLarge = CURLcode(rawValue: 100)

extension HTTPError {
    /// What ended a transfer, as libcurl saw it.
    struct CurlEnding {
        let code: CURLcode
        /// libcurl's own words, or nothing.
        let detail: String
        /// The status that a proxy gave to `CONNECT`, or 0.
        let proxyStatus: Int
        /// Host and port of the server.
        let authority: String
    }

    init(_ ending: CurlEnding) {
        let (kind, isTransient) = Self.kind(of: ending)
        self.init(kind, Self.message(kind, ending), isTransient: isTransient, curlCode: Int(ending.code.rawValue))
    }

    private static func kind(of ending: CurlEnding) -> (Kind, isTransient: Bool) {
        if ending.proxyStatus >= 300 { return (.proxy, ending.proxyStatus >= 500) }
        return switch ending.code {
        case CURLE_COULDNT_RESOLVE_HOST: (.resolve, true)
        case CURLE_COULDNT_RESOLVE_PROXY: (.proxy, true)
        case CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_INTERFACE_FAILED: (.connect, true)
        case CURLE_SSL_CONNECT_ERROR: (.tls, isInterruption(ending.detail))
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ENGINE_INITFAILED, CURLE_USE_SSL_FAILED,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            (.tls, false)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_SEND_FAIL_REWIND, CURLE_SSL_SHUTDOWN_FAILED:
            (.cut, true)
        // A damaged answer looks like that as well.
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING: (.protocolViolation, true)
        case curlProxyError: (.proxy, false)
        case curlTooLarge: (.protocolViolation, false)
        default: (.other, false)
        }
    }

    /// Whether a handshake that failed was cut off, and not refused.
    private static func isInterruption(_ detail: String) -> Bool {
        let detail = detail.lowercased()
        return ["syscall", "eof", "reset", "timed out", "timeout"].contains { detail.contains($0) }
    }

    private static func message(_ kind: Kind, _ ending: CurlEnding) -> String {
        let host = "'\(ending.authority)'"
        let what =
            switch kind {
            case .resolve: "cannot find \(host)"
            case .connect: "cannot connect to \(host)"
            case .tls: "no trusted connection to \(host)"
            case .proxy: "the proxy gives no connection to \(host)"
            case .cut: "the connection to \(host) was cut"
            case .protocolViolation: "\(host) does not speak HTTP"
            default: "the exchange with \(host) failed"
            }
        let detail = ending.detail.isEmpty ? String(cString: curl_easy_strerror(ending.code)) : ending.detail
        let said = withoutProxy(HTTPTrace.plain(detail))
        return "\(what): \(said.prefix(1).lowercased())\(said.dropFirst())"
    }

    /// libcurl repeats a proxy's URL that it does not understand, password and all.
    private static func withoutProxy(_ detail: String) -> String {
        guard detail.lowercased().contains("proxy"), let quote = detail.firstIndex(of: "'") else { return detail }
        let words = detail[..<quote].split(separator: " ")
        let kept = ["in", "for"].contains(words.last) ? words.dropLast() : words[...]
        return kept.joined(separator: " ") + ": look at http_proxy, https_proxy and all_proxy"
    }
}
