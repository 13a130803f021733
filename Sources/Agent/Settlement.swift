import Digest
import Platform
import Remote
import Transfer

/// Settles uploads: while one flush runs, the next uploads gather for theirs, so that each waits little
/// and many share.
final class Settlement: Sendable {
    private struct State {
        var waiting: [ObjectID] = []
        var isClosed = false
    }

    private let state = Monitor(State())
    private let isOver = Monitor(false)

    init(_ remote: any Remote, _ board: ReplyBoard) {
        WorkerThread.detach { [state, isOver] in
            Self.run(remote, board, state)
            isOver.change { $0 = true }
        }
    }

    /// Takes an upload that the remote has accepted, to be settled and said to be complete.
    func add(_ oid: ObjectID) {
        state.change { $0.waiting.append(oid) }
    }

    /// Waits until all is settled.
    func finish() {
        state.change { $0.isClosed = true }
        _ = isOver.wait { $0 ? true : nil }
    }

    private static func run(_ remote: any Remote, _ board: ReplyBoard, _ state: Monitor<State>) {
        // The remote settles all that it has, also what has not come here yet: its failures wait for it.
        var failures: [ObjectID: RemoteError] = [:]
        while true {
            let oids: [ObjectID] = state.wait { state in
                guard !state.waiting.isEmpty || state.isClosed else { return nil }
                defer { state.waiting = [] }
                return state.waiting
            }
            guard !oids.isEmpty else { return }
            failures.merge(remote.settle()) { _, new in new }
            board.complete(
                oids.map { oid in
                    let fault = failures.removeValue(forKey: oid).map { AgentFault($0) }
                    return (oid, AgentReply(event: "complete", oid: oid.hex, error: fault))
                })
        }
    }
}
