import Digest
import Filter
import ObjectStore
import Platform
import Pointer
import TestSupport
import XCTest

final class FilterProcessCleanTests: FilterTestCase {
    private func cleaned(_ content: [UInt8], path: BytePath = "a") throws -> [UInt8] {
        let conversation = try FilterConversation(repository)
        let answer = try conversation.ask("clean", path, content)
        XCTAssertEqual(answer.status, "success")
        XCTAssertNil(conversation.finish())
        return answer.content
    }

    func testContentBecomesPointerAndBlob() throws {
        // At, below and above the limits of pointers, packets and buffers.
        for count in [1, 16, 17, 1023, 1024, 1025, 65515, 65516, 65517, 131_032, 1 << 20, (5 << 20) + 3] {
            let content = binary(count)
            XCTAssertEqual(try cleaned(content), pointer(content).text, "\(count) bytes")
            try assertStored(content)
        }
    }

    func testEmptyContentStaysEmpty() throws {
        XCTAssertEqual(try cleaned([]), [])
        try assertNothingStored()
    }

    func testPointersPassThrough() throws {
        let ours = pointer(binary(10))
        let lfs = pointer(binary(10), .lfs(extensions: []))
        let lenient = Array(String(decoding: lfs.text, as: UTF8.self).replacing("\n", with: "\r\n").utf8)
        for text in [ours.text, lfs.text, extendedLFS(lfs), lenient] {
            XCTAssertEqual(try cleaned(text), text)
        }
        try assertNothingStored()
    }

    func testForeignPointersPassThroughWithNotice() throws {
        let other = Array("git data pointer 2\nanything\n".utf8)
        let cut = Array(pointer(binary(10)).text.dropLast())
        for (text, reason) in [(other, Recognition.ForeignReason.version("2")), (cut, .damaged)] {
            let conversation = try FilterConversation(repository)
            let odd = BytePath(bytes: [0x0a, 0xff])
            XCTAssertEqual(try conversation.ask("clean", odd, text), .init(status: "success", content: text))
            XCTAssertNil(conversation.finish())
            guard case .foreignPointer(let path, let found)? = conversation.notices.first else { return XCTFail() }
            XCTAssertEqual(path, odd)
            XCTAssertEqual(found, reason)
        }
        try assertNothingStored()
    }

    func testWhatBeginsAsPointerAndIsLongerIsData() throws {
        let long = pointer(binary(10)).text + [UInt8](repeating: 0x20, count: 1024)
        XCTAssertEqual(try cleaned(long), pointer(long).text)
        try assertStored(long)
    }

    func testTextBelowMinimumStaysInGit() throws {
        try set("data.minimumSize", "2k")
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: 2048)
        XCTAssertEqual(try cleaned(Array(text.dropLast())), Array(text.dropLast()))
        XCTAssertEqual(try cleaned([0x78]), [0x78])
        try assertNothingStored()
        XCTAssertEqual(try cleaned(text), pointer(text).text)
        try assertStored(text)
    }

    func testBinaryBelowMinimumIsStored() throws {
        try set("data.minimumSize", "100k")
        let binary = [0x78, 0x00, 0x79] as [UInt8]
        XCTAssertEqual(try cleaned(binary), pointer(binary).text)
        // Git looks at the first 8000 bytes only.
        var late = [UInt8](repeating: 0x78, count: 9000)
        late[7999] = 0
        XCTAssertEqual(try cleaned(late), pointer(late).text)
        late[7999] = 0x78
        late[8000] = 0
        XCTAssertEqual(try cleaned(late), late)
    }

    func testLFSPointersAreWrittenWhereTheProjectSaysSo() throws {
        try scratch.write("[data]\n\tpointer = lfs\n", to: ".gitdata")
        XCTAssertEqual(try cleaned(binary(2000)), pointer(binary(2000), .lfs(extensions: [])).text)
        try assertStored(binary(2000))
    }

    func testBlobIsFoundBeforeTheConversationEnds() throws {
        let conversation = try FilterConversation(repository)
        _ = try conversation.ask("clean", "a", binary(5000))
        XCTAssertTrue(store.contains(.of(binary(5000))))
        XCTAssertEqual(try conversation.ask("smudge", "a", pointer(binary(5000)).text).content, binary(5000))
        XCTAssertNil(conversation.finish())
    }

    func testBadSettingFailsTheFileAndSaysWhy() throws {
        try set("data.minimumSize", "plenty")
        let conversation = try FilterConversation(repository)
        XCTAssertEqual(try conversation.ask("clean", "large", binary(200_000)).status, "error")
        XCTAssertEqual(try conversation.ask("clean", "small", binary(2)).status, "error")
        XCTAssertNil(conversation.finish())
        let paths = conversation.notices.compactMap { notice -> BytePath? in
            guard case .notStored(let path, .repository(.settings)) = notice else { return nil }
            return path
        }
        XCTAssertEqual(paths, ["large", "small"])
        try assertNothingStored()
    }

    func testFullDiskFailsTheFileAndTheNextIsServed() throws {
        let disk: SmallFileSystem
        do {
            disk = try SmallFileSystem(byteCount: 512 << 10, on: scratch.path / ".git/data")
        } catch let error as NotPossibleHere {
            throw XCTSkip(error.reason)
        }
        let conversation = try FilterConversation(repository)
        XCTAssertEqual(try conversation.ask("clean", "large", binary(3 << 20)).status, "error")
        XCTAssertTrue(disk.path.exists)
        let small = binary(1000)
        XCTAssertEqual(try conversation.ask("clean", "small", small), .init(status: "success", content: pointer(small).text))
        XCTAssertNil(conversation.finish())
        guard case .notStored("large", .store(.system(let error)))? = conversation.notices.first else {
            return XCTFail("\(conversation.notices)")
        }
        XCTAssertTrue(error.isFull)
        try assertStored(small)
        XCTAssertEqual(try store.incoming.entries(), [])
    }
}

/// The decision itself, with content in pieces of every size.
final class CleanerTests: FilterTestCase {
    private func clean(_ content: [UInt8], pieces size: Int) throws -> Cleaner.Answer {
        let batch = BlobBatch(store: store)
        var cleaner = Cleaner(settings: try repository.settings(), batch: batch)
        for start in stride(from: 0, to: content.count, by: size) {
            try content[start..<min(start + size, content.count)].withUnsafeBytes { try cleaner.take($0) }
        }
        let answer = try cleaner.finish()
        try batch.flush()
        return answer
    }

    func testEveryPieceSizeGivesTheSameAnswer() throws {
        try set("data.minimumSize", "1500")
        let text = [UInt8](repeating: UInt8(ascii: "t"), count: 1499)
        let blob = binary(1600)
        let ours = pointer(blob).text
        for size in [1, 2, 3, 7, 64, 512, 1023, 1024, 1025, 1499, 1500, 1501, 5000] {
            XCTAssertEqual(try clean(text, pieces: size), .unchanged(text), "\(size)")
            XCTAssertEqual(try clean(text + [0x74], pieces: size), .pointer(pointer(text + [0x74])), "\(size)")
            XCTAssertEqual(try clean(blob, pieces: size), .pointer(pointer(blob)), "\(size)")
            XCTAssertEqual(try clean(ours, pieces: size), .unchanged(ours), "\(size)")
            XCTAssertEqual(try clean(Array(ours.dropFirst()), pieces: size), .unchanged(Array(ours.dropFirst())), "\(size)")
            XCTAssertEqual(try clean(Array(ours.dropLast()), pieces: size), .foreignPointer(Array(ours.dropLast()), .damaged))
        }
        try assertStored(blob)
    }

    func testAnswerGivesTheBytesForGit() {
        XCTAssertEqual(Cleaner.Answer.unchanged([1]).text, [1])
        XCTAssertEqual(Cleaner.Answer.foreignPointer([2], .damaged).text, [2])
        XCTAssertEqual(Cleaner.Answer.pointer(pointer([3])).text, pointer([3]).text)
    }
}
