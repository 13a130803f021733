import HTTP
import Platform

/// Memory for the ranges that are fetched ahead of their turn: a bounded number of pieces that are used again
/// and again, as fresh memory costs a page fault for every four KiB.
final class RangeBuffers: Sendable {
    private struct State {
        var spare: [RangeBuffer] = []
        var made = 0
    }

    private let state = Monitor(State())
    private let count: Int

    /// - Parameter count: how many there are at most.
    init(count: Int) {
        self.count = count
    }

    /// An empty buffer, when there is one.
    func take() -> RangeBuffer {
        state.wait { state in
            if let buffer = state.spare.popLast() { return buffer }
            guard state.made < count else { return nil }
            state.made += 1
            return RangeBuffer(byteCount: Int(S3Remote.rangeByteCount))
        }
    }

    func giveBack(_ buffer: RangeBuffer) {
        buffer.count = 0
        state.change { $0.spare.append(buffer) }
    }
}

/// A piece of memory that fills up.
final class RangeBuffer: @unchecked Sendable {
    // Safety: who has taken it has it alone, until it is handed on or given back.
    let memory: HTTPMemory
    fileprivate(set) var count = 0

    init(byteCount: Int) {
        memory = HTTPMemory(byteCount: byteCount)
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory.bytes[..<count]) }

    /// Takes a piece, which mostly has landed in its place already.
    /// - Returns: false where there is no room for all of it.
    func append(_ piece: UnsafeRawBufferPointer) -> Bool {
        guard piece.count <= memory.bytes.count - count else { return false }
        let place = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[count...])
        if let here = place.baseAddress, piece.baseAddress != UnsafeRawPointer(here) { place.copyMemory(from: piece) }
        count += piece.count
        return true
    }
}
