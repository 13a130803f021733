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

    /// As a note of `SortedBlobs`, where the strongest reason comes first.
    package var note: Int64 { Int64(Self.rank(self)) }

    /// The reason of a blob among those that `blobNeedsOfAll` has gathered.
    package init?(_ item: SortedBlobs.Item?) {
        guard let item, Self.allCases.indices.contains(Int(item.note)) else { return nil }
        self = Self.allCases[Int(item.note)]
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
    /// - Parameters:
    ///   - recentDays: how many days back commits count as recent; 0 for none.
    ///   - store: whose disk takes what is gathered.
    private func blobNeeds(recentDays: Int, in store: ObjectStore) throws(RepositoryError) -> SortedBlobs {
        let needs = SortedBlobs(in: store)
        try forEachBlobInUse { needs.add($0, note: BlobNeed.inUse.note) }
        try forEachReachedPointer(from: [], extra: ["--all", "--not", "--remotes", "--not"], isStrict: true) {
            needs.add($0.pointer.oid, note: BlobNeed.unpushed.note)
        }
        if recentDays > 0 {
            let since = BytePath("--since=\(recentDays).days")
            try forEachReachedPointer(from: [], extra: ["--all", since]) { needs.add($0.pointer.oid, note: BlobNeed.recent.note) }
        }
        return needs
    }

    /// What all repositories need that share this one's store, as `BlobNeed.init` reads it.
    /// - Parameters:
    ///   - recentDays: how many days back commits count as recent; 0 for none.
    ///   - gone: told of each that is not there any more.
    package func blobNeedsOfAll(recentDays: Int, gone: (BytePath) -> Void) throws(BlobNeedsError) -> SortedBlobs {
        let store = try ownStore()
        let needs: SortedBlobs
        do throws(RepositoryError) { needs = try blobNeeds(recentDays: recentDays, in: store) } catch { throw .repository(error) }
        for folder in try registered(store) where folder != location.commonFolder {
            let theirs = try Self.asking(folder) { other throws(RepositoryError) in
                try other.blobNeeds(recentDays: recentDays, in: store)
            }
            guard let theirs else {
                // With the folder above it gone too, a disk may be missing rather than a repository.
                guard folder.parent.isFolder || folder.parent.parent.isFolder else { throw .cloneOutOfReach(folder) }
                gone(folder)
                continue
            }
            do throws(SystemError) { try needs.add(theirs) } catch { throw .store(.system(error)) }
        }
        return needs
    }

    /// The blobs that any ref, reflog or index names, of all repositories that share this one's store. Those that
    /// are not there any more have no say.
    package func blobsNamedByAll() throws(BlobNeedsError) -> SortedBlobs {
        let store = try ownStore()
        let named: SortedBlobs
        do throws(RepositoryError) { named = try blobsNamed(in: store) } catch { throw .repository(error) }
        for folder in try registered(store) where folder != location.commonFolder {
            let theirs = try Self.asking(folder) { other throws(RepositoryError) in try other.blobsNamed(in: store) }
            guard let theirs else { continue }
            do throws(SystemError) { try named.add(theirs) } catch { throw .store(.system(error)) }
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

    private func blobsNamed(in store: ObjectStore) throws(RepositoryError) -> SortedBlobs {
        let named = SortedBlobs(in: store)
        try forEachReachedPointer(from: [], extra: ["--all", "--reflog", "--indexed-objects"], completing: true, isStrict: true) {
            named.add($0.pointer.oid)
        }
        return named
    }

    private func ownStore() throws(BlobNeedsError) -> ObjectStore {
        do throws(RepositoryError) { return try store() } catch { throw .repository(error) }
    }

    private func registered(_ store: ObjectStore) throws(BlobNeedsError) -> [BytePath] {
        do throws(StoreError) { return try store.registeredRepositories() } catch { throw .store(error) }
    }

    /// The blobs that stand intact in this repository's worktree: files that Git calls unchanged since it wrote
    /// or added them.
    package func blobsInWorktree() throws(RepositoryError) -> Set<ObjectID> {
        var blobs: Set<ObjectID> = []
        try forEachBlobInWorktree { blobs.insert($0) }
        return blobs
    }

    /// Calls `body` for each of the blobs that `blobsInWorktree` would give, once or more often.
    package func forEachBlobInWorktree(_ body: (ObjectID) -> Void) throws(RepositoryError) {
        try forEachIntactFile { body($0.pointer.oid) }
    }

    /// Calls `body` for each file of the worktree that has its content and that Git calls unchanged.
    package func forEachIntactFile(_ body: (PointerFile) -> Void) throws(RepositoryError) {
        guard location.worktree != nil else { return }
        let changed = try asking { () throws(GitError) in
            // Files that were only touched are told from those that were changed.
            _ = try git().run(["update-index", "-q", "--refresh"])
            return Set(try git().query(["diff-files", "--name-only", "-z"]).records)
        }
        try forEachIndexPointers { portion throws(RepositoryError) in
            let files = portion.filter { $0.entry.stage == 0 && !changed.contains($0.path) }
            for (file, state) in zip(files, try worktreeStates(of: files)) where state == .content { body(file) }
        }
    }
}
