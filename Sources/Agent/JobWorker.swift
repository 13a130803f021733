import Digest
import Platform
import Remote
import Transfer

/// Performs jobs on a remote and says how they ended. Many threads share one.
struct JobWorker: Sendable {
    let remote: any Remote
    let board: ReplyBoard
    let settlement: Settlement
    let cancellation: Cancellation
    let terms: AgentConversation.Terms
    /// What all transfers know of the remote as a whole.
    let outage = Outage()

    /// A list goes out in pieces of so many blobs.
    private static let listBatchSize = 1000

    func perform(_ job: AgentConversation.Job) {
        switch job {
        case .upload(let oid, let byteCount, let source): upload(oid, byteCount, source)
        case .download(let oid, let byteCount, let final): download(oid, byteCount, final)
        case .exists(let id, let oids): answerExistence(id, oids)
        case .list(let id): list(id)
        case .delete(let oid): delete(oid)
        case .examine(let id): examine(id)
        case .unfinished(let id): listUnfinished(id)
        case .abort(let id, let age): abort(id, olderThan: age)
        case .fetch(let id, let order, let file):
            SourceWorker(board: board, cancellation: cancellation, trace: AgentServer.trace(terms)).fetch(id, order, to: file)
        case .read, .create, .remove, .documents: DocumentWorker(remote: remote, board: board).perform(job)
        }
    }

    private func upload(_ oid: ObjectID, _ byteCount: Int64, _ source: BytePath) {
        attempt(.upload, oid, byteCount) { control throws(RemoteError) in
            switch try remote.upload(oid, byteCount: byteCount, from: source, control) {
            case .sent:
                settlement.add(oid)
                return nil
            case .existed:
                return AgentReply(event: "complete", oid: oid.hex, skipped: terms.isExtended ? true : nil)
            }
        }
    }

    private func download(_ oid: ObjectID, _ byteCount: Int64, _ wanted: BytePath?) {
        attempt(.download, oid, byteCount) { control throws(RemoteError) in
            guard let incoming = terms.incoming else {
                throw RemoteError(.other, "there is no folder to download to")
            }
            // What an earlier process has begun is completed.
            let partialPath = incoming / "\(oid.hex).part"
            if terms.isExtended, let wanted, !partialPath.exists, remote.link(oid, byteCount: byteCount, to: wanted) {
                control.reach(byteCount)
                return AgentReply(event: "complete", oid: oid.hex, path: AgentPath.encode(wanted))
            }
            let partial = try PartialDownload(of: oid, byteCount: byteCount, at: partialPath, control)
            let final = try partial.complete(from: remote, as: wanted ?? incoming / "\(oid.hex).whole")
            let path = terms.isExtended ? AgentPath.encode(final) : final.text
            return AgentReply(event: "complete", oid: oid.hex, path: path)
        }
    }

    private func delete(_ oid: ObjectID) {
        attempt(.delete, oid, nil) { _ throws(RemoteError) in
            try remote.delete(oid)
            return AgentReply(event: "complete", oid: oid.hex)
        }
    }

    /// Does one transfer and says how it ended.
    /// - Parameter body: gives the last word, or nil where somebody else will say it.
    private func attempt(
        _ direction: Outage.Direction, _ oid: ObjectID, _ byteCount: Int64?,
        _ body: (TransferControl) throws(RemoteError) -> AgentReply?
    ) {
        let control = TransferControl(cancellation: cancellation, byteCount: byteCount)
        board.begin(oid, control)
        do throws(RemoteError) {
            if let error = outage.error { throw error }
            let reply = try body(control)
            outage.noteSuccess()
            if let reply { board.complete([(oid, reply)]) }
        } catch {
            outage.note(error, direction)
            board.complete([(oid, AgentReply(event: "complete", oid: oid.hex, error: AgentFault(error)))])
        }
    }

    private func answerExistence(_ id: Int, _ oids: [ObjectID]) {
        do throws(RemoteError) {
            let found = try remote.existing(among: oids)
            board.say(AgentReply(event: "exists", id: id, sizes: oids.map { found[$0] ?? -1 }))
        } catch {
            board.say(AgentReply(event: "exists", error: AgentFault(error), id: id))
        }
    }

    private func examine(_ id: Int) {
        do throws(RemoteError) {
            try remote.examine { finding in
                board.say(
                    AgentReply(
                        event: "examine", id: id,
                        finding: AgentFinding(
                            subject: finding.subject.rawValue, outcome: finding.outcome.rawValue, message: finding.message)))
            }
            board.say(AgentReply(event: "examine", id: id))
        } catch {
            board.say(AgentReply(event: "examine", error: AgentFault(error), id: id))
        }
    }

    private func listUnfinished(_ id: Int) {
        do throws(RemoteError) {
            var uploads: [AgentUpload] = []
            try remote.forEachUnfinishedUpload { upload throws(RemoteError) in
                uploads.append(AgentUpload(oid: upload.oid?.hex, begun: upload.begun))
            }
            board.say(AgentReply(event: "unfinished", id: id, uploads: uploads))
        } catch {
            board.say(AgentReply(event: "unfinished", error: AgentFault(error), id: id))
        }
    }

    private func abort(_ id: Int, olderThan age: Int64) {
        do throws(RemoteError) {
            board.say(AgentReply(event: "abort", id: id, count: try remote.abortUnfinishedUploads(olderThan: age)))
        } catch {
            board.say(AgentReply(event: "abort", error: AgentFault(error), id: id))
        }
    }

    private func list(_ id: Int) {
        var blobs: [AgentBlob] = []
        do throws(RemoteError) {
            try remote.forEachBlob { blob throws(RemoteError) in
                if cancellation.isCancelled { throw RemoteError(.interrupted, "the list was interrupted") }
                blobs.append(AgentBlob(oid: blob.oid.hex, size: blob.byteCount))
                guard blobs.count == Self.listBatchSize else { return }
                board.say(AgentReply(event: "list", id: id, blobs: blobs))
                blobs = []
            }
            if !blobs.isEmpty { board.say(AgentReply(event: "list", id: id, blobs: blobs)) }
            board.say(AgentReply(event: "list", id: id, blobs: []))
        } catch {
            board.say(AgentReply(event: "list", error: AgentFault(error), id: id))
        }
    }
}
