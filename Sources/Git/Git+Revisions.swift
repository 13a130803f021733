import Platform

/// A Git blob that a walk of the history found.
package struct ReachedBlob: Hashable, Sendable {
    package let name: GitObjectName
    /// One path that it has, cut at a newline in the name; for messages. Empty where a newline comes first,
    /// and where a tag names the blob itself.
    package let path: BytePath
}

extension Git {
    /// The commit, or other object, that a revision names; nil where there is none.
    package func resolve(_ revision: BytePath) throws(GitError) -> GitObjectName? {
        let answer = try run(["rev-parse", "--verify", "--quiet", "--end-of-options", revision])
        return answer.status == 0 ? GitObjectName(hex: answer.line.bytes) : nil
    }

    /// Calls `body` for each Git blob shorter than `limit` bytes that `revisions` reach and `excluded` do not, once, while
    /// Git walks; for tags among them too, and for trees where Git is older than 2.32.
    /// - Parameter extra: further options of `git rev-list`, such as `--all`.
    package func forEachReachedBlob(
        from revisions: [BytePath], excluding excluded: [BytePath] = [], extra: [BytePath] = [], shorterThan limit: Int,
        _ body: (ReachedBlob) throws(GitError) -> Void
    ) throws(GitError) {
        guard !revisions.isEmpty || !extra.isEmpty else { return }
        // Names come on standard input, so that thousands of refs fit. A partial clone lacks objects that
        // the remote has: nothing is fetched for them, they are not new.
        let arguments: [BytePath] = ["--missing=allow-promisor"] + extra + ["--stdin"]
        var input: [UInt8] = []
        for revision in revisions { input += revision.bytes + [UInt8(ascii: "\n")] }
        for revision in excluded { input += [UInt8(ascii: "^")] + revision.bytes + [UInt8(ascii: "\n")] }
        let filters: [BytePath] = [BytePath("--filter=blob:limit=\(limit)"), "--filter=object:type=blob"]
        var failure: GitError?
        // What Git calls wrong before it says anything may be a filter that it does not know.
        for filters in [filters, [filters[0]]] {
            var isBegun = false
            let walk: [BytePath] = ["rev-list", "--objects"] + filters + arguments
            failure = try stream(walk, input: input, endingWith: UInt8(ascii: "\n")) { line throws(GitError) in
                isBegun = true
                // `<name>` for commits, `<name> <path>` for all else, with no path for root trees, for what a tag
                // names and for files whose names begin with a newline.
                guard let space = line.firstIndex(of: UInt8(ascii: " ")), let name = GitObjectName(hex: line[..<space]) else { return }
                try body(ReachedBlob(name: name, path: BytePath(bytes: line[(space + 1)...])))
            }
            if failure == nil || isBegun { break }
        }
        if let failure { throw failure }
    }

    /// Calls `body` for each path of a file that a commit has added or changed, once or more often, from the newest commit
    /// on; what merges alone have changed is left out.
    /// - Parameter excluded: commits that do not count, nor those that they follow. A remote may have any number of them.
    package func forEachChangedPath(
        from starts: [GitObjectName], excluding excluded: [GitObjectName], _ body: (BytePath) throws(GitError) -> Void
    ) throws(GitError) {
        let arguments: [BytePath] = [
            "log", "--format=", "--name-only", "-z", "--no-renames", "--no-show-signature", "--no-color", "--diff-filter=AMT",
            "--stdin",
        ]
        // As input: a command line may have no room for them.
        let input = Self.walkLines(from: starts, excluding: excluded)
        try forEachRecord(of: arguments, input: input, endingWith: 0) { record throws(GitError) in
            if !record.isEmpty { try body(BytePath(bytes: record)) }
        }
    }

    /// The refs of a remote repository, as it answers now: name and object.
    package func remoteRefs(_ url: BytePath) throws(GitError) -> [(ref: BytePath, name: GitObjectName)] {
        try query(["ls-remote", "--quiet", "--refs", "--end-of-options", url]).lines.compactMap { line in
            let fields = line.bytes.split(separator: UInt8(ascii: "\t"), maxSplits: 1)
            guard fields.count == 2, let name = GitObjectName(hex: fields[0]) else { return nil }
            return (BytePath(bytes: fields[1]), name)
        }
    }

    /// Objects to walk from, and those not to walk beyond, as `--stdin` and `--revs` read them.
    package static func walkLines(from starts: [GitObjectName], excluding excluded: [GitObjectName] = []) -> [UInt8] {
        var lines: [UInt8] = []
        for name in starts { lines += name.hex + [UInt8(ascii: "\n")] }
        for name in excluded { lines += [UInt8(ascii: "^")] + name.hex + [UInt8(ascii: "\n")] }
        return lines
    }

    /// Which of the objects this repository has.
    package func existing(_ names: [GitObjectName]) throws(GitError) -> [GitObjectName] {
        guard !names.isEmpty else { return [] }
        let input = names.flatMap { $0.hex + [UInt8(ascii: "\n")] }
        return try query(["cat-file", "--batch-check=%(objectname) %(objecttype)", "--buffer"], input: input).lines
            .compactMap { line in
                let fields = line.bytes.split(separator: UInt8(ascii: " "))
                guard fields.count == 2, !fields[1].elementsEqual("missing".utf8) else { return nil }
                return GitObjectName(hex: fields[0])
            }
    }
}
