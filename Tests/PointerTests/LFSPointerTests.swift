import Digest
import Pointer
import XCTest

final class LFSPointerTests: XCTestCase {
    private typealias Case = LFSPointerCase

    private func pointer(_ text: String, line: UInt = #line) throws -> Pointer {
        var found: Pointer?
        if case .pointer(let pointer) = Pointer.recognize(Array(text.utf8)) { found = pointer }
        return try XCTUnwrap(found, "no pointer: \(text)", line: line)
    }

    func testEveryCaseIsReadAsTheTableSays() {
        for entry in Case.all {
            switch Pointer.recognize(Array(entry.text.utf8)) {
            case .pointer(let pointer):
                XCTAssertTrue(entry.isPointer, entry.name)
                XCTAssertNotEqual(pointer.form, .gitData, entry.name)
            case .data:
                XCTAssertFalse(entry.isPointer, entry.name)
            case .foreignPointer:
                XCTFail("\(entry.name) is none of ours")
            }
        }
    }

    func testCanonicalTextIsWrittenBack() throws {
        let pointer = try pointer(Case.canonical)
        XCTAssertEqual(pointer.oid.hex, Case.hex)
        XCTAssertEqual(pointer.byteCount, 12345)
        XCTAssertEqual(pointer.form, .lfs(extensions: []))
        XCTAssertFalse(pointer.isExtended)
        XCTAssertEqual(pointer.text, Array(Case.canonical.utf8))
    }

    func testExtensionsAreKeptByPriority() throws {
        let extensions = [Case.ext("0-foo", "f"), Case.ext("1-b!-r", "b"), Case.ext("9-baz", "a")]
        let shuffled = Case.version + extensions[2] + extensions[0] + Case.oid + extensions[1] + Case.size
        let pointer = try pointer(shuffled)
        XCTAssertTrue(pointer.isExtended)
        XCTAssertEqual(pointer.text, Array((Case.version + extensions.joined() + Case.oid + Case.size).utf8))
        guard case .lfs(let read) = pointer.form else { return XCTFail("not of Git LFS") }
        XCTAssertEqual(read.map(\.priority), [0, 1, 9])
        XCTAssertEqual(read.map(\.name), ["foo", "b!-r", "baz"].map { Array($0.utf8) })
        XCTAssertEqual(read.map(\.oid.hex), ["f", "b", "a"].map { String(repeating: $0, count: 64) })
    }

    func testRepeatedExtensionCountsOnceAndTheLastHolds() throws {
        let text = Case.version + Case.ext("0-foo", "a") + Case.ext("0-foo", "b") + Case.oid + Case.size
        guard case .lfs(let read) = try pointer(text).form else { return XCTFail("not of Git LFS") }
        XCTAssertEqual(read.map(\.oid.hex), [String(repeating: "b", count: 64)])
    }

    func testLenientSizesHaveTheirValue() throws {
        let sizes: [(String, Int64)] = [("+7", 7), ("007", 7), ("-0", 0), ("0", 0), ("-000", 0), ("+0", 0)]
        for (size, expected) in sizes {
            XCTAssertEqual(try pointer(Case.version + Case.oid + "size \(size)\n").byteCount, expected, size)
        }
    }

    func testFormerVersionIsWrittenAsThePresentOne() throws {
        let pointer = try pointer("version https://hawser.github.com/spec/v1\n" + Case.oid + Case.size)
        XCTAssertEqual(pointer.text, Array(Case.canonical.utf8))
    }

    func testLongTextIsDataWhereGitLFSWouldLookAtItsBeginning() {
        let text = Case.canonical + String(repeating: "\n", count: 1024 - Case.canonical.utf8.count)
        XCTAssertEqual(Pointer.recognize(Array(text.utf8)), .data)
        XCTAssertEqual(Pointer.recognize(Array((text + "and data").utf8)), .data)
    }

    func testEveryTruncationThatLosesASizeIsData() throws {
        let text = Array(Case.canonical.utf8)
        let firstDigit = text.count - "12345\n".utf8.count
        for count in 0...firstDigit {
            XCTAssertEqual(Pointer.recognize(text.prefix(count)), .data, "cut to \(count) bytes")
        }
        // Git LFS asks for no final newline, so a cut size is a smaller size.
        for (cut, size) in [(1, 1), (2, 12), (3, 123), (4, 1234), (5, 12345)] as [(Int, Int64)] {
            let cutText = String(decoding: text.prefix(firstDigit + cut), as: UTF8.self)
            XCTAssertEqual(try pointer(cutText).byteCount, size)
        }
    }

    func testEveryChangedByteIsReadAsWrittenOrIsData() throws {
        let original = Array(Case.canonical.utf8)
        for position in original.indices {
            for byte in UInt8.min...UInt8.max where byte != original[position] {
                var changed = original
                changed[position] = byte
                guard case .pointer(let pointer) = Pointer.recognize(changed) else { continue }
                let isOid = (Case.version.utf8.count + 11..<Case.version.utf8.count + 75).contains(position)
                if isOid {
                    XCTAssertEqual(pointer.text, changed, "byte \(byte) at \(position)")
                } else {
                    // A digit or a sign of the size, or white space in the place of its last byte.
                    XCTAssertGreaterThanOrEqual(position, original.count - 6, "byte \(byte) at \(position)")
                    XCTAssertEqual(pointer.oid.hex, Case.hex)
                }
            }
        }
    }
}
