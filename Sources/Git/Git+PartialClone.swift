import Platform

/// Partial clones: Git fetches what is missing when it is asked for, one object at a time. Here it is fetched
/// in one go before that.
extension Git {
    /// The remote that owes this repository its missing objects; nil where it is no partial clone.
    ///
    /// Spec: git-clone(1), `--filter`; Git's Documentation/technical/partial-clone.txt.
    package static func promisorRemote(_ configuration: GitConfiguration) -> BytePath? {
        configuration.subsections(of: "remote").first { name in
            configuration.boolean("remote.\(name).promisor") == true
                || configuration.value("remote.\(name).partialclonefilter") != nil
        }.map { BytePath($0) }
    }

    /// Fetches the objects that are missing of what `revisions` (commits or trees) reach.
    /// - Parameters:
    ///   - extra: further options of `git rev-list`.
    ///   - remote: as `promisorRemote` names it.
    package func fetchMissingObjects(
        of revisions: [BytePath], extra: [BytePath] = [], from remote: BytePath
    ) throws(GitError) {
        let listing = try query(["rev-list", "--objects", "--missing=print", "--no-object-names"] + extra + revisions)
        var missing: [UInt8] = []
        for line in listing.lines where line.bytes.first == UInt8(ascii: "?") {
            missing += line.bytes.dropFirst() + [UInt8(ascii: "\n")]
        }
        guard !missing.isEmpty else { return }
        // As Git itself does it. Source: Git, `promisor-remote.c`, `fetch_objects`.
        try query(
            [
                "-c", "fetch.negotiationAlgorithm=noop", "fetch", remote, "--no-tags", "--no-write-fetch-head",
                "--recurse-submodules=no", "--filter=blob:none", "--stdin",
            ], input: missing)
    }
}
