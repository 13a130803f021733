import Diagnostics
import Platform

/// A conversation with one agent about files of web servers and buckets, which are imported. One thread at a time may
/// use it.
package final class SourceSession {
    private let connection: AgentConnection
    private let progress: any ProgressObserver
    private var nextID = 0

    /// Starts the agent.
    /// - Parameters:
    ///   - agent: the agent's executable, as `TransferSession.agentExecutable` finds it.
    ///   - isVerbose: whether the agent says on standard error what it asks of servers.
    /// - Throws: `agentNotFound`, `agentFailed`.
    package init(
        agent: BytePath, isVerbose: Bool = false, progress: any ProgressObserver = SilentProgress(),
        patience: Duration = .seconds(60)
    ) throws(TransferError) {
        self.progress = progress
        connection = try AgentConnection(agent, patience: patience)
        let terms = AgentExtension(transfers: 1, verbose: isVerbose ? true : nil, sources: true)
        connection.send([AgentRequest(event: "init", operation: "download", remote: "", gitData: terms)])
        let answer = try receive()
        if let fault = answer.first?.error { throw .remote(kind: fault.failureKind, message: fault.message) }
        guard answer.first?.gitData?.version == AgentExtension.version, answer.first?.gitData?.sources == true else {
            throw .agentFailed("'\(agent)' is of another version")
        }
    }

    deinit { finish() }

    /// Ends the agent. Nothing can be asked of the session any more.
    package func finish() {
        connection.close()
    }

    /// Brings a file, or what is missing of it, into a local file, or asks whether there is another version.
    /// - Parameters:
    ///   - url: `http`, `https` or `s3`, with whatever secrets it takes.
    ///   - path: the local file, made where it is missing. After an error it stays, for the next attempt to go on, with
    ///     `<path>.etag` beside it.
    /// - Throws: `remote`, `agentFailed`.
    package func fetch(_ url: BytePath, _ known: AgentSource, to path: BytePath) throws(TransferError) -> AgentReceipt {
        nextID += 1
        var source = known
        source.url = AgentPath.encode(url)
        connection.send([AgentRequest(event: "fetch", path: AgentPath.encode(path), id: nextID, source: source)])
        while true {
            for reply in try receive() where reply.id == nextID {
                if let fault = reply.error { throw .remote(kind: fault.failureKind, message: fault.message) }
                if let receipt = reply.receipt { return receipt }
                if let done = reply.bytesSoFar {
                    progress.advance(to: ProgressTick(filesTotal: 1, bytesDone: done, bytesTotal: max(done, reply.byteCount ?? done)))
                }
            }
        }
    }

    private func receive() throws(TransferError) -> [AgentReply] {
        switch connection.receive() {
        case .replies(let replies): return replies
        case .over(let reason): throw .agentFailed(reason)
        }
    }
}

extension AgentReply {
    /// `progress` of a fetch: how long the file is.
    fileprivate var byteCount: Int64? { sizes?.first }
}
