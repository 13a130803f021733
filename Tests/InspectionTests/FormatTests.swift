import Platform
import TestSupport
import XCTest

@testable import Inspection

/// What is read of the formats that have parts, and how two versions of them differ.
final class FormatTests: XCTestCase {
    private func lines(_ bytes: [UInt8]) throws -> [String] {
        try DataSummary.read(ByteSource(bytes)).lines
    }

    private func compare(_ old: [UInt8], _ new: [UInt8]) throws -> DataDifference {
        try .between(ByteSource(old), ByteSource(new))
    }

    // MARK: summaries

    func testArraysAndTensors() throws {
        XCTAssertEqual(try lines(FormatSamples.numPy([1, 2, 3, 4], shape: "2, 2")), ["type: float32", "shape: 2 × 2"])
        XCTAssertEqual(try lines(FormatSamples.zip([("x.npy", FormatSamples.numPy([1])), ("deep/y.npy", FormatSamples.numPy([]))])),
            ["arrays: 2", "tensor x: float32, 1", "tensor deep/y: float32, 0"])
        XCTAssertEqual(try lines(FormatSamples.safetensors([("a", [1, 2]), ("b", [])])), ["tensors: 2", "tensor a: F32, 2", "tensor b: F32, 0"])
        XCTAssertEqual(try lines(FormatSamples.gguf()), [
            "version: 3", "general.architecture: llama", "tokens: list of 2", "general.alignment: 64", "tensors: 1", "tensor output.weight: F32, 2",
        ])
        XCTAssertEqual(try lines(FormatSamples.onnx()), [
            "IR version: 8", "producer: torch", "operators: ai.onnx 17", "nodes: 1", "tensors: 1", "tensor w: float32, 2 × 2",
            "input x: float32, batch × 2",
        ])
    }

    func testParquetFooter() throws {
        XCTAssertEqual(try lines(FormatSamples.parquet()), [
            "rows: 10", "columns: 2", "row groups: 2", "written by: by hand",
            "column id: int64, codec snappy, bytes 2000, min -5, max 99, missing 2",
            "column city: text, codec snappy, bytes 2000, min Graz, max Wien, missing 2",
        ])
    }

    func testArchives() throws {
        XCTAssertEqual(try lines(FormatSamples.zip([("a.txt", [1, 2, 3]), ("d/", [])])), [
            "members: 2", "member a.txt: bytes 3, crc32 00000003", "member d/: folder",
        ])
        let long = String(repeating: "long/", count: 40) + "name"
        // The length counts its own digits.
        let record = "\(long.utf8.count + 10) path=\(long)\n"
        let bytes = FormatSamples.tarMember("pax", Samples.text(record), kind: "x") + FormatSamples.tarMember("short", [1, 2])
            + FormatSamples.tarMember("././@LongLink", Samples.text(long + "\0"), kind: "L") + FormatSamples.tarMember("cut", [3])
            + FormatSamples.tarMember("folder", [], kind: "5") + Samples.zeros(1024)
        XCTAssertEqual(try lines(bytes), [
            "members: 3", "content bytes: 3", "member \(long.prefix(200))\(long.utf8.count > 200 ? "…" : ""): bytes 2",
            "member \(long.prefix(200))\(long.utf8.count > 200 ? "…" : ""): bytes 1", "member folder: folder",
        ])
    }

    func testPicturesAndSound() throws {
        XCTAssertEqual(try lines(FormatSamples.tiff()), ["dimensions: 20 × 10", "colour: RGB", "bits per sample: 8"])
        XCTAssertEqual(try lines(FormatSamples.bmp()), ["dimensions: 5 × 4", "bits per pixel: 24"])
        XCTAssertEqual(try lines(Samples.jpeg(width: 3, height: 2)).first, "dimensions: 3 × 2")
        XCTAssertEqual(try lines(FormatSamples.wav()), [
            "encoding: PCM", "channels: 2", "samples per second: 8000", "bits per sample: 16", "seconds: 0.5",
        ])
    }

    func testTextHasLines() throws {
        XCTAssertEqual(try lines(Samples.text("one\ntwo\nthree")), ["lines: 3"])
        XCTAssertEqual(try lines([]), [])
    }

    func testDaysAndSecondsAreDates() {
        XCTAssertEqual(CalendarText.date(0), "1970-01-01")
        XCTAssertEqual(CalendarText.date(-1), "1969-12-31")
        XCTAssertEqual(CalendarText.date(11_016), "2000-02-29")
        XCTAssertEqual(CalendarText.date(-719_162), "0001-01-01")
        XCTAssertEqual(CalendarText.date(2_932_896), "9999-12-31")
        XCTAssertNil(CalendarText.date(.max))
        XCTAssertEqual(CalendarText.time(-1), "1969-12-31T23:59:59")
    }

    // MARK: differences

    func testElementsThatDifferAreCounted() throws {
        let pairs: [([UInt8], [UInt8])] = [
            (FormatSamples.numPy([1, 2, 3]), FormatSamples.numPy([1, 2.5, 4])),
            (FormatSamples.zip([("x.npy", FormatSamples.numPy([1, 2, 3]))]), FormatSamples.zip([("x.npy", FormatSamples.numPy([1, 2.5, 4]))])),
            (FormatSamples.safetensors([("t", [1, 2, 3])]), FormatSamples.safetensors([("t", [1, 2.5, 4])])),
            (FormatSamples.onnx([1, 2, 3, 4]), FormatSamples.onnx([1, 2.5, 4, 4])),
            (FormatSamples.gguf([1, 2, 3]), FormatSamples.gguf([1, 2.5, 4])),
        ]
        for (old, new) in pairs {
            let change = try compare(old, new)
            XCTAssertEqual(change.parts.map(\.differingElements), [2], "\(change.old.kind)")
            XCTAssertEqual(change.parts.map(\.largestDifference), [1])
        }
    }

    func testNoNumberEqualsNoNumberAndZeroItself() throws {
        let change = try compare(FormatSamples.numPy([.nan, 0, .infinity, .nan]), FormatSamples.numPy([-Float.nan, -0.0, .infinity, 1]))
        XCTAssertEqual(change.parts.map(\.differingElements), [1])
        XCTAssertEqual(change.parts.first?.largestDifference, nil)
    }

    func testElementTypes() throws {
        func distance(_ name: String, _ left: UInt64, _ right: UInt64) throws -> Double { try XCTUnwrap(ElementType(named: name)).distance(left, right) }
        XCTAssertEqual(try distance("int8", 0x80, 0x7f), 255)
        XCTAssertEqual(try distance("int64", 1 << 63, (1 << 63) - 1), 0x1p64)
        XCTAssertEqual(try distance("uint64", 0, .max), 0x1p64)
        XCTAssertEqual(try distance("f16", 0x3c00, 0xc000), 3)
        XCTAssertEqual(try distance("float16", 0x0001, 0), 1.0 / 16_777_216)
        XCTAssertEqual(try distance("bf16", 0x3f80, 0x4000), 1)
        XCTAssertEqual(try distance("float64", (1.5).bitPattern, (-1.5).bitPattern), 3)
        XCTAssertNil(ElementType(named: "complex64"))
        let big = try XCTUnwrap(ElementType(named: "uint16", isBigEndian: true))
        XCTAssertEqual([UInt8](arrayLiteral: 1, 2).withUnsafeBytes { big.bits($0, at: 0) }, 0x102)
    }

    func testTensorsThatCameWentAndChangedShape() throws {
        let change = try compare(
            FormatSamples.safetensors([("a", [1]), ("b", [1, 2]), ("c", [1])]), FormatSamples.safetensors([("b", [1]), ("c", [1]), ("d", [5])]))
        XCTAssertEqual(change.parts.map { "\($0.kind) \($0.name)" }, ["removed a", "changed b", "added d"])
        XCTAssertEqual(change.parts[1].facts, [.init(name: "shape", old: .shape([2]), new: .shape([1]))])
        XCTAssertEqual(change.facts, [])
    }

    func testMembersThatCameWentAndChanged() throws {
        let tar = try compare(
            FormatSamples.tar([("same", [1]), ("other", [1, 2]), ("gone", [])]), FormatSamples.tar([("other", [1, 3]), ("same", [1]), ("new", [9])]))
        XCTAssertEqual(tar.parts.map { "\($0.kind) \($0.name)" }, ["removed gone", "changed other", "added new"])
        XCTAssertTrue(tar.parts[1].hasOtherContent)
        let zip = try compare(FormatSamples.zip([("a", [1])]), FormatSamples.zip([("a", [1, 2])]))
        XCTAssertEqual(zip.parts.first?.facts.map(\.name), ["bytes", "crc32"])
    }

    func testParquetColumnsAreComparedByTheFooter() throws {
        let change = try compare(FormatSamples.parquet(), FormatSamples.parquet(rows: 20, high: 120))
        XCTAssertEqual(change.facts, [.init(name: "rows", old: .integer(10), new: .integer(20))])
        XCTAssertEqual(change.parts.map(\.name), ["id"])
        XCTAssertEqual(change.parts.first?.facts, [.init(name: "max", old: .integer(99), new: .integer(120))])
    }

    // MARK: damage

    func testEveryTruncationIsReadAndCompared() throws {
        for (name, bytes) in FormatSamples.all {
            let whole = try lines(bytes)
            for count in stride(from: 0, to: min(bytes.count, 3000), by: 1) {
                let cut = Array(bytes[..<count])
                for line in try lines(cut) { XCTAssertFalse(line.isEmpty, name) }
            }
            XCTAssertEqual(try lines(bytes), whole)
            _ = try compare(bytes, Array(bytes[..<(bytes.count / 2)]))
        }
    }

    func testRandomDamageIsReadAndCompared() throws {
        var random = SeededRandom(seed: 12)
        for (_, bytes) in FormatSamples.all {
            for _ in 0..<400 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let extreme = ([0, 0x7f, 0x80, 0xff] as [UInt8]).randomElement(using: &random) ?? 0
                    let byte = Bool.random(using: &random) ? extreme : UInt8.random(in: 0...255, using: &random)
                    changed[Int.random(in: 0..<min(changed.count, 4000), using: &random)] = byte
                }
                let difference = try compare(bytes, changed)
                for line in difference.new.lines { XCTAssertFalse(line.unicodeScalars.contains { $0.value < 0x20 }) }
            }
        }
    }

    func testNumbersThatReachBeyondTheFileAreDamage() throws {
        let huge = [UInt8](repeating: 0xff, count: 7) + [0x7f]
        var gguf = FormatSamples.gguf()
        gguf.replaceSubrange(8..<16, with: huge)
        XCTAssertEqual(try lines(gguf).last, "damaged: the head ends early or is malformed")
        var parquet = FormatSamples.parquet()
        parquet.replaceSubrange(parquet.count - 8..<parquet.count - 4, with: [0xff, 0xff, 0xff, 0x7f])
        XCTAssertEqual(try lines(parquet), ["damaged: there is no sound footer"])
        var tar = FormatSamples.tar([("a", [1, 2, 3])])
        tar.removeLast(tar.count - 514)
        XCTAssertEqual(try lines(tar).last, "damaged: the archive ends within a member")
        var zip = FormatSamples.zip([("a", [1])])
        zip.replaceSubrange(zip.count - 10..<zip.count - 6, with: [0xff, 0xff, 0xff, 0x7f])
        XCTAssertNotNil(try DataSummary.read(ByteSource(zip)).damage)
    }

    /// A few bytes in a footer could ask for a column with a very long path.
    func testPathsOfColumnsDoNotGrowWithoutBound() throws {
        let small = try DataSummary.read(ByteSource(FormatSamples.parquet(below: 1 << 10, columns: 100)))
        XCTAssertNil(small.damage)
        XCTAssertEqual(try DataSummary.read(ByteSource(FormatSamples.parquet(below: 1 << 16, columns: 2000))).damage, "there is no sound footer")
    }
}
