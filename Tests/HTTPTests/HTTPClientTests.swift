import HTTP
import Platform
import TestSupport
import XCTest

/// What is sent and what is understood, with a server that does as it is told.
final class HTTPClientTests: XCTestCase {
    private var server: TestServer!
    private let client = HTTPClient()

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        server = try TestServer()
    }

    override func tearDown() { server = nil }

    private func echo(_ request: HTTPRequest) throws -> [String] {
        try client.perform(request).text.components(separatedBy: "\r\n")
    }

    func testRequestHoldsNothingThatWasNotGiven() throws {
        let lines = try echo(HTTPRequest(.get, server.url("/echo")))
        XCTAssertEqual(
            lines, ["GET /echo HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "User-Agent: git-data/0.1.0", "", "0 \(sha256OfNothing)"])
    }

    func testHeadersAreSentAsTheyAre() throws {
        let lines = try echo(HTTPRequest(
            .put, server.url("/echo"),
            headers: [
                ("x-amz-Date", "20260102T030405Z"), ("Accept", "text/xml"), ("Empty", ""), ("Content-Type", "a/b; c=\"d e\""),
                ("X-Unicode", "é"), ("User-Agent", "other"), ("Content-Length", "7"), ("X-Amz-Date", "again"),
            ],
            body: .bytes([1, 2, 3])))
        let expected = [
            "PUT /echo HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "x-amz-Date: 20260102T030405Z", "Accept: text/xml", "Empty:",
            "Content-Type: a/b; c=\"d e\"", "X-Unicode: é", "User-Agent: other", "X-Amz-Date: again", "Content-Length: 3", "",
        ]
        XCTAssertEqual(Set(lines.dropLast()), Set(expected))
        XCTAssertEqual(lines.filter { $0.lowercased().hasPrefix("x-amz") }.count, 2)
    }

    func testURLIsSentAsItIs() throws {
        let paths = [
            "/echo/a//b", "/echo/./a/../b", "/echo/%2F%2f%7E~", "/echo/+%20%2B", "/echo/!*'();:@&=$,[]", "/echo/%C3%A9",
            "/echo?list-type=2&prefix=a%2Fb&x", "/echo?", "/echo/%zz", "/echo//", "/echo/\"<>\\^`{|}",
        ]
        for path in paths {
            XCTAssertEqual(try echo(HTTPRequest(.get, server.url(path))).first, "GET \(path) HTTP/1.1")
        }
    }

    func testWhatCannotBeSentIsRefused() throws {
        let url = server.url("/echo")
        let requests = [
            HTTPRequest(.get, "ftp://localhost/"), HTTPRequest(.get, "file:///etc/passwd"), HTTPRequest(.get, url + "/a b"),
            HTTPRequest(.get, url + "#x"), HTTPRequest(.get, url + "/é"), HTTPRequest(.get, url, headers: [("A", "b\r\nC: d")]),
            HTTPRequest(.get, url, headers: [("A: b", "c")]), HTTPRequest(.get, url, headers: [("", "c")]),
            HTTPRequest("GET / HTTP/1.1\r\n", url), HTTPRequest(.head, url, body: .bytes([1])), HTTPRequest(.get, "http://"),
            HTTPRequest(.get, "http://a:b:c/"),
        ]
        for request in requests {
            XCTAssertThrowsError(try client.perform(request), "\(request)") { error in
                XCTAssertEqual((error as? HTTPError)?.isTransient, false, "\(error)")
            }
        }
        XCTAssertEqual(try server.facts()["requests"], 1)
    }

    func testEachMethodSaysHowMuchItSends() throws {
        let url = server.url("/echo")
        XCTAssertTrue(try echo(HTTPRequest(.post, url)).contains("Content-Length: 0"))
        XCTAssertTrue(try echo(HTTPRequest(.put, url)).contains("Content-Length: 0"))
        XCTAssertTrue(try echo(HTTPRequest(.put, url, body: .bytes([]))).contains("Content-Length: 0"))
        let deletion = try echo(HTTPRequest(.delete, url))
        XCTAssertEqual(deletion.first, "DELETE /echo HTTP/1.1")
        XCTAssertFalse(deletion.contains { $0.hasPrefix("Content-Length") })
        let post = try echo(HTTPRequest(.post, url, body: .bytes(Array("abc".utf8))))
        XCTAssertTrue(post.contains("Content-Length: 3"))
        XCTAssertFalse(post.contains { $0.hasPrefix("Content-Type") || $0.hasPrefix("Expect") })
        XCTAssertEqual(post.last, "3 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        XCTAssertEqual(try echo(HTTPRequest("PATCH", url, body: .bytes([1]))).first, "PATCH /echo HTTP/1.1")
    }

    func testRangeOfFileIsSent() throws {
        let scratch = try ScratchFolder()
        let content = SampleData.bytes(3_000_000)
        let file = HTTPFile(try Descriptor.open(try scratch.write(content, to: "file"), .read))
        for (offset, byteCount) in [(0, 3_000_000), (1_000_000, 1_500_000), (2_999_999, 1), (5, 0)] {
            let body = HTTPRequest.Body.file(file, offset: Int64(offset), byteCount: Int64(byteCount))
            let sent = Counter()
            var request = HTTPRequest(.put, server.url("/echo"), body: body)
            request.onSent = { sent.set(Int($0)) }
            let expected = HTTPRequest(
                .put, server.url("/echo"), body: .bytes(Array(content[offset..<offset + byteCount])))
            XCTAssertEqual(try echo(request).last, try echo(expected).last)
            XCTAssertEqual(sent.value, byteCount)
        }
    }

    func testFileThatHasBecomeShorterIsNamed() throws {
        let scratch = try ScratchFolder()
        let file = HTTPFile(try Descriptor.open(try scratch.write([1, 2, 3], to: "file"), .read))
        let request = HTTPRequest(.put, server.url("/echo"), body: .file(file, offset: 1, byteCount: 3))
        XCTAssertThrowsError(try client.perform(request)) { error in
            XCTAssertEqual((error as? HTTPError)?.kind, .source)
            XCTAssertEqual((error as? HTTPError)?.isTransient, false)
        }
    }

    private func answer(_ reply: String, _ method: HTTPRequest.Method = .get, then: String? = nil) throws -> HTTPResponse {
        // A client of its own: the server does not serve on where it is told to do nothing more.
        try HTTPClient().perform(HTTPRequest(method, server.url("/"), reply: reply, then: then))
    }

    func testOddHeadsAreUnderstood() throws {
        let head = try answer(
            "HTTP/1.1 200\r\nA: 1\r\na:2 \r\nEmpty:\r\nFolded: one\r\n  two\r\n\tthree\r\nETag: \"x:y\"\r\nContent-Length: 2\r\n\r\nhi")
        XCTAssertEqual(head.status, 200)
        XCTAssertEqual(head.headers["A"], "2")
        XCTAssertEqual(head.headers.all("a"), ["1", "2"])
        XCTAssertEqual(head.headers["empty"], "")
        XCTAssertEqual(head.headers["FOLDED"], "one two three")
        XCTAssertEqual(head.headers["etag"], "\"x:y\"")
        XCTAssertNil(head.headers["b"])
        XCTAssertEqual(head.text, "hi")
    }

    func testInterimAnswersAndTrailersAreNotTheHead() throws {
        let chunked = try answer(
            "HTTP/1.1 102 Wait\r\nX: interim\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nY: 1\r\n\r\n"
                + "3\r\nabc\r\n2;extension=1\r\nde\r\n0\r\nY: trailer\r\n\r\n", then: "keep")
        XCTAssertEqual(chunked.text, "abcde")
        XCTAssertNil(chunked.headers["X"])
        XCTAssertEqual(chunked.headers.all("Y"), ["1"])
    }

    func testAnswersWithoutBodyEndAtOnce() throws {
        let length = "Content-Length: 1000\r\n"
        XCTAssertEqual(try answer("HTTP/1.1 200 OK\r\n\(length)\r\n", .head, then: "hold").headers["content-length"], "1000")
        XCTAssertEqual(try answer("HTTP/1.1 204 No\r\n\r\n", .delete, then: "hold").status, 204)
        XCTAssertEqual(try answer("HTTP/1.1 304 Same\r\n\(length)\r\n", then: "hold").status, 304)
        XCTAssertEqual(try answer("HTTP/1.1 404 No\r\n\(length)\r\n", .head, then: "hold").status, 404)
    }

    func testRedirectIsNotFollowed() throws {
        let moved = try answer(
            "HTTP/1.1 307 Moved\r\nLocation: \(server.url("/echo"))\r\nx-amz-bucket-region: eu-west-1\r\nContent-Length: 4\r\n\r\nmove")
        XCTAssertEqual(moved.status, 307)
        XCTAssertEqual(moved.headers["location"], server.url("/echo"))
        XCTAssertEqual(moved.text, "move")
        XCTAssertEqual(try server.facts()["requests"], 2)
    }

    func testBodyIsNotDecoded() throws {
        XCTAssertEqual(try answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc").text, "abc")
    }

    func testRefusalIsAnAnswerWithoutReceiver() throws {
        let request = HTTPRequest(.get, server.url("/"), reply: "HTTP/1.1 503 Slow\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nslow")
        let response = try client.stream(request, failure: { $0 }) { (_, _) throws(HTTPError) in XCTFail("a piece of a refusal") }
        XCTAssertEqual(response.status, 503)
        XCTAssertEqual(response.headers["retry-after"], "3")
        XCTAssertEqual(response.text, "slow")
    }

    func testLongRefusalIsCutShort() throws {
        let long = String(repeating: "x", count: 300_000)
        let response = try answer("HTTP/1.1 500 Error\r\nContent-Length: 9999999999\r\n\r\n" + long, then: "hold")
        XCTAssertEqual(response.status, 500)
        XCTAssertEqual(response.body.count, HTTPClient.refusalLimit)
    }

    func testBodyBeyondTheLimitIsAnError() throws {
        let url = server.url("/bytes/1000")
        XCTAssertEqual(try client.perform(HTTPRequest(.get, url), bodyLimit: 1000).body.count, 1000)
        XCTAssertThrowsError(try client.perform(HTTPRequest(.get, url), bodyLimit: 999)) {
            XCTAssertEqual(($0 as? HTTPError)?.kind, .tooLarge)
        }
    }

    func testConnectionIsKept() throws {
        let numbers = try (0..<20).map { _ in try client.perform(HTTPRequest(.get, server.url("/"))).headers["x-connection"] }
        XCTAssertEqual(Set(numbers).count, 1)
    }

    func testRequestOnAClosedConnectionIsSentAnew() throws {
        for _ in 0..<5 {
            let reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
            var request = HTTPRequest(.put, server.url("/"), reply: reply)
            request.body = .bytes([UInt8](repeating: 7, count: 100_000))
            XCTAssertEqual(try client.perform(request).text, "ok")
        }
    }

    func testExpectationIsHonoured() throws {
        let body = [UInt8](repeating: 7, count: 4_000_000)
        for (manner, status) in [("accept", 200), ("ignore", 200), ("refuse", 403)] {
            var request = HTTPRequest(.put, server.url("/echo"), headers: [("X-Expect", manner)], body: .bytes(body))
            request.expectsContinue = true
            let response = try client.perform(request)
            XCTAssertEqual(response.status, status, manner)
            if status == 200 { XCTAssertTrue(response.text.contains("\r\n\r\n4000000 "), manner) }
            XCTAssertNil(response.headers["x-interim"])
        }
        XCTAssertEqual(try server.facts()["unwanted"], 0)
    }

    func testEarlyRefusalEndsTheUpload() throws {
        let scratch = try ScratchFolder()
        let file = HTTPFile(try Descriptor.open(scratch / "file", [.readWrite, .create]))
        try file.descriptor.truncate(to: 1 << 30)
        var request = HTTPRequest(
            .put, server.url("/"), reply: "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope", then: "hold")
        request.headers.append("X-Early", "1")
        request.body = .file(file, offset: 0, byteCount: 1 << 30)
        let response = try client.perform(request)
        XCTAssertEqual(response.status, 403)
        XCTAssertEqual(response.text, "nope")
    }
}

private let sha256OfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
