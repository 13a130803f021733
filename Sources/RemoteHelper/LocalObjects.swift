import Git
import Platform

/// What a push needs to know of the objects here, asked of Git at once.
struct LocalObjects {
    struct Found {
        let name: GitObjectName
        let kind: String
        /// What an annotated tag is a tag of.
        let peeled: GitObjectName?
    }

    /// What is to be pushed.
    private(set) var named: [BytePath: Found] = [:]
    /// Those of the remote's objects that are here, with their kinds.
    private(set) var kinds: [GitObjectName: String] = [:]

    /// How the repository names objects; nil where nothing was found.
    var format: String? { named.values.first.map { $0.name.byteCount == 20 ? "sha1" : "sha256" } }

    /// - Parameters:
    ///   - sources: what is to be pushed, in any way that Git knows.
    ///   - remote: what the remote's refs name.
    init(_ sources: [BytePath], _ git: Git, remote: [GitObjectName], _ session: HelperSession) throws {
        guard !sources.isEmpty else { return }
        var input: [UInt8] = []
        for source in sources { input += source.bytes + [UInt8(ascii: "\n")] + source.bytes + Array("^{}\n".utf8) }
        // One question for all, where Git answers without fetching anything.
        let isPartial = try session.isPartialClone()
        var answers = try Self.kinds(input + (isPartial ? [] : Git.walkLines(from: remote)), git)[...]
        guard answers.count == 2 * sources.count + (isPartial ? 0 : remote.count) else {
            throw HelperError("'git cat-file' answered \(answers.count) lines")
        }
        for source in sources {
            let (own, peeled) = (Self.parse(answers.removeFirst()), Self.parse(answers.removeFirst()))
            guard let own else { continue }
            named[source] = Found(name: own.0, kind: own.1, peeled: own.1 == "tag" ? peeled?.0 : nil)
        }
        if isPartial, !remote.isEmpty { answers = try Self.kinds(Git.walkLines(from: remote), session.lookingGit())[...] }
        for answer in answers { if let (name, kind) = Self.parse(answer) { kinds[name] = kind } }
    }

    private static func kinds(_ input: [UInt8], _ git: Git) throws -> [BytePath] {
        try git.query(["cat-file", "--batch-check=%(objectname) %(objecttype)", "--buffer"], input: input).lines
    }

    /// - Returns: nil for what is not here.
    private static func parse(_ line: BytePath) -> (GitObjectName, String)? {
        let words = line.bytes.split(separator: UInt8(ascii: " "))
        guard words.count == 2, let name = GitObjectName(hex: words[0]) else { return nil }
        let kind = String(decoding: words[1], as: UTF8.self)
        return ["commit", "tag", "tree", "blob"].contains(kind) ? (name, kind) : nil
    }
}

/// The branch that a repository is on.
enum RepositoryHead {
    /// - Returns: its full name; nil where there is no branch.
    static func branch(_ location: RepositoryLocation) throws -> BytePath? {
        let content = try (location.gitFolder / "HEAD").contents(limit: 4096) ?? []
        let prefix = Array("ref: ".utf8)
        guard content.starts(with: prefix) else { return nil }
        return BytePath(bytes: content[prefix.count...].prefix { $0 != UInt8(ascii: "\n") })
    }
}
