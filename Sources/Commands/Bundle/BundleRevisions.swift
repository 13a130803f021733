import Git
import Platform
import Repository

/// What a person wants in a bundle, as Git's own command understands it.
struct BundleRevisions {
    /// For `git bundle create`: names of refs, `^` and a commit for what is there already, or `--all`.
    let arguments: [BytePath]

    /// - Parameter given: branches, tags, `A..B`, `^A`; the current branch where there is none.
    /// - Throws: `CommandFailure` for what no ref can be told of.
    init(_ given: [BytePath], isAll: Bool, _ git: Git) throws {
        var refs: [BytePath] = isAll ? ["--all"] : []
        var excluded: [BytePath] = []
        func add(_ name: BytePath) throws {
            for ref in try Self.refs(name, git) where !refs.contains(ref) { refs.append(ref) }
        }
        func exclude(_ name: BytePath) throws {
            excluded.append(BytePath(bytes: [UInt8(ascii: "^")] + (try Self.commit(name, git)).hex))
        }
        for revision in given {
            if revision.bytes.first == UInt8(ascii: "^") {
                try exclude(BytePath(bytes: revision.bytes.dropFirst()))
            } else if let dots = Self.dots(in: revision) {
                let start = BytePath(bytes: revision.bytes[..<dots])
                let end = BytePath(bytes: revision.bytes[(dots + 2)...])
                guard end.bytes.first != UInt8(ascii: ".") else {
                    throw CommandFailure("'\(revision)' is no range that a bundle can hold", hints: ["two dots: A..B"])
                }
                try exclude(start.isEmpty ? "HEAD" : start)
                try add(end.isEmpty ? "HEAD" : end)
            } else {
                try add(revision)
            }
        }
        if refs.isEmpty { try add("HEAD") }
        arguments = refs + excluded
    }

    private static func dots(in revision: BytePath) -> Int? {
        let bytes = revision.bytes
        return bytes.indices.dropLast().first { bytes[$0] == UInt8(ascii: ".") && bytes[$0 + 1] == UInt8(ascii: ".") }
    }

    private static func commit(_ name: BytePath, _ git: Git) throws -> GitObjectName {
        guard let commit = try git.resolve(name.adding(suffix: "^{commit}")) else {
            throw CommandFailure("'\(name)' is no commit of this repository")
        }
        return commit
    }

    /// HEAD goes with its branch, so that a clone has both.
    private static func refs(_ name: BytePath, _ git: Git) throws -> [BytePath] {
        let isHead = name == "HEAD" || name == "@"
        guard try git.resolve(name) != nil else {
            throw CommandFailure(isHead ? "there is no commit yet" : "'\(name)' is no revision of this repository")
        }
        let ref = try git.fullRefName(name)
        if isHead { return ["HEAD"] + (ref.map { [$0] } ?? []) }
        guard let ref else {
            throw CommandFailure(
                "'\(name)' is no branch or tag, and a bundle holds nothing without such a name",
                hints: ["git tag NAME \(ShellWord.quoted(name))", "git data bundle create FILE NAME"])
        }
        return [ref]
    }
}
