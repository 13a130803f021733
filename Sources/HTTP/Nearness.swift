internal import CCurl

/// How near an address is, by its number. What a server far away says must not lead to what only this machine can reach.
///
/// Spec: RFC 6890.
package enum Nearness: Int32, Comparable, Sendable {
    /// Anywhere on the Internet.
    case world = 0
    /// In a private network.
    case network
    /// This machine.
    case machine
    /// On the link alone, where machines in a cloud are told their credentials.
    case link

    /// How near a host is that is given by its address, or is `localhost`; nil for any other name.
    /// - Parameter authority: as in a URL: with brackets around an address of IPv6, and perhaps a port.
    package init?(authority: String) {
        var host = authority.lowercased()
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            host = String(host[host.index(after: host.startIndex)..<end])
        } else {
            host = String(host.prefix { $0 != ":" })
        }
        while host.hasSuffix(".") { host.removeLast() }
        if host == "localhost" || host.hasSuffix(".localhost") {
            self = .machine
        } else {
            self.init(rawValue: ccurl_nearness_of(host))
        }
    }

    package static func < (left: Nearness, right: Nearness) -> Bool { left.rawValue < right.rawValue }
}
