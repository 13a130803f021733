import Digest
import Platform
import Remote
import TestSupport
import XCTest

/// Transfers within one file system: a second name for the blob, where that is as good as a copy.
final class FolderRemoteLinkTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var folder: BytePath!
    private let content = SampleData.bytes(300_000)
    private var oid: ObjectID { .of(content) }

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        folder = scratch / "remote"
        try folder.makeFolders()
        try Descriptor.open(folder, [.read, .folder]).setPermissions(0o755)
        try scratch.write("", to: "noted")
        try XCTSkipUnless(
            Descriptor.open(scratch / "noted", .read).noteVerified(), "this file system has no extended attributes")
    }

    override func tearDown() { scratch = nil }

    /// A blob as the store keeps it.
    private func source(_ bytes: [UInt8], isNoted: Bool) throws -> BytePath {
        let path = try scratch.write(bytes, to: BytePath("store/\(ObjectID.of(content).hex)"))
        let file = try Descriptor.open(path, .read)
        if isNoted { XCTAssertTrue(file.noteVerified()) }
        try file.setPermissions(0o444)
        return path
    }

    private func upload(_ source: BytePath) throws -> (inode: UInt64?, permissions: UInt32?) {
        let remote = try FolderRemote(folder)
        _ = try remote.upload(oid, byteCount: Int64(content.count), from: source, TransferControl())
        if let failure = remote.settle()[oid] { throw failure }
        let status = try (folder / "objects" / oid.shardedPath).status()
        XCTAssertEqual(try (folder / "objects" / oid.shardedPath).contents() == content, true)
        XCTAssertEqual(try scratch.files(below: "remote/incoming"), [])
        return (status?.inode, status?.permissions)
    }

    func testBlobGetsASecondName() throws {
        for isNoted in [true, false] {
            let source = try source(content, isNoted: isNoted)
            let there = try upload(source)
            XCTAssertEqual(there.inode, try source.status()?.inode)
            try source.removeFile()
            try (folder / "objects" / oid.shardedPath).removeFile()
        }
    }

    func testWhatTheRemotesUsersCouldNotReadIsCopied() throws {
        try Descriptor.open(folder, [.read, .folder]).setPermissions(0o700)
        let source = try source(content, isNoted: true)
        let there = try upload(source)
        XCTAssertNotEqual(there.inode, try source.status()?.inode)
        XCTAssertEqual(there.permissions, 0o400)
        XCTAssertEqual(try source.status()?.permissions, 0o444)
    }

    func testBlobThatSomebodyWroteToIsReadAndRefused() throws {
        var damaged = content
        damaged[1000] ^= 1
        // The note is that of the content before.
        let source = try source(content, isNoted: true)
        try Descriptor.open(source, .read).setPermissions(0o644)
        try Descriptor.open(source, .write).write(damaged)
        try Descriptor.open(source, .read).setPermissions(0o444)
        XCTAssertThrowsError(try upload(source)) { XCTAssertEqual(($0 as? RemoteError)?.kind, .damaged) }
        XCTAssertEqual(try scratch.files(below: "remote"), [])
    }

    // MARK: downloads

    /// A blob of the remote, and the name that it is to have in a local store.
    private func remoteBlob(isNoted: Bool) throws -> (place: BytePath, wanted: BytePath) {
        let source = try source(content, isNoted: isNoted)
        _ = try upload(source)
        try source.removeFile()
        try (scratch / "store/incoming").makeFolders()
        try Descriptor.open(scratch / "store/incoming", [.read, .folder]).setPermissions(0o755)
        return (folder / "objects" / oid.shardedPath, scratch / "store/incoming/wanted")
    }

    private func link(to wanted: BytePath, byteCount: Int? = nil) throws -> Bool {
        try RetryingRemote(FolderRemote(folder)).link(oid, byteCount: Int64(byteCount ?? content.count), to: wanted)
    }

    func testBlobThatWasJustVerifiedIsFetchedAsASecondName() throws {
        let (place, wanted) = try remoteBlob(isNoted: true)
        XCTAssertTrue(try link(to: wanted))
        XCTAssertEqual(try wanted.status()?.inode, try place.status()?.inode)
        XCTAssertFalse(try link(to: wanted), "the name is taken")
        XCTAssertEqual(try wanted.contents() == content, true)
    }

    func testBlobThatNobodyHasVerifiedGetsNoSecondName() throws {
        let (_, wanted) = try remoteBlob(isNoted: false)
        XCTAssertFalse(try link(to: wanted))
        XCTAssertFalse(wanted.exists)
    }

    func testBlobThatWasWrittenToGetsNoSecondName() throws {
        let (place, wanted) = try remoteBlob(isNoted: true)
        try Descriptor.open(place, .read).setPermissions(0o644)
        try Descriptor.open(place, .write).write([content[0] ^ 1])
        try Descriptor.open(place, .read).setPermissions(0o444)
        XCTAssertFalse(try link(to: wanted))
        XCTAssertFalse(wanted.exists)
    }

    func testBlobThatIsNotWhatTheStoreWouldMakeGetsNoSecondName() throws {
        let (place, wanted) = try remoteBlob(isNoted: true)
        XCTAssertFalse(try link(to: wanted, byteCount: content.count + 1))
        try Descriptor.open(wanted.parent, [.read, .folder]).setPermissions(0o700)
        XCTAssertFalse(try link(to: wanted), "it could be read by others than the store's users")
        try Descriptor.open(wanted.parent, [.read, .folder]).setPermissions(0o755)
        try place.rename(to: folder / "elsewhere")
        XCTAssertEqual(place.withCString { name in (folder / "elsewhere").withCString { symlink($0, name) } }, 0)
        XCTAssertFalse(try link(to: wanted), "a symbolic link is not followed")
        try place.removeFile()
        XCTAssertFalse(try link(to: wanted))
        XCTAssertFalse(wanted.exists)
    }
}
