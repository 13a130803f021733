import Digest
import Lineage
import ObjectStore
import Platform
import Repository
import Transfer

/// A file of a web server or a bucket. The agent brings it; what was interrupted goes on in a later run.
struct WebImport: ImportSource {
    let order: ImportOrder
    let context: CommandContext
    let store: ObjectStore

    /// Where it arrives: in the same file each time, by which nothing secret is told.
    private var arrival: BytePath {
        let identity = Array(order.source.value.utf8) + [0] + order.output.bytes
        return store.incoming / "import-\(ObjectID.of(identity).hex.prefix(20)).part"
    }

    func bring(_ known: SourceReceipt?, isCheck: Bool) throws -> ImportAnswer {
        try store.prepare()
        let session = try SourceSession(
            agent: TransferSession.agentExecutable(), isVerbose: context.output.isVerbose,
            progress: context.progress("Importing \(order.output.lastComponent)"))
        defer { session.finish() }
        var question = AgentSource(url: "", etag: known?.etag, modified: known?.modified, size: known?.byteCount)
        if isCheck {
            question.checksOnly = true
            let answer = try ask(session, question)
            if answer.state == .unchanged { return .same(receipt(answer)) }
            if let known, known.revision != nil, known.change(to: receipt(answer)) == .same { return .same(receipt(answer)) }
            if answer.state == .changed { return .changed(receipt(answer)) }
            question.checksOnly = nil
        }
        let answer = try ask(session, question)
        let receipt = receipt(answer)
        guard answer.state == .received, let byteCount = answer.size else { return .same(receipt) }
        if let known, known.change(to: receipt) == .same || isCheck {
            try arrival.removeFile()
            return known.change(to: receipt) == .same ? .same(receipt) : .changed(receipt)
        }
        warn(of: answer)
        return .brought(ImportedFiles(ImportedFile(path: "", file: arrival, byteCount: byteCount), in: store), receipt)
    }

    private func ask(_ session: SourceSession, _ question: AgentSource) throws -> AgentReceipt {
        do throws(TransferError) {
            return try session.fetch(order.address, question, to: arrival)
        } catch {
            guard case .remote(_, let message) = error else { throw error }
            let rest = (try? arrival.status())?.byteCount ?? 0
            throw CommandFailure(
                "\(order.shown) cannot be had: \(message)",
                kept: rest > 0 ? "the \(ByteCountText.format(rest)) that have come, with which the same command goes on" : "everything here as it was; the same command tries again")
        }
    }

    private func receipt(_ answer: AgentReceipt) -> SourceReceipt {
        var receipt = SourceReceipt()
        receipt.etag = answer.etag
        receipt.modified = answer.modified
        receipt.revision = answer.revision
        receipt.byteCount = answer.size
        receipt.digest = answer.sha256.flatMap { ObjectID($0) }
        return receipt
    }

    /// Many servers send a page to sign in, and call that a success.
    private func warn(of answer: AgentReceipt) {
        guard answer.contentType?.lowercased().hasPrefix("text/html") == true else { return }
        let name = order.output.lastComponent.text.lowercased()
        guard ![".html", ".htm", ".xhtml"].contains(where: { name.hasSuffix($0) }) else { return }
        context.output.warning(
            "'\(order.output)' is a web page, as the server says: look whether it is what you want, and not one to sign in")
    }
}
