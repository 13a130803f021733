internal import CCurl
import Diagnostics

extension EasyHandle {
    /// What libcurl takes from a socket at once, and gives to it. It gets such memory for each request, which costs
    /// more than the request itself where that is small: much only where much is sure to come.
    private static let landingBufferSize: Int64 = 256 << 10
    private static let receiveBufferSize: Int64 = 60 << 10
    private static let sendBufferSize: Int64 = 512 << 10
    private static let smallestBufferSize: Int64 = 16 << 10

    /// Makes the settings for a request. The callbacks are the caller's to set.
    mutating func prepare(_ request: HTTPRequest, _ options: HTTPClient.Options) {
        require(ccurl_set_http_only(raw))
        setReach(request.nearest)
        ccurl_set_quick_exit(raw)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, options.connectTimeout.milliseconds)))
        prepareConnection(request, options)
        prepareBody(request)
        set(CURLOPT_USERAGENT, "git-data/\(Version.current)")
        setHeaders(Self.lines(of: request))
    }

    private mutating func prepareConnection(_ request: HTTPRequest, _ options: HTTPClient.Options) {
        switch request.version ?? options.version {
        case .http1: set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2:
            // A libcurl without HTTP/2 refuses, and speaks HTTP/1.1.
            tune(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            tune(CURLOPT_PIPEWAIT, 1)
        }
        if let proxy = options.proxy { set(CURLOPT_PROXY, proxy) }
        if let bundle = options.certificates {
            set(CURLOPT_CAINFO, bundle.text)
            set(CURLOPT_CAPATH, nil)
        } else if ccurl_default_bundle() != nil {
            // With a folder of certificates beside the file, libcurl reads the file anew for each connection.
            set(CURLOPT_CAPATH, nil)
        }
        tune(CURLOPT_TCP_NODELAY, 1)
        tune(CURLOPT_TCP_KEEPALIVE, 1)
        tune(CURLOPT_DNS_SHUFFLE_ADDRESSES, 1)
        tune(CURLOPT_BUFFERSIZE, Int(Self.receiveBufferSize(for: request)))
    }

    private static func receiveBufferSize(for request: HTTPRequest) -> Int64 {
        if request.landing != nil { return landingBufferSize }
        return request.body.byteCount > 0 ? smallestBufferSize : receiveBufferSize
    }

    private mutating func prepareBody(_ request: HTTPRequest) {
        let byteCount = request.body.byteCount
        if byteCount > 0 || request.method.hasBody {
            set(CURLOPT_UPLOAD, 1)
            set(CURLOPT_INFILESIZE_LARGE, byteCount: byteCount)
            tune(CURLOPT_UPLOAD_BUFFERSIZE, Int(max(Self.smallestBufferSize, min(byteCount, Self.sendBufferSize))))
            tune(CURLOPT_EXPECT_100_TIMEOUT_MS, 1000)
            set(CURLOPT_CUSTOMREQUEST, request.method.name)
        } else if request.method == .head {
            set(CURLOPT_NOBODY, 1)
        } else {
            set(CURLOPT_HTTPGET, 1)
            set(CURLOPT_CUSTOMREQUEST, request.method.name)
        }
    }

    private static func lines(of request: HTTPRequest) -> [String] {
        var lines: [String] = []
        for field in request.headers.fields
        where !["content-length", "expect"].contains(where: field.name.isEqual(ignoringCaseOf:)) {
            let isEmpty = field.value.utf8.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            lines.append(isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if request.headers["accept"] == nil { lines.append("Accept:") }
        lines.append(request.expectsContinue && request.body.byteCount > 0 ? "Expect: 100-continue" : "Expect:")
        return lines
    }
}
