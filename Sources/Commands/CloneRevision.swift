import Diagnostics
import Git
import Platform

/// The revision that a clone is to check out.
struct CloneRevision {
    /// What the remote calls by that name.
    enum Kind: Equatable {
        /// Below `refs/heads/`.
        case branch(BytePath)
        /// Below `refs/tags/`.
        case tag(BytePath)
        /// Any other ref, by its full name.
        case ref(BytePath)
        /// A commit's full name.
        case commit
        /// What only the cloned repository can tell: an abbreviated name, `main~3`.
        case expression
    }

    /// As it was typed.
    let text: BytePath
    let kind: Kind

    /// What is to be checked out.
    enum Target: Equatable {
        case branch(BytePath)
        case detached(GitObjectName)
    }

    // MARK: at the remote

    /// Asks the remote what it calls by that name.
    /// - Returns: nil where Git could not ask; it has said why.
    /// - Throws: `CommandFailure` where nothing has that name and nothing in the history can.
    init?(_ text: BytePath, of address: CloneAddress, _ options: CloneOptions) throws {
        self.text = text
        if Self.isFullName(text.bytes) {
            kind = .commit
            return
        }
        let candidates = Self.candidates(text)
        let configuration = options.configuration.flatMap { pair -> [BytePath] in ["-c", pair] }
        let call: [BytePath] = configuration + ["ls-remote"] + options.connection + ["--", address.url]
        let child = try Git().start(call + candidates.map(\.ref), input: .inherited)
        let output = try child.output?.readToEnd() ?? []
        guard child.wait().isSuccess else { return nil }
        let refs = Set(output.split(separator: UInt8(ascii: "\n")).compactMap { line in
            line.split(separator: UInt8(ascii: "\t"), maxSplits: 1).last.map { BytePath(bytes: $0) }
        })
        if let found = candidates.first(where: { refs.contains($0.ref) }) {
            kind = found.kind
        } else if Self.mayBeExpression(text, origin: options.origin ?? "origin") {
            kind = .expression
        } else {
            throw CommandFailure(
                "there is no branch or tag '\(text)' in '\(URLText.withoutSecrets(address.url))'; nothing was cloned",
                hints: ["git ls-remote --heads --tags \(ShellWord.quoted(BytePath(URLText.withoutSecrets(address.url))))"])
        }
    }

    /// The refs that a name may stand for, in Git's order of `clone --branch`: branches before tags.
    static func candidates(_ text: BytePath) -> [(ref: BytePath, kind: Kind)] {
        let heads = BytePath("refs/heads"), tags = BytePath("refs/tags")
        if let name = text.relative(to: heads), !name.isEmpty { return [(text, .branch(name))] }
        if let name = text.relative(to: tags), !name.isEmpty { return [(text, .tag(name))] }
        if text.bytes.starts(with: "refs/".utf8) { return [(text, .ref(text))] }
        guard !text.isAbsolute else { return [] }
        return [(heads / text, .branch(text)), (tags / text, .tag(text)), ("refs" / text, .ref("refs" / text))]
    }

    static func isFullName(_ bytes: [UInt8]) -> Bool {
        GitObjectName(hex: String(decoding: bytes, as: UTF8.self).lowercased().utf8) != nil
    }

    /// Spec: gitrevisions(7).
    static func mayBeExpression(_ text: BytePath, origin: BytePath) -> Bool {
        let signs = Set("~^@:".utf8)
        let digits = text.bytes.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        return text.bytes.contains(where: signs.contains) || (digits && (4...64).contains(text.bytes.count))
            || text == "HEAD" || (text.isInside(origin) && text != origin)
            || isDescription(text.text)
    }

    /// What `git describe` prints: `v1.2-14-g3f2a1bc`.
    private static func isDescription(_ text: String) -> Bool {
        guard let last = text.split(separator: "-").last, last.first == "g", text.contains("-") else { return false }
        return last.count > 4 && last.dropFirst().allSatisfy(\.isHexDigit)
    }

    /// The branch or tag that `git clone --branch` takes, so that little history and no other local branch comes with it.
    func branchOption(_ options: CloneOptions) -> [BytePath] {
        switch kind {
        // The user's own word goes first.
        case _ where options.branch != nil: []
        case .branch(let name): ["--branch", name]
        // Git looks for it among the tags that it brings.
        case .tag(let name): options.isWithoutTags ? [] : ["--branch", name]
        case .ref, .commit, .expression: []
        }
    }

    // MARK: in the clone

    /// Finds the revision in the clone, fetching it where the clone has not brought it.
    /// - Parameter origin: what the remote is called there.
    /// - Returns: nil where there is no such commit.
    func target(_ git: Git, _ options: CloneOptions, origin: BytePath, showsProgress: Bool) throws -> Target? {
        let depth: [BytePath] = options.depth.map { ["--depth", $0] } ?? []
        let fetch = Fetch(git: git, origin: origin, options: ["--quiet"] + (showsProgress ? ["--progress"] : []) + depth)
        switch kind {
        case .branch(let name):
            let own = "refs/remotes" / origin / name
            if try commit(own, git) == nil { try fetch("+refs/heads" / name, to: own) }
            return try commit(own, git) == nil ? nil : .branch(name)
        case .tag(let name):
            let own = "refs/tags" / name
            if try commit(own, git) == nil { try fetch("+" + own, to: own) }
            return try commit(own, git).map(Target.detached)
        case .ref(let name):
            try fetch(name)
            return try commit("FETCH_HEAD", git).map(Target.detached)
        case .commit:
            if let name = try commit(text, git) { return .detached(name) }
            try fetch(text)
            return try commit(text, git).map(Target.detached)
        case .expression:
            // A name of a branch in it may be one that only the remote has.
            for revision in [text, origin / text] {
                if let name = try commit(revision, git) { return .detached(name) }
            }
            return nil
        }
    }

    private func commit(_ revision: BytePath, _ git: Git) throws -> GitObjectName? {
        try git.resolve(revision.adding(suffix: "^{commit}"))
    }

    private struct Fetch {
        let git: Git
        let origin: BytePath
        let options: [BytePath]

        /// Fetches one ref or commit. Where that fails, Git says why.
        func callAsFunction(_ name: BytePath, to ref: BytePath? = nil) throws {
            let refspec = ref.map { BytePath(bytes: name.bytes + [UInt8(ascii: ":")] + $0.bytes) } ?? name
            _ = try git.passThrough(["fetch"] + options + ["--no-tags", "--", origin, refspec])
        }
    }
}

extension BytePath {
    fileprivate static func + (prefix: String, path: BytePath) -> BytePath {
        BytePath(bytes: Array(prefix.utf8) + path.bytes)
    }

    fileprivate static func / (folder: String, component: BytePath) -> BytePath {
        BytePath(folder) / component
    }
}
