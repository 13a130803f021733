import Digest
import Filter
import ObjectStore
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

final class FilterProcessSmudgeTests: FilterTestCase {
    private let odd = BytePath(bytes: [0x61, 0x0a, 0x62, 0xff, 0x3d, 0x0a])

    private func smudged(_ content: [UInt8]) throws -> [UInt8] {
        let conversation = try FilterConversation(repository)
        let answer = try conversation.ask("smudge", "a", content)
        XCTAssertEqual(answer.status, "success")
        XCTAssertNil(conversation.finish())
        XCTAssertEqual(conversation.notices.count, 0)
        return answer.content
    }

    /// Smudges a pointer that is to stay, and gives the reason that was told.
    private func reasonLeft(_ text: [UInt8], file: StaticString = #filePath, line: UInt = #line) throws -> String? {
        let conversation = try FilterConversation(repository)
        let answer = try conversation.ask("smudge", odd, text)
        XCTAssertEqual(answer, .init(status: "success", content: text), file: file, line: line)
        XCTAssertNil(conversation.finish(), file: file, line: line)
        return conversation.leftAsPointers[odd]
    }

    // MARK: blobs that are here

    func testLocalBlobIsHandedOut() throws {
        for count in [1, 1023, 1024, 65516, 65517, (3 << 20) + 1] {
            let content = binary(count)
            try insert(content)
            XCTAssertTrue(try smudged(pointer(content).text) == content, "\(count) bytes")
            XCTAssertTrue(try smudged(pointer(content, .lfs(extensions: [])).text) == content, "\(count) bytes")
        }
    }

    func testBlobOfGitLFSIsHandedOut() throws {
        let content = binary(5000)
        let path = BytePath("repository/.git/lfs/objects") / ObjectID.of(content).shardedPath
        try scratch.scratch.write(content, to: path)
        XCTAssertEqual(try smudged(pointer(content, .lfs(extensions: [])).text), content)
    }

    func testDataPassesThrough() throws {
        for content in [[], [0x61], Array("text\n".utf8), binary(1023), binary(1024), binary(3 << 20)] as [[UInt8]] {
            XCTAssertTrue(try smudged(content) == content, "\(content.count) bytes")
        }
        XCTAssertEqual(store.incoming.exists ? try store.incoming.entries() : [], [])
    }

    func testForeignPointerPassesThroughWithNotice() throws {
        let conversation = try FilterConversation(repository)
        let text = Array("git data pointer 7\n".utf8)
        XCTAssertEqual(try conversation.ask("smudge", "a", text), .init(status: "success", content: text))
        XCTAssertNil(conversation.finish())
        guard case .foreignPointer("a", .version("7"))? = conversation.notices.first else { return XCTFail() }
    }

    func testLFSPointerOfNoBytesIsEmptyFile() throws {
        let text = String(decoding: pointer([1], .lfs(extensions: [])).text, as: UTF8.self).replacing("size 1", with: "size 0")
        XCTAssertEqual(try smudged(Array(text.utf8)), [])
    }

    // MARK: pointers that stay

    func testAbsentBlobWithoutRemoteLeavesPointer() throws {
        XCTAssertEqual(try reasonLeft(pointer(binary(10)).text), "noRemote")
    }

    func testLenientLFSPointerIsLeftByteForByte() throws {
        let lfs = pointer(binary(10), .lfs(extensions: []))
        let text = Array(String(decoding: lfs.text, as: UTF8.self).replacing("\n", with: "\r\n").utf8)
        XCTAssertEqual(try reasonLeft(text), "noRemote")
    }

    func testDamagedBlobIsSetAsideAndPointerHandedOut() throws {
        let content = binary(3000)
        for damaged in [[], Array(content.dropLast()), content.reversed()] as [[UInt8]] {
            try insertDamaged(content, damaged)
            let reason = try XCTUnwrap(reasonLeft(pointer(content).text))
            XCTAssertTrue(reason.hasPrefix("damaged, kept as \(ObjectID.of(content))"), reason)
            XCTAssertFalse(store.contains(.of(content)))
        }
        let kept = try store.damaged.entries()
        XCTAssertEqual(kept.count, 3)
    }

    func testDamagedBlobOfGitLFSIsNeverHandedOut() throws {
        let content = binary(3000)
        let path = BytePath("repository/.git/lfs/objects") / ObjectID.of(content).shardedPath
        try scratch.scratch.write(binary(3000, seed: 9), to: path)
        try insertIntoRemote(content)
        // The first time it is found out, from then on the blob is fetched.
        let reason = try XCTUnwrap(reasonLeft(pointer(content).text))
        XCTAssertTrue(reason.hasPrefix("damaged"), reason)
        XCTAssertEqual(try smudged(pointer(content).text), content)
    }

    func testLargeBlobIsLeftToTheHooks() throws {
        try set("data.inlineLimit", "100")
        try insert(binary(100))
        try insert(binary(101))
        XCTAssertEqual(try smudged(pointer(binary(100)).text), binary(100))
        XCTAssertEqual(try reasonLeft(pointer(binary(101)).text), "large")
    }

    func testLazyLeavesPointersOfAbsentBlobs() throws {
        try set("data.lazy", "true")
        try insert(binary(50))
        XCTAssertEqual(try smudged(pointer(binary(50)).text), binary(50))
        XCTAssertEqual(try reasonLeft(pointer(binary(60)).text), "lazy")
    }

    func testPointerOfProgramsOfGitLFSIsLeft() throws {
        try insert(binary(10))
        XCTAssertEqual(try reasonLeft(extendedLFS(pointer(binary(10), .lfs(extensions: [])))), "extended")
    }

    func testBadSettingLeavesPointerAndSaysWhy() throws {
        try set("data.lazy", "sometimes")
        let conversation = try FilterConversation(repository)
        let text = pointer(binary(10)).text
        XCTAssertEqual(try conversation.ask("smudge", "a", text), .init(status: "success", content: text))
        XCTAssertEqual(try conversation.ask("smudge", "b", binary(3000)), .init(status: "success", content: binary(3000)))
        XCTAssertNil(conversation.finish())
        XCTAssertEqual(conversation.notices.count, 1)
    }

    // MARK: fetching

    private func requireAgent() throws {
        let agent = try Environment.executable().parent / "git-data-transfer"
        try XCTSkipUnless(agent.exists, "the transfer agent is not built")
    }

    func testAbsentBlobIsFetchedWithoutDelay() throws {
        try requireAgent()
        try insertIntoRemote(binary(5000))
        XCTAssertEqual(try smudged(pointer(binary(5000)).text), binary(5000))
        try assertStored(binary(5000))
    }

    func testBlobThatRemoteLacksLeavesPointer() throws {
        try requireAgent()
        try insertIntoRemote(binary(1))
        XCTAssertEqual(try reasonLeft(pointer(binary(5000)).text), "failed absent")
    }

    func testDamagedBlobOfRemoteLeavesPointer() throws {
        try requireAgent()
        try insertIntoRemote(binary(5000))
        let place = BytePath("remote/objects") / ObjectID.of(binary(5000)).shardedPath
        try scratch.scratch.write(binary(5000, seed: 2), to: place)
        let reason = try XCTUnwrap(reasonLeft(pointer(binary(5000)).text))
        XCTAssertTrue(reason.hasPrefix("failed"), reason)
        XCTAssertFalse(store.contains(.of(binary(5000))))
    }

    /// Asks for what is available as Git does until nothing is, and gives what was handed out.
    private func collect(_ conversation: FilterConversation, _ delayed: Int) throws -> [BytePath: [UInt8]] {
        var collected: [BytePath: [UInt8]] = [:]
        while collected.count < delayed {
            let paths = try conversation.listAvailable()
            if paths.isEmpty { break }
            for path in paths {
                let answer = try conversation.ask("smudge", path, [])
                XCTAssertEqual(answer.status, "success", "\(path)")
                XCTAssertNil(collected.updateValue(answer.content, forKey: path), "\(path) was named twice")
            }
        }
        return collected
    }

    func testDelayedFilesArriveWithTheirContentOrTheirPointer() throws {
        try requireAgent()
        try insert(binary(10))
        for count in 100..<120 { try insertIntoRemote(binary(count)) }
        let conversation = try FilterConversation(repository)
        XCTAssertEqual(try conversation.ask("smudge", "here", pointer(binary(10)).text, canDelay: true).content, binary(10))
        var expected: [BytePath: [UInt8]] = [:]
        for count in 100..<120 {
            let path = BytePath("file \(count)")
            XCTAssertEqual(try conversation.ask("smudge", path, pointer(binary(count)).text, canDelay: true).status, "delayed")
            expected[path] = binary(count)
        }
        // Two files with one blob, one whose name is odd, and one that the remote lacks.
        for path in ["twin", odd] as [BytePath] {
            XCTAssertEqual(try conversation.ask("smudge", path, pointer(binary(100)).text, canDelay: true).status, "delayed")
            expected[path] = binary(100)
        }
        let lost = pointer(binary(999)).text
        XCTAssertEqual(try conversation.ask("smudge", "lost", lost, canDelay: true).status, "delayed")
        expected["lost"] = lost
        XCTAssertEqual(try collect(conversation, expected.count), expected)
        XCTAssertEqual(try conversation.listAvailable(), [])
        XCTAssertNil(conversation.finish())
        XCTAssertEqual(conversation.leftAsPointers, ["lost": "failed absent"])
    }

    func testDelayedFilesWithoutRemoteAreAllNamed() throws {
        let conversation = try FilterConversation(repository)
        let text = pointer(binary(10)).text
        for path in ["a", "b", "c"] as [BytePath] {
            XCTAssertEqual(try conversation.ask("smudge", path, text, canDelay: true).status, "delayed")
        }
        XCTAssertEqual(try collect(conversation, 3), ["a": text, "b": text, "c": text])
        XCTAssertNil(conversation.finish())
        XCTAssertEqual(conversation.leftAsPointers, ["a": "noRemote", "b": "noRemote", "c": "noRemote"])
    }

    func testFileThatCannotWaitTakesNothingFromThoseThatDo() throws {
        try requireAgent()
        for count in [100, 200, 300] { try insertIntoRemote(binary(count)) }
        let conversation = try FilterConversation(repository)
        for count in [100, 200] {
            let path = BytePath("\(count)")
            XCTAssertEqual(try conversation.ask("smudge", path, pointer(binary(count)).text, canDelay: true).status, "delayed")
        }
        XCTAssertEqual(try conversation.ask("smudge", "now", pointer(binary(300)).text).content, binary(300))
        XCTAssertEqual(try collect(conversation, 2), ["100": binary(100), "200": binary(200)])
        XCTAssertNil(conversation.finish())
    }

    func testDelayInSeveralRoundsIsServed() throws {
        try requireAgent()
        for count in 100..<106 { try insertIntoRemote(binary(count)) }
        let conversation = try FilterConversation(repository)
        for round in [100..<103, 103..<106] {
            var expected: [BytePath: [UInt8]] = [:]
            for count in round {
                let path = BytePath("\(count)")
                XCTAssertEqual(try conversation.ask("smudge", path, pointer(binary(count)).text, canDelay: true).status, "delayed")
                expected[path] = binary(count)
            }
            XCTAssertEqual(try collect(conversation, 3), expected)
        }
        XCTAssertNil(conversation.finish())
    }

    func testNothingDelayedIsNothingAvailable() throws {
        let conversation = try FilterConversation(repository)
        XCTAssertEqual(try conversation.listAvailable(), [])
        XCTAssertNil(conversation.finish())
    }
}
