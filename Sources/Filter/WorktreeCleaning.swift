import Diagnostics
import Git
import ObjectStore
import Platform
import Pointer
import Repository
private import Synchronization

/// Content of the worktree on its way into Git without Git in between: several files at once, each read from its
/// own descriptor. What Git is to store comes out as it does of the filter, as both are a `Cleaner`.
package final class WorktreeCleaning: Sendable {
    /// A file that is to be cleaned.
    package struct Source: Sendable {
        /// From the top of the worktree.
        let path: BytePath
        /// What the index has in its place.
        let indexed: GitObjectName?

        package init(path: BytePath, indexed: GitObjectName?) {
            (self.path, self.indexed) = (path, indexed)
        }
    }

    /// A file whose content is in the batch.
    package struct File: Sendable {
        /// What Git is to store.
        package let text: [UInt8]
        /// The file while it was read, first to last byte.
        package let status: FileStatus
    }

    private let repository: Repository
    private let settings: Settings
    private let batch: BlobBatch
    private let worktree: BytePath
    private let indexed: Mutex<IndexedPointers>
    private let tally: FileTally

    /// - Parameters:
    ///   - count: of all files that are to be cleaned.
    ///   - byteCount: theirs, both for the observer.
    package init(
        _ repository: Repository, batch: BlobBatch, count: Int, byteCount: Int64, observer: any ProgressObserver
    ) throws(RepositoryError) {
        self.repository = repository
        self.batch = batch
        settings = try repository.settings()
        worktree = try repository.worktree()
        indexed = Mutex(IndexedPointers(repository))
        tally = FileTally(count, byteCount: byteCount, observer: observer)
    }

    /// Cleans those of the files that are regular, and that nobody changes meanwhile. Those that cannot be read, that
    /// look like pointers of another kind, or that fit nowhere are left out: Git, asked next, has the words for it.
    /// - Returns: one for each of the sources; nil where it is left out.
    /// - Throws: what the store could not do, which stops all.
    package func run(_ sources: [Source]) throws(StoreError) -> [File?] {
        let results = Mutex<(files: [File?], failure: StoreError?)>((Array(repeating: nil, count: sources.count), nil))
        concurrently(count: sources.count, threads: max(2, availableProcessorCount())) { position in
            guard results.withLock({ $0.failure == nil }) else { return }
            do throws(StoreError) {
                let file = try self.clean(sources[position])
                results.withLock { $0.files[position] = file }
            } catch {
                results.withLock { $0.failure = error }
            }
            self.tally.addFile()
        }
        let (files, failure) = results.withLock { $0 }
        if let failure { throw failure }
        return files
    }

    private func clean(_ source: Source) throws(StoreError) -> File? {
        guard let place = try? WorktreeEntry.find(source.path, under: worktree, makingFolders: false),
            let file = try? place.folder.open(entry: place.name, [.read, .noFollow, .nonBlocking]),
            let before = try? file.status(), before.kind == .regular
        else { return nil }
        let store = batch.store
        var cleaner = Cleaner(settings: settings, batch: batch) {
            guard let name = source.indexed else { return nil }
            return self.indexed.withLock { $0.pointer(named: name) }.flatMap { BlobGuess($0.oid, in: store) }
        }
        let size = Int(clamping: min(max(before.byteCount + 1, 4096), 1 << 20))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            guard let count = try? file.read(into: buffer) else { return nil }
            if count == 0 { break }
            try cleaner.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            tally.add(byteCount: count)
        }
        let answer = try cleaner.finish()
        if case .foreignPointer = answer { return nil }
        guard let after = try? file.status(), after == before else { return nil }
        return File(text: answer.text, status: after)
    }
}
