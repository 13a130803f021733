import Diagnostics
import Digest
import ObjectStore
import Platform
private import Synchronization

/// Reads blobs on several threads and names those whose bytes are not those of their oid.
final class Verification: Sendable {
    private struct State {
        var blobs: SortedBlobs.Reader
        var tick: ProgressTick
        var damaged: [ObjectID] = []
        var failure: StoreError?
    }

    private let store: ObjectStore
    private let progress: any ProgressObserver
    private let state: Mutex<State>

    /// - Parameters:
    ///   - count: how many blobs these are.
    ///   - byteCount: how long they are together.
    init(
        store: ObjectStore, blobs: SortedBlobs, count: Int, byteCount: Int64, progress: any ProgressObserver
    ) throws(SystemError) {
        self.store = store
        self.progress = progress
        let reader = try blobs.reader()
        state = Mutex(State(blobs: reader, tick: ProgressTick(filesTotal: count, bytesTotal: byteCount)))
    }

    func run() throws(StoreError) -> [ObjectID] {
        let threads = availableProcessorCount()
        concurrently(count: threads, threads: threads) { _ in
            // One for all: getting memory and giving it back costs as much as reading a short blob.
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            defer { buffer.deallocate() }
            while let blob = self.next() { self.verify(blob, through: buffer) }
        }
        let (damaged, failure) = state.withLock { ($0.damaged, $0.failure) }
        if let failure { throw failure }
        return damaged.sorted()
    }

    private func next() -> SortedBlobs.Item? {
        state.withLock { state in
            do throws(SystemError) { return try state.blobs.next() } catch {
                if state.failure == nil { state.failure = .system(error) }
                return nil
            }
        }
    }

    private func verify(_ blob: SortedBlobs.Item, through buffer: UnsafeMutableRawBufferPointer) {
        var isDamaged = false
        var failure: StoreError?
        // A blob that is gone meanwhile was pruned by somebody else.
        do throws(StoreError) { isDamaged = try store.isIntact(blob.oid, through: buffer) == false } catch { failure = error }
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
