import Filter
import Git
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

/// The protocol: handshake, requests that are not understood, streams that end early.
final class FilterProcessTests: FilterTestCase {
    private func assertViolation(_ error: FilterError?, file: StaticString = #filePath, line: UInt = #line) {
        guard case .protocolViolation? = error else {
            return XCTFail("\(String(describing: error)) is no violation", file: file, line: line)
        }
    }

    // MARK: handshake

    func testHandshakeTakesWhatItKnows() throws {
        for (offered, taken) in [
            (["clean", "smudge", "delay"], ["clean", "smudge", "delay"]), (["smudge", "clean"], ["clean", "smudge"]),
            (["clean"], ["clean"]), (["levitate", "clean", "cleaner"], ["clean"]), ([], []),
        ] {
            let conversation = try FilterConversation(repository, capabilities: nil)
            try conversation.sendList(["git-filter-client", "version=2", "version=42"])
            XCTAssertEqual(try conversation.readList(), ["git-filter-server", "version=2"])
            try conversation.sendList(offered.map { "capability=\($0)" })
            XCTAssertEqual(try conversation.readList(), taken.map { "capability=\($0)" })
            XCTAssertNil(conversation.finish())
        }
    }

    func testPeerOfAnotherProtocolIsViolation() throws {
        for welcome in [["git-filter-client", "version=1"], ["git-filter-client"], ["version=2"], [], ["hello", "version=2"]] {
            let conversation = try FilterConversation(repository, capabilities: nil)
            try conversation.sendList(welcome)
            XCTAssertNil(try conversation.readList())
            assertViolation(conversation.finish())
        }
    }

    func testStreamClosedAtOnceIsNoError() throws {
        let silent = try FilterConversation(repository, capabilities: nil)
        XCTAssertNil(silent.finish())
        let short = try FilterConversation(repository, capabilities: nil)
        try short.sendList(["git-filter-client", "version=2"])
        XCTAssertNil(short.finish())
        XCTAssertNil(try FilterConversation(repository).finish())
        try assertNothingStored()
    }

    // MARK: requests

    func testUnknownKeysArePassedOver() throws {
        let conversation = try FilterConversation(repository)
        let extra = ["ref=refs/heads/main", "treeish=abc", "blob=def", "future", "future=a=b", "=", ""]
        let answer = try conversation.ask("clean", "a", binary(10), extra: extra)
        XCTAssertEqual(answer, .init(status: "success", content: pointer(binary(10)).text))
        XCTAssertNil(conversation.finish())
    }

    func testUnknownCommandFailsAndTheNextIsServed() throws {
        let conversation = try FilterConversation(repository)
        // With a file's content behind it, and without.
        XCTAssertEqual(try conversation.ask("polish", "a", Array("command=clean\n".utf8)).status, "error")
        XCTAssertEqual(try conversation.ask("polish", "b", binary(200_000)).status, "error")
        try conversation.sendList(["command=rest"])
        XCTAssertEqual(try conversation.readStatus(), "error")
        XCTAssertEqual(try conversation.ask("clean", "a", []), .init(status: "success"))
        XCTAssertNil(conversation.finish())
    }

    func testRequestWithoutCommandFails() throws {
        let conversation = try FilterConversation(repository)
        try conversation.sendList(["future=1"])
        XCTAssertEqual(try conversation.readStatus(), "error")
        XCTAssertNil(conversation.finish())
    }

    func testRequestLines() {
        func request(_ lines: [UInt8]...) -> FilterRequest { FilterRequest(lines: lines) }
        let path: [UInt8] = Array("a=b\n".utf8) + [0xff]
        let smudge = request(Array("command=smudge".utf8), Array("pathname=".utf8) + path, Array("can-delay=1".utf8))
        XCTAssertEqual(smudge.command, .smudge)
        XCTAssertEqual(smudge.path, BytePath(bytes: path))
        XCTAssertTrue(smudge.canDelay)
        XCTAssertFalse(request(Array("command=clean".utf8), Array("can-delay=0".utf8)).canDelay)
        XCTAssertEqual(request(Array("command=list_available_blobs".utf8)).command, .listAvailableBlobs)
        XCTAssertEqual(request(Array("command=Clean".utf8)).command, .unknown(Array("Clean".utf8)))
        XCTAssertEqual(request().command, .unknown([]))
    }

    func testThousandsOfFilesInOneConversation() throws {
        let conversation = try FilterConversation(repository)
        for value in 0..<3000 {
            let content = Array("file \(value)".utf8)
            let answer = try conversation.ask("clean", BytePath("\(value)"), content)
            XCTAssertEqual(answer.content, pointer(content).text)
        }
        XCTAssertNil(conversation.finish())
        var count = 0
        try store.forEachEntry { _ in count += 1 }
        XCTAssertEqual(count, 3000)
    }

    // MARK: ends

    func testStreamCutInsideContentStoresNothing() throws {
        for content in [binary(10), binary(100_000)] {
            let conversation = try FilterConversation(repository)
            try conversation.sendList(["command=clean", "pathname=a"])
            try conversation.sendRaw { writer in try content.withUnsafeBytes { try writer.write(content: $0) } }
            assertViolation(conversation.finish())
            try assertNothingStored()
        }
    }

    func testStreamCutInsideRequestIsViolation() throws {
        let conversation = try FilterConversation(repository)
        try conversation.sendRaw { try $0.writeLine("command=clean") }
        assertViolation(conversation.finish())
    }

    func testBlobsStoredBeforeTheCutStay() throws {
        let conversation = try FilterConversation(repository)
        _ = try conversation.ask("clean", "a", binary(100))
        try conversation.sendRaw { try $0.writeLine("command=clean") }
        assertViolation(conversation.finish())
        XCTAssertTrue(store.contains(.of(binary(100))))
        try assertStored(binary(100))
    }

    func testGitThatGoesAwayBeforeTheAnswerIsTypedError() throws {
        // As the real program: the peer's end of the answers is closed, and SIGPIPE is ignored.
        let answers = try Descriptor.open("/dev/full", .write)
        let requests = try scratch.scratch.write("0016git-filter-client\n000eversion=2\n0000", to: "requests")
        let process = FilterProcess(repository, input: try .open(requests, .read), output: answers, report: { _ in })
        XCTAssertThrowsError(try process.run()) { error in
            guard case .system(let error)? = error as? FilterError else { return XCTFail("\(error)") }
            XCTAssertTrue(error.isFull)
        }
    }

    func testEverySplitOfTheStreamGivesTheSameAnswers() throws {
        try insert(binary(64))
        let content = binary(40, seed: 2)
        let requests = try bytes { writer in
            try writer.writeLine("git-filter-client")
            try writer.writeLine("version=2")
            try writer.writeFlush()
            for capability in ["clean", "smudge"] { try writer.writeLine("capability=\(capability)") }
            try writer.writeFlush()
            for (command, content) in [("clean", content), ("smudge", pointer(binary(64)).text), ("clean", [])] {
                try writer.writeLine("command=\(command)")
                try writer.writeLine("pathname=a b")
                try writer.writeFlush()
                try content.withUnsafeBytes { try writer.write(content: $0) }
                try writer.writeFlush()
            }
        }
        let whole = try answers(to: [requests])
        XCTAssertTrue(String(decoding: whole, as: UTF8.self).contains("oid sha256:\(pointer(content).oid)"))
        for position in 1..<requests.count {
            XCTAssertEqual(try answers(to: [Array(requests[..<position]), Array(requests[position...])]), whole, "\(position)")
        }
        XCTAssertEqual(try answers(to: requests.map { [$0] }), whole)
    }

    private func bytes(_ write: (PktLineWriter) throws -> Void) throws -> [UInt8] {
        let file = scratch.scratch / "stream"
        let writer = PktLineWriter(try .open(file, [.write, .create, .truncate]))
        try write(writer)
        try writer.flush()
        return try file.contents() ?? []
    }

    /// Runs the filter with a stream of which each read gives one of the pieces.
    private func answers(to pieces: [[UInt8]]) throws -> [UInt8] {
        let file = scratch.scratch / "answers"
        let process = FilterProcess(
            repository, input: try .stream(ofPieces: pieces), output: try .open(file, [.write, .create, .truncate]),
            report: { _ in })
        try process.run()
        return try file.contents() ?? []
    }
}
