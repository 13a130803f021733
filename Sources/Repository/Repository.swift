// Repository: one working repository as git data sees it: where things are, what is set, which files
// are pointers. It moves no blobs and prints nothing.

import Diagnostics
import Git
import ObjectStore
import Platform
private import Synchronization

/// Why a repository cannot be worked with.
package enum RepositoryError: Error, Sendable {
    case git(GitError)
    case settings(SettingsError)
    case remote(DataRemoteError)
    case system(SystemError)
    /// The repository has no worktree, and the job needs one.
    case bare
    /// `data.requiredVersion` asks for a newer git data.
    case tooOld(required: String)
    /// A newer git data has made the store another one.
    case newerStore(BytePath)
    /// A newer git data has made this pointer, so that it cannot be told which blob it needs.
    case newerPointer(BytePath, version: String)
}

/// One working repository. Any thread may use it; what it knows of settings is read once.
package final class Repository: Sendable {
    package let location: RepositoryLocation
    private let knownGit = Mutex<Git?>(nil)
    private let knownSettings = Mutex<Settings?>(nil)
    let isIsolated: Bool

    /// - Parameter isolated: whether the environment is about another repository.
    package init(_ location: RepositoryLocation, isolated: Bool = false) {
        self.location = location
        isIsolated = isolated
    }

    /// The repository that Git would work in from `folder`, or from the process's folder.
    package static func find(from folder: BytePath? = nil) throws(RepositoryError) -> Repository {
        let start: BytePath
        do throws(SystemError) {
            if let folder { start = folder } else { start = try .currentFolder() }
        } catch {
            throw .system(error)
        }
        do throws(GitError) { return Repository(try .find(from: start)) } catch { throw .git(error) }
    }

    /// The top of the worktree.
    package func worktree() throws(RepositoryError) -> BytePath {
        guard let worktree = location.worktree else { throw .bare }
        return worktree
    }

    /// Git, working at the top of the worktree, or in the Git folder of a bare repository.
    package func git() throws(GitError) -> Git {
        try knownGit.withLock { known throws(GitError) in
            if let known { return known }
            let git = try Git(
                in: location.worktree ?? location.gitFolder, worktree: location.worktree, isolated: isIsolated)
            known = git
            return git
        }
    }

    /// The settings, read at the first call; who asks meanwhile waits for the first.
    package func settings() throws(RepositoryError) -> Settings {
        try knownSettings.withLock { known throws(RepositoryError) in
            if let known { return known }
            let committed = try committedSettings()
            let own = try asking { () throws(GitError) in try git().configuration() }
            do throws(SettingsError) {
                let settings = try Settings(committed: committed, own: own)
                known = settings
                return settings
            } catch {
                throw .settings(error)
            }
        }
    }

    /// What the project's `.gitdata` says, unfiltered: that of the worktree, or, in a clone whose
    /// checkout has not come so far yet, that of HEAD.
    package func committedSettings() throws(RepositoryError) -> GitConfiguration {
        guard let worktree = location.worktree else { return GitConfiguration() }
        return try asking { () throws(GitError) in
            let file = worktree.appending(Settings.committedFile)
            let status: FileStatus?
            do throws(SystemError) { status = try file.status() } catch { throw .system(error) }
            if status?.kind == .regular {
                return try git().configuration(of: file) ?? GitConfiguration()
            }
            guard !location.index.exists else { return GitConfiguration() }
            let answer = try git().run(["config", "--no-includes", "--list", "-z", "--blob", "HEAD:.gitdata"])
            return answer.status == 0 ? GitConfiguration(listing: answer.output) : GitConfiguration()
        }
    }

    /// Forgets the settings, after they were changed.
    package func forgetSettings() {
        knownSettings.withLock { $0 = nil }
    }

    /// The local blobs. Those that Git LFS has stored are used where they are.
    /// - Throws: `tooOld` and `newerStore` where this version may not touch them.
    package func store() throws(RepositoryError) -> ObjectStore {
        let settings = try self.settings()
        if let required = settings.requiredVersion, Version.satisfies(required) == false { throw .tooOld(required: required) }
        let folder = settings.store?.absolute(from: location.worktree ?? location.commonFolder)
        let store = ObjectStore(
            folder: folder ?? location.commonFolder / "data",
            alternates: [location.commonFolder / "lfs/objects"])
        guard !store.isOfNewerFormat else { throw .newerStore(store.folder) }
        // A note that cannot be left keeps nobody from working; `doctor` looks after it.
        if folder != nil { try? store.register(location.commonFolder) }
        return store
    }

    /// Where what transfers and hooks did is noted.
    package var logs: BytePath { location.commonFolder / "data/logs" }

    func asking<Result>(_ question: () throws(GitError) -> Result) throws(RepositoryError) -> Result {
        do throws(GitError) { return try question() } catch { throw .git(error) }
    }
}
