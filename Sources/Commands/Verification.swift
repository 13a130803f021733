import Diagnostics
import Digest
import ObjectStore
import Platform
private import Synchronization

/// Reads blobs on several threads and names those whose bytes are not those of their oid.
final class Verification: Sendable {
    private struct State {
        var tick: ProgressTick
        var damaged: [ObjectID] = []
        var failure: StoreError?
    }

    private let store: ObjectStore
    private let blobs: [(oid: ObjectID, byteCount: Int64)]
    private let progress: any ProgressObserver
    private let state: Mutex<State>

    init(store: ObjectStore, blobs: [(oid: ObjectID, byteCount: Int64)], progress: any ProgressObserver) {
        self.store = store
        self.blobs = blobs
        self.progress = progress
        let total = blobs.totalByteCount { $0.byteCount }
        state = Mutex(State(tick: ProgressTick(filesTotal: blobs.count, bytesTotal: total)))
    }

    func run() throws(StoreError) -> [ObjectID] {
        concurrently(count: blobs.count, threads: availableProcessorCount()) { self.verify(self.blobs[$0]) }
        let (damaged, failure) = state.withLock { ($0.damaged, $0.failure) }
        if let failure { throw failure }
        return damaged.sorted()
    }

    private func verify(_ blob: (oid: ObjectID, byteCount: Int64)) {
        var isDamaged = false
        var failure: StoreError?
        // A blob that is gone meanwhile was pruned by somebody else.
        do throws(StoreError) { isDamaged = try store.isIntact(blob.oid) == false } catch { failure = error }
        let tick = state.withLock { state in
            if isDamaged { state.damaged.append(blob.oid) }
            if let failure, state.failure == nil { state.failure = failure }
            state.tick.filesDone += 1
            state.tick.bytesDone = state.tick.bytesDone.adding(byteCount: blob.byteCount)
            return state.tick
        }
        progress.advance(to: tick)
    }
}
