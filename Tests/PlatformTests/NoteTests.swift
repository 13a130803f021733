import Platform
import Synchronization
import TestSupport
import XCTest

/// Notes on files, copies within the kernel, and bytes that several threads consume.
final class NoteTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    func testNoteHoldsUntilSomebodyWrites() throws {
        let path = try scratch.write("content", to: "file")
        let file = try Descriptor.open(path, .readWrite)
        XCTAssertFalse(file.isNotedVerified)
        try XCTSkipUnless(file.noteVerified(), "this file system has no extended attributes")
        XCTAssertTrue(file.isNotedVerified)
        try file.setPermissions(0o444)
        try path.rename(to: scratch / "renamed")
        XCTAssertTrue(try Descriptor.open(scratch / "renamed", .read).isNotedVerified)
        pause(.milliseconds(20))
        try file.write([1])
        XCTAssertFalse(file.isNotedVerified)
    }

    func testCopyWithinTheKernelIsWhole() throws {
        for count in [0, 1, 5 << 20] {
            let content = SampleData.bytes(count)
            let source = try Descriptor.open(scratch.write(content, to: "source"), .read)
            let target = try Descriptor.open(scratch / "target", [.readWrite, .create, .truncate])
            var counted = 0
            try target.copyContent(of: source) { counted += $0 }
            XCTAssertEqual(counted, count)
            XCTAssertEqual(try (scratch / "target").contents() == content, true)
        }
    }

    // MARK: pipelines

    private final class Sink: Sendable {
        let bytes = Mutex<[UInt8]>([])

        func take(_ piece: UnsafeRawBufferPointer) throws(SystemError) {
            bytes.withLock { $0 += piece }
        }
    }

    func testEachConsumerGetsAllBytesInOrder() throws {
        let content = SampleData.bytes(11 << 20)
        let sinks = [Sink(), Sink(), Sink()]
        let pipeline = PiecePipeline(sinks.map { sink in sink.take })
        for start in stride(from: 0, to: content.count, by: 333_333) {
            try content[start..<min(start + 333_333, content.count)].withUnsafeBytes { try pipeline.append($0) }
        }
        try pipeline.finish()
        for sink in sinks { XCTAssertEqual(sink.bytes.withLock { $0 } == content, true) }
    }

    func testFailureOfAConsumerReachesTheProducer() throws {
        let sink = Sink()
        let refuse: PiecePipeline.Consumer = { _ throws(SystemError) in throw SystemError("write", code: 28) }
        let pipeline = PiecePipeline([sink.take, refuse])
        let content = [UInt8](repeating: 7, count: 1 << 20)
        XCTAssertThrowsError(
            try {
                for _ in 0..<20 { try content.withUnsafeBytes { try pipeline.append($0) } }
                try pipeline.finish()
            }()
        ) { XCTAssertEqual(($0 as? SystemError)?.code, 28) }
    }

    func testPipelineLetGoStopsItsThreads() throws {
        let sink = Sink()
        do {
            let pipeline = PiecePipeline([sink.take])
            try [UInt8](repeating: 1, count: 3 << 20).withUnsafeBytes { try pipeline.append($0) }
        }
        XCTAssertLessThanOrEqual(sink.bytes.withLock { $0.count }, 3 << 20)
    }
}
