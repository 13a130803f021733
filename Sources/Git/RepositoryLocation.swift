import Platform

/// Where a Git repository keeps its parts.
package struct RepositoryLocation: Equatable, Sendable {
    /// The folder of this worktree's own state: HEAD, the index.
    package let gitFolder: BytePath
    /// The folder that all worktrees share: objects, refs, configuration, hooks. The same as
    /// `gitFolder` in a repository with one worktree.
    package let commonFolder: BytePath
    /// The top of the worktree, or nil in a bare repository and inside a Git folder.
    package let worktree: BytePath?

    package var index: BytePath {
        Environment.value("GIT_INDEX_FILE").map { $0.absolute(from: worktree ?? gitFolder) } ?? gitFolder / "index"
    }

    /// Finds the repository that Git would find from `folder`: by `GIT_DIR` and its like, else upwards.
    /// It is done here, and not by `git rev-parse`, because the filter must not start a process to know it.
    /// Whose the repository is, is not looked at: Git itself refuses to work in one of another user.
    ///
    /// Spec: git(1), "The Git Repository"; gitrepository-layout(5). Source: Git, `setup.c`.
    /// - Parameter folder: absolute.
    package static func find(from folder: BytePath) throws(GitError) -> RepositoryLocation {
        let named = Environment.value("GIT_DIR")
        do throws(SystemError) {
            let start = try folder.resolved()
            let found: RepositorySearch.Found?
            if let named {
                found = try explicit(named.absolute(from: start), from: start)
            } else {
                found = try RepositorySearch(from: start).run()
            }
            if let found { return try location(of: found, from: start) }
        } catch {
            throw .system(error)
        }
        throw .notARepository(named ?? folder)
    }

    /// Another repository by its common Git folder, seen from its main worktree. The environment is not about it.
    /// - Returns: nil where it is none, or not any more.
    /// - Throws: where that cannot be known, as its disk does not answer, or it is not for us to see.
    package static func at(commonFolder folder: BytePath) throws(SystemError) -> RepositoryLocation? {
        guard try RepositoryFormat.isGitFolder(folder, from: nil) else { return nil }
        let worktree = folder.lastComponent == ".git" ? folder.parent : nil
        return RepositoryLocation(gitFolder: folder, commonFolder: folder, worktree: worktree)
    }

    /// The folder that all worktrees of another repository share. The environment is not about that one.
    /// - Parameter path: its Git folder, or a `.git` file that names it.
    /// - Returns: nil where it is neither.
    /// - Throws: where that cannot be known, as its disk does not answer, or it is not for us to see.
    package static func commonFolder(ofRepositoryAt path: BytePath) throws(SystemError) -> BytePath? {
        let gitFolder: BytePath
        switch try RepositoryFormat.gitFile(path, from: nil) {
        case .repository(let folder): gitFolder = folder
        case .invalid: return nil
        case .absent:
            guard try RepositoryFormat.isGitFolder(path, from: nil) else { return nil }
            gitFolder = path
        }
        return try RepositoryFormat.commonFolder(of: gitFolder, from: nil).path
    }

    private static func explicit(_ named: BytePath, from start: BytePath) throws(SystemError) -> RepositorySearch.Found? {
        switch try RepositoryFormat.gitFile(named, from: start) {
        case .repository(let folder): .init(gitFolder: folder, top: start, isExplicit: true)
        case .invalid: nil
        case .absent: try RepositoryFormat.isGitFolder(named, from: start) ? .init(gitFolder: named, top: start, isExplicit: true) : nil
        }
    }

    private static func location(
        of found: RepositorySearch.Found, from start: BytePath
    ) throws(SystemError) -> RepositoryLocation {
        let common = try RepositoryFormat.commonFolder(of: found.gitFolder, from: start)
        let format = try RepositoryFormat(
            gitFolder: found.gitFolder, commonFolder: common.path, isLinked: common.isLinked)
        let worktree: BytePath?
        if let named = Environment.value("GIT_WORK_TREE") {
            worktree = named.absolute(from: start)
        } else if let named = format.worktree, format.isBare != true {
            worktree = named.absolute(from: found.gitFolder)
        } else if format.isBare == true {
            worktree = nil
        } else if found.isExplicit {
            // Git says so to what it runs inside a bare repository.
            worktree = Environment.value("GIT_IMPLICIT_WORK_TREE") == "0" ? nil : found.top
        } else {
            worktree = found.top
        }
        return RepositoryLocation(
            gitFolder: found.gitFolder, commonFolder: common.path,
            worktree: worktree.map { (try? $0.resolved()) ?? $0.normalized })
    }
}
