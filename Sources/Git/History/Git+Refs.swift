import Platform

/// A ref and what it names.
package struct GitRef: Equatable, Sendable {
    /// The full name: `refs/heads/main`.
    package let name: BytePath
    package let object: GitObjectName
    package let kind: GitObjectKind
    /// Whether it only stands for another ref.
    package let isSymbolic: Bool

    package var isBranch: Bool { name.bytes.starts(with: Array("refs/heads/".utf8)) }
}

/// One change in a transaction of refs.
package enum RefChange: Equatable, Sendable {
    /// - Parameter from: what it must name now; nil where that does not matter.
    case set(BytePath, to: GitObjectName, from: GitObjectName?)
    case delete(BytePath, from: GitObjectName)
}

extension Git {
    /// The refs that begin with one of the prefixes, or are named by it, in Git's order.
    package func refs(_ prefixes: [BytePath]) throws(GitError) -> [GitRef] {
        let format: BytePath = "--format=%(objectname) %(objecttype) %(refname) %(symref)"
        return try query(["for-each-ref", format] + prefixes).lines.map { line throws(GitError) in
            // No ref has a blank in its name.
            let fields = line.bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard fields.count == 4, let object = GitObjectName(hex: fields[0]),
                let kind = GitObjectKind(rawValue: String(decoding: fields[1], as: UTF8.self))
            else { throw .unexpected(command: "git for-each-ref", answer: line.description) }
            return GitRef(name: BytePath(bytes: fields[2]), object: object, kind: kind, isSymbolic: !fields[3].isEmpty)
        }
    }

    /// The full name of the ref that a person means; nil where it is none.
    package func fullRefName(_ name: BytePath) throws(GitError) -> BytePath? {
        let answer = try run(["rev-parse", "--symbolic-full-name", "--verify", "--quiet", "--end-of-options", name])
        guard answer.status == 0 else { return nil }
        // Gits before 2.46 print the separator as well.
        return answer.lines.last { $0 != "--end-of-options" }.flatMap { $0.bytes.starts(with: Array("refs/".utf8)) ? $0 : nil }
    }

    /// Makes all changes, in their order, or none where one cannot be made.
    /// - Parameter reason: for the reflogs.
    package func change(_ changes: [RefChange], reason: String) throws(GitError) {
        guard !changes.isEmpty else { return }
        var input = Array("start\n".utf8)
        for change in changes {
            switch change {
            case .set(let name, let new, let old):
                input += Array("update ".utf8) + name.bytes + Array(" \(new)".utf8) + (old.map { Array(" \($0)".utf8) } ?? [])
            case .delete(let name, let old):
                input += Array("delete ".utf8) + name.bytes + Array(" \(old)".utf8)
            }
            input.append(UInt8(ascii: "\n"))
        }
        // Without the last line, which a killed process does not write, Git changes nothing.
        input += Array("prepare\ncommit\n".utf8)
        try query(["update-ref", "-m", BytePath(reason), "--stdin"], input: input)
    }

    /// The commits that `tips` reach and `excluded` do not, parents first, each with its tree.
    package func history(
        of tips: [GitObjectName], excluding excluded: [GitObjectName]
    ) throws(GitError) -> [(commit: GitObjectName, tree: GitObjectName)] {
        guard !tips.isEmpty else { return [] }
        let input = tips.flatMap { $0.hex + [UInt8(ascii: "\n")] } + excluded.flatMap { [UInt8(ascii: "^")] + $0.hex + [UInt8(ascii: "\n")] }
        let answer = try query(["rev-list", "--topo-order", "--reverse", "--pretty=tformat:%T", "--stdin"], input: input)
        var commits: [(GitObjectName, GitObjectName)] = []
        var commit: GitObjectName?
        let mark = Array("commit ".utf8)
        for line in answer.output.split(separator: UInt8(ascii: "\n")) {
            if line.starts(with: mark) {
                commit = GitObjectName(hex: line.dropFirst(mark.count))
            } else if let name = commit, let tree = GitObjectName(hex: line) {
                commits.append((name, tree))
                commit = nil
            } else {
                throw .unexpected(command: "git rev-list", answer: String(decoding: line, as: UTF8.self))
            }
        }
        return commits
    }

    /// The lengths of those of the Git blobs that are here, in no order.
    package func blobByteCounts(_ blobs: some Sequence<GitObjectName>) throws(GitError) -> [GitObjectName: Int64] {
        var input: [UInt8] = []
        for blob in blobs { input += blob.hex + [UInt8(ascii: "\n")] }
        guard !input.isEmpty else { return [:] }
        let format: BytePath = "--batch-check=%(objectname) %(objectsize) %(objecttype)"
        let answer = try query(["cat-file", format, "--buffer"], input: input)
        var sizes: [GitObjectName: Int64] = [:]
        for line in answer.output.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count == 3, fields[2].elementsEqual("blob".utf8), let blob = GitObjectName(hex: fields[0]),
                let size = Int64(String(decoding: fields[1], as: UTF8.self))
            else { continue }
            sizes[blob] = size
        }
        return sizes
    }
}
