import Diagnostics
import Digest
import Platform

/// Blobs that have arrived and wait for a flush that they share: a flush for each of many small ones would
/// take longer than their transfer.
struct HeldArrivals {
    /// A verified blob, and the file of the store's `incoming/` that it is.
    struct Arrival {
        let oid: ObjectID
        let path: BytePath
    }

    private var arrivals: [Arrival] = []
    private var byteCount: Int64 = 0
    private var since = ContinuousClock.now

    mutating func add(_ arrival: Arrival, byteCount: Int64) {
        if arrivals.isEmpty { since = .now }
        arrivals.append(arrival)
        self.byteCount = self.byteCount.adding(byteCount: byteCount)
    }

    /// Enough of them, or the first has waited as long as a person may.
    var areDue: Bool {
        guard !arrivals.isEmpty else { return false }
        return arrivals.count >= 2048 || byteCount >= 256 << 20 || since.duration(to: .now) > .seconds(2)
    }

    mutating func release() -> [Arrival] {
        defer { self = HeldArrivals() }
        return arrivals
    }
}
