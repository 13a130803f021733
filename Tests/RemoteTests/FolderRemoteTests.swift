import Digest
import Glibc
import Platform
import Remote
import TestSupport
import XCTest

/// What only a folder can do: be missing, full, read-only, shared, elsewhere.
final class FolderRemoteTests: XCTestCase {
    private var scratch: ScratchFolder!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() { scratch = nil }

    // MARK: A folder that is not there

    func testMissingFolderIsUnreachable() throws {
        assertFailure(.unreachable, try FolderRemote(scratch / "missing"), naming: "missing")
        XCTAssertFalse((scratch / "missing").exists)
    }

    func testFileInPlaceOfFolderIsUnreachable() throws {
        try scratch.write("text", to: "file")
        assertFailure(.unreachable, try FolderRemote(scratch / "file"), naming: "file")
        assertFailure(.unreachable, try FolderRemote(scratch / "file/data", mayCreate: true), naming: "file")
    }

    func testFolderMayBeMadeByFirstUploadOnly() throws {
        try (scratch / "bare.git").makeFolders()
        let remote = try FolderRemote(scratch / "bare.git/data", mayCreate: true)
        let oid = ObjectID.of(Array("x".utf8))
        XCTAssertEqual(try remote.existing(among: [oid]), [:])
        assertFailure(.absent, try download(oid, from: remote), naming: "bare.git")
        XCTAssertFalse((scratch / "bare.git/data").exists)

        try upload("x", to: remote)
        XCTAssertEqual(try scratch.files(below: "bare.git"), [BytePath("bare.git/data/objects/\(oid.shardedPath)")])
    }

    func testFolderBelowMissingOneIsNotMade() throws {
        assertFailure(.unreachable, try FolderRemote(scratch / "mount/data", mayCreate: true), naming: "mount")
        XCTAssertFalse((scratch / "mount").exists)
    }

    func testFolderThatGoesAwayIsNotAnEmptyOne() throws {
        try (scratch / "remote").makeFolders()
        let remote = try FolderRemote(scratch / "remote")
        let oid = try upload("there", to: remote)
        try (scratch / "remote").rename(to: scratch / "away")
        assertFailure(.unreachable, try remote.existing(among: [oid]), naming: "remote")
        assertFailure(.unreachable, try download(oid, from: remote), naming: "remote")
        assertFailure(.unreachable, try list(remote), naming: "remote")
    }

    func testFolderNameNeedNotBeText() throws {
        let folder = scratch.path / BytePath(bytes: [0xff, 0x20, 0xfe, 0x0a])
        try folder.makeFolders()
        let remote = try FolderRemote(folder)
        let oid = try upload("x", to: remote)
        XCTAssertEqual(try download(oid, from: remote), Array("x".utf8))
        XCTAssertTrue((folder / "objects" / BytePath(oid.shardedPath)).exists)
    }

    // MARK: A folder that refuses

    func testFullFolderIsFullAndKeepsNothingHalfWritten() throws {
        let disk = try smallDisk(1 << 20)
        let remote = try FolderRemote(disk.path)
        var random = SeededRandom(seed: 1)
        let (small, big) = (random.bytes(200_000), random.bytes(2 << 20))
        try upload(small, to: remote)
        assertFailure(.full, try upload(big, to: remote), naming: "disk")
        XCTAssertEqual(try scratch.files(below: "disk/incoming"), [])
        XCTAssertEqual(try download(.of(small), from: remote), small)
        XCTAssertEqual(try remote.existing(among: [.of(big)]), [:])
        try upload(random.bytes(300_000), to: remote)
    }

    func testReadOnlyFolderServesAndRefuses() throws {
        let disk = try smallDisk(1 << 20)
        let remote = try FolderRemote(disk.path)
        let oid = try upload("there", to: remote)
        do { try disk.makeReadOnly() } catch let error as NotPossibleHere { throw XCTSkip(error.reason) }
        let again = try FolderRemote(disk.path)
        XCTAssertEqual(try download(oid, from: again), Array("there".utf8))
        XCTAssertEqual(try upload("there", to: again), oid)
        assertFailure(.denied, try upload("more", to: again), naming: "disk")
        assertFailure(.denied, try upload("more", to: remote), naming: "disk")
        assertFailure(.denied, try again.delete(oid), naming: oid.hex)
    }

    func testBlockedShardFolderFailsItsBlobOnly() throws {
        try (scratch / "remote").makeFolders()
        let remote = try FolderRemote(scratch / "remote")
        let (blocked, free) = (ObjectID.of(Array("a".utf8)), ObjectID.of(Array("b".utf8)))
        try scratch.write("in the way", to: BytePath("remote/objects/\(blocked.hex.prefix(2))"))
        for (oid, text) in [(blocked, "a"), (free, "b")] {
            let source = try scratch.write(text, to: "source")
            _ = try remote.upload(oid, byteCount: 1, from: source, TransferControl())
        }
        XCTAssertEqual(Array(remote.settle().keys), [blocked])
        XCTAssertEqual(try remote.existing(among: [free, blocked]), [free: 1])
        XCTAssertEqual(try scratch.files(below: "remote/incoming"), [])
    }

    // MARK: Another file system

    func testFolderOnAnotherFileSystem() throws {
        let disk = try smallDisk(8 << 20)
        let remote = try FolderRemote(disk.path)
        var random = SeededRandom(seed: 2)
        let bytes = random.bytes(3 << 20)
        let oid = try upload(bytes, to: remote)
        XCTAssertEqual(try fetch(oid, 3 << 20, from: remote), bytes)
    }

    // MARK: What is made

    func testObjectsAreReadOnlyAndSharedAsTheFolderIs() throws {
        for (folder, objectMode, shardMode) in [
            (UInt32(0o700), UInt32(0o400), UInt32(0o700)), (0o755, 0o444, 0o755), (0o2770, 0o440, 0o2770),
            (0o2775, 0o444, 0o2775),
        ] {
            let path = scratch / BytePath("remote-\(folder)")
            try path.makeFolders()
            try Descriptor.open(path, [.read, .folder]).setPermissions(folder)
            let mask = umask(0o077)
            defer { umask(mask) }
            let oid = try upload("x", to: FolderRemote(path))
            let object = path / "objects" / BytePath(oid.shardedPath)
            XCTAssertEqual(try object.status()?.permissions, objectMode)
            for made in [object.parent, object.parent.parent, path / "objects", path / "incoming"] {
                XCTAssertEqual(try made.status()?.permissions, shardMode, "\(made)")
            }
        }
    }

    func testForeignFilesAreNoBlobs() throws {
        try (scratch / "remote").makeFolders()
        let remote = try FolderRemote(scratch / "remote")
        let oid = try upload("x", to: remote)
        let other = ObjectID.of([1]).hex
        for name in [
            "objects/README", "objects/ab/notes", "objects/\(other.prefix(2))/zz/\(other)", "objects/ab/cd/\(other)",
            "incoming/\(other).pending", "objects/\(oid.shardedPath).tmp",
        ] {
            try scratch.write("y", to: BytePath("remote/\(name)"))
        }
        try (scratch / BytePath("remote/objects/\(ObjectID.of([2]).shardedPath)")).makeFolders()
        XCTAssertEqual(try list(remote), [RemoteBlob(oid: oid, byteCount: 1)])
    }

    func testStaleUploadsAreSweptAndFreshOnesStay() throws {
        let fresh = try scratch.write("x", to: "remote/incoming/upload-fresh")
        let old = try scratch.write("x", to: "remote/incoming/upload-old")
        let other = try scratch.write("x", to: "remote/incoming/spool-old")
        for file in [old, other] { try age(file, seconds: 25 * 60 * 60) }
        try age(fresh, seconds: 23 * 60 * 60)
        try upload("y", to: FolderRemote(scratch / "remote"))
        XCTAssertTrue(fresh.exists)
        XCTAssertFalse(old.exists)
        XCTAssertTrue(other.exists)
    }

    private func age(_ file: BytePath, seconds: Int) throws {
        let then = timeval(tv_sec: time(nil) - seconds, tv_usec: 0)
        XCTAssertEqual(file.withCString { utimes($0, [then, then]) }, 0)
    }

    func testAbandonRemovesWhatIsNotSettled() throws {
        try (scratch / "remote").makeFolders()
        let remote = try FolderRemote(scratch / "remote")
        let source = try scratch.write("x", to: "source")
        _ = try remote.upload(.of(Array("x".utf8)), byteCount: 1, from: source, TransferControl())
        XCTAssertEqual(try scratch.files(below: "remote").count, 1)
        remote.abandon()
        XCTAssertEqual(try scratch.files(below: "remote"), [])
        XCTAssertEqual(Array(remote.settle().keys), [.of(Array("x".utf8))])
    }

    // MARK: Means

    private func smallDisk(_ byteCount: Int) throws -> SmallFileSystem {
        do {
            return try SmallFileSystem(byteCount: byteCount, on: scratch / "disk")
        } catch let error as NotPossibleHere {
            throw XCTSkip(error.reason)
        }
    }

    @discardableResult
    private func upload(_ text: String, to remote: FolderRemote) throws -> ObjectID {
        try upload(Array(text.utf8), to: remote)
    }

    @discardableResult
    private func upload(_ bytes: [UInt8], to remote: FolderRemote) throws -> ObjectID {
        let oid = ObjectID.of(bytes)
        let source = try scratch.write(bytes, to: "source")
        _ = try remote.upload(oid, byteCount: Int64(bytes.count), from: source, TransferControl())
        if let failure = remote.settle()[oid] { throw failure }
        return oid
    }

    private func download(_ oid: ObjectID, from remote: FolderRemote) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try remote.download(oid, from: 0, TransferControl()) { piece throws(RemoteError) in bytes += piece }
        return bytes
    }

    private func fetch(_ oid: ObjectID, _ byteCount: Int64, from remote: FolderRemote) throws -> [UInt8]? {
        let partial = try PartialDownload(of: oid, byteCount: byteCount, at: scratch / "part", TransferControl())
        try partial.complete(from: remote, as: scratch / "whole")
        return try (scratch / "whole").contents()
    }

    private func list(_ remote: FolderRemote) throws -> [RemoteBlob] {
        var blobs: [RemoteBlob] = []
        try remote.forEachBlob { blob throws(RemoteError) in blobs.append(blob) }
        return blobs
    }

    private func assertFailure<Result>(
        _ kind: RemoteError.Kind, _ body: @autoclosure () throws -> Result, naming name: String,
        file: StaticString = #filePath, line: UInt = #line
    ) {
        XCTAssertThrowsError(try body(), file: file, line: line) { error in
            guard let error = error as? RemoteError else { return XCTFail("\(error)", file: file, line: line) }
            XCTAssertEqual(error.kind, kind, error.message, file: file, line: line)
            XCTAssert(error.message.contains(name), error.message, file: file, line: line)
        }
    }
}
