import Digest
import Platform
import TestSupport
import Transfer
import XCTest

/// Lines, messages and paths on the wire.
final class AgentWireTests: XCTestCase {
    // MARK: Lines

    func testEverySplitGivesTheSameLines() {
        let text = Array("{\"a\":1}\n\n{\"b\":\"ü\"}\r\n{}\nrest".utf8)
        let lines = ["{\"a\":1}", "{\"b\":\"ü\"}", "{}"].map { Array($0.utf8) }
        for first in 0...text.count {
            for second in first...text.count {
                var buffer = LineBuffer()
                var found: [[UInt8]] = []
                for piece in [text[..<first], text[first..<second], text[second...]] {
                    found += buffer.append(piece) ?? []
                }
                XCTAssertEqual(found, lines, "split at \(first) and \(second)")
                XCTAssertTrue(buffer.isMidLine)
            }
        }
    }

    func testByteByByte() {
        var buffer = LineBuffer()
        var found: [[UInt8]] = []
        for byte in Array("one\ntwo\n".utf8) { found += buffer.append([byte]) ?? [] }
        XCTAssertEqual(found, [Array("one".utf8), Array("two".utf8)])
        XCTAssertFalse(buffer.isMidLine)
    }

    func testEndlessLineIsRefused() {
        var buffer = LineBuffer(limit: 10)
        XCTAssertEqual(buffer.append(Array("0123456789\n".utf8))?.count, 1)
        XCTAssertNotNil(buffer.append(Array("01234".utf8)))
        XCTAssertNil(buffer.append(Array("567890".utf8)))
        var other = LineBuffer(limit: 10)
        XCTAssertNil(other.append(Array("01234567890\nshort\n".utf8)))
    }

    // MARK: Messages

    func testMessagesComeBackAsTheyWere() {
        let request = AgentRequest(
            event: "init", operation: "upload", remote: "a/\"b\n", concurrenttransfers: 3,
            gitData: AgentExtension(url: "%ff", create: true, incoming: "/x", transfers: 2), oid: "o", size: .max,
            path: "/p", id: 7, oids: ["a", "b"])
        let line = AgentWire.line(request)
        XCTAssertEqual(line.last, 10)
        XCTAssertEqual(line.filter { $0 == 10 }.count, 1)
        XCTAssertEqual(AgentWire.message(AgentRequest.self, line), request)
        let reply = AgentReply(
            event: "complete", oid: "o", path: "/p", bytesSoFar: 1, bytesSinceLast: 2,
            error: AgentFault(code: 3, message: "m", kind: "full"), gitData: AgentExtension(), skipped: true, id: 4,
            sizes: [-1, 5], blobs: [AgentBlob(oid: "x", size: 9)])
        XCTAssertEqual(AgentWire.message(AgentReply.self, AgentWire.line(reply)), reply)
    }

    func testReplyToGitLFSSaysNothingThatItDoesNotKnow() {
        XCTAssertEqual(AgentWire.line(AgentReply()), Array("{}\n".utf8))
        XCTAssertEqual(
            String(decoding: AgentWire.line(AgentReply(event: "complete", oid: "o", path: "/p")), as: UTF8.self),
            "{\"event\":\"complete\",\"oid\":\"o\",\"path\":\"/p\"}\n")
    }

    // MARK: Paths

    func testEveryByteOfAPathArrives() {
        let path = BytePath(bytes: (1...255).map { UInt8($0) })
        let text = AgentPath.encode(path)
        XCTAssertTrue(text.utf8.allSatisfy { (0x21...0x7e).contains($0) })
        XCTAssertEqual(AgentPath.decode(text), path)
        XCTAssertEqual(AgentPath.encode("/srv/data-1_2.git"), "/srv/data-1_2.git")
    }

    func testBrokenEscapesAreRefused() {
        for text in ["%", "%a", "/x%", "/x%a", "%zz", "%+1", "%-1", "% 1", "%AB"] {
            XCTAssertNil(AgentPath.decode(text), text)
        }
    }

    func testRandomPathsArrive() {
        var random = SeededRandom(seed: 3)
        for length in 0..<200 {
            let path = BytePath(bytes: random.bytes(length).filter { $0 != 0 })
            XCTAssertEqual(AgentPath.decode(AgentPath.encode(path)), path)
        }
    }
}
