import Digest
import Git
import Platform
import Pointer
@testable import Repository
import TestSupport
import XCTest

/// The file of what is remembered, with more records than one window.
final class PointerCacheFileTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var path: BytePath { scratch / "pointers" }

    override func setUpWithError() throws { scratch = try ScratchFolder() }
    override func tearDown() { scratch = nil }

    private func name(_ number: Int, isSHA256: Bool = false) throws -> GitObjectName {
        let digest = ObjectID.of(Array("\(number)".utf8)).digest
        return try XCTUnwrap(GitObjectName(bytes: isSHA256 ? digest : Array(digest.prefix(20))))
    }

    private func pointer(_ number: Int) -> Pointer {
        Pointer(
            oid: .of(Array("content \(number)".utf8)), byteCount: Int64(number) << 20 + 1,
            form: number % 3 == 0 ? .lfs(extensions: []) : .gitData)
    }

    private func records(_ numbers: some Sequence<Int>) throws -> [PointerRecord] {
        try numbers.map { try XCTUnwrap(PointerRecord(name($0), pointer($0))) }.sorted { $0.precedes($1) }
    }

    /// In the order of their names, in which nearly every lookup finds its window in memory.
    private func inOrder(_ numbers: some Sequence<Int>) throws -> [Int] {
        try numbers.map { (number: $0, record: PointerRecord(try name($0))) }
            .sorted { $0.record.precedes($1.record) }.map(\.number)
    }

    private func assertKnown(
        _ numbers: some Sequence<Int>, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        var cache = PointerCacheFile(path)
        for number in numbers {
            XCTAssertEqual(cache.record(of: try name(number))?.known, .pointer(pointer(number)), "\(number)", file: file, line: line)
        }
        XCTAssertFalse(cache.isDamaged, file: file, line: line)
    }

    func testEveryRecordIsFoundInAnyOrderAndNoOther() throws {
        try PointerCacheFile(path).merge(records(0..<5000), into: path)
        XCTAssertEqual(PointerCacheFile(path).recordCount, 5000)
        try assertKnown(inOrder(0..<5000))
        try assertKnown(inOrder(0..<5000).reversed())
        // Without any order, each lookup reads a window.
        try assertKnown(stride(from: 0, to: 5000, by: 20))
        var cache = PointerCacheFile(path)
        for number in try inOrder(5000..<7000) { XCTAssertNil(cache.record(of: try name(number))) }
    }

    func testMergedRecordsAreInOrderAndTheNewOnesWin() throws {
        try PointerCacheFile(path).merge(records(stride(from: 0, to: 6000, by: 2)), into: path)
        try PointerCacheFile(path).merge(records(stride(from: 1, to: 6000, by: 2)), into: path)
        try PointerCacheFile(path).merge(records(0..<100), into: path)
        try assertKnown(inOrder(0..<6000))
        XCTAssertEqual(PointerCacheFile(path).recordCount, 6000)
        let gone = [PointerRecord(try name(17))]
        try PointerCacheFile(path).merge(gone + gone, into: path)
        var cache = PointerCacheFile(path)
        XCTAssertEqual(cache.record(of: try name(17))?.known, .noPointer)
        XCTAssertEqual(cache.recordCount, 6000)
    }

    func testDamagedRecordIsNotedNotUsedAndDropped() throws {
        try PointerCacheFile(path).merge(records(0..<3000), into: path)
        let sound = try XCTUnwrap(path.contents())
        let numbers = try inOrder(0..<3000)
        for offset in [0, 19, 20, 21, 27, 28, 59, 60, 63] {
            var changed = sound
            changed[64 + 1500 * 64 + offset] ^= 4
            try path.replaceContents(with: changed)
            var cache = PointerCacheFile(path)
            var missing = 0
            for number in numbers {
                guard let record = cache.record(of: try name(number)) else {
                    missing += 1
                    continue
                }
                XCTAssertEqual(record.known, .pointer(pointer(number)))
            }
            XCTAssert(cache.isDamaged, "\(offset)")
            XCTAssertGreaterThan(missing, 0)
            try cache.merge(records(0..<3000), into: path)
            XCTAssertEqual(try path.contents(), sound)
        }
    }

    func testFileCutShortOrOfOtherKindIsNotUsed() throws {
        try PointerCacheFile(path).merge(records(0..<10), into: path)
        let sound = try XCTUnwrap(path.contents())
        for content in [[], Array(sound.dropLast()), Array("git data pointers 1\n".utf8) + sound.dropFirst(20)] {
            try path.replaceContents(with: content)
            XCTAssertEqual(PointerCacheFile(path).recordCount, 0)
            XCTAssertTrue(PointerCacheFile(path).isDamaged)
        }
    }

    func testLongerNamesAreKnownToo() throws {
        let long = try name(1, isSHA256: true)
        try PointerCacheFile(path).merge([XCTUnwrap(PointerRecord(long, pointer(1)))], into: path)
        var cache = PointerCacheFile(path)
        XCTAssertEqual(cache.record(of: long)?.known, .pointer(pointer(1)))
    }
}
