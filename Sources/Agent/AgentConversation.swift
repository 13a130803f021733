import Digest
import Platform
import Remote
import Transfer

/// The agent's side of the protocol: lines in, what is to be done out, and no effects. It knows what may
/// be said when, and what the words mean under the terms that `init` set.
package struct AgentConversation: Sendable {
    /// What a client wants when it begins.
    package struct Terms: Equatable, Sendable {
        /// Whether both ends know our extension; otherwise Git LFS is at the other one.
        package var isExtended = false
        /// The remote's URL, where `init` has it.
        package var url: BytePath?
        package var mayCreate = false
        /// The folder for partial downloads; without it the agent finds one.
        package var incoming: BytePath?
        /// How many transfers may run at once, where the client has a wish.
        package var transfers: Int?
        /// Whether the client's user wants to see what is asked of the remote.
        package var isVerbose = false
        /// Whether there is no remote, and files of web servers and buckets are asked for.
        package var isForSources = false

        package init() {}
    }

    /// What is to be fetched.
    package struct SourceOrder: Equatable, Sendable {
        /// With whatever secrets it takes.
        package var url: BytePath
        /// Of the version that is known.
        package var etag: String?
        package var modified: String?
        package var byteCount: Int64?
        /// Whether it is only asked whether there is another version.
        package var isCheck = false

        package init(url: BytePath) { self.url = url }
    }

    /// Work on the remote.
    package enum Job: Equatable, Sendable {
        case upload(ObjectID, byteCount: Int64, from: BytePath)
        /// The agent chooses a path where `to` is nil.
        case download(ObjectID, byteCount: Int64, to: BytePath?)
        case exists(id: Int, [ObjectID])
        case list(id: Int)
        case delete(ObjectID)
        case examine(id: Int)
        case unfinished(id: Int)
        case abort(id: Int, olderThan: Int64)
        /// The content goes to the file.
        case read(id: Int, DocumentName, to: BytePath)
        /// The content comes from the file.
        case create(id: Int, DocumentName, from: BytePath)
        case remove(id: Int, DocumentName)
        case documents(id: Int, in: DocumentName)
        /// A file of a web server or a bucket goes to the file.
        case fetch(id: Int, SourceOrder, to: BytePath)
    }

    package enum Action: Equatable, Sendable {
        case open(Terms)
        case perform(Job)
        case answer(AgentReply)
        /// The client has done.
        case end
        /// The client does not speak this protocol. The text says why, for a person.
        case breakOff(String)
    }

    private var terms: Terms?

    package init() {}

    /// Takes one line.
    package mutating func receive(_ line: [UInt8]) -> Action {
        guard let request = AgentWire.message(AgentRequest.self, line) else {
            return .breakOff("not a message: \(BytePath(bytes: line.prefix(80)))")
        }
        if request.event == "terminate" { return .end }
        guard let terms else {
            guard request.event == "init" else { return .breakOff("'init' was expected, not \(BytePath(request.event))") }
            return begin(request)
        }
        switch job(request, terms) {
        case .some(let job): return .perform(job)
        case nil: return .answer(Self.refusal(of: request))
        }
    }

    private mutating func begin(_ request: AgentRequest) -> Action {
        var terms = Terms()
        if let ours = request.gitData, ours.version >= 1 {
            terms.isExtended = true
            terms.url = ours.url.flatMap { AgentPath.decode($0) }
            terms.incoming = ours.incoming.flatMap { AgentPath.decode($0) }
            terms.mayCreate = ours.create ?? false
            terms.transfers = ours.transfers
            terms.isVerbose = ours.verbose ?? false
            terms.isForSources = ours.sources ?? false
        } else {
            // Git LFS starts as many agents as it wants transfers, and speaks with each in turn.
            terms.transfers = 1
            terms.url = request.remote.flatMap { $0.hasPrefix("/") || $0.contains("://") ? BytePath($0) : nil }
        }
        self.terms = terms
        return .open(terms)
    }

    private func job(_ request: AgentRequest, _ terms: Terms) -> Job? {
        let oid = request.oid.flatMap { ObjectID($0) }
        let byteCount = request.size.flatMap { $0 >= 0 ? $0 : nil }
        switch request.event {
        case "upload":
            guard let oid, let byteCount, let path = path(request, terms) else { return nil }
            return .upload(oid, byteCount: byteCount, from: path)
        case "download":
            guard let oid, let byteCount else { return nil }
            guard terms.isExtended else { return .download(oid, byteCount: byteCount, to: nil) }
            return path(request, terms).map { .download(oid, byteCount: byteCount, to: $0) }
        case "exists" where terms.isExtended:
            guard let id = request.id, let oids = request.oids?.map({ ObjectID($0) }), !oids.contains(nil) else {
                return nil
            }
            return .exists(id: id, oids.compactMap { $0 })
        case "list" where terms.isExtended:
            return request.id.map { .list(id: $0) }
        case "delete" where terms.isExtended:
            return oid.map { .delete($0) }
        case "examine" where terms.isExtended:
            return request.id.map { .examine(id: $0) }
        case "unfinished" where terms.isExtended:
            return request.id.map { .unfinished(id: $0) }
        case "abort" where terms.isExtended:
            guard let id = request.id, let age = request.age, age >= 0 else { return nil }
            return .abort(id: id, olderThan: age)
        case "fetch" where terms.isForSources:
            guard let id = request.id, let path = path(request, terms), let source = request.source,
                let url = AgentPath.decode(source.url)
            else { return nil }
            var order = SourceOrder(url: url)
            order.etag = source.etag
            order.modified = source.modified
            order.byteCount = source.size
            order.isCheck = source.checksOnly ?? false
            return .fetch(id: id, order, to: path)
        default:
            return terms.isExtended ? documentJob(request, terms) : nil
        }
    }

    private func documentJob(_ request: AgentRequest, _ terms: Terms) -> Job? {
        guard let id = request.id, let name = request.name.flatMap({ DocumentName($0) }) else { return nil }
        switch request.event {
        case "read": return path(request, terms).map { .read(id: id, name, to: $0) }
        case "create": return path(request, terms).map { .create(id: id, name, from: $0) }
        case "remove": return .remove(id: id, name)
        case "documents": return .documents(id: id, in: name)
        default: return nil
        }
    }

    private func path(_ request: AgentRequest, _ terms: Terms) -> BytePath? {
        guard let text = request.path else { return nil }
        return terms.isExtended ? AgentPath.decode(text) : BytePath(text)
    }

    /// What a request gets that is incomplete or not known: the client decides what that means, and a newer
    /// one may well go on.
    private static func refusal(of request: AgentRequest) -> AgentReply {
        let fault = AgentFault(message: "the request \(BytePath(request.event)) is not known or not complete")
        let event = request.oid == nil ? request.event : "complete"
        return AgentReply(event: event, oid: request.oid, error: fault, id: request.id)
    }
}
