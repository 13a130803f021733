import Platform
import TestSupport
import XCTest

@testable import Inspection

/// Heads of tar members, beside what GNU tar and Python say of them.
final class TarHeaderTests: XCTestCase {
    private let member = "objects/ab/cd/" + String(repeating: "ab", count: 32)

    override func setUp() {
        TestProcess.makeHermetic()
    }

    private func heads(_ name: String, _ byteCount: Int64, modified: Int64 = 1_767_323_045) -> [UInt8] {
        TarHeader.heads(name: Array(name.utf8), byteCount: byteCount, permissions: 0o444, modified: modified)
    }

    private func program(_ name: String) throws -> BytePath {
        guard let program = Environment.findProgram(name) else { throw XCTSkip("there is no \(name)") }
        return program
    }

    func testHeadIsReadAsItWasWritten() throws {
        for byteCount in [0, 1, 511, 512, TarHeader.plainLimit] {
            let block = heads(member, byteCount)
            XCTAssertEqual(block.count, 512)
            let header = try XCTUnwrap(TarHeader(block))
            XCTAssertEqual(header.name, Array(member.utf8))
            XCTAssertEqual(header.byteCount, byteCount)
            XCTAssertEqual(header.kind, TarHeader.Kind.file)
            XCTAssertEqual(header.permissions, 0o444)
            XCTAssertEqual(header.modified, 1_767_323_045)
        }
    }

    func testSizesWithoutRoomInTheHeadStandBeforeIt() throws {
        for byteCount in [TarHeader.plainLimit + 1, 9 << 30, 99_999_999_999, 1 << 60, .max] {
            let bytes = heads(member, byteCount)
            XCTAssertEqual(bytes.count, 3 * 512)
            let first = try XCTUnwrap(TarHeader(Array(bytes[..<512])))
            XCTAssertEqual(first.kind, TarHeader.Kind.attributes)
            let record = Array(bytes[512..<512 + Int(first.byteCount)])
            XCTAssertEqual(TarHeader.attributes(record).byteCount, byteCount)
            // The length counts itself.
            XCTAssertEqual(String(decoding: record, as: UTF8.self), "\(record.count) size=\(byteCount)\n")
        }
    }

    /// GNU tar and Python read the same name, size, mode, owner and time, of small members and of one of nine gigabytes.
    func testOtherProgramsReadTheSame() throws {
        for byteCount in [0, 1_000_000, TarHeader.plainLimit, TarHeader.plainLimit + 1, 9 << 30, 1 << 50] {
            let bytes = heads(member, byteCount)
            // Of a member without its content both tell first, and complain then.
            let tar = try Finished(try program("tar"), ["-tvf", "-", "--numeric-owner", "--full-time"], input: bytes)
            let fields = tar.text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
            XCTAssertEqual(
                fields, ["-r--r--r--", "0/0", "\(byteCount)", "2026-01-02", "03:04:05", member + "\n"], "\(byteCount)")
            let script = """
                import io, sys, tarfile
                t = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()))
                m = t.firstmember
                print(m.name, m.size, m.mode, m.mtime, m.uid, m.gid, m.isreg())
                """
            let python = try Finished(try program("python3"), ["-c", BytePath(script)], input: bytes)
            XCTAssertEqual(python.text, "\(member) \(byteCount) 292 1767323045 0 0 True\n", "\(byteCount)")
        }
    }

    /// What GNU tar and Python write is read: in ustar's form, and in pax's with a length of its own.
    func testHeadsOfOtherProgramsAreRead() throws {
        let scratch = try ScratchFolder()
        try scratch.write([UInt8](repeating: 7, count: 1234), to: "a.bin")
        let made = try Finished(
            try program("tar"), ["--format=ustar", "-cf", "-", "a.bin"], in: scratch.path)
        let header = try XCTUnwrap(TarHeader(Array(made.output.prefix(512))))
        XCTAssertEqual(header.name, Array("a.bin".utf8))
        XCTAssertEqual(header.byteCount, 1234)
        let script = """
            import sys, tarfile
            m = tarfile.TarInfo("a.bin"); m.size = 9 << 30
            sys.stdout.buffer.write(m.tobuf(tarfile.PAX_FORMAT))
            """
        let pax = try Finished(try program("python3"), ["-c", BytePath(script)]).output
        let first = try XCTUnwrap(TarHeader(Array(pax.prefix(512))))
        XCTAssertEqual(first.kind, TarHeader.Kind.attributes)
        XCTAssertEqual(TarHeader.attributes(Array(pax[512..<512 + Int(first.byteCount)])).byteCount, 9 << 30)
    }

    func testEachChangedBitIsNoticed() {
        let block = heads(member, 4711)
        for position in block.indices {
            for bit in 0..<8 {
                var changed = block
                changed[position] ^= 1 << UInt8(bit)
                guard let read = TarHeader(changed) else { continue }
                // Of the sum, what stands around its digits says nothing, nor does a zero in front of them.
                XCTAssertTrue([148, 149, 154, 155].contains(position), "bit \(bit) of byte \(position): \(read)")
            }
        }
    }

    func testPaddingFillsTheBlock() {
        for (byteCount, padding) in [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)] as [(Int64, Int)] {
            XCTAssertEqual(TarHeader.padding(behind: byteCount).count, padding)
        }
    }

    func testTimesBeyondTheHeadAreCut() throws {
        XCTAssertEqual(TarHeader(heads(member, 1, modified: .max))?.modified, TarHeader.plainLimit)
    }
}
