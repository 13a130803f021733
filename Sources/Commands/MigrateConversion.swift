import Diagnostics
import Filter
import Git
import ObjectStore
import Platform
import Pointer
import Repository
private import Synchronization

/// Puts the contents of Git blobs into the store, each once, on several threads, and makes Git blobs of their pointers. Memory
/// is for some of them, however many there are.
final class MigrateConversion: Sendable {
    private struct State {
        var tick: ProgressTick
        var failure: (any Error)?
        /// Of the contents of this round that are no pointers already, nor text below `data.minimumSize`.
        var pointers: [(blob: GitObjectName, pointer: Pointer)] = []
    }

    private let repository: Repository
    private let git: Git
    private let settings: Settings
    private let batch: BlobBatch
    private let progress: any ProgressObserver
    private let state: Mutex<State>

    /// What one process of Git is asked for.
    private static let portionLimit = (blobs: 250, byteCount: Int64(64 << 20))
    /// So many contents at once: at the end of each round all threads wait for the last one.
    private static let roundCount = 8192
    /// Whose names take a few megabytes; so that of a million files come thirty packs.
    private static let packObjectCount = 32_768

    /// - Parameters:
    ///   - count: how many there will be.
    ///   - byteCount: of all of them.
    init(_ repository: Repository, count: Int, byteCount: Int64, progress: any ProgressObserver) throws {
        self.repository = repository
        git = try repository.git()
        settings = try repository.settings()
        let store = try repository.store()
        try store.prepare()
        batch = BlobBatch(store: store)
        self.progress = progress
        state = Mutex(State(tick: ProgressTick(filesTotal: count, bytesTotal: byteCount)))
    }

    private typealias Portion = ArraySlice<MigrationContents.Content>

    private static func portions(of contents: [MigrationContents.Content]) -> [Portion] {
        var portions: [Portion] = []
        var start = 0
        var byteCount: Int64 = 0
        for (position, content) in contents.enumerated() {
            byteCount += content.byteCount
            guard position + 1 - start >= portionLimit.blobs || byteCount >= portionLimit.byteCount else { continue }
            portions.append(contents[start...position])
            start = position + 1
            byteCount = 0
        }
        return start < contents.count ? portions + [contents[start...]] : portions
    }

    /// Converts all. When this returns the store has them, durable, and Git has the new blobs.
    /// - Parameter roundCount: so many contents at once.
    /// - Returns: what became of those that are no pointers already, nor text below `data.minimumSize`.
    func run(_ contents: MigrationContents, roundCount: Int = roundCount) throws -> MigratedBlobs {
        let converted = MigratedBlobs(in: batch.store)
        let folder = repository.location.worktree ?? repository.location.gitFolder
        var pack = try PackWriter(git, workingIn: folder)
        try contents.forEachPortion(of: roundCount) { round in
            for (blob, pointer) in try self.convert(Self.portions(of: round)) {
                converted.add(blob, try pack.add(.blob, pointer.text), byteCount: pointer.byteCount)
            }
            guard pack.objectCount >= Self.packObjectCount else { return }
            try pack.install(git)
            pack = try PackWriter(git, workingIn: folder)
        }
        try batch.flush()
        try pack.install(git)
        try converted.seal()
        return converted
    }

    private func convert(_ portions: [Portion]) throws -> [(blob: GitObjectName, pointer: Pointer)] {
        concurrently(count: portions.count, threads: availableProcessorCount()) { portion in
            guard self.state.withLock({ $0.failure == nil }) else { return }
            do { try self.convert(portions[portion]) } catch {
                self.state.withLock { if $0.failure == nil { $0.failure = error } }
            }
        }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            defer { state.pointers.removeAll(keepingCapacity: true) }
            return state.pointers
        }
    }

    private func convert(_ portion: Portion) throws {
        let reader = try ObjectReader(git)
        for content in portion {
            _ = try reader.begin(content.blob, .blob)
            var cleaner = Cleaner(settings: settings, batch: batch)
            while true {
                let piece = try reader.next()
                if piece.isEmpty { break }
                try Self.give(piece, to: &cleaner)
            }
            let answer = try cleaner.finish()
            let tick = state.withLock { state in
                if case .pointer(let pointer) = answer { state.pointers.append((content.blob, pointer)) }
                state.tick.filesDone += 1
                state.tick.bytesDone += content.byteCount
                return state.tick
            }
            progress.advance(to: tick)
        }
    }

    private static func give(_ piece: ArraySlice<UInt8>, to cleaner: inout Cleaner) throws(StoreError) {
        var failure: StoreError?
        piece.withUnsafeBytes { bytes in
            do throws(StoreError) { try cleaner.take(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
