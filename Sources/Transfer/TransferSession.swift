import Diagnostics
import Digest
import ObjectStore
import Platform
import Remote

/// A conversation with one agent about one remote, for all of a push or a pull. One thread at a time may
/// use it. When the agent dies, what was unfinished fails, and so does what is asked later; a new session
/// goes on where this one stopped.
package final class TransferSession {
    private let connection: AgentConnection
    let store: ObjectStore
    private let progress: any ProgressObserver
    private var nextID = 0

    /// Starts the agent and lets it open the remote.
    /// - Parameters:
    ///   - agent: the agent's executable, as `agentExecutable` finds it.
    ///   - store: where blobs are read from and arrive.
    ///   - transfers: how many run at once; the agent decides where nil.
    ///   - isVerbose: whether the agent says on standard error what it asks of the remote.
    ///   - patience: how long the agent may say nothing while it owes an answer. Ours says each second that it
    ///     is alive.
    /// - Throws: `agentNotFound`, `agentFailed`; `remote` where the remote as a whole cannot be used.
    package init(
        agent: BytePath, destination: TransferDestination, store: ObjectStore, transfers: Int?,
        isVerbose: Bool = false, progress: any ProgressObserver, patience: Duration = .seconds(60)
    ) throws(TransferError) {
        self.store = store
        self.progress = progress
        connection = try AgentConnection(agent, patience: patience)
        let terms = AgentExtension(
            url: AgentPath.encode(destination.url), create: destination.mayCreate,
            incoming: AgentPath.encode(store.incoming), transfers: transfers, verbose: isVerbose ? true : nil)
        connection.send([
            AgentRequest(
                event: "init", operation: "upload", remote: destination.name, concurrenttransfers: transfers ?? 1,
                gitData: terms)
        ])
        let answer = try receive()
        if let fault = answer.first?.error { throw .remote(kind: fault.failureKind, message: fault.message) }
        guard answer.first?.gitData?.version == AgentExtension.version else {
            throw .agentFailed("'\(agent)' is of another version")
        }
    }

    deinit { finish() }

    /// Ends the agent. Nothing can be asked of the session any more.
    package func finish() {
        connection.close()
    }

    /// The agent that belongs to the running executable: the file `git-data-transfer` beside it.
    package static func agentExecutable() -> BytePath {
        let name: BytePath = "git-data-transfer"
        guard let own = try? Environment.executable() else { return name }
        return own.parent / name
    }

    // MARK: Questions

    /// Asks the remote which blobs it has. One whose length there is not that of the local copy is not
    /// among them; `upload` tells what is wrong with it.
    package func existing(among oids: [ObjectID]) throws(TransferError) -> Set<ObjectID> {
        let found = try sizes(of: oids)
        return Set(
            found.filter { oid, byteCount in (store.byteCount(of: oid) ?? byteCount) == byteCount }.keys)
    }

    /// Asks the remote which blobs it has, with the lengths that they should have. One of another length is
    /// not among them.
    package func existing(matching items: [TransferItem]) throws(TransferError) -> Set<ObjectID> {
        let found = try sizes(of: items.map(\.oid))
        return Set(items.lazy.filter { found[$0.oid] == $0.byteCount }.map(\.oid))
    }

    /// The lengths of the objects that the remote has.
    private func sizes(of oids: [ObjectID]) throws(TransferError) -> [ObjectID: Int64] {
        let batchSize = 500
        // As many as keep every thread of the agent busy: all questions at once would lie in its memory and in ours.
        let batchesAtOnce = 32
        var rest = oids[...]
        var asked: [Int: ArraySlice<ObjectID>] = [:]
        var found: [ObjectID: Int64] = [:]
        while true {
            while asked.count < batchesAtOnce, !rest.isEmpty {
                let batch = rest.prefix(batchSize)
                rest = rest.dropFirst(batch.count)
                asked[newID()] = batch
                connection.send([AgentRequest(event: "exists", id: nextID, oids: batch.map(\.hex))])
            }
            if asked.isEmpty { return found }
            for reply in try receive() {
                guard let id = reply.id, let batch = asked.removeValue(forKey: id) else { continue }
                if let fault = reply.error { throw .remote(kind: fault.failureKind, message: fault.message) }
                guard let sizes = reply.sizes, sizes.count == batch.count else {
                    throw .agentFailed("it answered for another number of blobs than it was asked about")
                }
                for (oid, byteCount) in zip(batch, sizes) where byteCount >= 0 { found[oid] = byteCount }
            }
        }
    }

    /// Calls `body` for each blob that the remote has.
    package func list(_ body: (TransferItem) -> Void) throws(TransferError) {
        try ask("list") { reply in
            guard let blobs = reply.blobs, !blobs.isEmpty else { return true }
            for blob in blobs {
                guard let oid = ObjectID(blob.oid) else { continue }
                body(TransferItem(oid: oid, byteCount: blob.size))
            }
            return false
        }
    }

    /// Asks a question about the remote, and hands out its answers.
    /// - Parameter take: whether the answer is the last.
    func ask(
        _ event: String, name: String? = nil, path: BytePath? = nil, age: Int64? = nil, _ take: (AgentReply) -> Bool
    ) throws(TransferError) {
        let id = newID()
        connection.send([
            AgentRequest(event: event, path: path.map { AgentPath.encode($0) }, id: id, name: name, age: age)
        ])
        while true {
            for reply in try receive() where reply.id == id {
                if let fault = reply.error { throw .remote(kind: fault.failureKind, message: fault.message) }
                if take(reply) { return }
            }
        }
    }

    private func newID() -> Int {
        nextID += 1
        return nextID
    }

    private func receive() throws(TransferError) -> [AgentReply] {
        switch connection.receive() {
        case .replies(let replies): return replies
        case .over(let reason): throw .agentFailed(reason)
        }
    }

    // MARK: Transfers

    /// Sends blobs of the store. What the remote has already is not sent again.
    package func upload(_ items: [TransferItem]) throws(TransferError) -> TransferOutcome {
        var tick: ProgressTick?
        return try upload(items, &tick)
    }

    /// Sends a part of what is to be sent, as `upload` does.
    /// - Parameter total: how far all of it has come, of which no blob is in two parts.
    package func upload(_ items: [TransferItem], of total: inout ProgressTick) throws(TransferError) -> TransferOutcome {
        var tick: ProgressTick? = total
        defer { total = tick ?? total }
        return try upload(items, &tick)
    }

    private func upload(_ items: [TransferItem], _ tick: inout ProgressTick?) throws(TransferError) -> TransferOutcome {
        var outcome = TransferOutcome()
        var requests: [ObjectID: AgentRequest] = [:]
        for item in items {
            if let path = store.location(of: item.oid) {
                requests[item.oid] = AgentRequest(
                    event: "upload", oid: item.oid.hex, size: item.byteCount, path: AgentPath.encode(path))
            }
        }
        let present = unique(items) { item in
            if requests[item.oid] != nil { return true }
            outcome.failures.append(
                TransferFailure(oid: item.oid, kind: .absent, message: "the blob is not in the local store"))
            return false
        }
        try transfer(present, &outcome, partOf: &tick, { requests[$0.oid] }) { finished, outcome throws(TransferError) in
            for (item, reply) in finished {
                if reply.skipped == true { outcome.skipped.append(item.oid) } else { outcome.done.append(item.oid) }
            }
        }
        return outcome
    }

    /// Brings blobs into the store. What is there already is not fetched again.
    /// - Parameters:
    ///   - areAbsent: whether the caller has just looked, and none of them is there.
    ///   - arrived: called on this thread for each blob that is in the store, as soon as it is.
    /// - Throws: `store` when the store cannot take the blobs. What has arrived stays.
    package func download(
        _ items: [TransferItem], areAbsent: Bool = false, arrived: (ObjectID) -> Void
    ) throws(TransferError) -> TransferOutcome {
        var tick: ProgressTick?
        return try download(items, areAbsent: areAbsent, &tick, arrived)
    }

    /// Brings a part of what is to be brought, none of which is in the store, as `download` does.
    /// - Parameter total: how far all of it has come, of which no blob is in two parts.
    package func download(absent items: [TransferItem], of total: inout ProgressTick) throws(TransferError) -> TransferOutcome {
        var tick: ProgressTick? = total
        defer { total = tick ?? total }
        return try download(items, areAbsent: true, &tick) { _ in }
    }

    private func download(
        _ items: [TransferItem], areAbsent: Bool, _ tick: inout ProgressTick?, _ arrived: (ObjectID) -> Void
    ) throws(TransferError) -> TransferOutcome {
        var outcome = TransferOutcome()
        do throws(StoreError) { try store.prepare() } catch { throw .store(error) }
        let wanted = unique(items) { item in
            guard !areAbsent, store.contains(item.oid) else { return true }
            outcome.skipped.append(item.oid)
            arrived(item.oid)
            return false
        }
        // A pointer that is wrong about the length keeps no other of the same blob from having it.
        var otherClaims = Set(items).subtracting(wanted)
        // What a crash of the system takes is fetched again.
        let batch = BlobBatch(store: store) { store throws(StoreError) in try store.settleAfterwards() }
        let request = { (item: TransferItem) -> AgentRequest? in
            AgentRequest(
                event: "download", oid: item.oid.hex, size: item.byteCount,
                path: AgentPath.encode(self.store.pendingPath(of: item.oid)))
        }
        var held = HeldArrivals()
        func release(_ outcome: inout TransferOutcome) throws(TransferError) {
            let arrivals = held.release()
            do throws(StoreError) {
                for arrival in arrivals { try self.adopt(arrival, batch) }
                try batch.flush()
            } catch {
                throw .store(error)
            }
            outcome.done += arrivals.map(\.oid)
            for arrival in arrivals { arrived(arrival.oid) }
        }
        func fetch(_ items: [TransferItem]) throws(TransferError) {
            try transfer(items, &outcome, partOf: &tick, request) { finished, outcome throws(TransferError) in
                for (item, reply) in finished {
                    let path = reply.path.flatMap { AgentPath.decode($0) } ?? self.store.pendingPath(of: item.oid)
                    held.add(HeldArrivals.Arrival(oid: item.oid, path: path), byteCount: item.byteCount)
                }
                if held.areDue { try release(&outcome) }
            }
            try release(&outcome)
        }
        try fetch(wanted)
        while true {
            let failed = Set(outcome.failures.lazy.filter { $0.kind != .agent }.map(\.oid))
            let next = unique(otherClaims.filter { failed.contains($0.oid) }) { _ in true }
            guard !next.isEmpty else { return outcome }
            otherClaims.subtract(next)
            let again = Set(next.map(\.oid))
            outcome.failures.removeAll { again.contains($0.oid) }
            try fetch(next)
        }
    }

    /// Takes over a blob that the agent has put among the store's pending ones, or beside them where another
    /// process has one there. It is not read again: the agent, which is our own executable, has hashed every
    /// byte of this very file.
    private func adopt(_ arrival: HeldArrivals.Arrival, _ batch: BlobBatch) throws(StoreError) {
        do throws(StoreError) {
            try batch.adopt(arrival.path, as: arrival.oid)
        } catch {
            // Another process found the pending blob, and has verified and published it.
            guard case .system(let reason) = error, reason.isAbsent, store.contains(arrival.oid) else { throw error }
        }
    }

    /// Removes blobs from the remote.
    package func delete(_ oids: [ObjectID]) throws(TransferError) -> TransferOutcome {
        var outcome = TransferOutcome()
        let items = unique(oids.map { TransferItem(oid: $0, byteCount: 0) }) { _ in true }
        let request = { (item: TransferItem) -> AgentRequest? in AgentRequest(event: "delete", oid: item.oid.hex) }
        try transfer(items, &outcome, request) { finished, outcome in outcome.done += finished.map(\.0.oid) }
        return outcome
    }

    /// The items that are wanted, each blob once.
    private func unique(_ items: some Sequence<TransferItem>, where isWanted: (TransferItem) -> Bool) -> [TransferItem] {
        var seen: Set<ObjectID> = []
        return items.filter { seen.insert($0.oid).inserted && isWanted($0) }
    }

    /// Has the agent do its work on each item.
    /// - Parameter succeeded: called whenever the agent has said something, with all that has succeeded since
    ///   the last call.
    private func transfer(
        _ items: [TransferItem], _ outcome: inout TransferOutcome, _ request: (TransferItem) -> AgentRequest?,
        succeeded: ([(TransferItem, AgentReply)], inout TransferOutcome) throws(TransferError) -> Void
    ) throws(TransferError) {
        var tick: ProgressTick?
        try transfer(items, &outcome, partOf: &tick, request, succeeded: succeeded)
    }

    private func transfer(
        _ items: [TransferItem], _ outcome: inout TransferOutcome, partOf tick: inout ProgressTick?,
        _ request: (TransferItem) -> AgentRequest?,
        succeeded: ([(TransferItem, AgentReply)], inout TransferOutcome) throws(TransferError) -> Void
    ) throws(TransferError) {
        var queue = TransferQueue(items, partOf: tick)
        defer { if tick != nil { tick = queue.tick } }
        while !queue.isDone {
            connection.send(queue.next().compactMap(request))
            let replies: [AgentReply]
            switch connection.receive() {
            case .replies(let some): replies = some
            case .over(let reason):
                outcome.failures += queue.unfinished.map { item in
                    TransferFailure(oid: item.oid, kind: .agent, message: "the transfer agent failed: \(reason)")
                }
                return
            }
            var finished: [(TransferItem, AgentReply)] = []
            for reply in replies {
                guard let oid = reply.oid.flatMap({ ObjectID($0) }) else { continue }
                if reply.event == "progress" { queue.reach(oid, reply.bytesSoFar ?? 0) }
                guard reply.event == "complete", let item = queue.finish(oid) else { continue }
                if let fault = reply.error {
                    outcome.failures.append(TransferFailure(oid: oid, kind: fault.failureKind, message: fault.message))
                } else {
                    finished.append((item, reply))
                }
            }
            try succeeded(finished, &outcome)
            progress.advance(to: queue.tick)
        }
    }
}

extension AgentFault {
    /// The failure's kind as the session's callers know it.
    var failureKind: TransferFailure.Kind {
        switch kind.flatMap({ RemoteError.Kind(rawValue: $0) }) {
        case .absent: .absent
        case .denied: .denied
        case .full: .full
        case .damaged: .damaged
        case .unreachable, .interrupted, .other, nil: .other
        }
    }
}
