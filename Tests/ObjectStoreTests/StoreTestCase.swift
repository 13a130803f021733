import Digest
import ObjectStore
import Platform
import TestSupport
import XCTest

/// A store in a scratch folder for each test.
class StoreTestCase: XCTestCase {
    private(set) var scratch: ScratchFolder!
    private(set) var store: ObjectStore!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        store = ObjectStore(folder: scratch / "data")
    }

    override func tearDown() {
        store = nil
        scratch = nil
    }

    /// Inserts as the filter does: piece by piece.
    @discardableResult
    func insert(_ content: [UInt8], pieces: Int = 1, into batch: BlobBatch) throws -> ObjectID {
        var spool = BlobSpool(in: batch.store)
        let size = max(1, (content.count + pieces - 1) / pieces)
        for start in stride(from: 0, to: content.count, by: size) {
            try content[start..<min(start + size, content.count)].withUnsafeBytes { try spool.write($0) }
        }
        return try spool.insert(into: batch)
    }

    /// Inserts and flushes.
    @discardableResult
    func insert(_ text: String, into store: ObjectStore? = nil) throws -> ObjectID {
        let batch = BlobBatch(store: store ?? self.store)
        let oid = try insert(Array(text.utf8), into: batch)
        try batch.flush()
        return oid
    }

    func content(of oid: ObjectID, in store: ObjectStore? = nil) throws -> [UInt8]? {
        guard let file = try (store ?? self.store).open(oid) else { return nil }
        return try ByteReader(file).readToEnd()
    }

    /// Everything in the store, as `forEachEntry` gives it.
    func entries() throws -> [ObjectStore.Entry] {
        var entries: [ObjectStore.Entry] = []
        try store.forEachEntry { entries.append($0) }
        return entries
    }

    func pending(_ oid: ObjectID) -> BytePath {
        store.incoming / "\(oid.hex).pending"
    }

    func assertThrowsStoreError<Result>(
        _ body: @autoclosure () throws -> Result, _ check: (SystemError) -> Bool, file: StaticString = #filePath,
        line: UInt = #line
    ) {
        XCTAssertThrowsError(try body(), file: file, line: line) { error in
            guard case .system(let error)? = error as? StoreError else {
                return XCTFail("\(error) is no StoreError.system", file: file, line: line)
            }
            XCTAssert(check(error), "\(error)", file: file, line: line)
        }
    }
}
