import Platform
import Remote
import Transfer

/// Answers requests about documents, whose contents are handed over in files.
struct DocumentWorker: Sendable {
    let remote: any Remote
    let board: ReplyBoard

    func perform(_ job: AgentConversation.Job) {
        switch job {
        case .read(let id, let name, let file):
            answer("read", id) { () throws(RemoteError) in
                guard let content = try remote.read(name) else { return AgentReply(event: "read", id: id, isDone: false) }
                do throws(SystemError) { try file.replaceContents(with: content, permissions: 0o600) } catch {
                    throw RemoteError(error, "write", file)
                }
                return AgentReply(event: "read", id: id, isDone: true)
            }
        case .create(let id, let name, let file):
            answer("create", id) { () throws(RemoteError) in
                let content: [UInt8]?
                do throws(SystemError) { content = try file.contents() } catch { throw RemoteError(error, "read", file) }
                guard let content else { throw RemoteError(.absent, "'\(file)' is not there") }
                return AgentReply(event: "create", id: id, isDone: try remote.create(name, content))
            }
        case .remove(let id, let name):
            answer("remove", id) { () throws(RemoteError) in
                try remote.remove(name)
                return AgentReply(event: "remove", id: id, isDone: true)
            }
        case .documents(let id, let folder):
            answer("documents", id) { () throws(RemoteError) in
                AgentReply(event: "documents", id: id, names: try remote.documents(in: folder).map(\.text))
            }
        default: break
        }
    }

    private func answer(_ event: String, _ id: Int, _ body: () throws(RemoteError) -> AgentReply) {
        do throws(RemoteError) { board.say(try body()) } catch {
            board.say(AgentReply(event: event, error: AgentFault(error), id: id))
        }
    }
}
