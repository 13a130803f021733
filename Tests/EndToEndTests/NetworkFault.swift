import TestSupport

/// A request of a command's undisturbed run.
struct NetworkRequest: Sendable {
    /// The request without what is drawn at random or depends on the run, such as `GET /bucket/~/gc/mark`.
    let kind: String
    /// A regular expression of Python's that fits requests of this kind.
    let pattern: String
    /// How many of this kind came before.
    let earlier: Int
    let method: String
    let status: Int
    /// The bytes of the bodies.
    let up, down: Int64

    /// - Parameter prefix: the place in the bucket, of letters, digits and slashes.
    init(_ request: FaultProxy.Request, below prefix: String, after others: [NetworkRequest]) {
        let encoded = prefix.replacing("/", with: "%2F")
        let text = "\(request.method) \(request.target)".replacing(prefix, with: "~").replacing(encoded, with: "~")
            .replacing(/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{64}/, with: "<oid>").replacing(/[0-9a-f]{40,64}/, with: "<hex>")
            .replacing(/uploadId=[^&]+/, with: "uploadId=<id>").replacing(/(keep|probe)\/[0-9a-z]+/) { "\($0.output.1)/<word>" }
        let kind = text
        let escaped = kind.reduce(into: "") { $0 += ".?+*()[]{}^$|\\".contains($1) ? "\\\($1)" : "\($1)" }
        pattern = "^" + escaped.replacing("~", with: "(?:\(prefix)|\(encoded))").replacing("<oid>", with: "[0-9a-f/]+")
            .replacing("<hex>", with: "[0-9a-f]+").replacing("<id>", with: "[^&]+").replacing("<word>", with: "[0-9a-z]+") + "$"
        self.kind = kind
        earlier = others.count { $0.kind == kind }
        (method, status, up, down) = (request.method, request.status, request.up, request.down)
    }

    var isList: Bool { kind.contains("list-type=") }
    /// Whether a plain web server is asked, for which every answer may be the file.
    var isOfTheWeb: Bool { !kind.contains("?") && !kind.contains("~") }
    var isListOfUploads: Bool { kind.hasPrefix("GET") && kind.contains("?uploads") || kind.contains("&uploads=") }
}

/// What goes wrong with a request, as a rule of `Tests/Servers/fault-proxy`.
struct NetworkFault: Sendable {
    let name: String
    /// The members of the rule's JSON, without those that say which requests it fits.
    let rule: @Sendable (NetworkRequest) -> String
    let fits: @Sendable (NetworkRequest) -> Bool
    /// Whether it stays for all requests from then on, where it stays, rather than for those of the same kind.
    let isOfTheWay: Bool

    private init(
        _ name: String, isOfTheWay: Bool = false, for fits: @escaping @Sendable (NetworkRequest) -> Bool = { _ in true },
        _ rule: @escaping @Sendable (NetworkRequest) -> String
    ) {
        (self.name, self.rule, self.fits, self.isOfTheWay) = (name, rule, fits, isOfTheWay)
    }

    /// Whether nobody could know that the answer is not true: then the command may say that it has done its work.
    func isBelievable(_ request: NetworkRequest, _ journey: NetworkJourney) -> Bool {
        if request.method == "DELETE" { return name.hasPrefix("404") || name.hasPrefix("204") || name == "200 nothing" }
        return name == "304" && journey.name.contains("--update")
    }

    /// - Parameter trap: a server of this machine that nobody should be sent to.
    static func all(trap: String) -> [NetworkFault] { way + refusals + redirections(trap) + successes + heads + lists }

    // MARK: the way

    private static let way: [NetworkFault] = [
        NetworkFault("refused", isOfTheWay: true) { _ in #""refuse": true"# },
        NetworkFault("cut in the request", isOfTheWay: true, for: { $0.up > 1 }) { "\"cut_up\": \($0.up / 2)" },
        NetworkFault("answer lost", isOfTheWay: true) { _ in #""lose": true"# },
        NetworkFault("cut in the head", isOfTheWay: true) { _ in #""cut_head": 30"# },
        NetworkFault("cut after the head", isOfTheWay: true, for: { $0.down > 0 }) { _ in #""cut_down": 0"# },
        NetworkFault("cut in the body", isOfTheWay: true, for: { $0.down > 1 }) { "\"cut_down\": \($0.down / 2)" },
        NetworkFault("ended in the body", isOfTheWay: true, for: { $0.down > 1 }) { "\"close_down\": \($0.down / 2)" },
        NetworkFault("truncated", for: { $0.down > 1 }) { "\"truncate\": \($0.down / 2)" },
        NetworkFault("no answer", isOfTheWay: true) { _ in #""hold": 60"# },
        NetworkFault("stalled", isOfTheWay: true, for: { $0.down > 1 }) { "\"stall\": 60, \"stall_after\": \($0.down / 2)" },
        NetworkFault("slow", isOfTheWay: true, for: { $0.up + $0.down > 0 }) { "\"kibps\": \(Double($0.up + $0.down) / 1024)" },
        NetworkFault("dripping", for: { $0.down > 1 }) { _ in #""kibps": 0.004"# },
        NetworkFault("damaged up", for: { $0.up > 0 }) { "\"flip_up\": \(max(8, $0.up / 3))" },
        NetworkFault("damaged down", for: { $0.down > 0 }) { "\"flip_down\": \(max(8, $0.down / 3))" },
        NetworkFault("of something else") { _ in #""other": true"# },
    ]

    // MARK: answers in place of the server's

    private static func answer(_ name: String, _ status: Int, _ headers: String = "", _ body: String = "") -> NetworkFault {
        NetworkFault(name, for: { status != 200 || !$0.isOfTheWeb }) { _ in
            "\"answer\": {\"status\": \(status), \"headers\": {\(headers)}, \"body\": \"\(body.replacing("\"", with: "\\\""))\"}"
        }
    }

    private static func error(_ status: Int, _ code: String, _ headers: String = "", _ more: String = "") -> NetworkFault {
        answer("\(status) \(code)", status, headers,
            "<?xml version='1.0'?><Error><Code>\(code)</Code><Message>It says so</Message><RequestId>R1</RequestId>\(more)</Error>")
    }

    private static let page = "<!DOCTYPE html><html><body>Welcome, <a href='/login'>guest</a>!</body></html>"

    private static let refusals: [NetworkFault] = [
        error(500, "InternalError"), error(503, "SlowDown"), answer("503 Retry-After", 503, #""retry-after": "1""#),
        answer("503 Retry-After of nonsense", 503, #""retry-after": "99999999999999999999""#), answer("500", 500), answer("502 page", 502, "", page),
        error(403, "AccessDenied"), answer("403", 403), answer("401", 401), error(403, "InvalidAccessKeyId"), error(400, "ExpiredToken"),
        error(404, "NoSuchKey"), error(404, "NoSuchBucket"), error(404, "NoSuchUpload"), answer("404 page", 404, "", page),
        error(400, "InvalidRequest"), error(400, "XAmzContentSHA256Mismatch"), error(400, "BadDigest"), answer("400", 400), answer("405", 405),
        error(409, "ConditionalRequestConflict"), error(412, "PreconditionFailed"), answer("412", 412), error(416, "InvalidRange"),
        answer("416", 416), answer("429", 429), error(501, "NotImplemented"), answer("304", 304), answer("507", 507), answer("511 page", 511, "", page),
        error(403, "RequestTimeTooSkewed", #""date": "Fri, 02 Jan 2026 03:04:05 GMT""#), answer("status 299", 299), answer("status 799", 799),
    ]

    /// A pause that nobody should sit through without a word; none of `all`, as it takes that long.
    static let longPause = error(503, "SlowDown", #""retry-after": "11""#)

    private static func redirections(_ trap: String) -> [NetworkFault] {
        [
            error(301, "PermanentRedirect", #""x-amz-bucket-region": "eu-west-1""#, "<Endpoint>\(trap)</Endpoint>"),
            error(400, "AuthorizationHeaderMalformed", "", "<Region>eu-west-1</Region>"),
            answer("307 elsewhere", 307, "\"location\": \"http://\(trap)/trap\""), answer("302 to itself", 302, #""location": "?""#),
            answer("308 to a file", 308, #""location": "file:///etc/hostname""#), answer("302 nowhere", 302),
            answer("302 to the metadata", 302, #""location": "http://169.254.169.254.invalid/latest/""#),
        ]
    }

    private static let successes: [NetworkFault] = [
        answer("200 page", 200, #""content-type": "text/html""#, page), answer("200 nothing", 200), answer("204", 204),
        error(200, "InternalError"), answer("200 garbage", 200, "", "<ListBucketResult><Contents></Cont"),
        answer("206 nothing", 206, #""content-range": "bytes 5-4/3""#),
    ]

    // MARK: the server's answers, changed

    private static func edit(
        _ name: String, for fits: @escaping @Sendable (NetworkRequest) -> Bool = { _ in true }, _ members: String
    ) -> NetworkFault {
        NetworkFault(name, for: fits) { _ in "\"edit\": {\(members)}" }
    }

    private static let zeros = String(repeating: "0", count: 32)

    private static let heads: [NetworkFault] = [
        edit("no tag", #""headers": {"etag": null}"#), edit("wrong tag", "\"headers\": {\"etag\": \"\\\"\(zeros)\\\"\"}"),
        edit("too long a length", for: { $0.down > 0 || $0.method == "HEAD" }, #""length": 7"#),
        edit("too short a length", for: { $0.down > 7 || $0.method == "HEAD" }, #""length": -7"#),
        edit("length of nonsense", #""headers": {"content-length": "-5"}"#),
        edit("compressed", for: { $0.down > 0 }, #""gzip": true"#),
        edit("called compressed", for: { $0.down > 0 }, #""headers": {"content-encoding": "gzip"}"#),
        edit("wrong checksum", #""headers": {"x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}"#),
        edit("wrong range", for: { $0.status == 206 || $0.method == "GET" }, #""status": 206, "headers": {"content-range": "bytes 7-99999999/100000000"}"#),
        edit("endless head", #""long_header": 400000"#), edit("long head", #""long_header": 90000"#),
        edit("wrong date", #""headers": {"date": "Mon, 01 Jan 2001 00:00:00 GMT", "last-modified": "Mon, 01 Jan 2001 00:00:00 GMT"}"#),
        edit("in disorder", for: { $0.down > 1 }, #""halves": true"#),
    ]

    private static let lists: [NetworkFault] = [
        edit("other keys", for: { $0.isList || $0.isListOfUploads }, #""replace": [["<Key>[^<]*</Key>", "<Key>../../etc/passwd\u001b[31m</Key>"]]"#),
        edit("an empty list", for: { $0.isList }, #""replace": [["<Contents>.*</Contents>", ""], ["<Prefix>[^<]*</Prefix>", "<Prefix>other/</Prefix>"]]"#),
        edit("the same page for ever", for: { $0.isList }, #""replace": [["<IsTruncated>false", "<NextContinuationToken>t</NextContinuationToken><IsTruncated>true"]]"#),
        edit("a page for ever", for: { $0.isList }, #""replace": [["<IsTruncated>false", "<NextContinuationToken>t{n}</NextContinuationToken><IsTruncated>true"]]"#),
        edit("truncated without a token", for: { $0.isList }, #""replace": [["<IsTruncated>false", "<IsTruncated>true"]]"#),
        edit("uploads for ever", for: { $0.isListOfUploads }, #""replace": [["<IsTruncated>false", "<NextKeyMarker>k{n}</NextKeyMarker><NextUploadIdMarker>u{n}</NextUploadIdMarker><IsTruncated>true"]]"#),
        edit("sizes of nonsense", for: { $0.isList }, #""replace": [["<Size>[^<]*</Size>", "<Size>-9223372036854775809</Size>"]]"#),
        edit("deeply nested", for: { $0.isList || $0.isListOfUploads }, #""replace": [["<IsTruncated>false</IsTruncated>", "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"]]"#),
    ]
}
