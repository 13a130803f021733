import Platform

/// A URL as it may be recorded and shown: without user, password, signature, token or fragment.
package struct SourceURL: Equatable, Sendable {
    /// What is left.
    package let text: String
    /// What was taken out: `password`, and the names of parameters.
    package let withheld: [String]

    /// - Parameter url: with a scheme; anything else stays as it is.
    package init(_ url: BytePath) {
        // By bytes: to Swift, a slash and an accent behind it are one character, and no slash.
        let whole = Array(url.text.utf8)
        guard let scheme = whole.firstRange(of: "://".utf8) else {
            (text, withheld) = (url.text, [])
            return
        }
        let rest = whole[scheme.upperBound...].prefix { $0 != UInt8(ascii: "#") }
        let place = rest.prefix { !"/?".utf8.contains($0) }
        var withheld: [String] = []
        var host = place
        if let at = place.lastIndex(of: UInt8(ascii: "@")) {
            // Where it is the name of an account alone, it is none: ssh://git@host/path.
            if whole.starts(with: "http".utf8) || place[..<at].contains(UInt8(ascii: ":")) {
                withheld.append("password")
                host = place[(at + 1)...]
            }
        }
        let path = rest[place.endIndex...].prefix { $0 != UInt8(ascii: "?") }
        let items = rest[path.endIndex...].dropFirst().split(separator: UInt8(ascii: "&")).map { item in
            (name: String(decoding: item.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self), bytes: item)
        }
        let isSigned = items.contains { Self.isSecret($0.name) }
        var kept: [ArraySlice<UInt8>] = []
        for item in items {
            let isTaken = Self.isSecret(item.name) || isSigned && Self.companions.contains(item.name.lowercased())
            if isTaken { withheld.append(item.name) } else { kept.append(item.bytes) }
        }
        let query = kept.isEmpty ? [] : Array("?".utf8) + kept.joined(separator: "&".utf8)
        text = String(decoding: whole[..<scheme.upperBound] + host + path + query, as: UTF8.self)
        self.withheld = withheld
    }

    private static let secretWords = [
        "token", "secret", "signature", "password", "passwd", "credential", "apikey", "api_key", "api-key", "access_key",
        "accesskey", "x-amz-", "x-goog-",
    ]
    private static let secretNames: Set<String> = [
        "sig", "key", "pass", "pwd", "jwt", "code", "auth", "authkey", "authorization", "session", "sessionid", "session_id", "sid",
    ]
    /// What is of no use without the signature that it stands beside.
    private static let companions: Set<String> = [
        "policy", "expires", "key-pair-id", "googleaccessid", "sv", "se", "st", "sp", "sr", "spr", "skoid", "sktid", "skt", "ske",
        "sks", "skv",
    ]

    /// Whether a parameter of this name may let in whoever has it.
    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return secretNames.contains(name) || secretWords.contains { name.contains($0) }
    }

    /// The last component of the path: what the file would be called; nil where there is none.
    package var fileName: String? {
        guard let scheme = text.firstRange(of: "://") else { return nil }
        let path = text[scheme.upperBound...].prefix { $0 != "?" }.drop { $0 != "/" }
        guard let name = path.split(separator: "/").last, !path.hasSuffix("/"), name != "..", name != "." else { return nil }
        return BytePath(localURL: BytePath("file:///" + name)).map { $0.lastComponent.text }
    }
}

extension StageName {
    /// The name for what is imported to a path: the path itself, with `_` for what a name cannot have.
    /// - Returns: nil for the empty path, and for one that is too long.
    package init?(importing path: BytePath) {
        let components = path.components.map { component -> String in
            let safe = component.text.unicodeScalars.map { scalar -> Character in
                StageName("a\(scalar)") == nil || scalar == "/" ? "_" : Character(scalar)
            }
            let isHidden = safe.first == "." || safe.first == "-"
            return String(isHidden ? ["_"] + safe.dropFirst() : safe)
        }
        self.init(components.joined(separator: "/"))
    }
}
