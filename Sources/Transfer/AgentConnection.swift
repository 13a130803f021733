import Platform
private import Synchronization

/// The agent as a process with two pipes: requests go to a thread that writes, replies come from one that
/// reads, so that neither an agent that does not read nor one that does not stop talking holds up the
/// session. One thread at a time may use it.
final class AgentConnection {
    /// What there is to know since the last look.
    enum News {
        case replies([AgentReply])
        /// The agent will say nothing more. The text says why, for a person.
        case over(String)
    }

    private struct Inbox {
        var replies: [AgentReply] = []
        var ending: Ending?
    }

    private enum Ending {
        case closed
        case silent
        case nonsense(String)
        case failed(SystemError)
    }

    private struct Outbox {
        var bytes: [UInt8] = []
        var isClosed = false
    }

    private let child: ChildProcess
    private let inbox = Monitor(Inbox())
    private let outbox = Monitor(Outbox())
    private let expectation = Expectation()
    private var reader: WorkerThread?
    private var writer: WorkerThread?
    private var epitaph: String?

    /// Whether somebody waits for the agent, who may be silent otherwise.
    private final class Expectation: Sendable {
        let isWaiting = Atomic<Bool>(false)
    }

    /// Starts the agent.
    /// - Parameter patience: how long the agent may say nothing while it owes an answer.
    init(_ agent: BytePath, patience: Duration) throws(TransferError) {
        guard agent.isExecutableFile else { throw .agentNotFound(agent) }
        ignoreBrokenPipes()
        do throws(SystemError) {
            child = try ChildProcess(agent, [], input: .pipe, output: .pipe)
        } catch {
            throw .agentFailed("\(error)")
        }
        if let output = child.takeOutput() {
            output.descriptor.requestPipeBuffer(byteCount: 1 << 20)
            reader = WorkerThread { [inbox, expectation] in Self.read(output, inbox, expectation, patience) }
        }
        if let input = child.takeInput() {
            input.descriptor.requestPipeBuffer(byteCount: 1 << 20)
            writer = WorkerThread { [outbox] in Self.write(input, outbox) }
        }
    }

    deinit { close() }

    /// Queues a request. Where the agent is dead, `receive` will tell.
    func send(_ requests: [AgentRequest]) {
        let bytes = requests.flatMap { AgentWire.line($0) }
        outbox.change { $0.bytes += bytes }
    }

    /// Waits for the next replies, or for the end.
    func receive() -> News {
        if let epitaph { return .over(epitaph) }
        expectation.isWaiting.store(true, ordering: .relaxed)
        defer { expectation.isWaiting.store(false, ordering: .relaxed) }
        let news: (replies: [AgentReply], ending: Ending?) = inbox.wait { inbox in
            guard !inbox.replies.isEmpty || inbox.ending != nil else { return nil }
            defer { inbox.replies = [] }
            // The replies before the end first.
            return (inbox.replies, inbox.replies.isEmpty ? inbox.ending : nil)
        }
        guard let ending = news.ending else { return .replies(news.replies) }
        let text = bury(ending)
        epitaph = text
        return .over(text)
    }

    /// Ends the agent, as it should be ended, and waits for it.
    func close() {
        send([AgentRequest(event: "terminate")])
        outbox.change { $0.isClosed = true }
        while epitaph == nil {
            if case .over(let text) = receive() { epitaph = text }
        }
        writer.take()?.join()
        reader.take()?.join()
    }

    /// Waits for the agent's end, which is near, or is brought about.
    private func bury(_ ending: Ending) -> String {
        outbox.change { $0.isClosed = true }
        switch ending {
        case .closed: break
        case .silent, .nonsense, .failed: child.send(signal: killSignal)
        }
        let end = child.wait()
        switch ending {
        case .silent: return "it does not answer"
        case .nonsense(let line): return "it said what is no message: \(BytePath(line))"
        case .failed(let error): return "its answers cannot be read: \(error.reason)"
        case .closed: break
        }
        switch end {
        case .exited(let status): return "it ended with status \(status)"
        case .killed(let signal): return "it was ended by signal \(signal)"
        }
    }

    private static func read(
        _ output: ByteReader, _ inbox: Monitor<Inbox>, _ expectation: Expectation, _ patience: Duration
    ) {
        var lines = LineBuffer()
        var silence = Duration.zero
        // In slices: a process that was suspended for an hour has waited for one of them.
        let slice = min(patience, .seconds(1))
        while true {
            guard output.descriptor.isReadable(within: Int32(slice / .milliseconds(1))) else {
                silence = expectation.isWaiting.load(ordering: .relaxed) ? silence + slice : .zero
                if silence < patience { continue }
                return inbox.change { $0.ending = .silent }
            }
            silence = .zero
            let piece: ArraySlice<UInt8>
            do throws(SystemError) { piece = try output.readSome() } catch {
                return inbox.change { $0.ending = .failed(error) }
            }
            guard !piece.isEmpty else { return inbox.change { $0.ending = .closed } }
            guard let complete = lines.append(piece) else {
                return inbox.change { $0.ending = .nonsense("a line without an end") }
            }
            var replies: [AgentReply] = []
            for line in complete {
                guard let reply = AgentWire.message(AgentReply.self, line) else {
                    let start = String(decoding: line.prefix(80), as: UTF8.self)
                    return inbox.change {
                        $0.replies += replies
                        $0.ending = .nonsense(start)
                    }
                }
                if reply.event != "alive" { replies.append(reply) }
            }
            if !replies.isEmpty { inbox.change { $0.replies += replies } }
        }
    }

    private static func write(_ input: ByteWriter, _ outbox: Monitor<Outbox>) {
        while true {
            let (bytes, isClosed): ([UInt8], Bool) = outbox.wait { outbox in
                guard !outbox.bytes.isEmpty || outbox.isClosed else { return nil }
                defer { outbox.bytes = [] }
                return (outbox.bytes, outbox.isClosed)
            }
            // An agent that has closed its end says so, or its death does, on the other pipe.
            guard (try? input.descriptor.write(bytes)) != nil, !isClosed else { return }
        }
    }
}
