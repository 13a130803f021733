import Inspection
import Platform
import TestSupport
import XCTest

/// What the heads of files say, and what damaged heads do not.
final class HeadTests: XCTestCase {
    private func describe(_ bytes: [UInt8]) -> String { describe(ByteSource(bytes)) }

    private func describe(_ source: ByteSource) -> String {
        do { return try describe(DataSummary.read(source)) } catch { return "\(error)" }
    }

    private func describe(_ summary: DataSummary) -> String { ([summary.kind.name] + summary.lines).joined(separator: "; ") }

    // MARK: NumPy

    func testNumPyHeaders() {
        func header(_ descr: String, _ shape: String, version: UInt8 = 1) -> NumPyHeader? {
            NumPyHeader(prefix: Samples.numPy("{'descr': \(descr), 'fortran_order': False, 'shape': \(shape), }", version: version))
        }
        let types = [
            ("'<f4'", "float32"), ("'>f8'", "float64"), ("'<i8'", "int64"), ("'|u1'", "uint8"), ("'|b1'", "bool"),
            ("'<c16'", "complex128"), ("'<M8[ns]'", "datetime64[ns]"), ("'<m8[D]'", "timedelta64[D]"), ("'<U10'", "text of 10"),
            ("'|S5'", "bytes of 5"), ("'|O'", "object"), ("\"<f4\"", "float32"), ("'<f2'", "float16"),
            ("[('a', '<f4'), ('b', '<i4')]", "structured"), ("'|V8'", "|V8"),
        ]
        for (descr, name) in types { XCTAssertEqual(header(descr, "(3,)")?.elementType, name, descr) }
        let shapes: [(String, [Int]?)] = [
            ("(3, 4)", [3, 4]), ("(3,)", [3]), ("()", []), ("(0, 2)", [0, 2]), ("(3L, 4L)", [3, 4]), ("(1,2,3)", [1, 2, 3]),
            ("(-1,)", nil), ("(99999999999999999999,)", nil), ("(a,)", nil), ("3", nil), ("(3", nil),
        ]
        for (text, shape) in shapes { XCTAssertEqual(header("'<f4'", text)?.shape, shape, text) }
        for version in [2, 3] as [UInt8] { XCTAssertEqual(header("'<f4'", "(7,)", version: version)?.shape, [7]) }
        XCTAssertNil(header("'<f4'", "(7,)", version: 4))
        XCTAssertNil(header("'<f4", "(7,)"))
        XCTAssertNil(header("7", "(7,)"))
        XCTAssertNil(header("'\u{1b}[31m'", "(7,)"))
        XCTAssertEqual(describe(Samples.numPy("{'descr': '<f4', 'shape': (1000, 28)}")), "NumPy array; type: float32; shape: 1000 × 28")
        XCTAssertEqual(describe(Samples.numPy("{'descr': '<f4', 'shape': ()}")), "NumPy array; type: float32; shape: single value")
    }

    func testEveryTruncationOfNumPyHeaderIsNone() {
        let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"
        let whole = Samples.numPy(dictionary)
        for count in 0..<10 + dictionary.utf8.count { XCTAssertNil(NumPyHeader(prefix: Array(whole[..<count]))) }
        XCTAssertNotNil(NumPyHeader(prefix: whole))
    }

    // MARK: safetensors

    func testSafetensorsHeaders() {
        let tensor = { (name: String, type: String) in "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":[2,2],\"data_offsets\":[0,8]}" }
        let text = "{\"__metadata__\":{\"format\":\"pt\"}, \(tensor("a", "F32")), \(tensor("b \\\" c", "BF16")), \(tensor("d", "F32"))}  "
        let header = SafetensorsHeader(prefix: Samples.safetensors(text))
        XCTAssertEqual(header?.tensorCount, 3)
        XCTAssertEqual(
            describe(Samples.safetensors(text)),
            "safetensors weights; tensors: 3; metadata format: pt; tensor a: F32, 2 × 2; tensor b \\\" c: BF16, 2 × 2; tensor d: F32, 2 × 2")
        XCTAssertEqual(describe(Samples.safetensors("{\(tensor("a", "I8"))}")), "safetensors weights; tensors: 1; tensor a: I8, 2 × 2")
        XCTAssertEqual(describe(Samples.safetensors("{}")), "safetensors weights; tensors: 0")
        for damaged in ["{\"a\":1}", "{\"a\":{}}", "{\"a\":{\"dtype\":1}}", "{\"a\"", "{\"a\":{\"dtype\":\"\u{1b}[31m\"}}", "{ x"] {
            XCTAssertEqual(describe(Samples.safetensors(damaged)), "safetensors weights; damaged: the head is malformed", damaged)
        }
    }

    func testHeadThatIsNotWholeIsDamaged() {
        let whole = Samples.safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}")
        let end = whole.count - 8
        XCTAssertNotNil(SafetensorsHeader(prefix: Array(whole[..<end])))
        for count in 10..<end {
            XCTAssertEqual(describe(Array(whole[..<count])), "safetensors weights; damaged: the head is malformed", "\(count) bytes")
        }
    }

    func testLongHeadIsReadFromFile() throws {
        let scratch = try ScratchFolder()
        let tensors = (0..<3000).map { "\"layer.\($0)\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}" }
        let bytes = Samples.safetensors("{\(tensors.joined(separator: ","))}")
        XCTAssertGreaterThan(bytes.count, 2 * FileKind.prefixByteCount)
        let summary = try DataSummary.read(ByteSource(.open(try scratch.write(bytes, to: "file"), .read)))
        XCTAssertEqual(summary.parts.count, 3000)
        XCTAssertNil(summary.damage)
    }

    // MARK: pictures

    func testSizesOfPictures() {
        let png = Samples.binaries.first { $0.kind == .png }?.bytes ?? []
        XCTAssertEqual(describe(png), "PNG image; dimensions: 640 × 480; colour: RGB; bits per sample: 8")
        XCTAssertEqual(describe(Samples.jpeg(width: 321, height: 123)), "JPEG image; dimensions: 321 × 123; bits per sample: 8")
        XCTAssertEqual(describe(Samples.text("GIF89a") + Samples.little(10, 2) + Samples.little(20, 2)), "GIF image; dimensions: 10 × 20")
        XCTAssertEqual(
            describe(Samples.webP("VP8X", [0, 0, 0, 0] + Samples.little(99, 3) + Samples.little(49, 3))), "WebP image; dimensions: 100 × 50")
        XCTAssertEqual(
            describe(Samples.webP("VP8L", [0x2f] + Samples.little(99 | 49 << 14, 4))), "WebP image; dimensions: 100 × 50")
        XCTAssertEqual(
            describe(Samples.webP("VP8 ", [0, 0, 0, 0x9d, 0x01, 0x2a] + Samples.little(100, 2) + Samples.little(50, 2))),
            "WebP image; dimensions: 100 × 50")
    }

    func testDamagedPicturesHaveNoSize() {
        let png = Samples.binaries.first { $0.kind == .png }?.bytes ?? []
        for count in 8..<24 { XCTAssertEqual(describe(Array(png[..<count])), "PNG image") }
        var endless = png
        endless.replaceSubrange(16..<20, with: [0xff, 0xff, 0xff, 0xff])
        XCTAssertEqual(describe(endless), "PNG image; colour: RGB; bits per sample: 8")
        endless.replaceSubrange(16..<20, with: [0, 0, 0, 0])
        XCTAssertEqual(describe(endless), "PNG image; colour: RGB; bits per sample: 8")
        let jpeg = Samples.jpeg(width: 321, height: 123)
        for count in 3..<jpeg.count - 10 { XCTAssertEqual(describe(Array(jpeg[..<count])), "JPEG image", "\(count)") }
        XCTAssertEqual(describe([0xff, 0xd8, 0xff, 0xe0, 0, 1, 0, 0]), "JPEG image", "a segment shorter than its length")
        XCTAssertEqual(describe([0xff, 0xd8] + [UInt8](repeating: 0xff, count: 5000)), "JPEG image")
    }

    // MARK: files

    func testFileIsReadWhateverItsPosition() throws {
        let scratch = try ScratchFolder()
        let file = try Descriptor.open(try scratch.write("a,b\n1,2\n", to: "file"), .read)
        try file.seek(to: 5)
        let summary = try DataSummary.read(ByteSource(file))
        XCTAssertEqual(summary.kind, .csv)
        XCTAssertEqual(describe(try ByteSource(.open(try scratch.write("", to: "empty"), .read))), "empty file")
    }

    func testRecordCutByThePrefixDoesNotHideATable() throws {
        let scratch = try ScratchFolder()
        let rows = (0..<20_000).map { "\($0),value \($0)" }.joined(separator: "\n")
        let summary = try DataSummary.read(ByteSource(.open(try scratch.write("id,value\n" + rows, to: "file"), .read)))
        XCTAssertEqual(summary.kind, .csv)
    }

    func testFolderIsTypedError() throws {
        XCTAssertThrowsError(try DataSummary.read(ByteSource(.open("/", [.read, .folder])))) { XCTAssertTrue($0 is SystemError) }
    }
}
