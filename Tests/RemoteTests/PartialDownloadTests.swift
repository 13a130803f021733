import Digest
import Glibc
import Platform
import Remote
import TestSupport
import XCTest

/// Downloads that stop and go on: what is kept, what is not trusted.
final class PartialDownloadTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var blob: [UInt8] = []
    private var oid: ObjectID { .of(blob) }
    private var part: BytePath { scratch / "part" }
    private var whole: BytePath { scratch / "whole" }

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        var random = SeededRandom(seed: 7)
        blob = random.bytes(10_500)
    }

    override func tearDown() { scratch = nil }

    private func fetch(_ remote: FakeRemote, byteCount: Int64? = nil) throws {
        let partial = try PartialDownload(
            of: oid, byteCount: byteCount ?? Int64(blob.count), at: part, TransferControl())
        try partial.complete(from: remote, as: whole)
    }

    private func assertWhole(file: StaticString = #filePath, line: UInt = #line) throws {
        XCTAssertEqual(try whole.contents(), blob, file: file, line: line)
        XCTAssertFalse(part.exists, file: file, line: line)
    }

    private func assertDamaged(_ remote: FakeRemote, file: StaticString = #filePath, line: UInt = #line) {
        XCTAssertThrowsError(try fetch(remote), file: file, line: line) { error in
            XCTAssertEqual((error as? RemoteError)?.kind, .damaged, file: file, line: line)
        }
        XCTAssertFalse(part.exists, file: file, line: line)
        XCTAssertFalse(whole.exists, file: file, line: line)
    }

    func testFreshDownload() throws {
        try fetch(FakeRemote([blob]))
        try assertWhole()
    }

    func testEveryKindOfRestGoesOn() throws {
        for length in [0, 1, 999, 1000, 1001, blob.count - 1, blob.count] {
            try scratch.write(Array(blob.prefix(length)), to: "part")
            let remote = FakeRemote([blob])
            try fetch(remote)
            try assertWhole()
            XCTAssertEqual(remote.requests, length == blob.count ? [] : ["download \(length)"])
        }
    }

    func testWrongRestIsFetchedAfresh() throws {
        for length in [1, 5000, blob.count, blob.count + 1] {
            try scratch.write([UInt8](repeating: 0, count: length), to: "part")
            try fetch(FakeRemote([blob]))
            try assertWhole()
        }
    }

    func testDamagedSourceIsDamagedAndNothingStays() throws {
        for change in [1, -1, 0] {
            var bytes = blob
            if change == 0 { bytes[bytes.count - 1] ^= 1 }
            if change == 1 { bytes.append(0) }
            if change == -1 { bytes.removeLast() }
            let remote = FakeRemote()
            remote.state.withLock { $0.blobs[oid] = bytes }
            assertDamaged(remote)
            // The same behind a rest that is right.
            try scratch.write(Array(blob.prefix(3000)), to: "part")
            assertDamaged(remote)
        }
    }

    func testRoadThatSpoilsBytesCannotKeepABlobFromArriving() throws {
        var random = SeededRandom(seed: 11)
        blob = random.bytes(3 << 20)
        for period in [100_000, 1 << 20, 2_900_000] {
            let remote = SpoilingRemote(FakeRemote([blob], pieceSize: 10_007), period: period)
            let partial = try PartialDownload(of: oid, byteCount: Int64(blob.count), at: part, TransferControl())
            try partial.complete(from: remote, as: whole)
            try assertWhole()
            XCTAssertGreaterThan(remote.spoilt, 1)
            try whole.removeFile()
        }
    }

    func testRestOfSomethingElseIsMendedWithoutAThirdVoice() throws {
        var random = SeededRandom(seed: 12)
        blob = random.bytes(30 << 20)
        try scratch.write(random.bytes(29 << 20), to: "part")
        let remote = FakeRemote([blob], pieceSize: 1 << 20)
        try fetch(remote)
        try assertWhole()
        XCTAssertEqual(remote.requests, ["download \(29 << 20)", "download 0"])
    }

    func testInterruptedDownloadKeepsItsRest() throws {
        let lost = RemoteError(.unreachable, "gone", isTransient: true)
        let remote = FakeRemote([blob], script: [lost, nil], bytesBeforeFailure: 4000)
        XCTAssertThrowsError(try fetch(remote))
        XCTAssertEqual(try part.contents(), Array(blob.prefix(4000)))
        try fetch(remote)
        try assertWhole()
        XCTAssertEqual(remote.requests, ["download 0", "download 4000"])
    }

    func testAbsentSourceLeavesNoEmptyFile() throws {
        XCTAssertThrowsError(try fetch(FakeRemote())) { XCTAssertEqual(($0 as? RemoteError)?.kind, .absent) }
        XCTAssertFalse(part.exists)
    }

    func testExpectedLengthCounts() throws {
        XCTAssertThrowsError(try fetch(FakeRemote([blob]), byteCount: 10_499)) { error in
            XCTAssertEqual((error as? RemoteError)?.kind, .damaged)
        }
        XCTAssertFalse(whole.exists)
    }

    func testLinkInPlaceOfPartialFileIsNotFollowed() throws {
        let victim = try scratch.write("precious", to: "victim")
        XCTAssertEqual(victim.withCString { old in part.withCString { symlink(old, $0) } }, 0)
        XCTAssertThrowsError(try fetch(FakeRemote([blob])))
        XCTAssertEqual(try victim.contents(), Array("precious".utf8))
    }

    func testTakenNameIsNotTaken() throws {
        try scratch.write("another process's", to: "whole")
        let partial = try PartialDownload(of: oid, byteCount: Int64(blob.count), at: part, TransferControl())
        let place = try partial.complete(from: FakeRemote([blob]), as: whole)
        XCTAssertNotEqual(place, whole)
        XCTAssertEqual(try place.contents(), blob)
        XCTAssertEqual(try whole.contents(), Array("another process's".utf8))
    }

    func testManyAtOnceShareOneFile() throws {
        let remote = FakeRemote([blob])
        let failures = Monitor<[String]>([])
        let places = Monitor<[BytePath]>([])
        let (oid, part, whole, count) = (oid, part, whole, Int64(blob.count))
        concurrently(count: 40, threads: 8) { _ in
            do throws(RemoteError) {
                let partial = try PartialDownload(of: oid, byteCount: count, at: part, TransferControl())
                let place = try partial.complete(from: remote, as: whole)
                places.change { $0.append(place) }
            } catch {
                failures.change { $0.append(error.message) }
            }
        }
        XCTAssertEqual(failures.change { $0 }, [])
        let all = places.change { $0 }
        XCTAssertEqual(Set(all).count, 40)
        for place in all { XCTAssertEqual(try place.contents(), blob) }
        try assertWhole()
    }

    func testInterruptionEndsWaitingForAnotherProcess() throws {
        let held = try PartialDownload(of: oid, byteCount: Int64(blob.count), at: part, TransferControl())
        let control = TransferControl()
        control.cancellation.cancel()
        XCTAssertThrowsError(try openAndDrop(control)) { XCTAssertEqual(($0 as? RemoteError)?.kind, .interrupted) }
        try held.complete(from: FakeRemote([blob]), as: whole)
        try assertWhole()
    }

    private func openAndDrop(_ control: TransferControl) throws {
        _ = try PartialDownload(of: oid, byteCount: Int64(blob.count), at: part, control)
    }
}
