import Digest
import Pointer
import XCTest

final class GitDataPointerTests: XCTestCase {
    private let valid = Array(
        """
        git data pointer 1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 12345

        """.utf8)

    private func recognize(_ text: String) -> Recognition {
        Pointer.recognize(Array(text.utf8))
    }

    func testCanonicalTextIsPointerAndIsWrittenBack() throws {
        let oid = try XCTUnwrap(ObjectID("4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"))
        let pointer = Pointer(oid: oid, byteCount: 12345)
        XCTAssertEqual(Pointer.recognize(valid), .pointer(pointer))
        XCTAssertEqual(pointer.text, valid)
        XCTAssertFalse(pointer.isExtended)
    }

    func testAnyOidAndSizeSurvivesTextInBothForms() throws {
        var random = SeededGenerator(seed: 2)
        for round in 0..<5_000 {
            let digest = (0..<ObjectID.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
            let oid = try XCTUnwrap(ObjectID(digest: digest))
            // As many short sizes as long ones.
            let size = Int64.random(in: 1 ... (Int64.max >> Int64(round % 63)), using: &random)
            for form in [Pointer.Form.gitData, .lfs(extensions: [])] {
                let pointer = Pointer(oid: oid, byteCount: size, form: form)
                XCTAssertEqual(Pointer.recognize(pointer.text), .pointer(pointer))
                XCTAssertLessThan(pointer.text.count, Pointer.maximumTextByteCount)
            }
        }
    }

    func testEveryTruncationIsDamagedPointerOrData() {
        let signatureByteCount = "git data pointer ".utf8.count
        for count in 0..<valid.count {
            let expected: Recognition = count < signatureByteCount ? .data : .foreignPointer(.damaged)
            XCTAssertEqual(Pointer.recognize(valid.prefix(count)), expected, "cut to \(count) bytes")
        }
    }

    func testEveryChangedByteIsAnotherCanonicalPointerOrNone() {
        let signatureByteCount = "git data pointer ".utf8.count
        var otherPointers = 0
        for position in valid.indices {
            for byte in UInt8.min...UInt8.max where byte != valid[position] {
                var changed = valid
                changed[position] = byte
                switch Pointer.recognize(changed) {
                case .pointer(let pointer):
                    XCTAssertEqual(pointer.text, changed, "byte \(byte) at \(position)")
                    otherPointers += 1
                case .foreignPointer(let reason):
                    XCTAssertGreaterThanOrEqual(position, signatureByteCount)
                    let isVersion = position == signatureByteCount && Array("0123456789".utf8).contains(byte)
                    XCTAssertEqual(reason == .damaged, !isVersion, "byte \(byte) at \(position)")
                case .data:
                    XCTAssertLessThan(position, signatureByteCount, "byte \(byte) at \(position)")
                }
            }
        }
        // 15 other digits at each of 64 places of the oid; 9 at each of 5 of the size, but no 0 in front.
        XCTAssertEqual(otherPointers, 64 * 15 + 5 * 9 - 1)
    }

    func testEveryInsertedByteIsAnotherCanonicalPointerOrNone() {
        for position in 0...valid.count {
            for byte in UInt8.min...UInt8.max {
                var changed = valid
                changed.insert(byte, at: position)
                if case .pointer(let pointer) = Pointer.recognize(changed) {
                    XCTAssertEqual(pointer.text, changed, "byte \(byte) at \(position)")
                }
            }
        }
    }

    func testSizeThatIsNotCanonicalIsDamage() {
        let head = String(decoding: valid, as: UTF8.self).replacing("12345\n", with: "")
        let sizes = [
            "", "0", "00", "-1", "+1", "01", " 1", "1 ", "0x10", "1e3", "1\n", "1\r",
            "9223372036854775808", "18446744073709551616", "99999999999999999999999",
        ]
        for size in sizes {
            XCTAssertEqual(recognize(head + size + "\n"), .foreignPointer(.damaged), "size '\(size)'")
        }
        guard case .pointer(let largest) = recognize(head + "9223372036854775807\n") else {
            return XCTFail("the largest size is a size")
        }
        XCTAssertEqual(largest.byteCount, .max)
    }

    func testDamagedPointersAreNeitherPointersNorData() {
        let text = String(decoding: valid, as: UTF8.self)
        let damaged = [
            text.replacing("\n", with: "\r\n"),
            text.replacing("4d7a", with: "4D7A"),
            text.replacing("oid", with: "oid "),
            text + "\n",
            text + "note hello\n",
            text + text,
            text.replacing("sha256", with: "sha512"),
            text.replacing("pointer 1\n", with: "pointer 1\n<<<<<<< HEAD\n"),
            "git data pointer 1\n",
            "git data pointer \n",
            "git data pointer one\n",
            "git data pointer 2",
        ]
        for text in damaged {
            XCTAssertEqual(recognize(text), .foreignPointer(.damaged), text)
        }
    }

    func testOtherVersionIsNamed() {
        XCTAssertEqual(recognize("git data pointer 2\nchunks 17\n"), .foreignPointer(.version("2")))
        XCTAssertEqual(recognize("git data pointer 1.1\n"), .foreignPointer(.version("1.1")))
        XCTAssertEqual(recognize("git data pointer 01\n"), .foreignPointer(.version("01")))
        XCTAssertEqual(recognize("git data pointer 10\n"), .foreignPointer(.version("10")))
    }

    func testTextsThatOnlyResemblePointersAreData() {
        let text = String(decoding: valid, as: UTF8.self)
        let others = [
            "", "\n", " " + text, "\u{feff}" + text, "Git data pointer 1\n", "git data pointer", "git data  pointer 1\n",
        ]
        for text in others {
            XCTAssertEqual(recognize(text), .data, text)
        }
    }

    func testTextOf1024BytesIsDataWhateverItBeginsWith() {
        let longest = valid + [UInt8](repeating: UInt8(ascii: "\n"), count: 1023 - valid.count)
        XCTAssertEqual(Pointer.recognize(longest), .foreignPointer(.damaged))
        XCTAssertEqual(Pointer.recognize(longest + [UInt8(ascii: "\n")]), .data)
    }

    func testEmptyBlobsTextIsEmpty() {
        for form in [Pointer.Form.gitData, .lfs(extensions: [])] {
            XCTAssertEqual(Pointer(oid: .of([]), byteCount: 0, form: form).text, [])
        }
    }

    func testSliceAndRawBufferAreReadAsArrayIs() {
        let padded = [1, 2, 3] + valid + [4]
        let expected = Pointer.recognize(valid)
        XCTAssertEqual(Pointer.recognize(padded[3..<(padded.count - 1)]), expected)
        valid.withUnsafeBytes { XCTAssertEqual(Pointer.recognize($0), expected) }
    }
}

/// The same numbers at every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    // SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
