import Diagnostics
import Digest

/// Which blobs of one request wait, are with the agent, or are done: bookkeeping without effects.
struct TransferQueue {
    /// How many blobs the agent knows of at once: enough to keep it busy, whatever their sizes, and few
    /// enough to fit in any memory.
    static let window = 1024

    private var waiting: ArraySlice<TransferItem>
    private var inFlight: [ObjectID: TransferItem] = [:]
    /// How much of a blob in flight has arrived.
    private var partial: [ObjectID: Int64] = [:]
    private(set) var tick: ProgressTick

    /// - Parameters:
    ///   - items: each oid once.
    ///   - tick: how far the job has come of which they are a part; nil where they are all of it.
    init(_ items: [TransferItem], partOf tick: ProgressTick? = nil) {
        waiting = items[...]
        self.tick = tick ?? ProgressTick(filesTotal: items.count, bytesTotal: items.totalByteCount { $0.byteCount })
    }

    var isDone: Bool { waiting.isEmpty && inFlight.isEmpty }

    /// All that is not done.
    var unfinished: [TransferItem] {
        inFlight.values.sorted { $0.oid < $1.oid } + waiting
    }

    /// Takes the blobs that the agent is to be told of now.
    mutating func next() -> [TransferItem] {
        // Requests travel in bundles, which are sent long before the agent has run out of work.
        guard inFlight.count <= Self.window * 7 / 8 else { return [] }
        let batch = waiting.prefix(Self.window - inFlight.count)
        waiting = waiting.dropFirst(batch.count)
        for item in batch { inFlight[item.oid] = item }
        return Array(batch)
    }

    mutating func reach(_ oid: ObjectID, _ byteCount: Int64) {
        guard let item = inFlight[oid] else { return }
        let reached = min(max(0, byteCount), item.byteCount)
        tick.bytesDone = tick.bytesDone.adding(byteCount: reached - (partial.updateValue(reached, forKey: oid) ?? 0))
    }

    /// Notes that a blob has succeeded or failed.
    /// - Returns: nil where it was not in flight.
    mutating func finish(_ oid: ObjectID) -> TransferItem? {
        guard let item = inFlight.removeValue(forKey: oid) else { return nil }
        tick.bytesDone = tick.bytesDone.adding(byteCount: item.byteCount - (partial.removeValue(forKey: oid) ?? 0))
        tick.filesDone += 1
        return item
    }
}
