import Digest
@testable import Filter
import ObjectStore
import Platform
import Pointer
import TestSupport
import XCTest

/// What waits in a checkout is at hand in portions, and nothing of it is lost between them.
final class DelayedFilesTests: XCTestCase {
    private static func pointer(_ number: Int) -> Pointer {
        Pointer(oid: .of(Array("\(number)".utf8)), byteCount: 1)
    }

    private func add(_ numbers: Range<Int>, to files: inout DelayedFiles, blobs: Int) {
        for number in numbers { files.add(BytePath("\(number)"), Self.pointer(number % blobs).text) }
    }

    /// Answers for all that waits, as the filter does, and gives the paths in the order in which they were answered for.
    private func drain(_ files: inout DelayedFiles, most: Int, whenHalf: (inout DelayedFiles) -> Void = { _ in }) throws -> [BytePath] {
        var answered: [BytePath] = []
        var fetched: [ObjectID] = []
        var (rounds, isHalf) = (0, false)
        while !files.isEmpty, rounds < 1000 {
            rounds += 1
            fetched += try files.refill().map(\.oid)
            XCTAssertLessThanOrEqual(files.waiting(for: nil).count, most)
            // Some arrive at a time; in the end there is nothing to wait for.
            let arrived = Array(fetched.prefix(2))
            fetched.removeFirst(arrived.count)
            for path in files.waiting(for: arrived.isEmpty ? nil : arrived) {
                let file = try XCTUnwrap(files.take(path), "\(path) is not at hand")
                XCTAssertEqual(file.text, file.pointer.text)
                answered.append(path)
            }
            if !isHalf, answered.count > 20 {
                isHalf = true
                whenHalf(&files)
            }
        }
        return answered
    }

    private var scratch: ScratchFolder?

    private func files(portionCount: Int) throws -> DelayedFiles {
        let scratch = try ScratchFolder()
        self.scratch = scratch
        return DelayedFiles(in: ObjectStore(folder: scratch / "data"), portionCount: portionCount)
    }

    func testEachIsAnsweredForOnce() throws {
        for (portionCount, blobs) in [(4, 100), (4, 7), (1, 100), (1000, 100)] {
            var files = try files(portionCount: portionCount)
            add(0..<100, to: &files, blobs: blobs)
            let answered = try drain(&files, most: portionCount)
            XCTAssertEqual(answered.count, 100)
            XCTAssertEqual(Set(answered), Set((0..<100).map { BytePath("\($0)") }))
        }
    }

    func testWhatIsAddedLaterComesToo() throws {
        var files = try files(portionCount: 8)
        add(0..<30, to: &files, blobs: 100)
        let answered = try drain(&files, most: 8) { self.add(30..<60, to: &$0, blobs: 100) }
        XCTAssertEqual(answered.count, 60)
        XCTAssertEqual(Set(answered).count, 60)
    }

    func testWhatIsNotAtHandIsNoneOfThem() throws {
        var files = try files(portionCount: 2)
        add(0..<3, to: &files, blobs: 3)
        XCTAssertNil(files.take("0"))
        XCTAssertEqual(try files.refill().count, 2)
        XCTAssertNil(files.take("2"))
        XCTAssertEqual(files.take("0")?.pointer, Self.pointer(0))
        XCTAssertNil(files.take("0"))
        XCTAssertFalse(files.isEmpty)
    }
}
