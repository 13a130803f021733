import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository
private import Synchronization

/// A file of the worktree whose pointer is to give way to its blob.
package struct HydrationFile: Sendable {
    /// From the top of the worktree.
    package let path: BytePath
    /// As in `IndexEntry`: `100644` or `100755`.
    package let mode: String
    /// Git's object with the pointer's text: what the index entry names.
    package let gitBlob: GitObjectName
    /// The pointer's text, where it is another than the usual one: of many files the texts would be most of the memory.
    private let otherText: [UInt8]?
    package let oid: ObjectID
    package let byteCount: Int64

    /// The bytes that the worktree has where nobody changed them.
    package var pointerText: [UInt8] { otherText ?? Self.usualText(oid, byteCount) }

    package init(
        path: BytePath, mode: String, gitBlob: GitObjectName, pointerText: [UInt8], oid: ObjectID, byteCount: Int64
    ) {
        self.path = path
        self.mode = mode
        self.gitBlob = gitBlob
        otherText = pointerText == Self.usualText(oid, byteCount) ? nil : pointerText
        self.oid = oid
        self.byteCount = byteCount
    }

    private static func usualText(_ oid: ObjectID, _ byteCount: Int64) -> [UInt8] {
        Pointer(oid: oid, byteCount: byteCount, form: .gitData).text
    }
}

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

    /// Files that have their content now, in the order given.
    package var done: [HydrationFile] = []
    package var unfinished: [(file: HydrationFile, reason: Reason)] = []
    /// Why Git will read the files once more at its next `status`; nil where it need not, or need not be said.
    package var indexMessage: String?
}

/// Replaces pointers in the worktree by their blobs outside Git's filter, in parallel, and makes Git see the
/// files as clean without reading them.
///
/// A file appears whole: it is written under a temporary name in its folder and renamed. It is not flushed to
/// the disk, as Git flushes no file of the worktree either: the blob is safe in the store.
package struct Hydration: Sendable {
    let repository: Repository
    let store: ObjectStore
    let progress: any ProgressObserver
    private let since: FileStatus.Time

    /// - Parameter since: when the command began: no file gets an earlier time.
    package init(
        repository: Repository, store: ObjectStore, progress: any ProgressObserver, since: FileStatus.Time = .now
    ) {
        self.repository = repository
        self.store = store
        self.progress = progress
        self.since = since
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
    /// - Parameter makingAbsent: whether files that are absent are made too; else they are passed over.
    /// - Throws: also where the index cannot be changed; no file has been then.
    package func run(
        _ files: [HydrationFile], makingAbsent: Bool
    ) throws(RepositoryError) -> HydrationOutcome {
        let worktree = try repository.worktree()
        let files = Self.withoutRepetitions(files)
        Self.sweep(files.map(\.path), worktree: worktree)
        var preparation = try prepareIndex(files, worktree: worktree)
        let tally = FileTally(files.count, byteCount: files.totalByteCount { $0.byteCount }, observer: progress)
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
        var outcome = HydrationOutcome()
        var clean: [CleanFile] = []
        for (file, ending) in zip(files, endings.withLock({ $0 })) {
            switch ending {
            case .written(let status):
                outcome.done.append(file)
                clean.append(CleanFile(path: file.path, name: file.gitBlob, mode: file.mode, status: status))
            case .left(let reason): outcome.unfinished.append((file, reason))
            case .passedOver: break
            }
        }
        if clean.count < files.count { preparation.isRefreshDue = true }
        outcome.indexMessage = refreshIndex(clean, preparation, worktree: worktree)
        return outcome
    }

    /// In a conflict several stages of a path may have the same pointer.
    private static func withoutRepetitions(_ files: [HydrationFile]) -> [HydrationFile] {
        struct Key: Hashable {
            let path: BytePath
            let oid: ObjectID
        }
        var seen: Set<Key> = []
        return files.filter { seen.insert(Key(path: $0.path, oid: $0.oid)).inserted }
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
        _ files: [HydrationFile], worktree: BytePath
    ) throws(RepositoryError) -> CleanFilesPreparation {
        let entries = files.map { CleanFile(path: $0.path, name: $0.gitBlob, mode: $0.mode, status: nil) }
        do throws(GitError) {
            return try repository.git().prepareToMarkClean(
                entries, index: repository.location.index, worktree: worktree)
        } catch {
            throw .git(error)
        }
    }

    private func refreshIndex(
        _ files: [CleanFile], _ preparation: CleanFilesPreparation, worktree: BytePath
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
        case .system(let error): "\(error)"
        case .notInstalled, .notARepository, .protocolViolation, .indexLocked, .indexDamaged: "git could not be asked"
        }
    }
}
