import Digest
import Filter
import ObjectStore
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

/// A repository for each test, whose filter is asked in Git's place.
class FilterTestCase: XCTestCase {
    private(set) var scratch: ScratchRepository!
    private(set) var repository: Repository!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchRepository()
        repository = try Repository.find(from: scratch.path)
    }

    override func tearDown() {
        repository = nil
        scratch = nil
    }

    var store: ObjectStore { ObjectStore(folder: scratch.path / ".git/data") }

    func set(_ key: String, _ value: String) throws {
        try scratch.git("config", BytePath(key), BytePath(value))
    }

    func pointer(_ content: [UInt8], _ form: Pointer.Form = .gitData) -> Pointer {
        Pointer(oid: .of(content), byteCount: Int64(content.count), form: form)
    }

    /// The text of a pointer that a program of Git LFS's settings had a hand in.
    func extendedLFS(_ pointer: Pointer) -> [UInt8] {
        let text = String(decoding: pointer.text, as: UTF8.self)
        return Array(text.replacing("\noid", with: "\next-0-x sha256:\(ObjectID.of([1]))\noid").utf8)
    }

    func insert(_ content: [UInt8]) throws {
        let batch = BlobBatch(store: store)
        var spool = BlobSpool(in: store)
        try content.withUnsafeBytes { try spool.write($0) }
        _ = try spool.insert(into: batch)
        try batch.flush()
    }

    /// Puts a blob into the folder remote that the repository is then configured with.
    func insertIntoRemote(_ content: [UInt8]) throws {
        let folder = scratch.scratch / "remote"
        try scratch.scratch.write(content, to: BytePath("remote/objects") / ObjectID.of(content).shardedPath)
        try set("data.storage.url", "\(folder)")
    }

    func insertDamaged(_ pretended: [UInt8], _ bytes: [UInt8]) throws {
        try insert(pretended)
        let path = store.path(of: .of(pretended))
        try path.removeFile()
        try Descriptor.open(path, [.write, .create]).write(bytes)
    }

    func assertStored(_ content: [UInt8], file: StaticString = #filePath, line: UInt = #line) throws {
        let path = store.path(of: .of(content))
        XCTAssertTrue(try path.contents() == content, "the blob is not in its place", file: file, line: line)
    }

    func assertNothingStored(file: StaticString = #filePath, line: UInt = #line) throws {
        let incoming = store.incoming.exists ? try store.incoming.entries() : []
        XCTAssertEqual(incoming, [], file: file, line: line)
        var count = 0
        try store.forEachEntry { _ in count += 1 }
        XCTAssertEqual(count, 0, file: file, line: line)
    }

    /// Bytes that no rule takes for text.
    func binary(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        var bytes = random.bytes(count)
        if count > 0 { bytes[0] = 0 }
        return bytes
    }
}
