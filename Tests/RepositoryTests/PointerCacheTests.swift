import Digest
import Git
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

/// What is remembered of Git's blobs: it is right, or it is not used.
final class PointerCacheTests: XCTestCase {
    private var scratch: ScratchRepository!
    private let count = 300

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchRepository()
        try scratch.write("*.dat filter=data\n", to: ".gitattributes")
        var records: [UInt8] = []
        for number in 0..<count {
            records += try record(of: pointer(number).text, at: BytePath("\(number).dat"))
        }
        records += try record(of: Array("raw".utf8), at: "raw.dat")
        records += try record(of: lenient, at: "lenient.dat")
        try scratch.git(["update-index", "-z", "--add", "--index-info"], input: records)
    }

    override func tearDown() { scratch = nil }

    /// A pointer of Git LFS whose text is not the one that would be written.
    private let lenient = Array(
        "version https://hawser.github.com/spec/v1\noid sha256:\(ObjectID.of([9]))\nsize 1\n".utf8)

    private func pointer(_ number: Int) -> Pointer {
        let content = Array("content \(number)".utf8)
        return Pointer(
            oid: .of(content), byteCount: Int64(content.count), form: number % 2 == 0 ? .gitData : .lfs(extensions: []))
    }

    private func record(of content: [UInt8], at path: BytePath) throws -> [UInt8] {
        let name = try scratch.git(["hash-object", "-w", "--stdin"], input: content).line
        return Array("100644 ".utf8) + name.bytes + [UInt8(ascii: "\t")] + path.bytes + [0]
    }

    private var cache: BytePath { scratch.path / ".git/data/cache/pointers-2" }

    private func scan() throws -> [PointerFile] {
        try Repository.find(from: scratch.path).indexPointers()
    }

    private func assertRight(_ files: [PointerFile], file: StaticString = #filePath, line: UInt = #line) {
        XCTAssertEqual(files.count, count + 1, file: file, line: line)
        for found in files where found.path != "lenient.dat" {
            let number = Int(found.path.description.dropLast(4)) ?? -1
            XCTAssertEqual(found.pointer, pointer(number), file: file, line: line)
            XCTAssertEqual(found.text, pointer(number).text, file: file, line: line)
        }
        XCTAssertEqual(files.first { $0.path == "lenient.dat" }?.text, lenient, file: file, line: line)
    }

    func testSecondScanTellsTheSameWithoutGit() throws {
        assertRight(try scan())
        XCTAssertTrue(cache.exists)
        // Git has the blobs no more, and nobody asks it.
        let loose = try (scratch.path / ".git/objects").entries().filter { $0.bytes.count == 2 }
        let lenientName = try scratch.git(["hash-object", "--stdin"], input: lenient).line.description
        for folder in loose where folder.description != String(lenientName.prefix(2)) {
            try (scratch.path / ".git/objects" / folder).rename(to: scratch.path / ".git/objects" / folder.adding(suffix: "-away"))
        }
        assertRight(try scan())
    }

    func testDamagedCacheIsNotUsedAndMadeAnew() throws {
        assertRight(try scan())
        let sound = try XCTUnwrap(cache.contents())
        var variants = [Array(sound.dropLast()), [], Array(sound.prefix(40)), Array("other".utf8)]
        for position in [0, 25, sound.count / 2, sound.count - 1] {
            var changed = sound
            changed[position] ^= 1
            variants.append(changed)
        }
        for content in variants {
            try cache.replaceContents(with: content)
            assertRight(try scan())
            XCTAssertEqual(try cache.contents(), sound)
        }
    }

    func testCacheGrowsAndStaysSorted() throws {
        assertRight(try scan())
        let before = try XCTUnwrap(cache.contents()).count
        var records: [UInt8] = []
        for number in 1000..<1250 { records += try record(of: pointer(number).text, at: BytePath("\(number).dat")) }
        try scratch.git(["update-index", "-z", "--add", "--index-info"], input: records)
        XCTAssertEqual(try scan().count, count + 1 + 250)
        XCTAssertEqual(try XCTUnwrap(cache.contents()).count, before + 250 * 64)
        XCTAssertEqual(try scan().count, count + 1 + 250)
    }

    func testCacheThatCannotBeWrittenIsNone() throws {
        try scratch.write("a file", to: ".git/data")
        assertRight(try scan())
        assertRight(try scan())
    }
}
