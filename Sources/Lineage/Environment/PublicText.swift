import Platform

/// Makes texts of this machine fit to stand in a repository: no passwords, no user, no home folder.
struct PublicText {
    private let worktree: String
    private let home: String?
    private let user: String?

    /// - Parameter worktree: its top, absolute.
    init(worktree: BytePath, _ variables: ProcessVariables) {
        self.worktree = worktree.text
        let home = variables["HOME"].flatMap { $0.components.isEmpty ? nil : $0.normalized.text }
        self.home = home
        user = (variables["USER"] ?? variables["LOGNAME"])?.text ?? home.map { BytePath($0).lastComponent.text }
    }

    /// A value with the worktree as `.`, the home folder as `~`, and the user's name, where it is a word of its own, as `~`.
    func value(_ text: String) -> String {
        var text = Self.withoutSecrets(text)
        text = Self.replacing(worktree, with: ".", in: text)
        if let home { text = Self.replacing(home, with: "~", in: text) }
        if let user { text = Self.replacing(user, with: "~", in: text) }
        return text
    }

    /// A program's place, where others can make something of it; else its name alone.
    func program(_ path: BytePath) -> String {
        let text = value(path.text)
        let known = ["./", "~/", "/usr/", "/bin/", "/opt/", "/nix/store/"]
        return known.contains { text.hasPrefix($0) } ? text : path.lastComponent.text
    }

    /// The text without `user:password@` and query of each URL.
    static func withoutSecrets(_ text: String) -> String {
        var plain = ""
        var rest = text[...]
        while let mark = rest.firstRange(of: "://") {
            plain += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            let isEnd: (Character) -> Bool = { " \t\n,;\"'".contains($0) }
            // A password may hold what ends a host, unescaped against the rules: the last `@` counts.
            let url = rest.prefix { !isEnd($0) }
            if let at = url.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
            let place = rest.prefix { !isEnd($0) && $0 != "?" && $0 != "#" }
            plain += place
            rest = rest[place.endIndex...].drop { !isEnd($0) }
        }
        return plain + rest
    }

    /// Replaces each occurrence that is no part of a longer word.
    private static func replacing(_ part: String, with replacement: String, in text: String) -> String {
        guard !part.isEmpty else { return text }
        let isWord: (Character?) -> Bool = { character in
            character.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "." } ?? false
        }
        var replaced = ""
        var rest = text[...]
        while let range = rest.firstRange(of: part) {
            let before = rest[..<range.lowerBound].last ?? replaced.last
            let after = rest[range.upperBound...].first
            replaced += rest[..<range.lowerBound]
            replaced += isWord(before) || isWord(after) ? part : replacement
            rest = rest[range.upperBound...]
        }
        return replaced + rest
    }
}
