import HTTP
import Platform
import TestSupport
import XCTest

/// Servers that cut, stall, lie or are not there.
final class FailureTests: XCTestCase {
    private var server: TestServer!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        server = try TestServer()
    }

    override func tearDown() { server = nil }

    /// The error of a request that must fail.
    private func failure(_ request: HTTPRequest, _ change: (inout HTTPClient.Options) -> Void = { _ in }) -> HTTPError? {
        var options = HTTPClient.Options()
        options.patience = HTTPPatience(bytesPerSecond: 1000, stall: .milliseconds(300), answer: .milliseconds(600))
        change(&options)
        do throws(HTTPError) {
            let response = try HTTPClient(options).perform(request)
            XCTFail("\(response.status) instead of an error")
            return nil
        } catch {
            XCTAssertFalse(error.message.isEmpty)
            XCTAssertTrue(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 }, error.message)
            return error
        }
    }

    private func failure(_ reply: String, then: String? = nil) -> HTTPError? {
        failure(HTTPRequest(.get, server.url("/"), reply: reply, then: then))
    }

    func testAnswersThatEndEarlyAreCut() {
        let heads = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"]
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for reply in heads + [chunked, chunked + "5\r\nabc", chunked + "3\r\nabc\r\n"] {
            for then in ["close", "reset"] {
                let error = failure(reply, then: then)
                XCTAssertEqual(error?.kind, .cut, "\(reply) \(then) \(String(describing: error))")
                XCTAssertEqual(error?.isTransient, true)
            }
        }
    }

    func testStreamThatIsCutFailsAfterItsPieces() {
        let reply = "HTTP/1.1 206 Partial\r\nContent-Length: 10\r\n\r\n12345"
        var received: [UInt8] = []
        XCTAssertThrowsError(
            try HTTPClient().stream(HTTPRequest(.get, server.url("/"), reply: reply), failure: { $0 }) {
                (head, piece) throws(HTTPError) in
                XCTAssertEqual(head.status, 206)
                received += piece
            }
        ) { XCTAssertEqual(($0 as? HTTPError)?.kind, .cut) }
        // What came before is good.
        XCTAssertEqual(received, Array("12345".utf8))
    }

    func testGarbageIsNotHTTP() {
        for reply in ["hello\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "<html>\n", "HTTP/1.1 2x0 OK\r\n\r\n", "\0\u{1}\u{2}\r\n\r\n"] {
            XCTAssertEqual(failure(reply)?.kind, .protocolViolation, reply)
        }
    }

    func testHeadWithoutEndIsGivenUp() {
        XCTAssertEqual(failure(HTTPRequest(.get, server.url("/endless")))?.kind, .protocolViolation)
    }

    func testNobodyThere() {
        let error = failure(HTTPRequest(.get, "http://user:secret@127.0.0.1:1/path?X-Amz-Signature=abc"))
        XCTAssertEqual(error?.kind, .connect)
        XCTAssertEqual(error?.isTransient, true)
        XCTAssertTrue(error?.message.hasPrefix("cannot connect to '127.0.0.1:1': ") == true, "\(String(describing: error))")
        XCTAssertFalse(error?.message.contains("secret") == true)
        XCTAssertNotNil(error?.curlCode)
        XCTAssertEqual(failure(HTTPRequest(.get, "http://no-such-host.invalid/"))?.kind, .resolve)
    }

    func testServerThatNeverAnswersStandsStill() {
        var request = HTTPRequest(.put, server.url("/"), headers: [("X-Wait", "60")], body: .bytes([1, 2, 3]))
        let error = failure(request)
        XCTAssertEqual(error?.kind, .stalled)
        XCTAssertEqual(error?.isTransient, true)
        XCTAssertTrue(error?.message.contains("has not answered for") == true, "\(String(describing: error))")
        // Bytes that do not come are another thing than an answer that takes time.
        request.headers["X-Wait"] = "1"
        request.patience = HTTPPatience(bytesPerSecond: 1000, stall: .milliseconds(300), answer: .seconds(60))
        XCTAssertEqual(try HTTPClient().perform(request).status, 200)
    }

    func testBodiesThatStopStandStill() {
        let stalled = failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", then: "hold")
        XCTAssertEqual(stalled?.kind, .stalled)
        XCTAssertTrue(stalled?.message.contains("has stood still for") == true, "\(String(describing: stalled))")
        XCTAssertEqual(failure("HTTP/1.1 200 OK\r\nX: ", then: "hold")?.kind, .stalled)
        XCTAssertEqual(failure(HTTPRequest(.get, server.url("/bytes/1000000"), headers: [("X-Rate", "300")]))?.kind, .stalled)
        let upload = HTTPRequest(
            .put, server.url("/"), headers: [("X-Read-Rate", "100")], body: .bytes([UInt8](repeating: 0, count: 20_000_000)))
        XCTAssertEqual(failure(upload)?.kind, .stalled)
    }

    func testSlowIsNotStill() throws {
        var options = HTTPClient.Options()
        options.patience = HTTPPatience(bytesPerSecond: 1000, stall: .milliseconds(500), answer: .milliseconds(500))
        let request = HTTPRequest(.get, server.url("/bytes/20000"), headers: [("X-Rate", "15000")])
        XCTAssertEqual(try HTTPClient(options).perform(request).body.count, 20_000)
    }

    func testSlowReceiverIsNotAStandstill() throws {
        var options = HTTPClient.Options()
        options.patience = HTTPPatience(bytesPerSecond: 1000, stall: .milliseconds(200), answer: .seconds(5))
        var received = 0
        _ = try HTTPClient(options).stream(HTTPRequest(.get, server.url("/bytes/20000000")), failure: { $0 }) {
            (_, piece) throws(HTTPError) in
            if received == 0 { pause(.seconds(1)) }
            received += piece.count
        }
        XCTAssertEqual(received, 20_000_000)
    }

    func testConnectionThatIsNeverAcceptedTimesOut() throws {
        let error = failure(HTTPRequest(.get, "http://127.0.0.1:\(server.deafPort)/")) { $0.connectTimeout = .milliseconds(300) }
        XCTAssertEqual(error?.kind, .connect)
        XCTAssertEqual(error?.isTransient, true)
    }

    func testReceiverEndsTheExchange() throws {
        struct Enough: Error, Equatable { let byteCount: Int }
        let client = HTTPClient()
        XCTAssertThrowsError(
            try client.stream(HTTPRequest(.get, server.url("/bytes/1000000000")), failure: { _ in Enough(byteCount: -1) }) {
                (_, piece) throws(Enough) in
                throw Enough(byteCount: piece.count)
            }
        ) { XCTAssertGreaterThan(($0 as? Enough)?.byteCount ?? 0, 0) }
        XCTAssertEqual(try client.perform(HTTPRequest(.get, server.url("/"))).status, 200)
    }

    // MARK: calling off

    /// Each phase of an exchange, as a request that stays in it for long.
    private func phases() throws -> [String: HTTPRequest] {
        let upload = [UInt8](repeating: 0, count: 50_000_000)
        return [
            "connect": HTTPRequest(.get, "http://127.0.0.1:\(server.deafPort)/"),
            "answer": HTTPRequest(.get, server.url("/"), headers: [("X-Wait", "600")]),
            "head": HTTPRequest(.get, server.url("/"), reply: "HTTP/1.1 200 OK\r\nX: ", then: "hold"),
            "download": HTTPRequest(.get, server.url("/bytes/1000000"), headers: [("X-Rate", "1000")]),
            "upload": HTTPRequest(.put, server.url("/"), headers: [("X-Read-Rate", "1000")], body: .bytes(upload)),
        ]
    }

    func testEachPhaseCanBeCalledOff() throws {
        for (phase, request) in try phases() {
            let client = HTTPClient()
            let started = Counter()
            let outcome = Counter()
            var request = request
            let flag = Counter()
            request.isCancelled = {
                started.add()
                return flag.value > 0
            }
            let watched = request
            WorkerThread.detach {
                do throws(HTTPError) {
                    _ = try client.perform(watched)
                    outcome.set(1)
                } catch {
                    outcome.set(error.kind == .interrupted && !error.isTransient ? 2 : 3)
                }
            }
            started.wait { $0 > 3 }
            XCTAssertEqual(outcome.value, 0, phase)
            let clock = ContinuousClock.now
            flag.set(1)
            outcome.wait { $0 > 0 }
            XCTAssertEqual(outcome.value, 2, phase)
            XCTAssertLessThan(clock.duration(to: .now), .seconds(2), phase)
        }
    }

    func testAllAreCalledOffTogether() throws {
        var options = HTTPClient.Options()
        options.connectionsPerHost = 2
        let client = HTTPClient(options)
        let interrupted = Counter()
        let started = Counter()
        // Some of them still wait for a connection.
        for request in Array(try phases().values) + Array(try phases().values) {
            var request = request
            request.isCancelled = {
                started.add()
                return false
            }
            let watched = request
            WorkerThread.detach {
                do throws(HTTPError) { _ = try client.perform(watched) } catch {
                    if error.kind == .interrupted { interrupted.add() }
                }
            }
        }
        started.wait { $0 > 30 }
        client.cancelAll()
        interrupted.wait { $0 == 10 }
        XCTAssertEqual(try client.perform(HTTPRequest(.get, server.url("/"))).status, 200)
    }
}
