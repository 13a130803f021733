import Diagnostics
import Filter
import Git
import ObjectStore
import Platform
import Repository
private import Synchronization

/// Puts the contents of Git blobs into the store, each once, on several threads.
final class MigrateConversion: Sendable {
    /// What stands for a content from now on.
    struct Converted: Sendable {
        let pointer: [UInt8]
        let byteCount: Int64
    }

    private struct State {
        var tick: ProgressTick
        var converted: [GitObjectName: Converted] = [:]
        var failure: (any Error)?
    }

    private let git: Git
    private let settings: Settings
    private let batch: BlobBatch
    private let portions: [ArraySlice<(blob: GitObjectName, byteCount: Int64)>]
    private let progress: any ProgressObserver
    private let state: Mutex<State>

    /// What one process of Git is asked for.
    private static let portionLimit = (blobs: 500, byteCount: Int64(64 << 20))

    init(
        _ blobs: [(blob: GitObjectName, byteCount: Int64)], in repository: Repository, progress: any ProgressObserver
    ) throws {
        git = try repository.git()
        settings = try repository.settings()
        let store = try repository.store()
        try store.prepare()
        batch = BlobBatch(store: store)
        portions = Self.portions(of: blobs)
        self.progress = progress
        let total = blobs.totalByteCount { $0.byteCount }
        state = Mutex(State(tick: ProgressTick(filesTotal: blobs.count, bytesTotal: total)))
    }

    private static func portions(
        of blobs: [(blob: GitObjectName, byteCount: Int64)]
    ) -> [ArraySlice<(blob: GitObjectName, byteCount: Int64)>] {
        var portions: [ArraySlice<(blob: GitObjectName, byteCount: Int64)>] = []
        var start = 0
        var byteCount: Int64 = 0
        for (position, entry) in blobs.enumerated() {
            byteCount += entry.byteCount
            guard position + 1 - start >= portionLimit.blobs || byteCount >= portionLimit.byteCount else { continue }
            portions.append(blobs[start...position])
            start = position + 1
            byteCount = 0
        }
        return start < blobs.count ? portions + [blobs[start...]] : portions
    }

    /// Converts all. When this returns the store has them, durable.
    /// - Returns: those that are no pointers already, nor text below `data.minimumSize`.
    func run() throws -> [GitObjectName: Converted] {
        concurrently(count: portions.count, threads: availableProcessorCount()) { portion in
            guard self.state.withLock({ $0.failure == nil }) else { return }
            do { try self.convert(self.portions[portion]) } catch {
                self.state.withLock { if $0.failure == nil { $0.failure = error } }
            }
        }
        let (converted, failure) = state.withLock { ($0.converted, $0.failure) }
        if let failure { throw failure }
        try batch.flush()
        return converted
    }

    private func convert(_ portion: ArraySlice<(blob: GitObjectName, byteCount: Int64)>) throws {
        let reader = try ObjectReader(git)
        for (blob, byteCount) in portion {
            _ = try reader.begin(blob, .blob)
            var cleaner = Cleaner(settings: settings, batch: batch)
            while true {
                let piece = try reader.next()
                if piece.isEmpty { break }
                try Self.give(piece, to: &cleaner)
            }
            let answer = try cleaner.finish()
            let tick = state.withLock { state in
                if case .pointer(let pointer) = answer {
                    state.converted[blob] = Converted(pointer: pointer.text, byteCount: pointer.byteCount)
                }
                state.tick.filesDone += 1
                state.tick.bytesDone += byteCount
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
