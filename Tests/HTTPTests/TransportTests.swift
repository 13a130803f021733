import HTTP
import Platform
import TestSupport
import XCTest

/// What stands between us and the server: encryption, proxies, and who is watching.
final class TransportTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    private func client(_ change: (inout HTTPClient.Options) -> Void = { _ in }) -> HTTPClient {
        var options = HTTPClient.Options()
        change(&options)
        return HTTPClient(options)
    }

    private func failure(_ client: HTTPClient, _ url: String) -> HTTPError? {
        do throws(HTTPError) {
            let status = try client.perform(HTTPRequest(.get, url)).status
            XCTFail("\(status) instead of an error")
            return nil
        } catch {
            return error
        }
    }

    func testPrivateAuthorityIsTrustedWhereItIsNamed() throws {
        let authority = try PrivateAuthority()
        let server = try TestServer(tls: authority)
        let trusting = client { $0.certificates = authority.authority }
        for host in ["127.0.0.1", "localhost"] {
            XCTAssertEqual(try trusting.perform(HTTPRequest(.get, server.url("/bytes/100000", host: host))).body.count, 100_000)
        }
        let error = failure(client(), server.url("/"))
        XCTAssertEqual(error?.kind, .tls)
        XCTAssertEqual(error?.isTransient, false)
        XCTAssertTrue(error?.message.hasPrefix("no trusted connection to '127.0.0.1:\(server.port)': ") == true)
        XCTAssertEqual(failure(client { $0.certificates = "/nonexistent/ca.pem" }, server.url("/"))?.kind, .tls)
    }

    func testCertificateOfAnotherHostIsRefused() throws {
        let authority = try PrivateAuthority(names: "DNS:elsewhere.example")
        let server = try TestServer(tls: authority)
        XCTAssertEqual(failure(client { $0.certificates = authority.authority }, server.url("/"))?.kind, .tls)
    }

    func testEncryptedBodiesGoBothWays() throws {
        let authority = try PrivateAuthority()
        let server = try TestServer(tls: authority)
        let client = client { $0.certificates = authority.authority }
        let request = HTTPRequest(.put, server.url("/echo"), body: .bytes([UInt8](repeating: 0, count: 30_000_000)))
        XCTAssertTrue(try client.perform(request).text.contains("\r\n\r\n30000000 "))
        var received = 0
        _ = try client.stream(HTTPRequest(.get, server.url("/bytes/50000000")), failure: { $0 }) {
            (_, piece) throws(HTTPError) in received += piece.count
        }
        XCTAssertEqual(received, 50_000_000)
    }

    func testProxyOfTheEnvironmentIsUsed() throws {
        let proxy = try TestServer()
        let server = try TestServer()
        let variables: [String: BytePath?] = [
            "http_proxy": BytePath(proxy.url("")), "https_proxy": BytePath(proxy.url("")), "no_proxy": nil, "NO_PROXY": nil,
        ]
        try TestProcess.with(variables) {
            let text = try HTTPClient().perform(HTTPRequest(.get, server.url("/x//%2F?y"))).text
            XCTAssertTrue(text.hasPrefix("proxied GET \(server.url("/x//%2F?y")) HTTP/1.1\r\n"), text)
            XCTAssertEqual(try client { $0.proxy = "" }.perform(HTTPRequest(.get, server.url("/"))).text, "")
        }
        try TestProcess.with(variables.merging(["no_proxy": "127.0.0.1"]) { $1 }) {
            XCTAssertEqual(try HTTPClient().perform(HTTPRequest(.get, server.url("/"))).text, "")
        }
    }

    func testEncryptedConnectionGoesThroughTheProxysTunnel() throws {
        let proxy = try TestServer()
        let authority = try PrivateAuthority()
        let server = try TestServer(tls: authority)
        let through = client {
            $0.certificates = authority.authority
            $0.proxy = proxy.url("")
        }
        let response = try through.perform(HTTPRequest(.get, server.url("/bytes/10")))
        XCTAssertEqual(response.body.count, 10)
        XCTAssertNil(response.headers["x-tunnel"])
        XCTAssertEqual(try proxy.facts()["tunnels"], 1)
        for (status, isTransient) in [(403, false), (407, false), (502, true), (503, true)] {
            let error = failure(through, "https://\(status).refused.test/")
            XCTAssertEqual(error?.kind, .proxy, "\(String(describing: error))")
            XCTAssertEqual(error?.isTransient, isTransient)
        }
        XCTAssertEqual(failure(client { $0.proxy = "http://no-such-host.invalid:3128" }, server.url("/"))?.kind, .proxy)
    }

    func testProxyThatIsNoURLIsNotRepeated() throws {
        let server = try TestServer()
        for proxy in ["ftp://me:hidden@h:1", "http://me:hidden@h:port", "http://me:hidden@[::1", "http://me:hidden"] {
            let error = failure(client { $0.proxy = proxy }, server.url("/"))
            XCTAssertNotNil(error, proxy)
            XCTAssertFalse(error?.message.contains("hidden") ?? false, error?.message ?? "")
        }
    }

    func testTraceTellsEverythingButSecrets() throws {
        let server = try TestServer()
        let watched = Lines()
        let client = client { $0.trace = { line in watched.add(line) } }
        let reply = "HTTP/1.1 307 No\r\nLocation: http://h/?X-Amz-Signature=hidden5\r\nSet-Cookie: hidden6\r\nX-Said: Signature=hidden8, Basic hidden9\r\nX: a\u{1b}[31m\r\nContent-Length: 0\r\n\r\n"
        var request = HTTPRequest(
            .put, server.url("/a?X-Amz-Signature=hidden1&prefix=shown1").replacingOccurrences(of: "//", with: "//me:hidden2@"),
            reply: reply)
        request.headers.append("Authorization", "AWS4-HMAC-SHA256 hidden3")
        request.headers.append("x-amz-security-token", "hidden4")
        request.headers.append("x-amz-date", "shown2")
        request.body = .bytes([1, 2])
        _ = try client.perform(request)
        _ = try? client.perform(HTTPRequest(.get, "http://127.0.0.1:1/?X-Amz-Security-Token=hidden7"))
        let text = watched.all.joined(separator: "\n")
        XCTAssertFalse(text.contains("hidden"), text)
        XCTAssertFalse(text.contains("\u{1b}"), text)
        for expected in [
            "> PUT http://***@127.0.0.1:\(server.port)/a?X-Amz-Signature=***&prefix=shown1 (2 bytes)", "> Authorization: ***",
            "> x-amz-date: shown2", "< 307 PUT http://***@127", "< Location: http://h/?X-Amz-Signature=***", "! cannot connect to",
        ] {
            XCTAssertTrue(text.contains(expected), "\(expected) in \(text)")
        }
    }

    private final class Lines: Sendable {
        private let monitor = Monitor<[String]>([])
        var all: [String] { monitor.change { $0 } }
        func add(_ line: String) { monitor.change { $0.append(line) } }
    }
}
