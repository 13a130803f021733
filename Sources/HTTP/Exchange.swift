import Platform

/// Bytes of a body on their way from the loop to a receiver. One owner at a time has it.
final class Slab: @unchecked Sendable {
    // Safety: a slab is handed from thread to thread whole, under the exchange's lock.
    private let storage: UnsafeMutableRawBufferPointer
    /// Whether the memory is the receiver's own, which is filled once.
    let isBorrowed: Bool
    private(set) var count = 0

    init(capacity: Int) {
        storage = .allocate(byteCount: capacity, alignment: 16)
        isBorrowed = false
    }

    /// - Parameter memory: stays good until the exchange has ended.
    init(borrowing memory: UnsafeMutableRawBufferPointer) {
        storage = memory
        isBorrowed = true
    }

    deinit {
        if !isBorrowed { storage.deallocate() }
    }

    var isEmpty: Bool { count == 0 }
    var room: Int { storage.count - count }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    /// There must be room.
    func append(_ piece: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: storage[count...]).copyMemory(from: piece)
        count += piece.count
    }

    func removeAll() { count = 0 }
}

/// One request on its way and its answer: what the caller's thread and the loop share. The loop fills slabs,
/// the caller empties them; where the caller is slow, the loop stops reading from the socket.
final class Exchange: Sendable {
    enum Ending: Sendable {
        case answered(HTTPResponse)
        case failed(HTTPError)
    }

    enum Arrival {
        /// A part of a granted request's body, and whether the loop waits to be told that it was taken.
        case piece(Slab, of: HTTPResponse, isLoopWaiting: Bool)
        case ending(Ending)
    }

    private struct State {
        var head: HTTPResponse?
        var ready: [Slab] = []
        var spares: [Slab] = []
        var isLoopWaiting = false
        var ending: Ending?
    }

    let request: HTTPRequest
    /// The size of a body that is kept in memory; nil where it goes to a receiver.
    let bodyLimit: Int?
    private let monitor = Monitor(State())

    /// So many full slabs may wait for the receiver.
    private static let depth = 2

    init(_ request: HTTPRequest, bodyLimit: Int?) {
        self.request = request
        self.bodyLimit = bodyLimit
    }

    // MARK: the loop's end

    /// Gives the receiver a slab.
    /// - Parameter whenIdle: only if the receiver has nothing else to do, so that slabs get full.
    /// - Returns: an empty slab, if there is one, or `refused` where the slab stays with the loop; the
    ///   receiver tells the loop then when it has taken another.
    func offer(_ slab: Slab, _ head: HTTPResponse, whenIdle: Bool) -> (isTaken: Bool, spare: Slab?) {
        monitor.change { state in
            guard slab.isBorrowed || state.ready.count < (whenIdle ? 1 : Self.depth) else {
                state.isLoopWaiting = true
                return (false, nil)
            }
            state.head = head
            state.ready.append(slab)
            return (true, state.spares.popLast())
        }
    }

    /// Ends the exchange. `rest` is the last piece, which finds room in any case: also what came before the connection
    /// was cut is good, and need not come again.
    func end(_ ending: Ending, _ rest: Slab? = nil, of head: HTTPResponse? = nil) {
        monitor.change { state in
            guard state.ending == nil else { return }
            state.ending = ending
            guard let rest, !rest.isEmpty else { return }
            state.head = head
            state.ready.append(rest)
        }
    }

    // MARK: the caller's end

    /// Waits for the next thing to arrive. Pieces come before the ending, except where that is an interruption.
    func next() -> Arrival {
        monitor.wait { state in
            if case .failed(let error) = state.ending, error.kind == .interrupted { state.ready = [] }
            if let head = state.head, !state.ready.isEmpty {
                defer { state.isLoopWaiting = false }
                return .piece(state.ready.removeFirst(), of: head, isLoopWaiting: state.isLoopWaiting)
            }
            return state.ending.map { .ending($0) }
        }
    }

    func giveBack(_ slab: Slab) {
        guard !slab.isBorrowed else { return }
        slab.removeAll()
        monitor.change { state in state.spares.append(slab) }
    }
}
