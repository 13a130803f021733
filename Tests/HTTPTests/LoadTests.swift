import HTTP
import Platform
import TestSupport
import XCTest

/// Many exchanges, and large ones: connections, memory, order.
final class LoadTests: XCTestCase {
    private var server: TestServer!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        server = try TestServer()
    }

    override func tearDown() { server = nil }

    private static let gibibyte = 1 << 30
    /// What a large body may cost beyond what there was.
    private static let memoryLimit = 24 << 20

    func testManyExchangesAtOnce() throws {
        var options = HTTPClient.Options()
        options.connectionsPerHost = 40
        let client = HTTPClient(options)
        let right = Counter()
        let url = server.url("/echo")
        concurrently(count: 500, threads: 500) { index in
            let content = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index * 37)
            let request = HTTPRequest(.put, url, headers: [("X-Number", "\(index)")], body: .bytes(content))
            guard let text = try? client.perform(request).text else { return }
            if text.contains("X-Number: \(index)\r\n"), text.contains("\r\n\r\n\(content.count) ") { right.add() }
        }
        XCTAssertEqual(right.value, 500)
        let facts = try server.facts()
        XCTAssertLessThanOrEqual(facts["peak"] ?? 0, 41)
        XCTAssertGreaterThan(facts["peak"] ?? 0, 10)
        // Kept ones serve again and again.
        XCTAssertLessThan(facts["connections"] ?? 0, 100)
    }

    func testManyStreamsAtOnceKeepTheirBytes() throws {
        let client = HTTPClient()
        let right = Counter()
        let url = server.url("/bytes/")
        concurrently(count: 60, threads: 30) { index in
            var position = 0
            let length = 300_000 + index
            let response = try? client.stream(HTTPRequest(.get, url + "\(length)"), failure: { $0 }) {
                (_, piece) throws(HTTPError) in
                guard piece.enumerated().allSatisfy({ $1 == UInt8(truncatingIfNeeded: position + $0) }) else {
                    throw HTTPError(.other, "wrong bytes")
                }
                position += piece.count
            }
            if response != nil, position == length { right.add() }
        }
        XCTAssertEqual(right.value, 60)
    }

    func testBodyLandsWhereThereIsRoomForIt() throws {
        let client = HTTPClient()
        let length = 3_000_001
        for room in [length, length + 1, 5_000_000, 1_500_000, 1] {
            var request = HTTPRequest(.get, server.url("/bytes/\(length)"))
            let landing = HTTPMemory(byteCount: room)
            request.landing = landing
            var body: [UInt8] = []
            var landed = 0
            _ = try client.stream(request, failure: { $0 }) { (_, piece) throws(HTTPError) in
                if piece.baseAddress == UnsafeRawPointer(landing.bytes.baseAddress.map { $0 + body.count }) { landed += piece.count }
                body += piece
            }
            XCTAssertEqual(body, (0..<length).map { UInt8(truncatingIfNeeded: $0) }, "room for \(room)")
            if room >= length {
                XCTAssertEqual(landed, length, "room for \(room)")
            } else {
                XCTAssertLessThanOrEqual(landed, room)
            }
        }
    }

    func testGibibyteComesDownInFlatMemory() throws {
        let client = HTTPClient()
        _ = try client.perform(HTTPRequest(.get, server.url("/")))
        try PeakMemory.reset()
        let before = try PeakMemory.byteCount()
        var received = 0
        _ = try client.stream(HTTPRequest(.get, server.url("/bytes/\(Self.gibibyte)")), failure: { $0 }) {
            (_, piece) throws(HTTPError) in received += piece.count
        }
        XCTAssertEqual(received, Self.gibibyte)
        XCTAssertLessThan(try PeakMemory.byteCount() - before, Self.memoryLimit)
    }

    func testGibibyteGoesUpInFlatMemory() throws {
        let scratch = try ScratchFolder()
        let file = HTTPFile(try Descriptor.open(scratch / "file", [.readWrite, .create]))
        try file.descriptor.truncate(to: Int64(Self.gibibyte))
        let client = HTTPClient()
        _ = try client.perform(HTTPRequest(.get, server.url("/")))
        try PeakMemory.reset()
        let before = try PeakMemory.byteCount()
        let body = HTTPRequest.Body.file(file, offset: 0, byteCount: Int64(Self.gibibyte))
        let text = try client.perform(HTTPRequest(.put, server.url("/echo"), body: body)).text
        // The digest of so many zeros.
        XCTAssertTrue(text.hasSuffix("49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14"), text)
        XCTAssertLessThan(try PeakMemory.byteCount() - before, Self.memoryLimit)
    }

    func testSlowReceiverHoldsTheServerBack() throws {
        let client = HTTPClient()
        _ = try client.perform(HTTPRequest(.get, server.url("/")))
        try PeakMemory.reset()
        let before = try PeakMemory.byteCount()
        var position = 0
        _ = try client.stream(HTTPRequest(.get, server.url("/bytes/\(256 << 20)")), failure: { $0 }) {
            (_, piece) throws(HTTPError) in
            if position < 8 << 20 { pause(.milliseconds(30)) }
            if piece.first != UInt8(truncatingIfNeeded: position) { throw HTTPError(.other, "wrong bytes") }
            position += piece.count
        }
        XCTAssertEqual(position, 256 << 20)
        XCTAssertLessThan(try PeakMemory.byteCount() - before, Self.memoryLimit)
    }
}
