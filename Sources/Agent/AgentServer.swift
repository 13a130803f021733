import Diagnostics
import Digest
import Platform
import Remote
import Synchronization
import Transfer

/// One client's agent: its thread reads requests, some threads perform them, one settles uploads, one
/// tells how things go.
package final class AgentServer: Sendable {
    private let url: BytePath?
    private let cancellation = Cancellation()
    private let board: ReplyBoard
    private let remote = Mutex<(any Remote)?>(nil)

    /// - Parameters:
    ///   - output: where replies go; the client's end of it may go away at any time.
    ///   - url: the remote of a client that names none.
    package init(output: consuming Descriptor, url: BytePath? = nil) {
        board = ReplyBoard(output, cancellation)
        self.url = url
    }

    /// Takes back what is unfinished at the remote, as a signal ends the process.
    package func abandon() {
        cancellation.cancel()
        remote.withLockIfAvailable { $0 }??.abandon()
    }

    /// Serves until the client says `terminate`, and finishes then what it was asked for; or until the
    /// client is gone, and stops then.
    package func serve(_ input: ByteReader) -> ExitCode {
        var lines = LineBuffer()
        var conversation = AgentConversation()
        var jobs: JobQueue?
        defer {
            jobs?.finish()
            board.finish()
        }
        while !cancellation.isCancelled {
            guard let piece = try? input.readSome(), !piece.isEmpty else { break }
            guard let complete = lines.append(piece) else { return breakOff("a line without an end") }
            for line in complete {
                switch conversation.receive(line) {
                case .open(var terms):
                    guard let opened = open(terms) else { return .failure }
                    terms.incoming = terms.incoming ?? lfsTemporaryFolder()
                    jobs = JobQueue(opened, board, cancellation, terms)
                case .perform(let job): jobs?.add(job)
                case .answer(let reply): board.say(reply)
                case .end: return .success
                case .breakOff(let reason): return breakOff(reason)
                }
            }
        }
        cancellation.cancel()
        return .success
    }

    private func breakOff(_ reason: String) -> ExitCode {
        board.say(AgentReply(error: AgentFault(message: reason)))
        Descriptor.writeToStandardError("fatal: git-data-transfer: \(reason)\n")
        cancellation.cancel()
        return .fatal
    }

    /// What the user wants to see: the requests, or, as Git understands GIT_CURL_VERBOSE, the headers too.
    static func trace(_ terms: AgentConversation.Terms) -> RemoteTrace? {
        let showsHeaders = Environment.value("GIT_CURL_VERBOSE").map { !["", "0", "false"].contains($0) } ?? false
        guard terms.isVerbose || showsHeaders else { return nil }
        return RemoteTrace(showsHeaders: showsHeaders) { Descriptor.writeToStandardError($0 + "\n") }
    }

    private func open(_ terms: AgentConversation.Terms) -> (any Remote)? {
        if terms.isForSources {
            board.setExtended()
            board.say(AgentReply(gitData: AgentExtension(sources: true)))
            return NoRemote()
        }
        do throws(RemoteError) {
            guard let url = terms.url ?? url else {
                throw RemoteError(
                    .other, "no data remote: give its URL to git-data-transfer, in 'lfs.customtransfer.<name>.args'")
            }
            let opened = try openRemote(url, mayCreate: terms.mayCreate, trace: Self.trace(terms))
            remote.withLock { $0 = opened }
            if terms.isExtended { board.setExtended() }
            board.say(AgentReply(gitData: terms.isExtended ? AgentExtension() : nil))
            return opened
        } catch {
            board.say(AgentReply(error: AgentFault(error)))
            return nil
        }
    }
}

extension AgentFault {
    init(_ error: RemoteError) {
        self.init(message: error.message, kind: error.kind.rawValue)
    }
}
