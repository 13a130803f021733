/// The text of a commit or a tag, header by header; what is not changed stays byte for byte as it is. Pure.
///
/// Source: Git, `parse_commit_buffer` in commit.c, `parse_tag_buffer` in tag.c.
struct HeaderedObject {
    struct Header {
        let key: ArraySlice<UInt8>
        /// With its continuation lines, each of which begins with a blank, and all line ends.
        let line: ArraySlice<UInt8>

        /// What follows the key on the first line.
        var value: ArraySlice<UInt8> {
            line.dropFirst(key.count + 1).prefix { $0 != UInt8(ascii: "\n") }
        }

        func isCalled(_ name: StaticString) -> Bool {
            name.withUTF8Buffer { key.elementsEqual($0) }
        }
    }

    let headers: [Header]
    /// From the empty line on.
    let rest: ArraySlice<UInt8>

    init(_ content: [UInt8]) {
        var headers: [Header] = []
        var rest = content[...]
        while let first = rest.first, first != UInt8(ascii: "\n") {
            var end = Self.lineEnd(rest, from: rest.startIndex)
            while end < rest.endIndex, rest[end] == UInt8(ascii: " ") { end = Self.lineEnd(rest, from: end) }
            let line = rest[..<end]
            let key = line.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }
            headers.append(Header(key: key, line: line))
            rest = rest[end...]
        }
        self.headers = headers
        self.rest = rest
    }

    /// Behind the line end.
    private static func lineEnd(_ text: ArraySlice<UInt8>, from start: Int) -> Int {
        text[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? text.endIndex
    }

    static func line(_ key: String, _ digest: GitObjectName) -> [UInt8] {
        Array("\(key) ".utf8) + digest.hex + [UInt8(ascii: "\n")]
    }
}

/// A commit, as Git stores it.
package struct CommitObject {
    private let object: HeaderedObject
    package let tree: GitObjectName
    package let parents: [GitObjectName]

    /// nil for what is no commit.
    package init?(_ content: [UInt8]) {
        object = HeaderedObject(content)
        guard let tree = object.headers.first(where: { $0.isCalled("tree") }).flatMap({ GitObjectName(hex: $0.value) })
        else { return nil }
        self.tree = tree
        var parents: [GitObjectName] = []
        for header in object.headers where header.isCalled("parent") {
            guard let parent = GitObjectName(hex: header.value) else { return nil }
            parents.append(parent)
        }
        self.parents = parents
    }

    /// The commit with another tree and other parents. Signatures, which would not hold, are left out: the
    /// commit's own, and a merged tag's where that named a commit that is another now.
    /// - Parameter renamed: what a commit is called now.
    package func rewritten(
        tree: GitObjectName, renamed: (GitObjectName) -> GitObjectName
    ) -> (content: [UInt8], droppedSignatures: Int) {
        var content: [UInt8] = []
        var droppedSignatures = 0
        for header in object.headers {
            if header.isCalled("tree") {
                content += HeaderedObject.line("tree", tree)
            } else if header.isCalled("parent"), let parent = GitObjectName(hex: header.value) {
                content += HeaderedObject.line("parent", renamed(parent))
            } else if header.isCalled("gpgsig") || header.isCalled("gpgsig-sha256") || isOfRenamed(header, renamed) {
                droppedSignatures += 1
            } else {
                content += header.line
            }
        }
        return (content + object.rest, droppedSignatures)
    }

    /// Whether it is a merged tag, `mergetag object <name>`, of a commit that has another name now.
    private func isOfRenamed(_ header: HeaderedObject.Header, _ renamed: (GitObjectName) -> GitObjectName) -> Bool {
        guard header.isCalled("mergetag"), let object = GitObjectName(hex: header.value.dropFirst("object ".utf8.count))
        else { return false }
        return renamed(object) != object
    }
}

/// An annotated tag, as Git stores it.
package struct TagObject {
    private let object: HeaderedObject
    /// What it names: a commit, mostly.
    package let target: GitObjectName
    package let targetKind: GitObjectKind

    /// nil for what is no tag.
    package init?(_ content: [UInt8]) {
        object = HeaderedObject(content)
        guard let target = object.headers.first(where: { $0.isCalled("object") }).flatMap({ GitObjectName(hex: $0.value) }),
            let kind = object.headers.first(where: { $0.isCalled("type") })
                .flatMap({ GitObjectKind(rawValue: String(decoding: $0.value, as: UTF8.self)) })
        else { return nil }
        self.target = target
        targetKind = kind
    }

    /// The tag of another object, without its signature, which would not hold.
    package func rewritten(target: GitObjectName) -> (content: [UInt8], droppedSignatures: Int) {
        var content: [UInt8] = []
        var isSigned = false
        for header in object.headers {
            if header.isCalled("object") {
                content += HeaderedObject.line("object", target)
            } else if header.isCalled("gpgsig") || header.isCalled("gpgsig-sha256") {
                isSigned = true
            } else {
                content += header.line
            }
        }
        let signature = Self.signature(in: object.rest)
        content += object.rest[..<(signature ?? object.rest.endIndex)]
        return (content, isSigned || signature != nil ? 1 : 0)
    }

    private static let signatureStarts = [
        "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----", "-----BEGIN SIGNED MESSAGE-----",
        "-----BEGIN SSH SIGNATURE-----",
    ].map { Array($0.utf8) }

    /// Where the last line stands that starts a signature.
    /// Source: Git, `parse_signed_buffer` in gpg-interface.c.
    private static func signature(in text: ArraySlice<UInt8>) -> Int? {
        var found: Int?
        var line = text
        while !line.isEmpty {
            if signatureStarts.contains(where: { line.starts(with: $0) }) { found = line.startIndex }
            guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else { break }
            line = line[(end + 1)...]
        }
        return found
    }
}
