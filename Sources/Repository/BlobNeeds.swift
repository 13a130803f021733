import Digest
import Git
import ObjectStore
import Platform
import Pointer

/// Why a blob of the local store is to stay, the strongest reason first.
package enum BlobNeed: String, Comparable, CaseIterable, Sendable {
    /// HEAD, the index, a stash or an operation under way, of any worktree, names it.
    case inUse = "in use"
    /// A commit names it that no remote-tracking branch has.
    case unpushed = "not pushed"
    /// A commit of the last days has brought it.
    case recent

    package static func < (left: BlobNeed, right: BlobNeed) -> Bool {
        rank(left) < rank(right)
    }

    private static func rank(_ need: BlobNeed) -> Int {
        allCases.firstIndex(of: need) ?? 0
    }
}

/// Why nothing can be said of what a store's users need.
package enum BlobNeedsError: Error, Sendable {
    case repository(RepositoryError)
    case store(StoreError)
    /// A repository that uses the shared store cannot be looked at: its disk may not be there now.
    case cloneOutOfReach(BytePath)
}

extension Repository {
    /// What this repository needs of its store.
    /// - Parameter recentDays: how many days back commits count as recent; 0 for none.
    package func blobNeeds(recentDays: Int) throws(RepositoryError) -> [ObjectID: BlobNeed] {
        var needs: [ObjectID: BlobNeed] = [:]
        func note(_ oid: ObjectID, _ need: BlobNeed) { needs[oid] = min(needs[oid] ?? need, need) }
        for oid in try blobsInUse() { note(oid, .inUse) }
        try forEachReachedPointer(from: [], extra: ["--all", "--not", "--remotes", "--not"], isStrict: true) {
            note($0.pointer.oid, .unpushed)
        }
        if recentDays > 0 {
            let since = BytePath("--since=\(recentDays).days")
            try forEachReachedPointer(from: [], extra: ["--all", since]) { note($0.pointer.oid, .recent) }
        }
        return needs
    }

    /// What all repositories need that share this one's store.
    /// - Parameter gone: told of each that is not there any more.
    package func blobNeedsOfAll(
        recentDays: Int, gone: (BytePath) -> Void
    ) throws(BlobNeedsError) -> [ObjectID: BlobNeed] {
        var needs: [ObjectID: BlobNeed]
        do throws(RepositoryError) { needs = try blobNeeds(recentDays: recentDays) } catch { throw .repository(error) }
        for folder in try registered() where folder != location.commonFolder {
            let theirs = try Self.asking(folder) { other throws(RepositoryError) in try other.blobNeeds(recentDays: recentDays) }
            guard let theirs else {
                // With the folder above it gone too, a disk may be missing rather than a repository.
                guard folder.parent.isFolder || folder.parent.parent.isFolder else { throw .cloneOutOfReach(folder) }
                gone(folder)
                continue
            }
            needs.merge(theirs) { min($0, $1) }
        }
        return needs
    }

    /// The blobs that any ref, reflog or index names, of all repositories that share this one's store. Those that
    /// are not there any more have no say.
    package func blobsNamedByAll() throws(BlobNeedsError) -> Set<ObjectID> {
        var named: Set<ObjectID>
        do throws(RepositoryError) { named = try blobsNamed() } catch { throw .repository(error) }
        for folder in try registered() where folder != location.commonFolder {
            named.formUnion(try Self.asking(folder) { other throws(RepositoryError) in try other.blobsNamed() } ?? [])
        }
        return named
    }

    /// How often a repository or worktree is asked that does not answer: it may be on its way to be deleted.
    static let removalPatience = (attempts: 20, pause: Duration.milliseconds(50))

    /// Asks a repository that shares the store, by its common Git folder. One that does not answer is there, and nobody
    /// knows what it needs.
    /// - Returns: nil where it is not there any more.
    private static func asking<Answer>(
        _ folder: BytePath, _ question: (Repository) throws(RepositoryError) -> Answer
    ) throws(BlobNeedsError) -> Answer? {
        for attempt in 1...removalPatience.attempts {
            if attempt > 1 { pauseAbout(removalPatience.pause) }
            do throws(SystemError) {
                guard let other = try RepositoryLocation.at(commonFolder: folder) else { return nil }
                if let answer = try? question(Repository(other, isolated: true)) { return answer }
            } catch {
                // The next attempt tells whether that stays.
            }
        }
        throw .cloneOutOfReach(folder)
    }

    private func blobsNamed() throws(RepositoryError) -> Set<ObjectID> {
        var named: Set<ObjectID> = []
        try forEachReachedPointer(from: [], extra: ["--all", "--reflog", "--indexed-objects"], completing: true, isStrict: true) {
            named.insert($0.pointer.oid)
        }
        return named
    }

    private func registered() throws(BlobNeedsError) -> [BytePath] {
        let store: ObjectStore
        do throws(RepositoryError) { store = try self.store() } catch { throw .repository(error) }
        do throws(StoreError) { return try store.registeredRepositories() } catch { throw .store(error) }
    }

    /// The blobs that stand intact in this repository's worktree: files that Git calls unchanged since it wrote
    /// or added them.
    package func blobsInWorktree() throws(RepositoryError) -> Set<ObjectID> {
        guard location.worktree != nil else { return [] }
        let changed = try asking { () throws(GitError) in
            // Files that were only touched are told from those that were changed.
            _ = try git().run(["update-index", "-q", "--refresh"])
            return Set(try git().query(["diff-files", "--name-only", "-z"]).records)
        }
        let files = try indexPointers().filter { $0.entry.stage == 0 && !changed.contains($0.path) }
        return Set(zip(files, try worktreeStates(of: files)).compactMap { $1 == .content ? $0.pointer.oid : nil })
    }
}
