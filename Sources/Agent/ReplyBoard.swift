import Digest
import Platform
import Remote
import Synchronization
import Transfer

/// The agent's mouth: one thread at a time writes whole lines, and what runs is told of from time to time.
/// Nothing is said of a transfer after its completion. Completions that come in quick succession are said
/// together: waking the client for each of thousands costs both ends more than a small blob's transfer.
final class ReplyBoard: Sendable {
    private struct State {
        var isExtended = false
        var running: [ObjectID: Running] = [:]
        var lastWrite = ContinuousClock.now
    }

    /// Completions that wait to be said.
    private struct Held {
        var replies: [AgentReply] = []
        var isClosed = false
        var isOver = false
    }

    private struct Running {
        let control: TransferControl
        var reported: Int64 = 0
    }

    private let output: Descriptor
    private let state = Mutex(State())
    private let held = Monitor(Held())
    /// How long the next completions gather after some have been said.
    private static let gathering = Duration.milliseconds(5)
    /// Set when nobody listens any more.
    private let cancellation: Cancellation

    init(_ output: consuming Descriptor, _ cancellation: Cancellation) {
        self.output = output
        self.cancellation = cancellation
        WorkerThread.detach { [self] in sayHeld() }
    }

    /// Returns when all has been said.
    func finish() {
        held.change { $0.isClosed = true }
        held.wait { $0.isOver ? () : nil }
    }

    private func sayHeld() {
        while true {
            let (replies, isClosed): ([AgentReply], Bool) = held.wait { held in
                guard !held.replies.isEmpty || held.isClosed else { return nil }
                defer { held.replies = [] }
                return (held.replies, held.isClosed)
            }
            let isExtended = state.withLock { state in
                write(replies, &state)
                return state.isExtended
            }
            if isClosed { return held.change { $0.isOver = true } }
            // Git LFS asks for one blob after the other.
            if isExtended { pause(Self.gathering) }
        }
    }

    func setExtended() {
        state.withLock { $0.isExtended = true }
    }

    func say(_ reply: AgentReply) {
        state.withLock { write([reply], &$0) }
    }

    func begin(_ oid: ObjectID, _ control: TransferControl) {
        state.withLock { $0.running[oid] = Running(control: control) }
    }

    /// Says that transfers have ended, well or not.
    func complete(_ ended: [(oid: ObjectID, reply: AgentReply)]) {
        let replies = state.withLock { state in
            var replies: [AgentReply] = []
            for (oid, reply) in ended {
                let running = state.running.removeValue(forKey: oid)
                // Git LFS wants to hear of the last byte.
                if !state.isExtended, reply.error == nil, var running {
                    replies += Self.progress(of: oid, &running).map { [$0] } ?? []
                }
                replies.append(reply)
            }
            return replies
        }
        held.change { $0.replies += replies }
    }

    /// Says how far each transfer has come since the last call, or at least that the agent is alive.
    func tick() {
        state.withLock { state in
            var replies: [AgentReply] = []
            for oid in Array(state.running.keys) {
                guard var running = state.running[oid] else { continue }
                if let reply = Self.progress(of: oid, &running) { replies.append(reply) }
                state.running[oid] = running
            }
            if replies.isEmpty, state.isExtended, ContinuousClock.now - state.lastWrite > .seconds(1) {
                replies = [AgentReply(event: "alive")]
            }
            write(replies, &state)
        }
    }

    private static func progress(of oid: ObjectID, _ running: inout Running) -> AgentReply? {
        let soFar = running.control.bytesSoFar
        guard soFar != running.reported else { return nil }
        defer { running.reported = soFar }
        return AgentReply(
            event: "progress", oid: oid.hex, bytesSoFar: soFar, bytesSinceLast: max(0, soFar - running.reported))
    }

    private func write(_ replies: [AgentReply], _ state: inout State) {
        guard !replies.isEmpty, !cancellation.isCancelled else { return }
        state.lastWrite = .now
        if (try? output.write(replies.flatMap { AgentWire.line($0) })) == nil { cancellation.cancel() }
    }
}
