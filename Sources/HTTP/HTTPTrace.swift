/// What an exchange looks like to a person, with everything secret taken out. Pure.
package enum HTTPTrace {
    /// A URL without user, password, signatures and tokens.
    package static func printable(url: String) -> String {
        var text = plain(url)
        if let scheme = text.firstRange(of: "://") {
            let rest = text[scheme.upperBound...]
            let authority = rest.prefix { !"/?#".contains($0) }
            if let at = authority.lastIndex(of: "@") { text.replaceSubrange(authority.startIndex..<at, with: "***") }
        }
        guard let mark = text.firstIndex(of: "?") else { return text }
        let parameters = text[text.index(after: mark)...].split(separator: "&", omittingEmptySubsequences: false)
        let shown = parameters.map { parameter -> Substring in
            guard let sign = parameter.firstIndex(of: "="), isSecret(parameter[..<sign]) || secretParameters.contains(parameter[..<sign].lowercased()) else { return parameter }
            return parameter[...sign] + "***"
        }
        return text[...mark] + shown.joined(separator: "&")
    }

    /// A header as one line, its value hidden where it is secret.
    package static func printable(_ field: HTTPHeaders.Field) -> String {
        let value = isSecret(field.name[...]) ? "***" : field.value.contains("://") ? printable(url: field.value) : field.value
        return "\(plain(field.name)): \(plain(value))"
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
            + (withHeaders ? response.headers.fields.map { "< \(printable($0))" } : [])
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
