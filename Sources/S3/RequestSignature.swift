import Digest

/// What a signature covers of a request. Nothing here depends on a clock or the network.
///
/// Spec: AWS, "Signature Version 4 signing process"; for paths "Authenticating Requests (AWS Signature
/// Version 4)" of S3: they are encoded once and never normalised.
struct CanonicalRequest: Sendable {
    var method: String
    /// Encoded, as it is sent.
    var path: String
    /// Not encoded; in any order.
    var query: [(name: [UInt8], value: [UInt8])] = []
    /// All headers that are signed, `host` among them.
    var headers: [(name: String, value: String)]
    /// The payload's SHA-256 in hexadecimal digits.
    var payloadHash: String

    /// The query as it is signed and sent: sorted when it is encoded.
    var encodedQuery: String {
        query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0.0.utf8.elementsEqual($1.0.utf8) ? Self.precedes($0.1, $1.1) : Self.precedes($0.0, $1.0) }
            .map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Names in lower case, sorted, with the values of one name joined.
    private var canonicalHeaders: [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for (name, value) in headers { values[name.lowercased(), default: []].append(Self.collapsed(value)) }
        return values.map { ($0.key, $0.value.joined(separator: ",")) }.sorted { Self.precedes($0.name, $1.name) }
    }

    /// The value without white space at its ends, and with single spaces inside.
    private static func collapsed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
    }

    /// The names of the signed headers, `;` between them.
    var signedHeaders: String {
        canonicalHeaders.map(\.name).joined(separator: ";")
    }

    var text: String {
        var lines = [method, path.isEmpty ? "/" : path, encodedQuery]
        let headers = canonicalHeaders
        lines += headers.map { "\($0.name):\($0.value)" }
        lines += ["", headers.map(\.name).joined(separator: ";"), payloadHash]
        return lines.joined(separator: "\n")
    }
}

/// Signs requests to one service in one region.
struct RequestSigner: Sendable {
    let credentials: Credentials
    let region: String
    let service: String

    private static let algorithm = "AWS4-HMAC-SHA256"

    private func scope(_ time: UTCTime) -> String {
        "\(time.basicDate)/\(region)/\(service)/aws4_request"
    }

    /// What the key is applied to.
    func stringToSign(_ request: CanonicalRequest, at time: UTCTime) -> String {
        let digest = ObjectID.of(Array(request.text.utf8)).hex
        return "\(Self.algorithm)\n\(time.basic)\n\(scope(time))\n\(digest)"
    }

    /// The value of the request's `Authorization` header.
    /// - Parameter time: what the request's `x-amz-date` says.
    func authorization(_ request: CanonicalRequest, at time: UTCTime) -> String {
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for word in [time.basicDate, region, service, "aws4_request"] {
            key = AuthenticationCode.sha256(key: key, Array(word.utf8))
        }
        let code = AuthenticationCode.sha256(key: key, Array(stringToSign(request, at: time).utf8))
        let signature = String(decoding: Hexadecimal.encode(code), as: UTF8.self)
        return "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope(time)), "
            + "SignedHeaders=\(request.signedHeaders), Signature=\(signature)"
    }
}
