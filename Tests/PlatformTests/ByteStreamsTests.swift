import Platform
import TestSupport
import XCTest

final class ByteStreamsTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    private func reader(_ text: String, bufferSize: Int) throws -> ByteReader {
        ByteReader(try .open(try scratch.write(text, to: "file"), .read), bufferSize: bufferSize)
    }

    func testLinesAreTheSameWithEveryBufferSize() throws {
        let text = "first\n\nthird line that is longer\n\n"
        for size in 1...40 {
            let reader = try reader(text, bufferSize: size)
            var lines: [String] = []
            while let line = try reader.read(until: 10) { lines.append(String(decoding: line, as: UTF8.self)) }
            XCTAssertEqual(lines, ["first", "", "third line that is longer", ""], "buffer of \(size)")
            XCTAssertNil(try reader.read(until: 10))
        }
    }

    func testLastLineNeedsNoNewline() throws {
        for size in 1...10 {
            let reader = try reader("a\nbc", bufferSize: size)
            XCTAssertEqual(try reader.read(until: 10), [97])
            XCTAssertEqual(try reader.read(until: 10), [98, 99])
            XCTAssertNil(try reader.read(until: 10))
        }
    }

    func testCountsAndLinesMix() throws {
        for size in 1...20 {
            let reader = try reader("5\nhello\n3\nabcrest", bufferSize: size)
            XCTAssertEqual(try reader.read(until: 10), Array("5".utf8))
            XCTAssertEqual(try reader.read(count: 6), Array("hello\n".utf8))
            XCTAssertEqual(try reader.read(until: 10), Array("3".utf8))
            XCTAssertEqual(try reader.read(count: 0), [])
            XCTAssertEqual(try reader.read(count: 3), Array("abc".utf8))
            XCTAssertEqual(try reader.readToEnd(), Array("rest".utf8))
            XCTAssertEqual(try reader.read(count: 1), [])
            XCTAssertEqual(try reader.readSome(), [])
        }
    }

    func testReadGivesFewerBytesAtEnd() throws {
        XCTAssertEqual(try reader("abc", bufferSize: 2).read(count: 10), Array("abc".utf8))
        XCTAssertEqual(try reader("abcdef", bufferSize: 4).readToEnd(limit: 5), Array("abcde".utf8))
        XCTAssertEqual(try reader("abcdef", bufferSize: 4).readSome(limit: 3).count, 3)
    }

    func testWriterKeepsOrderOfSmallAndLargePieces() throws {
        var random = SeededRandom(seed: 3)
        for size in [1, 7, 64] {
            let writer = ByteWriter(try .open(scratch / "out", [.write, .create, .truncate]), bufferSize: size)
            var expected: [UInt8] = []
            for _ in 0..<200 {
                let piece = random.bytes(Int.random(in: 0...100, using: &random))
                expected += piece
                if Bool.random(using: &random) {
                    try writer.write(piece)
                } else {
                    try piece.withUnsafeBytes { try writer.write($0) }
                }
            }
            try writer.write("end")
            try writer.flush()
            try writer.flush()
            XCTAssertEqual(try (scratch / "out").contents(), expected + Array("end".utf8))
        }
    }

    func testWhatIsNotFlushedIsNotWritten() throws {
        do {
            let writer = ByteWriter(try .open(scratch / "out", [.write, .create]))
            try writer.write("lost")
        }
        XCTAssertEqual(try (scratch / "out").contents(), [])
    }
}
