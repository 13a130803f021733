import Digest
import Platform
import Remote
import S3
import Transfer

/// Brings files of web servers and buckets into local files, and goes on where an attempt, or a process, has stopped.
struct SourceWorker: Sendable {
    let board: ReplyBoard
    let cancellation: Cancellation
    let trace: RemoteTrace?

    func fetch(_ id: Int, _ order: AgentConversation.SourceOrder, to path: BytePath) {
        var policy = RetryingRemote.Policy()
        do throws(RemoteError) {
            let isBucket = S3Location.isOne(order.url)
            let place: any SourcePlace =
                isBucket ? try S3Source.open(order.url, trace: trace) : try HTTPSource(order.url, trace: trace)
            if isBucket, let attempts = S3Remote.attempts { policy.attempts = attempts }
            let receipt =
                order.isCheck
                ? try retrying(policy) { () throws(RemoteError) in try check(place, order) } progress: { 0 }
                : try download(place, order, to: path, id, policy)
            board.say(AgentReply(event: "fetch", id: id, receipt: receipt))
        } catch {
            board.say(AgentReply(event: "fetch", error: AgentFault(error), id: id))
        }
    }

    /// Tries again what may succeed a moment later.
    /// - Parameter progress: how far the file has come; who moves on has all attempts again.
    private func retrying<Result>(
        _ policy: RetryingRemote.Policy, _ body: () throws(RemoteError) -> Result, progress: () -> Int64
    ) throws(RemoteError) -> Result {
        var failures = RetryingRemote.Failures(policy)
        while true {
            do throws(RemoteError) {
                return try body()
            } catch {
                guard failures.allowAnother(after: error, at: progress()) else { throw error }
                let pause = max(error.retryAfter ?? .zero, failures.delay)
                sayPause(error, pause)
                try hold(pause)
            }
        }
    }

    /// Waits in slices, so that whoever calls the work off need not wait for it.
    private func hold(_ time: Duration) throws(RemoteError) {
        var rest = time
        let slice = Duration.milliseconds(200)
        while rest > .zero {
            try checkpoint()
            pause(min(rest, slice))
            rest -= slice
        }
        try checkpoint()
    }

    private func checkpoint() throws(RemoteError) {
        if cancellation.isCancelled { throw RemoteError(.interrupted, "the transfer was interrupted") }
    }

    // MARK: is there another version?

    private func check(_ place: any SourcePlace, _ order: AgentConversation.SourceOrder) throws(RemoteError) -> AgentReceipt {
        var seen: SourceAnswer?
        let enough = RemoteError(.other, "enough")
        do throws(RemoteError) {
            let answer = try place.get(SourceQuestion(etag: order.etag, modified: order.modified), cancellation) { head, _ throws(RemoteError) in
                seen = head
                throw enough
            }
            seen = answer
        } catch {
            guard error == enough, seen != nil else { throw error }
        }
        guard let seen else { throw RemoteError(.other, "\(place.name) has not answered") }
        return receipt(of: seen, order.state(seen))
    }

    private func receipt(of answer: SourceAnswer, _ state: AgentReceipt.State) -> AgentReceipt {
        var receipt = AgentReceipt(state: state)
        receipt.etag = answer.etag
        receipt.modified = answer.modified
        receipt.revision = answer.version
        receipt.size = answer.byteCount
        receipt.contentType = answer.contentType
        return receipt
    }

    // MARK: download

    private func download(
        _ place: any SourcePlace, _ order: AgentConversation.SourceOrder, to path: BytePath, _ id: Int, _ policy: RetryingRemote.Policy
    ) throws(RemoteError) -> AgentReceipt {
        let file = try SourceFile(path, checkpoint)
        defer { file.removeIfEmpty() }
        var lastReport = ContinuousClock.now
        var hasDiffered = false
        return try retrying(policy) { () throws(RemoteError) in
            let unchanged = RemoteError(.other, "unchanged")
            var answer: SourceAnswer?
            var seen: SourceAnswer?
            let offset = try file.offset()
            do throws(RemoteError) {
                // A file that has begun is of a version that was not known.
                let question =
                    offset > 0
                    ? SourceQuestion(offset: offset, validator: file.validator)
                    : SourceQuestion(etag: order.etag, modified: order.modified)
                answer = try place.get(question, cancellation) { head, piece throws(RemoteError) in
                    try checkpoint()
                    if seen == nil {
                        seen = head
                        if offset == 0, order.state(head) == .unchanged { throw unchanged }
                        try file.begin(head, at: offset, place.name)
                    }
                    try file.append(piece)
                    if ContinuousClock.now - lastReport > .milliseconds(250) {
                        lastReport = .now
                        board.say(
                            AgentReply(event: "progress", bytesSoFar: file.byteCount, id: id, sizes: head.byteCount.map { [$0] }))
                    }
                }
            } catch {
                guard error == unchanged, let seen else { throw error }
                return receipt(of: seen, .unchanged)
            }
            guard let answer else { throw RemoteError(.other, "\(place.name) has not answered") }
            switch answer.status {
            case 304:
                // Without a version that is known there is nothing that it could be the same as.
                guard offset == 0, order.etag != nil || order.modified != nil else {
                    throw RemoteError(.other, "\(place.name) answers that the file has not changed, which nobody has asked (status 304)", isTransient: true)
                }
                return receipt(of: answer, .unchanged)
            case 412:
                try file.restart(nil)
                throw RemoteError(.unreachable, "\(place.name) has another file now", isTransient: true)
            case 416 where answer.byteCount != offset:
                try file.restart(nil)
                throw RemoteError(.unreachable, "\(place.name) has a shorter file now", isTransient: true)
            case 416: break
            default: if seen == nil { try file.begin(answer, at: offset, place.name) }
            }
            if let whole = answer.byteCount, whole != file.byteCount {
                throw RemoteError(.unreachable, "\(place.name) sent \(file.byteCount) of \(whole) bytes", isTransient: true)
            }
            do throws(RemoteError) {
                return try finish(file, answer, place.name)
            } catch {
                // Once more: it may have been the way.
                guard error.kind == .damaged, !hasDiffered else { throw error }
                hasDiffered = true
                throw RemoteError(.damaged, error.message, isTransient: true)
            }
        } progress: { file.byteCount }
    }

    private func finish(_ file: SourceFile, _ answer: SourceAnswer, _ name: String) throws(RemoteError) -> AgentReceipt {
        var receipt = receipt(of: answer, .received)
        receipt.size = file.byteCount
        receipt.sha256 = String(decoding: Hexadecimal.encode(try file.digest(.sha256, checkpoint)), as: UTF8.self)
        var verified: [String] = []
        for check in answer.checks where MessageDigest.supports(check.algorithm) {
            guard try file.digest(check.algorithm, checkpoint) == check.digest else {
                try file.restart(nil)
                throw RemoteError(.damaged, "what came from \(name) is not what its header '\(check.origin)' says")
            }
            verified.append(check.origin)
        }
        if !verified.isEmpty { receipt.verified = verified }
        try file.settle()
        return receipt
    }
}

extension AgentConversation.SourceOrder {
    /// What an answer to a question about the known version says.
    fileprivate func state(_ answer: SourceAnswer) -> AgentReceipt.State {
        if answer.status == 304 { return .unchanged }
        if let etag, let now = answer.etag { return SourceAnswer.areEqual(etag, now) ? .unchanged : .changed }
        if let byteCount, let now = answer.byteCount, byteCount != now { return .changed }
        if let modified, let now = answer.modified, byteCount == answer.byteCount { return modified == now ? .unchanged : .changed }
        return .undecided
    }
}
