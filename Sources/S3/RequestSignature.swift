import Digest
internal import Synchronization

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
        if value.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) { return value }
        return value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
    }

    /// What is signed, and the names of the signed headers, `;` between them.
    var form: (text: String, signedHeaders: String) {
        let headers = canonicalHeaders
        let names = headers.map(\.name).joined(separator: ";")
        var lines = [method, path.isEmpty ? "/" : path, encodedQuery]
        lines += headers.map { "\($0.name):\($0.value)" }
        lines += ["", names, payloadHash]
        return (lines.joined(separator: "\n"), names)
    }

    var text: String { form.text }
}

/// The last key that requests were signed with: it is the same for all of a day to one service and region.
final class SigningKey: Sendable {
    private struct Origin: Equatable {
        let secret: String
        let words: [String]
    }

    private let last = Mutex<(origin: Origin, key: [UInt8])?>(nil)

    /// - Parameter words: the scope's: day, region, service, and an end.
    func key(_ secret: String, _ words: [String]) -> [UInt8] {
        let origin = Origin(secret: secret, words: words)
        return last.withLock { last in
            if let last, last.origin == origin { return last.key }
            var key = Array("AWS4\(secret)".utf8)
            for word in words { key = AuthenticationCode.sha256(key: key, Array(word.utf8)) }
            last = (origin, key)
            return key
        }
    }
}

/// Signs requests to one service in one region.
struct RequestSigner: Sendable {
    let credentials: Credentials
    let region: String
    let service: String
    var signingKey = SigningKey()

    private static let algorithm = "AWS4-HMAC-SHA256"

    private func scope(_ time: UTCTime) -> [String] {
        [time.basicDate, region, service, "aws4_request"]
    }

    /// What the key is applied to.
    func stringToSign(_ request: CanonicalRequest, at time: UTCTime) -> String {
        stringToSign(request.text, time, scope(time).joined(separator: "/"))
    }

    private func stringToSign(_ text: String, _ time: UTCTime, _ scope: String) -> String {
        "\(Self.algorithm)\n\(time.basic)\n\(scope)\n\(ObjectID.of(Array(text.utf8)).hex)"
    }

    /// The value of the request's `Authorization` header.
    /// - Parameter time: what the request's `x-amz-date` says.
    func authorization(_ request: CanonicalRequest, at time: UTCTime) -> String {
        let words = scope(time)
        let scope = words.joined(separator: "/")
        let (text, signedHeaders) = request.form
        let code = AuthenticationCode.sha256(
            key: signingKey.key(credentials.secretAccessKey, words), Array(stringToSign(text, time, scope).utf8))
        let signature = String(decoding: Hexadecimal.encode(code), as: UTF8.self)
        return "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
            + "SignedHeaders=\(signedHeaders), Signature=\(signature)"
    }
}
