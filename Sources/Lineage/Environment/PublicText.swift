import Platform

/// Texts of this machine as they may stand in a repository.
enum PublicText {
    /// The text with `user:password@` taken out of each URL.
    static func withoutPasswords(_ text: String) -> String {
        var plain = ""
        var rest = text[...]
        while let mark = rest.firstRange(of: "://") {
            plain += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            let authority = rest.prefix { !"/?# \t\n,;\"'".contains($0) }
            if let at = authority.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        }
        return plain + rest
    }

    /// The path as others may see it: below the worktree from there on, below the home folder with `~` for it.
    static func path(_ path: BytePath, worktree: BytePath, home: BytePath?) -> String {
        if let relative = path.relative(to: worktree) { return relative.isEmpty ? "." : relative.text }
        guard let home, !home.components.isEmpty, let relative = path.relative(to: home) else { return path.text }
        return relative.isEmpty ? "~" : "~/\(relative)"
    }
}
