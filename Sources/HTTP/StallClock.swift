/// Tells a standstill from slowness: fewer bytes than the patience asks for, on average, for as long as it
/// lasts. Pure; whoever has a clock brings the time.
struct StallClock {
    enum Phase: Equatable {
        /// Nothing is expected to move: it waits for a connection, or for our own receiver.
        case held
        /// A body is on its way.
        case moving
        /// The request is sent; the server thinks.
        case awaitingAnswer
    }

    private let patience: HTTPPatience
    private var phase = Phase.held
    private var markedTime: Duration
    private var markedCount: Int64 = 0

    /// - Parameter now: on a clock of the caller's choice.
    init(_ patience: HTTPPatience, now: Duration) {
        self.patience = patience
        markedTime = now
    }

    /// Looks at an exchange.
    /// - Parameter byteCount: all bytes that have moved so far, both ways.
    /// - Returns: how long it has stood still, where that is too long.
    mutating func standstill(_ phase: Phase, byteCount: Int64, now: Duration) -> Duration? {
        let elapsed = now - markedTime
        // A body that is sent anew starts its count anew.
        let moved = byteCount - markedCount
        let wanted = Double(patience.bytesPerSecond) * (elapsed / .seconds(1))
        if phase != self.phase || phase == .held || moved < 0 || (moved > 0 && Double(moved) >= wanted) {
            self.phase = phase
            markedTime = now
            markedCount = byteCount
            return nil
        }
        return elapsed >= (phase == .moving ? patience.stall : patience.answer) ? elapsed : nil
    }
}
