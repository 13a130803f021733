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
    /// A file whose content is in the batch.
    package struct File: Sendable {
        /// From the top of the worktree.
        package let path: BytePath
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

    package init(_ repository: Repository, batch: BlobBatch) throws(RepositoryError) {
        self.repository = repository
        self.batch = batch
        settings = try repository.settings()
        worktree = try repository.worktree()
        indexed = Mutex(IndexedPointers(repository))
    }

    /// Cleans those of the files that are regular, and that nobody changes meanwhile. Those that cannot be read, that
    /// look like pointers of another kind, or that fit nowhere are left out: Git, asked next, has the words for it.
    /// - Parameters:
    ///   - byteCount: of all files, for the observer.
    /// - Throws: what the store could not do, which stops all.
    package func run(
        _ paths: [BytePath], byteCount: Int64, observer: any ProgressObserver
    ) throws(StoreError) -> [File] {
        let tally = FileTally(paths.count, byteCount: byteCount, observer: observer)
        let results = Mutex<(files: [File?], failure: StoreError?)>((Array(repeating: nil, count: paths.count), nil))
        concurrently(count: paths.count, threads: max(2, availableProcessorCount())) { position in
            guard results.withLock({ $0.failure == nil }) else { return }
            do throws(StoreError) {
                let file = try self.clean(paths[position], tally)
                results.withLock { $0.files[position] = file }
            } catch {
                results.withLock { $0.failure = error }
            }
            tally.addFile()
        }
        let (files, failure) = results.withLock { $0 }
        if let failure { throw failure }
        return files.compactMap { $0 }
    }

    private func clean(_ path: BytePath, _ tally: FileTally) throws(StoreError) -> File? {
        guard let place = try? WorktreeEntry.find(path, under: worktree, makingFolders: false),
            let file = try? place.folder.open(entry: place.name, [.read, .noFollow, .nonBlocking]),
            let before = try? file.status(), before.kind == .regular
        else { return nil }
        let store = batch.store
        var cleaner = Cleaner(settings: settings, batch: batch) {
            self.indexed.withLock { $0.pointer(at: path) }.flatMap { BlobGuess($0.oid, in: store) }
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
        return File(path: path, text: answer.text, status: after)
    }
}
