import Digest
import Platform
import Pointer
import Repository
import Transfer
import Diagnostics

/// Fetches the blobs of a checkout while Git goes on: what is asked for is collected, then had in parallel, and known as
/// it arrives. There is one session for all of it.
package final class BlobFetcher: Sendable {
    private struct State {
        var waiting: Set<TransferItem> = []
        var running = false
        /// Known since the last `collect`.
        var ready: [ObjectID] = []
        /// Arrived or failed, and not collected.
        var settled: Set<ObjectID> = []
        var reasons: [ObjectID: PointerReason] = [:]
        /// Where no fetch runs: that of the last one.
        var session: TransferSession?

        mutating func settle(_ oid: ObjectID) {
            if settled.insert(oid).inserted { ready.append(oid) }
        }
    }

    private let repository: Repository
    private let state = Monitor(State())

    package init(_ repository: Repository) {
        self.repository = repository
    }

    /// Notes a blob for the next `collect`.
    package func want(_ pointer: Pointer) {
        state.change { state in
            state.waiting.insert(TransferItem(oid: pointer.oid, byteCount: pointer.byteCount))
            state.settled.remove(pointer.oid)
            state.reasons[pointer.oid] = nil
        }
    }

    /// Starts to fetch what was wanted, and gives the blobs of which something is known since the last call,
    /// arrived or failed. Waits for the first; empty when none is left.
    package func collect() -> [ObjectID] {
        while true {
            start()
            let ready: [ObjectID]? = state.wait { (state) -> [ObjectID]?? in
                if !state.ready.isEmpty {
                    defer { state.ready = [] }
                    state.settled.subtract(state.ready)
                    return state.ready
                }
                if state.running { return .none }
                // What was wanted while a fetch ran is next.
                return .some(state.waiting.isEmpty ? [] : nil)
            }
            if let ready { return ready }
        }
    }

    /// Fetches one blob and waits for it. What becomes of others is left for `collect`.
    /// - Returns: why it could not be had, or nil when it is here.
    package func fetchNow(_ pointer: Pointer) -> PointerReason? {
        want(pointer)
        while true {
            start()
            let isSettled = state.wait { (state) -> Bool? in
                if state.settled.contains(pointer.oid) { return true }
                return state.running ? nil : false
            }
            if isSettled { return reason(for: pointer.oid) }
        }
    }

    /// Why a blob could not be had.
    package func reason(for oid: ObjectID) -> PointerReason? {
        state.change { $0.reasons[oid] }
    }

    /// Fetches what waits, unless a fetch runs.
    private func start() {
        let wanted: [TransferItem] = state.change { state in
            guard !state.running, !state.waiting.isEmpty else { return [] }
            state.running = true
            defer { state.waiting = [] }
            return Array(state.waiting)
        }
        if !wanted.isEmpty { WorkerThread.detach { self.fetch(wanted) } }
    }

    private func fetch(_ items: [TransferItem]) {
        var arrived: Set<ObjectID> = []
        let wholeReason = attempt(items) { arrived.insert($0) }
        state.change { state in
            for item in items where !arrived.contains(item.oid) {
                if let wholeReason, state.reasons[item.oid] == nil { state.reasons[item.oid] = wholeReason }
                state.settle(item.oid)
            }
            state.running = false
        }
    }

    /// - Returns: the reason that holds for every blob which has none of its own.
    private func attempt(_ items: [TransferItem], arrived: (ObjectID) -> Void) -> PointerReason? {
        do throws(RepositoryError) {
            let remote = try repository.dataRemote()
            do throws(TransferError) {
                let session: TransferSession
                if let last = state.change({ $0.session.take() }) {
                    session = last
                } else {
                    session = try TransferSession.open(remote, repository)
                }
                let outcome = try session.download(items) { oid in
                    arrived(oid)
                    self.state.change { $0.settle(oid) }
                }
                state.change { state in
                    for failure in outcome.failures { state.reasons[failure.oid] = .failed(failure) }
                    // Where the agent has died, the next fetch starts another.
                    if !outcome.failures.contains(where: { $0.kind == .agent }) { state.session = session }
                }
                return nil
            } catch {
                return .transfer(error)
            }
        } catch {
            return .noRemote(error)
        }
    }
}
