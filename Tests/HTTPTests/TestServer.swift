import Glibc
import HTTP
import Platform
import TestSupport

/// `server.py`, running until the test lets it go.
final class TestServer {
    private let process: ChildProcess
    let port: Int
    /// Connections to this port are neither made nor refused.
    let deafPort: Int
    let scheme: String

    init(tls: PrivateAuthority? = nil) throws {
        let script = BytePath(#filePath).parent / "server.py"
        var arguments: [BytePath] = ["python3", script]
        if let tls { arguments += ["--tls", tls.certificate, tls.key] }
        process = try ChildProcess("/usr/bin/env", arguments, input: .pipe, output: .pipe)
        let line = try process.output?.read(until: 10) ?? []
        let ports = String(decoding: line, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        guard ports.count == 2 else { throw Unexpected("the server has not started") }
        port = ports[0]
        deafPort = ports[1]
        scheme = tls == nil ? "http" : "https"
    }

    deinit { process.wait() }

    func url(_ path: String, host: String = "127.0.0.1") -> String { "\(scheme)://\(host):\(port)\(path)" }

    /// What the server has seen, by name.
    func facts() throws -> [String: Int] {
        let answer = try HTTPClient().perform(HTTPRequest(.get, url("/facts"))).text
        return Dictionary(uniqueKeysWithValues: answer.split(separator: " ").map { fact in
            let parts = fact.split(separator: "=")
            return (String(parts[0]), Int(parts[1]) ?? -1)
        })
    }
}

/// A certificate authority of the test's own, and a server's certificate from it, for `localhost` and 127.0.0.1.
final class PrivateAuthority {
    private let scratch: ScratchFolder
    var authority: BytePath { scratch / "ca.pem" }
    var certificate: BytePath { scratch / "server.pem" }
    var key: BytePath { scratch / "server.key" }

    init(names: String = "DNS:localhost,IP:127.0.0.1") throws {
        scratch = try ScratchFolder()
        try scratch.write("subjectAltName=\(names)\n", to: "names")
        try openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Test-CA -keyout ca.key -out ca.pem")
        try openssl("req -new -newkey rsa:2048 -nodes -subj /CN=test -keyout server.key -out server.csr")
        try openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem")
    }

    private func openssl(_ arguments: String) throws {
        let finished = try Finished(
            "/usr/bin/env", ["openssl"] + arguments.split(separator: " ").map { BytePath(String($0)) }, in: scratch.path)
        guard finished.ending.isSuccess else { throw Unexpected(String(decoding: finished.errors, as: UTF8.self)) }
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPRequest {
    /// A request that is answered with exactly `reply`.
    init(_ method: Method = .get, _ url: String, reply: String, then: String? = nil) {
        var headers: HTTPHeaders = [("X-Reply", base64(Array(reply.utf8)))]
        if let then { headers.append("X-Then", then) }
        self.init(method, url, headers: headers)
    }
}

func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for position in 0...group.count { text.append(digits[value >> (18 - 6 * position) & 63]) }
        text += repeatElement(UInt8(ascii: "="), count: 3 - group.count)
    }
    return String(decoding: text, as: UTF8.self)
}

/// A number that several threads change.
final class Counter: Sendable {
    private let monitor = Monitor(0)

    var value: Int { monitor.change { $0 } }
    func add(_ number: Int = 1) { monitor.change { $0 += number } }
    func set(_ number: Int) { monitor.change { $0 = number } }
    func wait(for enough: @escaping (Int) -> Bool) { monitor.wait { enough($0) ? () : nil } }
}

/// The most memory that this process has had, in bytes, since `reset`.
enum PeakMemory {
    static func reset() throws {
        try Descriptor.open("/proc/self/clear_refs", .write).write(Array("5".utf8))
    }

    static func byteCount() throws -> Int {
        let status = String(decoding: try BytePath("/proc/self/status").contents() ?? [], as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) << 10
    }
}
