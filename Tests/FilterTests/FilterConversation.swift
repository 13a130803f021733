import Filter
import Git
import Glibc
import Platform
import Repository
private import Synchronization
import TestSupport

/// A conversation with a `FilterProcess` that runs on a thread of its own, in Git's place.
final class FilterConversation {
    struct Answer: Equatable {
        var status: String
        var content: [UInt8] = []
    }

    private final class Ending: Sendable {
        let failure = Mutex<FilterError?>(nil)
        let notices = Mutex<[FilterNotice]>([])
    }

    private let ending = Ending()
    private var thread: WorkerThread?
    private var writer: PktLineWriter?
    private let reader: PktLineReader

    /// - Parameter capabilities: what is offered at once; nil leaves the handshake to the test.
    init(_ repository: Repository, capabilities: [String]? = ["clean", "smudge", "delay"]) throws {
        let (filterInput, toFilter) = try Self.pipe()
        let (fromFilter, filterOutput) = try Self.pipe()
        writer = PktLineWriter(Descriptor(owning: toFilter))
        reader = PktLineReader(Descriptor(owning: fromFilter))
        let ending = self.ending
        thread = WorkerThread {
            let process = FilterProcess(
                repository, input: Descriptor(owning: filterInput), output: Descriptor(owning: filterOutput),
                report: { notice in ending.notices.withLock { $0.append(notice) } })
            do throws(FilterError) { try process.run() } catch { ending.failure.withLock { $0 = error } }
        }
        guard let capabilities else { return }
        try sendList(["git-filter-client", "version=2"])
        _ = try readList()
        try sendList(capabilities.map { "capability=\($0)" })
        _ = try readList()
    }

    deinit {
        writer = nil
        thread.take()?.join()
    }

    private static func pipe() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError.last("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    // MARK: the wire

    /// Writes what no good peer writes.
    func sendRaw(_ write: (PktLineWriter) throws -> Void) throws {
        if let writer {
            try write(writer)
            try writer.flush()
        }
    }

    func sendList(_ lines: [String]) throws {
        try sendList(lines.map { Array($0.utf8) })
    }

    func sendList(_ lines: [[UInt8]]) throws {
        for line in lines { try writer?.writeLine(line) }
        try writer?.writeFlush()
        try writer?.flush()
    }

    func sendContent(_ content: [UInt8]) throws {
        try content.withUnsafeBytes { try writer?.write(content: $0) }
        try writer?.writeFlush()
        try writer?.flush()
    }

    /// The lines up to a flush; nil at the end of the stream.
    func readList() throws -> [String]? {
        try readBytes().map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    func readBytes() throws -> [[UInt8]]? { try reader.readLines() }

    func readContent() throws -> [UInt8] {
        var content: [UInt8] = []
        while case .data(let bytes) = try reader.next() { content += bytes }
        return content
    }

    // MARK: requests

    /// Asks for one file, as Git does.
    func ask(
        _ command: String, _ path: BytePath, _ content: [UInt8], canDelay: Bool = false, extra: [String] = []
    ) throws -> Answer {
        var lines = ["command=\(command)"].map { Array($0.utf8) }
        lines.append(Array("pathname=".utf8) + path.bytes)
        if canDelay { lines.append(Array("can-delay=1".utf8)) }
        try sendList(lines + extra.map { Array($0.utf8) })
        try sendContent(content)
        return try readAnswer()
    }

    func readAnswer() throws -> Answer {
        var status = try readStatus()
        guard status == "success" else { return Answer(status: status) }
        let content = try readContent()
        let final = try readList() ?? ["the end"]
        if let last = final.last { status = last.replacing("status=", with: "") }
        return Answer(status: status, content: content)
    }

    func readStatus() throws -> String {
        (try readList() ?? ["the end"]).joined(separator: ",").replacing("status=", with: "")
    }

    func listAvailable() throws -> [BytePath] {
        try sendList(["command=list_available_blobs"])
        let key = Array("pathname=".utf8)
        let paths = try readBytes()?.filter { $0.starts(with: key) }.map { BytePath(bytes: $0.dropFirst(key.count)) }
        let status = try readStatus()
        return status == "success" ? paths ?? [] : [BytePath("status was \(status)")]
    }

    /// Closes the stream, waits for the filter's end, and gives what it ended with.
    func finish() -> FilterError? {
        writer = nil
        thread.take()?.join()
        return ending.failure.withLock { $0 }
    }

    /// What a person was told so far; all of it after `finish`.
    var notices: [FilterNotice] { ending.notices.withLock { $0 } }

    /// The files left as pointers, of all notices, with their reasons as words.
    var leftAsPointers: [BytePath: String] {
        var left: [BytePath: String] = [:]
        for case .leftAsPointers(let files) in notices {
            for file in files.files { left[file.path] = Self.name(file.reason) }
        }
        return left
    }

    private static func name(_ reason: PointerReason) -> String {
        switch reason {
        case .noRemote: "noRemote"
        case .transfer: "transfer"
        case .failed(let failure): "failed \(failure.kind)"
        case .damaged(let kept): "damaged, kept as \(kept.lastComponent)"
        case .store: "store"
        case .large: "large"
        case .lazy: "lazy"
        case .extended: "extended"
        }
    }
}
