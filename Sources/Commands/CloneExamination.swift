import Git
import Platform

/// Looks whether somebody has worked in a clone that was interrupted. Git's own half-written files, and what a killed
/// hydration leaves, are no work.
struct CloneExamination {
    /// Working at the top of the worktree.
    let git: Git
    let gitFolder: BytePath

    /// What a killed hydration leaves; the next one removes it.
    private static let temporaryPrefix = Array(".git-data-".utf8)
    /// How many files Git can have been writing at once when it was killed.
    private static let mostHalfWritten = 256

    /// - Returns: in words, what is there that the remote does not have; nil for nothing.
    func localCommits() throws -> String? {
        let branches = try git.run(
            ["rev-list", "--max-count=1", "--branches", "--glob=refs/stash", "--not", "--remotes", "--tags"])
        if branches.status == 0, !branches.output.isEmpty { return "a commit that is not on the remote" }
        // A checked out commit may be one that no branch reaches, and that was fetched by its name.
        guard let head = try git.resolve("HEAD^{commit}") else { return nil }
        let own = BytePath(bytes: head.hex)
        let isReached = try git.query(["rev-list", "--max-count=1", own, "--not", "--remotes", "--tags"]).output.isEmpty
        let fetched = try (gitFolder / "FETCH_HEAD").contents(limit: 4096) ?? []
        return isReached || fetched.starts(with: head.hex) ? nil : "a commit that is not on the remote"
    }

    /// Looks at a worktree that Git had not finished to write, of which there is no index yet.
    /// - Parameter tree: what was being checked out.
    func unfinishedCheckout(of tree: BytePath) throws -> String? {
        let index = gitFolder / "clone-index"
        defer {
            try? index.removeFile()
            try? index.adding(suffix: ".lock").removeFile()
        }
        guard let folder = git.folder else { return nil }
        let git = try Git(in: folder, worktree: folder, adding: [("GIT_INDEX_FILE", index), ("GIT_DATA_LAZY", "1")])
        try git.query(["read-tree", tree])
        if let other = try others(git) { return other }
        let changed = try git.query(["diff-files", "-z", "--name-only", "--diff-filter=MT", "--ignore-submodules=all"]).records
        guard changed.count <= Self.mostHalfWritten else { return "\(Count.files(changed.count)) that were changed" }
        for path in changed where try !isBeginning(path, git) { return "changes of '\(path)'" }
        return nil
    }

    /// Looks at a worktree that has been written.
    func changes(ignoringSubmodules: Bool) throws -> String? {
        if let other = try others(git) { return other }
        let option: [BytePath] = ignoringSubmodules ? ["--ignore-submodules=all"] : []
        let states = try git.query(["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"] + option).records
        guard let first = states.first, first.bytes.count > 3 else { return nil }
        return "changes of '\(BytePath(bytes: first.bytes.dropFirst(3)))'"
    }

    private func others(_ git: Git) throws -> String? {
        let paths = try git.query(["ls-files", "-z", "--others", "--exclude-standard"]).records
        let other = paths.first { path in
            !path.bytes.split(separator: UInt8(ascii: "/")).contains { $0.starts(with: Self.temporaryPrefix) }
        }
        return other.map { "'\($0)', which is not of it" }
    }

    /// Whether the file holds the first bytes of what Git would write, and nothing else.
    private func isBeginning(_ path: BytePath, _ git: Git) throws -> Bool {
        guard let file = git.folder?.appending(path), try file.status()?.kind == .regular, let content = try file.contents()
        else { return false }
        let whole = try git.run(["cat-file", "--filters", BytePath(bytes: Array(":0:".utf8) + path.bytes)])
        return whole.status == 0 && whole.output.starts(with: content)
    }
}
