import Glibc
import Platform
import Remote

@testable import S3

/// Exchanges over plain sockets, as simple as can be: what tests need to speak with a local server, to see
/// each request, and to spoil some.
final class SocketExchange: WebExchange {
    /// What is done to a request instead of, or around, the real exchange.
    enum Fault: Sendable {
        /// Nobody answers.
        case refused
        /// An answer of the test's own.
        case answer(WebResponse)
        /// The request is made and its answer lost.
        case lost
        /// The request is made and its answer's body cut after so many bytes.
        case cut(Int)
    }

    private let idle = Monitor<[Int32]>([])
    private let log = Monitor<[WebRequest]>([])
    private let fault: @Sendable (WebRequest) -> Fault?
    /// The address that all requests go to, whatever their host.
    private let port: UInt16

    init(port: UInt16, fault: @escaping @Sendable (WebRequest) -> Fault? = { _ in nil }) {
        self.port = port
        self.fault = fault
    }

    deinit {
        for socket in idle.change({ $0 }) { close(socket) }
    }

    var requests: [WebRequest] { log.change { $0 } }
    /// As in `PUT /bucket/key?query`.
    var lines: [String] { requests.map { "\($0.method) \(Self.target($0.url))" } }

    static func target(_ url: String) -> String {
        "/" + url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)[2].drop { $0 != "/" }.dropFirst()
    }

    func exchange(
        _ request: WebRequest, _ cancellation: Cancellation, sent: (@Sendable (Int) -> Void)?,
        receive: (WebResponse, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) -> WebResponse {
        if cancellation.isCancelled { throw RemoteError(.interrupted, "called off") }
        log.change { $0.append(request) }
        let gone = RemoteError(.unreachable, "the connection broke", isTransient: true)
        let fault = fault(request)
        switch fault {
        case .refused: throw gone
        case .answer(let response):
            var failure: RemoteError?
            response.body.withUnsafeBytes { buffer in
                guard response.isSuccess else { return }
                do throws(RemoteError) { try receive(response, buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            return response
        default: break
        }
        guard let socket = idle.change({ $0.popLast() }) ?? connect() else { throw gone }
        var isSound = false
        defer { if isSound { idle.change { $0.append(socket) } } else { close(socket) } }
        try write(request, to: socket, sent, cancellation, gone)
        var input = Input(socket: socket, gone: gone)
        var response = try head(&input)
        var rest = response.headers["content-length"].flatMap { Int($0) }
        if request.method == "HEAD" || response.status == 204 { rest = 0 }
        guard var rest else { throw gone }
        var budget = Int.max
        if case .cut(let count) = fault { budget = count }
        if case .lost = fault { throw gone }
        while rest > 0 {
            if cancellation.isCancelled { throw RemoteError(.interrupted, "called off") }
            let piece = try input.take(min(rest, 64 << 10, max(1, budget)))
            rest -= piece.count
            if response.isSuccess {
                var failure: RemoteError?
                piece.withUnsafeBytes { buffer in
                    do throws(RemoteError) { try receive(response, buffer) } catch { failure = error }
                }
                if let failure { throw failure }
            } else {
                response.body += piece
            }
            budget -= piece.count
            if budget <= 0 { throw gone }
        }
        isSound = response.headers["connection"]?.lowercased() != "close"
        return response
    }

    private func connect() -> Int32? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 { return number }
        close(number)
        return nil
    }

    private func write(
        _ request: WebRequest, to socket: Int32, _ sent: (@Sendable (Int) -> Void)?, _ cancellation: Cancellation, _ gone: RemoteError
    ) throws(RemoteError) {
        let authority = request.url.split(separator: "/")[1]
        var head = "\(request.method) \(Self.target(request.url)) HTTP/1.1\r\nHost: \(authority)\r\n"
        for (name, value) in request.headers { head += "\(name): \(value)\r\n" }
        if request.method == "PUT" || request.method == "POST" { head += "Content-Length: \(request.body.byteCount)\r\n" }
        func put(_ bytes: [UInt8]) throws(RemoteError) {
            var offset = 0
            while offset < bytes.count {
                let count = bytes[offset...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { throw gone }
                offset += count
            }
        }
        try put(Array((head + "\r\n").utf8))
        switch request.body {
        case .none: break
        case .bytes(let bytes): try put(bytes)
        case .file(let file, var offset, let byteCount):
            let end = offset + byteCount
            while offset < end {
                if cancellation.isCancelled { throw RemoteError(.interrupted, "called off") }
                var piece = [UInt8](repeating: 0, count: Int(min(64 << 10, end - offset)))
                let count = piece.withUnsafeMutableBytes { (try? file.descriptor.read(into: $0, at: offset)) ?? 0 }
                guard count > 0 else { throw gone }
                try put(Array(piece.prefix(count)))
                sent?(count)
                offset += Int64(count)
            }
        }
    }

    private func head(_ input: inout Input) throws(RemoteError) -> WebResponse {
        let start = try input.line().split(separator: " ", maxSplits: 2)
        guard start.count > 1, let status = Int(start[1]) else { throw input.gone }
        var response = WebResponse(status: status)
        while true {
            let line = try input.line()
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { throw input.gone }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            response.headers[line[..<colon].lowercased()] = String(value)
        }
        return status == 100 ? try head(&input) : response
    }

    private struct Input {
        let socket: Int32
        let gone: RemoteError
        var buffer: [UInt8] = []

        init(socket: Int32, gone: RemoteError) {
            self.socket = socket
            self.gone = gone
        }

        mutating func fill() throws(RemoteError) {
            var piece = [UInt8](repeating: 0, count: 64 << 10)
            let count = piece.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { throw gone }
            buffer += piece.prefix(count)
        }

        mutating func line() throws(RemoteError) -> String {
            while true {
                if let end = buffer.firstIndex(of: 10) {
                    let line = buffer[..<end].filter { $0 != 13 }
                    buffer.removeFirst(end + 1)
                    return String(decoding: line, as: UTF8.self)
                }
                try fill()
            }
        }

        /// At most so many bytes, and at least one.
        mutating func take(_ count: Int) throws(RemoteError) -> [UInt8] {
            if buffer.isEmpty { try fill() }
            let piece = Array(buffer.prefix(count))
            buffer.removeFirst(piece.count)
            return piece
        }
    }
}
