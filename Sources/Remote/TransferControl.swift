private import Synchronization

/// The wish to call work off, shared by all of it. Any thread may state it or look.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    private let outer: Cancellation?

    /// - Parameter outer: work that this is a part of, and that is called off with it.
    package init(within outer: Cancellation? = nil) {
        self.outer = outer
    }

    package func cancel() { flag.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) || outer?.isCancelled == true }
}

/// One transfer as those see it who watch it and may call it off.
package final class TransferControl: Sendable {
    private let moved = Atomic<Int64>(0)
    package let cancellation: Cancellation
    /// The blob's length, where whoever asked for the transfer knows it.
    package let byteCount: Int64?

    package init(cancellation: Cancellation = Cancellation(), byteCount: Int64? = nil) {
        self.cancellation = cancellation
        self.byteCount = byteCount
    }

    /// The number of the blob's bytes that have arrived, those of an earlier attempt included.
    package var bytesSoFar: Int64 { moved.load(ordering: .relaxed) }

    /// Says that the blob has arrived up to here: also backwards, when an attempt starts anew.
    package func reach(_ byteCount: Int64) {
        moved.store(byteCount, ordering: .relaxed)
    }

    package func advance(by byteCount: Int) {
        moved.add(Int64(byteCount), ordering: .relaxed)
    }

    /// - Throws: `interrupted` when the work was called off.
    package func checkpoint() throws(RemoteError) {
        if cancellation.isCancelled { throw RemoteError(.interrupted, "the transfer was interrupted") }
    }
}
