/// What an exchange looks like to a person, with everything secret taken out. Pure.
package enum HTTPTrace {
    /// A URL without user, password, signatures and tokens; those of a URL among its parameters neither.
    package static func printable(url: String) -> String {
        // By bytes: to Swift, a slash and an accent behind it are one character, and no slash.
        let text = withoutUsers(Array(plain(url).utf8))
        guard let mark = text.firstIndex(of: UInt8(ascii: "?")) else { return String(decoding: text, as: UTF8.self) }
        let parameters = text[(mark + 1)...].split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        let shown = parameters.map { parameter -> ArraySlice<UInt8> in
            guard let sign = parameter.firstIndex(of: UInt8(ascii: "=")),
                isSecretName(Substring(decoding: parameter[..<sign], as: UTF8.self))
            else { return parameter }
            return parameter[...sign] + "***".utf8
        }
        return String(decoding: text[...mark] + shown.joined(separator: "&".utf8), as: UTF8.self)
    }

    private static func withoutUsers(_ text: [UInt8]) -> [UInt8] {
        var shown: [UInt8] = []
        var rest = text[...]
        var isQuery = false
        while let scheme = rest.firstRange(of: "://".utf8) {
            isQuery = isQuery || rest[..<scheme.lowerBound].contains(UInt8(ascii: "?"))
            shown += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let authority = rest.prefix { !"/?#".utf8.contains($0) && !(isQuery && $0 == UInt8(ascii: "&")) }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { continue }
            shown += "***".utf8
            rest = rest[at...]
        }
        return shown + rest
    }

    /// A header as one line, its value hidden where it is secret.
    package static func printable(_ field: HTTPHeaders.Field) -> String {
        let value = isSecret(field.name[...]) ? "***" : field.value.contains("://") ? printable(url: field.value) : field.value
        return "\(plain(field.name)): \(plain(value))"
    }

    /// A header of an answer, as one line.
    private static func printable(answered field: HTTPHeaders.Field) -> String {
        let isDrawn = drawnHeaders.contains { field.name.lowercased().hasPrefix($0) }
        let shown = printable(field)
        return isDrawn || isSecret(field.name[...]) ? shown : withoutEchoes(shown)
    }

    /// Headers of answers that are long words by nature, and no secrets.
    private static let drawnHeaders = ["x-amz-id-2", "x-amz-request-id", "x-amz-version-id", "x-amz-checksum-", "etag", "content-md5"]

    /// What a server said, for a person: without control characters, and without what it repeats of the request's
    /// credentials: what stands behind a name that is secret, behind `Basic` and `Bearer`, before the `@` of an address,
    /// and long words that look drawn at random.
    package static func withoutEchoes(_ text: String) -> String {
        var shown = ""
        var (isBehind, isNextSecret) = (false, false)
        for word in plain(text).split(separator: " ", omittingEmptySubsequences: false) {
            if isBehind { shown += " " }
            isBehind = true
            let name = word.lowercased()
            if isNextSecret, !word.isEmpty {
                // The scheme comes before what it is about.
                isNextSecret = ["basic", "bearer", "aws4-hmac-sha256"].contains(name)
                shown += isNextSecret ? String(word) : "***"
                continue
            }
            isNextSecret = ["basic", "bearer"].contains(name) || name.hasSuffix(":") && isSecretName(name.dropLast())
            shown += withoutSecrets(ofWord: word)
        }
        return shown
    }

    private static func withoutSecrets(ofWord word: Substring) -> String {
        var shown = ""
        var rest = word
        while !rest.isEmpty {
            let part = rest.prefix { !"?&,;'\"<>()".contains($0) }
            if let sign = part.firstIndex(of: "="), isSecretName(part[..<sign]) {
                shown += part[...sign] + "***"
            } else if let at = part.lastIndex(of: "@"), part.firstRange(of: "//") != nil || part[..<at].contains(":") {
                shown += (part.firstRange(of: "//").map { part[..<$0.upperBound] } ?? "") + "***" + part[at...]
            } else {
                shown += isOpaque(part) ? "***" : part
            }
            rest = rest[part.endIndex...]
            if let mark = rest.popFirst() { shown.append(mark) }
        }
        return shown
    }

    /// A key, a token or the like, and no name of a blob, host or object.
    private static func isOpaque(_ word: Substring) -> Bool {
        word.utf8.count >= 32 && word.utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            && word.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || "+/=_-%".utf8.contains(byte)
            }
    }

    private static func isSecretName(_ name: Substring) -> Bool {
        isSecret(name) || secretParameters.contains(name.lowercased())
    }

    static func lines(of request: HTTPRequest, withHeaders: Bool) -> [String] {
        let size = request.body.byteCount > 0 ? " (\(request.body.byteCount) bytes)" : ""
        return ["> \(plain(request.method.name)) \(printable(url: request.url))\(size)"]
            + (withHeaders ? request.headers.fields.map { "> \(printable($0))" } : [])
    }

    static func lines(
        of response: HTTPResponse, to request: HTTPRequest, after time: Duration, withHeaders: Bool
    ) -> [String] {
        ["< \(response.status) \(plain(request.method.name)) \(printable(url: request.url)) (\(time.milliseconds) ms)"]
            + (withHeaders ? response.headers.fields.map { "< \(printable(answered: $0))" } : [])
    }

    static func line(of error: HTTPError, to request: HTTPRequest, after time: Duration) -> String {
        "! \(error.message): \(plain(request.method.name)) \(printable(url: request.url)) (\(time.milliseconds) ms)"
    }

    private static let secretWords = [
        "authorization", "token", "secret", "password", "cookie", "signature", "credential", "customer-key",
    ]

    /// Names of parameters, which mean something else as names of headers.
    private static let secretParameters: Set<String> = [
        "key", "apikey", "api_key", "api-key", "access_key", "accesskey", "code", "auth", "authkey", "jwt", "pass", "passwd", "pwd",
        "session", "sessionid", "session_id", "sid",
    ]

    private static func isSecret(_ name: Substring) -> Bool {
        let name = name.lowercased()
        return name == "sig" || secretWords.contains { name.contains($0) }
    }

    /// Text without control characters, which a server may have sent.
    static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.isControl) else { return text }
        var plain = String.UnicodeScalarView()
        plain.append(contentsOf: text.unicodeScalars.map { $0.isControl ? "?" : $0 })
        return String(plain)
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { value < 0x20 || (0x7f...0x9f).contains(value) }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
