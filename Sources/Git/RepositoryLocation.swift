import Platform

/// Where a Git repository keeps its parts.
package struct RepositoryLocation: Equatable, Sendable {
    /// The folder of this worktree's own state: HEAD, the index.
    package let gitFolder: BytePath
    /// The folder that all worktrees share: objects, refs, configuration, hooks. The same as
    /// `gitFolder` in a repository with one worktree.
    package let commonFolder: BytePath
    /// The top of the worktree, or nil in a bare repository.
    package let worktree: BytePath?

    package var index: BytePath {
        Environment.value("GIT_INDEX_FILE").map { $0.absolute(from: worktree ?? gitFolder) } ?? gitFolder / "index"
    }

    /// Finds the repository that Git would find from `folder`: by `GIT_DIR` and its like, else upwards.
    /// It is done here, and not by `git rev-parse`, because the filter must not start a process to know it.
    ///
    /// Source: gitrepository-layout(5), `git` manual page, "The Git Repository".
    /// - Parameter folder: absolute.
    package static func find(from folder: BytePath) throws(GitError) -> RepositoryLocation {
        do throws(SystemError) {
            if let named = Environment.value("GIT_DIR"), !named.isEmpty {
                return try fromEnvironment(named.absolute(from: folder), folder: folder)
            }
            if let found = try upwards(from: folder) { return found }
        } catch {
            throw .system(error)
        }
        throw .notARepository(folder)
    }

    private static func fromEnvironment(
        _ named: BytePath, folder: BytePath
    ) throws(SystemError) -> RepositoryLocation {
        let gitFolder = try gitFile(named) ?? named
        let common = try commonFolder(of: gitFolder, folder: folder)
        if let worktree = Environment.value("GIT_WORK_TREE"), !worktree.isEmpty {
            return RepositoryLocation(
                gitFolder: gitFolder, commonFolder: common, worktree: try worktree.absolute(from: folder).resolved())
        }
        // Git sets GIT_DIR for what it runs, and runs it at the top of the worktree. A bare repository has none.
        let isBare = folder == (try? gitFolder.resolved()) || (try? folder.resolved()) == (try? gitFolder.resolved())
        return RepositoryLocation(gitFolder: gitFolder, commonFolder: common, worktree: isBare ? nil : folder)
    }

    private static func upwards(from folder: BytePath) throws(SystemError) -> RepositoryLocation? {
        var candidate = folder
        while true {
            let dotGit = candidate / ".git"
            if let linked = try gitFile(dotGit) {
                return RepositoryLocation(
                    gitFolder: linked, commonFolder: try commonFolder(of: linked, folder: candidate),
                    worktree: candidate)
            }
            if isGitFolder(dotGit) {
                return RepositoryLocation(
                    gitFolder: dotGit, commonFolder: try commonFolder(of: dotGit, folder: candidate),
                    worktree: candidate)
            }
            if isGitFolder(candidate) {
                // Inside `.git` Git has no worktree, and neither has a bare repository.
                return RepositoryLocation(
                    gitFolder: candidate, commonFolder: try commonFolder(of: candidate, folder: candidate),
                    worktree: nil)
            }
            let parent = candidate.parent
            if parent == candidate { return nil }
            candidate = parent
        }
    }

    /// Whether a folder looks like a Git repository's own, as Git judges it.
    package static func isGitFolder(_ folder: BytePath) -> Bool {
        (folder / "HEAD").exists
            && ((folder / "commondir").exists || ((folder / "objects").isFolder && (folder / "refs").isFolder))
    }

    /// The folder that a `.git` file names: `gitdir: <path>`. nil where the path is no such file.
    private static func gitFile(_ path: BytePath) throws(SystemError) -> BytePath? {
        guard let status = try path.status(followingLinks: true), status.kind == .regular,
            let content = try path.contents(limit: 64 * 1024)
        else { return nil }
        let key = Array("gitdir: ".utf8)
        guard content.starts(with: key) else { return nil }
        return BytePath(bytes: firstLine(content.dropFirst(key.count))).absolute(from: path.parent)
    }

    private static func commonFolder(of gitFolder: BytePath, folder: BytePath) throws(SystemError) -> BytePath {
        if let named = Environment.value("GIT_COMMON_DIR"), !named.isEmpty { return named.absolute(from: folder) }
        guard let content = try (gitFolder / "commondir").contents(limit: 64 * 1024) else { return gitFolder }
        let common = BytePath(bytes: firstLine(content[...])).absolute(from: gitFolder)
        return (try? common.resolved()) ?? common
    }

    private static func firstLine(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    }
}
