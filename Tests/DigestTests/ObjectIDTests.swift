import Digest
import XCTest

final class ObjectIDTests: XCTestCase {
    private let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    func testNameOfBytesIsTheirSHA256() throws {
        XCTAssertEqual(ObjectID.of(Array("abc".utf8)).hex, hex)
        XCTAssertEqual(try XCTUnwrap(ObjectID(hex)), .of(Array("abc".utf8)))
    }

    func testEveryWayToWriteIsReadBack() throws {
        let oid = try XCTUnwrap(ObjectID(hex))
        XCTAssertEqual(oid.hex, hex)
        XCTAssertEqual(oid.description, hex)
        XCTAssertEqual(oid.hexBytes, Array(hex.utf8))
        XCTAssertEqual(ObjectID(hex: oid.hexBytes[...]), oid)
        XCTAssertEqual(ObjectID(digest: oid.digest), oid)
        XCTAssertEqual(oid.digest.first, 0xba)
        XCTAssertEqual(oid.digest.last, 0xad)
    }

    func testOtherLengthsAreNoName() {
        for count in 0...130 where count != ObjectID.digitCount {
            XCTAssertNil(ObjectID(hex: [UInt8](repeating: UInt8(ascii: "a"), count: count)), "\(count) digits")
        }
        for count in 0...66 where count != ObjectID.byteCount {
            XCTAssertNil(ObjectID(digest: [UInt8](repeating: 1, count: count)), "\(count) bytes")
        }
    }

    func testOnlyLowerCaseDigitsMakeNameAtAnyPlace() {
        let valid = Set("0123456789abcdef".utf8)
        for position in 0..<ObjectID.digitCount {
            for byte in UInt8.min...UInt8.max {
                var digits = Array(hex.utf8)
                digits[position] = byte
                XCTAssertEqual(ObjectID(hex: digits) != nil, valid.contains(byte), "byte \(byte) at \(position)")
            }
        }
        XCTAssertNil(ObjectID(hex.uppercased()))
    }

    func testEachByteMakesAnotherName() throws {
        let digest = [UInt8](repeating: 0x5a, count: ObjectID.byteCount)
        let oid = try XCTUnwrap(ObjectID(digest: digest))
        for position in digest.indices {
            var other = digest
            other[position] ^= 1
            XCTAssertNotEqual(ObjectID(digest: other), oid)
        }
    }

    func testOrderIsThatOfNames() {
        var oids: [ObjectID] = (0..<200).map { .of([UInt8($0)]) }
        // Names that differ in each byte in turn, the higher ones first.
        for position in (0..<ObjectID.byteCount).reversed() {
            var digest = [UInt8](repeating: 0x80, count: ObjectID.byteCount)
            for value: UInt8 in [0xff, 0x7f] {
                digest[position] = value
                if let oid = ObjectID(digest: digest) { oids.append(oid) }
            }
        }
        XCTAssertEqual(oids.sorted().map(\.hex), oids.map(\.hex).sorted())
        XCTAssertEqual(Set(oids).count, oids.count)
    }

    func testShardedPathBeginsWithFirstTwoBytes() throws {
        XCTAssertEqual(try XCTUnwrap(ObjectID(hex)).shardedPath, "ba/78/\(hex)")
    }

    func testHexadecimalDigitsOfEveryByteAreReadBack() {
        for byte in UInt8.min...UInt8.max {
            let digits = Hexadecimal.encode([byte])
            XCTAssertEqual(digits.count, 2)
            let values = digits.compactMap { Hexadecimal.value(ofDigit: $0) }
            XCTAssertEqual(values.first.map { $0 << 4 | values[1] }, byte)
            XCTAssertEqual(Hexadecimal.value(ofDigit: byte) != nil, "0123456789abcdef".utf8.contains(byte))
        }
        XCTAssertEqual(Hexadecimal.encode([]), [])
    }
}
