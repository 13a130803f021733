import Platform
import Remote

/// The threads that work for one client on an open remote, and what they still have to do.
final class JobQueue {
    private struct State {
        var waiting: [AgentConversation.Job] = []
        /// What of `waiting` has been taken; removing the first of an array moves all others.
        var taken = 0
        var isClosed = false

        mutating func take() -> AgentConversation.Job? {
            guard taken < waiting.count else { return nil }
            defer {
                taken += 1
                if taken == waiting.count {
                    waiting.removeAll(keepingCapacity: true)
                    taken = 0
                }
            }
            return waiting[taken]
        }
    }

    private let state = Monitor(State())
    private let settlement: Settlement
    private let ticking = Monitor(true)
    private var threads: [Thread] = []

    // Arrays hold no noncopyable values, so the handle sits in an object here.
    private final class Thread {
        private var thread: WorkerThread?

        init(_ body: @escaping @Sendable () -> Void) { thread = WorkerThread(body) }

        func join() { thread.take()?.join() }
    }

    init(
        _ remote: any Remote, _ board: ReplyBoard, _ cancellation: Cancellation, _ terms: AgentConversation.Terms
    ) {
        settlement = Settlement(remote, board)
        let worker = JobWorker(
            remote: remote, board: board, settlement: settlement, cancellation: cancellation, terms: terms)
        // Two at least: while one waits for the disk, the other hashes.
        let count = terms.transfers ?? remote.transfersAtOnce ?? max(2, min(8, availableProcessorCount()))
        for _ in 0..<max(1, min(64, count)) {
            threads.append(Thread { [state] in Self.work(state, worker, cancellation) })
        }
        WorkerThread.detach { [ticking] in
            while ticking.change({ $0 }) {
                pause(.milliseconds(250))
                board.tick()
            }
        }
    }

    func add(_ job: AgentConversation.Job) {
        state.change { $0.waiting.append(job) }
    }

    /// Waits until everything is done, or dropped where the work was called off.
    func finish() {
        state.change { $0.isClosed = true }
        for thread in threads { thread.join() }
        settlement.finish()
        ticking.change { $0 = false }
    }

    private static func work(_ state: Monitor<State>, _ worker: JobWorker, _ cancellation: Cancellation) {
        while true {
            let job: AgentConversation.Job?? = state.wait { state in
                if let job = state.take() { return .some(job) }
                return state.isClosed ? .some(nil) : nil
            }
            guard let job = job ?? nil, !cancellation.isCancelled else { return }
            worker.perform(job)
        }
    }
}
