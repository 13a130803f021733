import Digest
import Platform
import Remote
import Synchronization
import Transfer

/// The agent's mouth: one thread at a time writes whole lines, and what runs is told of from time to time.
/// Nothing is said of a transfer after its completion.
final class ReplyBoard: Sendable {
    private struct State {
        var isExtended = false
        var running: [ObjectID: Running] = [:]
        var lastWrite = ContinuousClock.now
    }

    private struct Running {
        let control: TransferControl
        var reported: Int64 = 0
    }

    private let output: Descriptor
    private let state = Mutex(State())
    /// Set when nobody listens any more.
    private let cancellation: Cancellation

    init(_ output: consuming Descriptor, _ cancellation: Cancellation) {
        self.output = output
        self.cancellation = cancellation
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
        state.withLock { state in
            var replies: [AgentReply] = []
            for (oid, reply) in ended {
                let running = state.running.removeValue(forKey: oid)
                // Git LFS wants to hear of the last byte.
                if !state.isExtended, reply.error == nil, var running {
                    replies += Self.progress(of: oid, &running).map { [$0] } ?? []
                }
                replies.append(reply)
            }
            write(replies, &state)
        }
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
