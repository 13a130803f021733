/// The address of a service: scheme, host, port, and perhaps a path that stands before all others.
struct EndpointURL: Equatable, Sendable {
    let isSecure: Bool
    /// The host, with the port where it is not the scheme's own: what the `Host` header says.
    var authority: String
    /// Without a slash at its end; empty or beginning with one.
    let path: String

    init(isSecure: Bool, authority: String, path: String = "") {
        self.isSecure = isSecure
        self.authority = authority
        self.path = path
    }

    /// - Parameter text: `http://` or `https://`, and no user, query or fragment.
    init?(_ text: String) {
        let lowered = text.prefix(8).lowercased()
        isSecure = lowered.hasPrefix("https://")
        guard isSecure || lowered.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !rest.contains(where: { "?#@\\".contains($0) }) else {
            return nil
        }
        var authority = rest.prefix { $0 != "/" }.lowercased()
        let standardPort = isSecure ? ":443" : ":80"
        if authority.hasSuffix(standardPort) { authority.removeLast(standardPort.count) }
        guard !authority.isEmpty, authority.first != ":" else { return nil }
        self.authority = authority
        var path = rest.drop { $0 != "/" }
        while path.hasSuffix("/") { path.removeLast() }
        self.path = String(path)
    }

    var text: String { (isSecure ? "https://" : "http://") + authority + path }
}

/// The parts that AWS's regions are divided into, each with a domain of its own.
enum AWSPartition {
    static func domain(of region: String) -> String {
        if region.hasPrefix("cn-") { return "amazonaws.com.cn" }
        if region.hasPrefix("us-isob-") { return "sc2s.sgov.gov" }
        if region.hasPrefix("us-iso-") { return "c2s.ic.gov" }
        if region.hasPrefix("eusc-") { return "amazonaws.eu" }
        return "amazonaws.com"
    }
}
