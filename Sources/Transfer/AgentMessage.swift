import Digest
import Platform

// The messages of the agent protocol, one JSON object on a line each. What Git LFS defines has its
// names; all else is ours and only used when both ends have named `gitData` in `init`.
//
// Spec: git-lfs, docs/custom-transfers.md, "Protocol".

/// What the client asks of the agent.
package struct AgentRequest: Codable, Equatable, Sendable {
    /// `init`, `upload`, `download`, `terminate`; ours: `exists`, `list`, `delete`, `examine`, `unfinished`,
    /// `read`, `create`, `remove`, `documents`, `abort` and `fetch`.
    package var event: String
    /// `init`: what will be asked for, `upload` or `download`. Ours may do both, and says `upload`.
    package var operation: String?
    /// `init`: the Git remote's name, or its URL where it has no name.
    package var remote: String?
    /// `init`: how many transfers Git LFS would like to run at once, in as many processes.
    package var concurrenttransfers: Int?
    package var gitData: AgentExtension?
    package var oid: String?
    /// The blob's length.
    package var size: Int64?
    /// `upload`: the file to send. `download`, ours: where the verified blob is to be put.
    package var path: String?
    /// Ours: a number that the answers to our own questions bear.
    package var id: Int?
    /// `exists`: the blobs in question.
    package var oids: [String]?
    /// `read`, `create`, `remove`: the document, whose content is in the file `path`. `documents`: the folder.
    package var name: String?
    /// `abort`: of unfinished uploads, those begun longer ago than this, in seconds.
    package var age: Int64?
    /// `fetch`: what is to be brought into the file `path`.
    package var source: AgentSource?

    package init(
        event: String, operation: String? = nil, remote: String? = nil, concurrenttransfers: Int? = nil,
        gitData: AgentExtension? = nil, oid: String? = nil, size: Int64? = nil, path: String? = nil, id: Int? = nil,
        oids: [String]? = nil, name: String? = nil, age: Int64? = nil, source: AgentSource? = nil
    ) {
        self.event = event
        self.operation = operation
        self.remote = remote
        self.concurrenttransfers = concurrenttransfers
        self.gitData = gitData
        self.oid = oid
        self.size = size
        self.path = path
        self.id = id
        self.oids = oids
        self.name = name
        self.age = age
        self.source = source
    }
}

/// The extension that both ends have to name: many transfers in flight, answered in any order, with
/// questions about the remote, and paths as `AgentPath` writes them.
package struct AgentExtension: Codable, Equatable, Sendable {
    package static let version = 1

    package var version = AgentExtension.version
    /// The remote's URL, as `AgentPath` writes it.
    package var url: String?
    /// Whether the remote's place may be made.
    package var create: Bool?
    /// The folder for partial downloads, as `AgentPath` writes it.
    package var incoming: String?
    /// How many transfers may run at once; the agent decides where this is missing.
    package var transfers: Int?
    /// Whether the agent says on standard error what it asks of the remote.
    package var verbose: Bool?
    /// Whether there is no remote, and only `fetch` is asked.
    package var sources: Bool?

    package init(
        url: String? = nil, create: Bool? = nil, incoming: String? = nil, transfers: Int? = nil, verbose: Bool? = nil,
        sources: Bool? = nil
    ) {
        self.url = url
        self.create = create
        self.incoming = incoming
        self.transfers = transfers
        self.verbose = verbose
        self.sources = sources
    }
}

/// What the agent says.
package struct AgentReply: Codable, Equatable, Sendable {
    /// `progress`, `complete`; ours: those of our questions, and `alive`, which says nothing else. The answer to `init` has none.
    package var event: String?
    package var oid: String?
    /// `complete` of a download: where the blob is.
    package var path: String?
    package var bytesSoFar: Int64?
    package var bytesSinceLast: Int64?
    package var error: AgentFault?
    package var gitData: AgentExtension?
    /// Ours, `complete` of an upload: the remote has had the blob already.
    package var skipped: Bool?
    package var id: Int?
    /// `exists`: for each oid asked for the length of its object, -1 where there is none.
    package var sizes: [Int64]?
    /// `list`: some blobs; an answer with none is the last.
    package var blobs: [AgentBlob]?
    /// `examine`: what was found; an answer without is the last.
    package var finding: AgentFinding?
    /// `unfinished`: all uploads that nobody has finished.
    package var uploads: [AgentUpload]?
    /// `read`: whether the document is there. `create`: whether this request made it.
    package var isDone: Bool?
    /// `documents`: their names.
    package var names: [String]?
    /// `abort`: how many uploads.
    package var count: Int?
    /// `fetch`: what came, or did not.
    package var receipt: AgentReceipt?

    package init(
        event: String? = nil, oid: String? = nil, path: String? = nil, bytesSoFar: Int64? = nil,
        bytesSinceLast: Int64? = nil, error: AgentFault? = nil, gitData: AgentExtension? = nil, skipped: Bool? = nil,
        id: Int? = nil, sizes: [Int64]? = nil, blobs: [AgentBlob]? = nil, finding: AgentFinding? = nil,
        uploads: [AgentUpload]? = nil, isDone: Bool? = nil, names: [String]? = nil,
        count: Int? = nil, receipt: AgentReceipt? = nil
    ) {
        self.event = event
        self.oid = oid
        self.path = path
        self.bytesSoFar = bytesSoFar
        self.bytesSinceLast = bytesSinceLast
        self.error = error
        self.gitData = gitData
        self.skipped = skipped
        self.id = id
        self.sizes = sizes
        self.blobs = blobs
        self.finding = finding
        self.uploads = uploads
        self.isDone = isDone
        self.names = names
        self.count = count
        self.receipt = receipt
    }
}

/// Something that was found out about a remote: the raw values of a `RemoteFinding`.
package struct AgentFinding: Codable, Equatable, Sendable {
    package var subject: String
    package var outcome: String
    package var message: String

    package init(subject: String, outcome: String, message: String) {
        self.subject = subject
        self.outcome = outcome
        self.message = message
    }
}

/// An upload that nobody has finished.
package struct AgentUpload: Codable, Equatable, Sendable {
    package var oid: String?
    /// In seconds since 1970.
    package var begun: Int64?

    package init(oid: String?, begun: Int64?) {
        self.oid = oid
        self.begun = begun
    }
}

/// A blob in a list.
package struct AgentBlob: Codable, Equatable, Sendable {
    package var oid: String
    package var size: Int64

    package init(oid: String, size: Int64) {
        self.oid = oid
        self.size = size
    }
}

/// Why something was not done.
package struct AgentFault: Codable, Equatable, Sendable {
    /// A number for Git LFS, which only prints it.
    package var code: Int
    package var message: String
    /// Ours: the raw value of a `RemoteError.Kind`.
    package var kind: String?

    package init(code: Int = 1, message: String, kind: String? = nil) {
        self.code = code
        self.message = message
        self.kind = kind
    }
}

/// Paths and URLs in messages of the extension: `%` and every byte that is not printable ASCII as `%xx`,
/// so that names which are not UTF-8 arrive as they left.
package enum AgentPath {
    package static func encode(_ path: BytePath) -> String {
        if path.bytes.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "%") }) { return path.text }
        var text = ""
        for byte in path.bytes {
            if (0x21...0x7e).contains(byte), byte != UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
        return text
    }

    /// - Returns: nil where a `%` is not followed by two hexadecimal digits.
    package static func decode(_ text: String) -> BytePath? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return BytePath(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap({ Hexadecimal.value(ofDigit: $0) }),
                let low = rest.popFirst().flatMap({ Hexadecimal.value(ofDigit: $0) })
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return BytePath(bytes: bytes)
    }
}
