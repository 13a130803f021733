import Glibc
import Platform
import TestSupport
import XCTest

final class DescriptorTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    private func isOpen(_ number: Int32) -> Bool { fcntl(number, F_GETFD) >= 0 }

    func testDescriptorIsClosedWithItsOwnerAndOnExec() throws {
        let number: Int32
        do {
            let file = try Descriptor.open(scratch / "file", [.write, .create])
            number = file.number
            XCTAssertNotEqual(fcntl(number, F_GETFD) & FD_CLOEXEC, 0)
        }
        XCTAssertFalse(isOpen(number))
        let file = try Descriptor.open(scratch / "file", .read)
        let again = file.number
        try file.close()
        XCTAssertFalse(isOpen(again))
    }

    func testOptions() throws {
        let path = scratch / "file"
        XCTAssertThrowsError(try { _ = try Descriptor.open(path, .read) }()) { error in
            XCTAssertEqual(error as? SystemError, SystemError("open", path: path, code: ENOENT))
        }
        try Descriptor.open(path, [.write, .create, .exclusive], permissions: 0o600).write([1, 2, 3])
        XCTAssertThrowsError(try { _ = try Descriptor.open(path, [.write, .create, .exclusive]) }()) { error in
            XCTAssertEqual((error as? SystemError)?.isExisting, true)
        }
        try Descriptor.open(path, [.write, .append]).write([4])
        XCTAssertEqual(try path.contents(), [1, 2, 3, 4])
        try Descriptor.open(path, [.write, .truncate]).write([5])
        XCTAssertEqual(try path.contents(), [5])
        XCTAssertThrowsError(try { _ = try Descriptor.open(path, [.read, .folder]) }())
        XCTAssertEqual(symlink("file", (scratch / "link").text), 0)
        XCTAssertThrowsError(try { _ = try Descriptor.open(self.scratch / "link", [.read, .noFollow]) }())
        let folder = try Descriptor.open(scratch.path, [.read, .folder])
        let entry = try folder.open(entry: "file", .read)
        XCTAssertEqual(entry.path, path)
        XCTAssertThrowsError(try { _ = try folder.open(entry: "link", [.read, .noFollow]) }())
    }

    func testReadWriteSeekTruncate() throws {
        let file = try Descriptor.open(scratch / "file", [.readWrite, .create])
        try file.write(Array("0123456789".utf8))
        try file.write([])
        var buffer = [UInt8](repeating: 0, count: 4)
        let atOffset = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 7) }
        XCTAssertEqual(Array(buffer[..<atOffset]), Array("789".utf8))
        let atEnd = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
        XCTAssertEqual(atEnd, 0)
        try file.seek(to: 2)
        try file.truncate(to: 5)
        let rest = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
        XCTAssertEqual(Array(buffer[..<rest]), Array("234".utf8))
        XCTAssertEqual(try file.status().byteCount, 5)
        try file.setPermissions(0o400)
        XCTAssertEqual(try file.status().permissions, 0o400)
        try file.synchronize()
        try file.synchronizeFileSystem()
    }

    func testWriteToClosedPipeIsTypedError() throws {
        var ends: [Int32] = [-1, -1]
        XCTAssertEqual(pipe(&ends), 0)
        close(ends[0])
        let writing = Descriptor(owning: ends[1])
        let result = Result { try writing.write([1]) }
        XCTAssertThrowsError(try result.get()) { XCTAssertEqual(($0 as? SystemError)?.isBrokenPipe, true) }
    }

    func testLockIsExclusiveUntilClosed() throws {
        let first = try Descriptor.open(scratch / "file", [.write, .create])
        let second = try Descriptor.open(scratch / "file", .write)
        let isFirst = try first.lock(waiting: false)
        let isSecond = try second.lock(waiting: false)
        XCTAssertTrue(isFirst)
        XCTAssertFalse(isSecond)
        try first.close()
        let isSecondNow = try second.lock(waiting: true)
        XCTAssertTrue(isSecondNow)
    }

    func testPipeIsReadableWithBytesOrAtItsEnd() throws {
        var ends: [Int32] = [-1, -1]
        XCTAssertEqual(pipe(&ends), 0)
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        reading.requestPipeBuffer(byteCount: 1 << 20)
        let before = reading.isReadable(within: 0)
        try writing.write([1])
        let after = reading.isReadable(within: 1000)
        XCTAssertFalse(before)
        XCTAssertTrue(after)
        let reader = ByteReader(reading)
        XCTAssertEqual(try reader.read(count: 1), [1])
    }

    func testSharedContentIsEqualOrFileUntouched() throws {
        try scratch.write("content", to: "source")
        let source = try Descriptor.open(scratch / "source", .read)
        let copy = try Descriptor.open(scratch / "copy", [.write, .create])
        let isShared = copy.share(contentOf: source)
        XCTAssertEqual(try (scratch / "copy").contents(), isShared ? Array("content".utf8) : [])
    }

    func testProcessStartedWithoutOutputWritesNothingIntoItsFiles() throws {
        let file = scratch / "file"
        let script: BytePath = "exec \"$0\" write-and-say \"$1\" >&- <&- 2>&-"
        let finished = try Finished("/bin/sh", ["-c", script, try TestPeer.executable(), file])
        XCTAssertEqual(finished.ending, .exited(0))
        XCTAssertEqual(try file.contents(), Array("content".utf8))
    }

    func testErrorsSayWhatAndWhere() {
        XCTAssertEqual(SystemError("open", path: "a\nb", code: ENOSPC).description, "open '\"a\\nb\"': no space left on device")
        XCTAssertEqual(SystemError("pipe", code: EMFILE).description, "pipe: too many open files")
        XCTAssertTrue(SystemError("write", code: EDQUOT).isFull)
        XCTAssertTrue(SystemError("open", code: ENOTDIR).isAbsent)
        XCTAssertTrue(SystemError("open", code: EROFS).isDenied)
        XCTAssertTrue(SystemError("rename", code: EXDEV).isCrossDevice)
        XCTAssertTrue(SystemError("read", code: ESTALE).isUnreachable)
        XCTAssertTrue(SystemError("open", code: EMFILE).isTransient)
        XCTAssertFalse(SystemError("open", code: ENOENT).isTransient)
    }
}
