import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository
private import Synchronization

/// What hydration did.
package struct HydrationOutcome: Sendable {
    /// Why a file was left as it is.
    package enum Reason: Equatable, Sendable {
        /// What stands there is not the pointer, or no longer.
        case edited
        /// The blob is not in the store.
        case blobAbsent
        /// The blob's bytes were not those of its oid; they are at `kept`, out of use.
        case blobDamaged(kept: BytePath)
        /// The path leads through a link or into a place that Git keeps for itself; in words.
        case pathUnsafe(String)
        case system(SystemError)
    }

    /// Files that have their content now.
    package var doneCount = 0
    package var unfinished: [(file: HydrationFile, reason: Reason)] = []
    /// Why Git will read the files once more at its next `status`; nil where it need not, or need not be said.
    package var indexMessage: String?
}

/// Replaces pointers in the worktree by their blobs outside Git's filter, in parallel, and makes Git see the
/// files as clean without reading them.
///
/// A file appears whole: it is written under a temporary name in its folder and renamed. It is not flushed to
/// the disk, as Git flushes no file of the worktree either: the blob is safe in the store.
///
/// Where the time of a pull goes, by `perf`, for many files of 50 KiB from a folder on the same file system: two thirds of
/// it are calls of the system. Making and filling the file in the worktree takes 22 %, exchanging it with the pointer and
/// putting that aside 17, the hard links from the remote 8, finding what waits 8. Nothing is hashed that is noted as
/// verified.
package struct Hydration: Sendable {
    let repository: Repository
    let store: ObjectStore
    let progress: any ProgressObserver
    private let since: FileStatus.Time
    private let portionCount: Int

    /// - Parameters:
    ///   - since: when the command began: no file gets an earlier time.
    ///   - portionCount: so many files are in memory at once.
    package init(
        repository: Repository, store: ObjectStore, progress: any ProgressObserver, since: FileStatus.Time = .now,
        portionCount: Int = 4096
    ) {
        self.repository = repository
        self.store = store
        self.progress = progress
        self.since = since
        self.portionCount = portionCount
    }

    /// The time of modification that all files get: a second ago, or when the command began if that was later. The index
    /// is written in a later second then, mostly, so that Git need not compare content (`Git.markClean`), and nobody waits
    /// for it; a user's later edit is younger. What was made from the files before the command is older still, so that
    /// tools which go by times see that they have changed.
    private var modified: FileStatus.Time {
        var time = FileStatus.Time.now
        time.seconds -= 1
        return max(since, time)
    }

    /// Reading and hashing keep processors busy, and many small files wait for the disk meanwhile.
    private static var threads: Int { min(16, 2 * availableProcessorCount()) }

    /// What became of one file.
    enum Ending {
        /// `status` is that of the file as written; nil where that is not known any more.
        case written(status: FileStatus?)
        case left(HydrationOutcome.Reason)
        /// Nothing stands there, and nothing is to.
        case passedOver
    }

    /// Hydrates the files that still are pointers.
    /// - Parameters:
    ///   - makingAbsent: whether files that are absent are made too; else they are passed over.
    ///   - isWanted: which of the files at all.
    /// - Throws: also where the index cannot be changed; no file has been then.
    package func run(
        _ list: HydrationList, makingAbsent: Bool, where isWanted: @escaping (HydrationFile) -> Bool = { _ in true }
    ) throws(RepositoryError) -> HydrationOutcome {
        let worktree = try repository.worktree()
        let wanted = try list.cleanFiles(where: isWanted)
        var preparation = try prepareIndex(wanted.files, worktree: worktree)
        let tally = FileTally(wanted.count, byteCount: wanted.byteCount, observer: progress)
        let written = CleanFileList(in: store)
        var outcome = HydrationOutcome()
        try list.forEachPortion(of: portionCount, where: isWanted) { files throws(RepositoryError) in
            let endings = hydrate(files, worktree: worktree, makingAbsent: makingAbsent, tally)
            for (file, ending) in zip(files, endings) {
                switch ending {
                case .written(let status):
                    outcome.doneCount += 1
                    written.add(CleanFile(path: file.path, name: file.gitBlob, mode: file.mode, status: status))
                case .left(let reason): outcome.unfinished.append((file, reason))
                case .passedOver: break
                }
            }
        }
        if outcome.doneCount < wanted.count { preparation.isRefreshDue = true }
        outcome.indexMessage = refreshIndex(written.files, preparation, worktree: worktree)
        return outcome
    }

    private func hydrate(
        _ files: [HydrationFile], worktree: BytePath, makingAbsent: Bool, _ tally: FileTally
    ) -> [Ending] {
        Self.sweep(files.map(\.path), worktree: worktree)
        let endings = Mutex([Ending](repeating: .passedOver, count: files.count))
        let retired = RetiredFiles(store)
        let hydration = HydrationOfFolder(
            files: files, store: store, retired: retired, worktree: worktree, makingAbsent: makingAbsent,
            modified: modified)
        let groups = HydrationOfFolder.groups(files)
        concurrently(count: groups.count, threads: Self.threads) { number in
            hydration.run(groups[number]) { tally.add(byteCount: $0) } note: { position, ending in
                endings.withLock { $0[position] = ending }
                tally.addFile()
            }
        }
        retired.delete()
        return endings.withLock { $0 }
    }

    /// Removes half-written files that a killed hydration left beside these files.
    package static func sweep(_ paths: [BytePath], worktree: BytePath) {
        var seen: Set<BytePath> = []
        for path in paths where seen.insert(path.parent).inserted {
            guard let place = try? WorktreeEntry.find(path, under: worktree, makingFolders: false) else { continue }
            TemporaryEntry.sweep(place.folder, prefix: HydrationOfFile.temporaryPrefix)
        }
    }

    /// Where the index cannot be changed, Git would call the files modified for ever once they are.
    private func prepareIndex(
        _ files: CleanFiles, worktree: BytePath
    ) throws(RepositoryError) -> CleanFilesPreparation {
        do throws(GitError) {
            return try repository.git().prepareToMarkClean(
                files, index: repository.location.index, worktree: worktree)
        } catch {
            throw .git(error)
        }
    }

    private func refreshIndex(
        _ files: CleanFiles, _ preparation: CleanFilesPreparation, worktree: BytePath
    ) -> String? {
        do throws(GitError) {
            let outcome = try repository.git().markClean(
                files, index: repository.location.index, worktree: worktree, after: preparation)
            switch outcome {
            case .refreshed, .comparedByGit: return nil
            case .locked(let lock): return "'\(lock)' exists; Git will read these files once more"
            case .unsound: return "the index is damaged, as git fsck will tell"
            case .system(let error): return "\(error); Git will read these files once more"
            }
        } catch {
            return Self.words(error) + "; Git will read these files once more"
        }
    }

    private static func words(_ error: GitError) -> String {
        switch error {
        case .failed(let command, let status, _): "'\(command)' ended with status \(status)"
        case .unexpected(let command, _): "'\(command)' gave an answer that is not understood"
        case .system(let error), .indexUnwritable(let error): "\(error)"
        case .notInstalled, .notARepository, .protocolViolation, .indexLocked, .indexDamaged: "git could not be asked"
        }
    }
}
