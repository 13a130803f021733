import Platform

/// A relay before an S3 server which spoils what it is told to and counts requests: `Tests/Servers/fault-proxy`,
/// whose own text lists the rules.
package final class FaultProxy {
    /// A request that is over, as it went through.
    package struct Request: Sendable {
        package let method: String
        /// The path and the query, encoded.
        package let target: String
        /// 0 where there was no answer.
        package let status: Int
        /// The bytes of the body that came from the client.
        package let up: Int64
        /// The bytes of the answer's body that went to the client.
        package let down: Int64
        /// Whether a rule was used on it.
        package let isSpoilt: Bool
    }

    package let port: String
    private let rules: BytePath
    private let log: BytePath
    private let process: ChildProcess

    /// - Parameter name: tells several in one folder apart.
    package convenience init(before server: S3Server, _ scratch: ScratchFolder, name: String = "proxy") throws {
        try self.init(beforePort: String(server.port), scratch, name: name)
    }

    /// As above, before any server of HTTP/1.1 on this machine.
    package init(beforePort server: String, _ scratch: ScratchFolder, name: String = "proxy") throws {
        rules = try scratch.write("[]", to: BytePath("\(name).rules"))
        log = try scratch.write("", to: BytePath("\(name).log"))
        process = try ChildProcess(
            S3Server.programs / "fault-proxy", [BytePath("127.0.0.1:\(server)"), rules, log], input: .pipe)
        guard let line = try process.output?.read(until: UInt8(ascii: "\n")) else {
            throw Unexpected("the proxy did not start")
        }
        port = String(decoding: line, as: UTF8.self)
    }

    deinit {
        process.wait()
    }

    package var endpoint: String { "http://127.0.0.1:\(port)" }

    /// Sets the rules for requests from now on, as in `{"match": "PUT", "cut_up": 20000}`.
    package func set(_ rules: String...) throws {
        try self.rules.replaceContents(with: Array("[\(rules.joined(separator: ", "))]".utf8))
    }

    /// The requests so far that are over.
    package func requests() throws -> [Request] {
        let text = String(decoding: try log.contents() ?? [], as: UTF8.self)
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 6, let status = Int(fields[2]), let up = Int64(fields[3]), let down = Int64(fields[4]) else {
                return nil
            }
            return Request(
                method: fields[0], target: fields[1], status: status, up: up, down: down, isSpoilt: fields[5] == "spoilt")
        }
    }
}
