import Git
import Glibc
import Platform
import Synchronization
import TestSupport
import XCTest

final class PktLineTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    private enum Event: Equatable {
        case data([UInt8]), flush, end, violation
    }

    /// All that the reader gives, to the end or the first violation.
    private func events(_ reader: PktLineReader) throws -> [Event] {
        var events: [Event] = []
        while true {
            do throws(GitError) {
                switch try reader.next() {
                case .data(let bytes): events.append(.data(Array(bytes)))
                case .flush: events.append(.flush)
                case .end: return events + [.end]
                }
            } catch {
                guard case .protocolViolation = error else { throw error }
                return events + [.violation]
            }
        }
    }

    private func events(_ pieces: [[UInt8]]) throws -> [Event] {
        try events(PktLineReader(try .stream(ofPieces: pieces)))
    }

    private let sample = Array("0006a\n0000000bfoobar\n0004000bdata\0\u{1}00000000".utf8)
    private let sampleEvents: [Event] = [
        .data(Array("a\n".utf8)), .flush, .data(Array("foobar\n".utf8)), .data([]), .data(Array("data\0\u{1}0".utf8)),
    ]

    func testPacketsAreReadAsTheyWereWritten() throws {
        // The last flush of the sample is cut by the packet before it: three zeros remain.
        XCTAssertEqual(try events([sample]), sampleEvents + [.flush, .violation])
        XCTAssertEqual(try events([Array("0000".utf8)]), [.flush, .end])
        XCTAssertEqual(try events([]), [.end])
    }

    func testEverySplitGivesTheSamePackets() throws {
        let whole = sample + [UInt8(ascii: "0")]
        let expected = sampleEvents + [.flush, .flush, .end]
        for first in 0...whole.count {
            XCTAssertEqual(try events([Array(whole[..<first]), Array(whole[first...])]), expected, "split at \(first)")
        }
        XCTAssertEqual(try events(whole.map { [$0] }), expected)
        for size in 2...9 {
            let pieces = stride(from: 0, to: whole.count, by: size).map { Array(whole[$0..<min($0 + size, whole.count)]) }
            XCTAssertEqual(try events(pieces), expected, "pieces of \(size)")
        }
    }

    func testEveryTruncationEndsBetweenPacketsOrIsViolation() throws {
        let whole = sample + [UInt8(ascii: "0")]
        // Where packets end.
        let borders: Set<Int> = [0, 6, 10, 21, 25, 36, 40, 44]
        XCTAssertEqual(whole.count, 44)
        for count in 0...whole.count {
            let last = try events([Array(whole[..<count])]).last
            XCTAssertEqual(last, borders.contains(count) ? .end : .violation, "cut to \(count) bytes")
        }
    }

    func testMalformedLengthsAreViolations() throws {
        for header in ["0001", "0002", "0003", "fff1", "ffff", "zzzz", "000g", "+005", " 005", "-001", "0x05", "\n000"] {
            XCTAssertEqual(try events([Array((header + "a").utf8)]), [.violation], header)
        }
    }

    func testDigitsOfEitherCaseCount() throws {
        let payload = [UInt8](repeating: 7, count: 0xab)
        for header in ["00af", "00AF", "00aF"] {
            XCTAssertEqual(try events([Array(header.utf8) + payload]), [.data(payload), .end], header)
        }
    }

    func testLargestPacketIsRead() throws {
        let scratch = try ScratchFolder()
        var random = SeededRandom(seed: 11)
        // Many of them cross the end of the reader's buffer in all ways.
        let payloads = (0..<40).map { random.bytes($0 % 3 == 0 ? PktLine.maximumPayloadByteCount : 60_000 + $0) }
        var bytes: [UInt8] = []
        for payload in payloads {
            let digits = String(payload.count + 4, radix: 16)
            bytes += Array((String(repeating: "0", count: 4 - digits.count) + digits).utf8) + payload
        }
        let file = try scratch.write(bytes, to: "stream")
        let reader = PktLineReader(try .open(file, .read), bufferSize: 1)
        XCTAssertEqual(try events(reader), payloads.map { .data($0) } + [.end])
    }

    func testListsAreLinesWithoutTheirNewlines() throws {
        let text = "0008key\n000da=b\nc\nd\n\n0007end00000000"
        let reader = PktLineReader(try .stream(ofPieces: [Array(text.utf8)]))
        XCTAssertEqual(try reader.readLines(), [Array("key".utf8), Array("a=b\nc\nd\n".utf8), Array("end".utf8)])
        XCTAssertEqual(try reader.readLines(), [])
        XCTAssertNil(try reader.readLines())
    }

    func testListCutByEndIsViolation() throws {
        let reader = PktLineReader(try .stream(ofPieces: [Array("0008key\n".utf8)]))
        XCTAssertThrowsError(try reader.readLines()) { error in
            guard case .protocolViolation? = error as? GitError else { return XCTFail("\(error)") }
        }
    }

    // MARK: writing

    private func written(_ write: (PktLineWriter) throws -> Void) throws -> [UInt8] {
        let scratch = try ScratchFolder()
        let writer = PktLineWriter(try .open(scratch / "out", [.write, .create]), bufferSize: 1)
        try write(writer)
        try writer.flush()
        return try (scratch / "out").contents() ?? []
    }

    func testPacketsAreWrittenWithTheirLengths() throws {
        let bytes = try written { writer in
            try writer.writeLine("a")
            try writer.writeFlush()
            try writer.writeLine("")
            try [UInt8](repeating: 0x62, count: 0xfc).withUnsafeBytes { try writer.write(content: $0) }
            try writer.write(content: UnsafeRawBufferPointer(start: nil, count: 0))
            try writer.writeFlush()
        }
        let expected = Array("0006a\n00000005\n0100".utf8) + [UInt8](repeating: 0x62, count: 0xfc) + Array("0000".utf8)
        XCTAssertEqual(bytes, expected)
    }

    func testContentIsCutIntoLargestPackets() throws {
        var random = SeededRandom(seed: 12)
        let largest = PktLine.maximumPayloadByteCount
        for count in [1, largest - 1, largest, largest + 1, 3 * largest, 3 * largest + 17] {
            let content = random.bytes(count)
            let bytes = try written { writer in
                try content.withUnsafeBytes { try writer.write(content: $0) }
            }
            let scratch = try ScratchFolder()
            let reader = PktLineReader(try .open(try scratch.write(bytes, to: "stream"), .read))
            let payloads = try events(reader).dropLast().map { event -> [UInt8] in
                if case .data(let bytes) = event { bytes } else { [] }
            }
            XCTAssertEqual(Array(payloads.joined()), content)
            XCTAssertEqual(payloads.count, (count + largest - 1) / largest)
        }
    }

    func testContentIsReadWhereItIsWrittenFrom() throws {
        let scratch = try ScratchFolder()
        var random = SeededRandom(seed: 13)
        let content = random.bytes(300_000)
        let file = try Descriptor.open(try scratch.write(content, to: "content"), .read)
        let bytes = try written { writer in
            try writer.writeContent { buffer throws(SystemError) in try file.read(into: buffer) } or: { .system($0) }
        }
        let reader = PktLineReader(try .open(try scratch.write(bytes, to: "stream"), .read))
        var collected: [UInt8] = []
        for case .data(let bytes) in try events(reader) { collected += bytes }
        XCTAssertEqual(collected, content)
    }

    /// Both ways: a pipe takes the pages of the file, another file takes its bytes.
    func testFileIsSentFromItsPresentPosition() throws {
        let scratch = try ScratchFolder()
        var random = SeededRandom(seed: 14)
        let largest = PktLine.maximumPayloadByteCount
        for count in [0, 1, largest, largest + 1, 3 << 20] {
            let content = random.bytes(count + 3)
            let path = try scratch.write(content, to: "content")
            func send(_ writer: PktLineWriter) throws {
                let file = try Descriptor.open(path, .read)
                try file.seek(to: 3)
                try writer.writeLine("before")
                try writer.send(contentOf: file, byteCount: Int64(count))
                try writer.writeFlush()
            }
            let bytes = try written(send)
            var ends: [Int32] = [-1, -1]
            XCTAssertEqual(pipe(&ends), 0)
            let collected = Mutex<[UInt8]>([])
            let input = ends[0]
            let reader = WorkerThread {
                let all = try? ByteReader(Descriptor(owning: input)).readToEnd(limit: .max)
                collected.withLock { $0 = all ?? [] }
            }
            do {
                let writer = PktLineWriter(Descriptor(owning: ends[1]))
                try send(writer)
                try writer.flush()
            }
            reader.join()
            XCTAssertTrue(collected.withLock { $0 } == bytes, "\(count)")
            var payload: [UInt8] = []
            for case .data(let bytes) in try events(PktLineReader(.open(try scratch.write(bytes, to: "stream"), .read))) {
                payload += bytes
            }
            XCTAssertTrue(payload == Array("before\n".utf8) + content.dropFirst(3), "\(count)")
        }
    }

    func testFileThatIsShorterThanSaidIsTypedError() throws {
        let scratch = try ScratchFolder()
        let file = try Descriptor.open(try scratch.write([1, 2, 3], to: "content"), .read)
        _ = try written { writer in
            XCTAssertThrowsError(try writer.send(contentOf: file, byteCount: 4)) { error in
                guard case .protocolViolation? = error as? GitError else { return XCTFail("\(error)") }
            }
        }
    }

    func testLineThatNoPacketCanHoldIsTypedError() throws {
        let longest = [UInt8](repeating: 0x61, count: PktLine.maximumPayloadByteCount - 1)
        let bytes = try written { writer in
            try writer.writeLine(longest)
            XCTAssertThrowsError(try writer.writeLine(longest + [0x61])) { error in
                guard case .protocolViolation? = error as? GitError else { return XCTFail("\(error)") }
            }
            try writer.writeFlush()
        }
        XCTAssertTrue(bytes == Array("fff0".utf8) + longest + Array("\n0000".utf8))
    }

    func testWritingToPeerThatIsGoneIsTypedError() throws {
        var ends: [Int32] = [-1, -1]
        XCTAssertEqual(pipe(&ends), 0)
        close(ends[0])
        let writer = PktLineWriter(Descriptor(owning: ends[1]))
        try writer.writeFlush()
        XCTAssertThrowsError(try writer.flush()) { error in
            guard case .system(let error)? = error as? GitError else { return XCTFail("\(error)") }
            XCTAssertTrue(error.isBrokenPipe)
        }
    }
}
