/// A URL of `http` or `https` in the parts that matter here. What stands in it may be secret.
package struct WebURL: Equatable, Sendable {
    /// `http` or `https`.
    package let scheme: String
    /// What stands before the `@`: `user:password`, not decoded.
    package let userInfo: String?
    /// Host and port.
    package let authority: String
    /// From the first slash on, encoded, with the query.
    package let target: String

    /// - Parameter text: what no URL can have, such as spaces, is encoded; a fragment is dropped.
    /// - Returns: nil for anything else than a URL of these two schemes.
    package init?(_ text: some Sequence<UInt8>) {
        var encoded = ""
        for byte in text {
            if byte == UInt8(ascii: "#") { break }
            if byte > 0x20, byte < 0x7f {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (hex.utf8.count < 2 ? "0" : "") + hex
            }
        }
        guard let colon = encoded.firstIndex(of: ":"), encoded[colon...].hasPrefix("://") else { return nil }
        let scheme = encoded[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = encoded[encoded.index(colon, offsetBy: 3)...]
        let place = rest.prefix { !"/?".contains($0) }
        let at = place.lastIndex(of: "@")
        let authority = at.map { place[place.index(after: $0)...] } ?? place
        guard !authority.isEmpty else { return nil }
        let target = rest.dropFirst(place.count)
        self.scheme = scheme
        self.userInfo = at.map { String(place[..<$0]) }
        self.authority = authority.lowercased()
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }

    /// As it is sent, without user and password.
    package var text: String { "\(scheme)://\(authority)\(target)" }

    /// Where both URLs have the same credentials.
    package func hasOrigin(of other: WebURL) -> Bool { scheme == other.scheme && authority == other.authority }

    /// Whether a server may send us there: never from an encrypted place to one that is not.
    package func mayLead(to next: WebURL) -> Bool { scheme == "http" || next.scheme == "https" }

    /// Where a server sends us.
    ///
    /// Spec: RFC 3986, 5.2.
    /// - Returns: nil for what is no place of a web server.
    package func following(_ location: String) -> WebURL? {
        let isAbsolute = location.prefix { $0 != "/" && $0 != "?" && $0 != "#" }.contains(":")
        if isAbsolute { return WebURL(location.utf8) }
        if location.hasPrefix("//") { return WebURL("\(scheme):\(location)".utf8) }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("?") { return WebURL("\(scheme)://\(authority)\(path)\(location)".utf8) }
        let folder = location.hasPrefix("/") ? "" : String(path[...(path.lastIndex(of: "/") ?? path.startIndex)])
        return WebURL("\(scheme)://\(authority)\(folder)\(location)".utf8)
    }
}
