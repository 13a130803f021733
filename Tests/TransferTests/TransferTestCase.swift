import Diagnostics
import Digest
import ObjectStore
import Platform
import TestSupport
import Transfer
import XCTest

/// A local store, a folder remote and the agent's built executable for each test.
class TransferTestCase: XCTestCase {
    private(set) var scratch: ScratchFolder!
    private(set) var store: ObjectStore!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        store = ObjectStore(folder: scratch / "local")
        try (scratch / "remote").makeFolders()
    }

    override func tearDown() {
        store = nil
        scratch = nil
    }

    /// The remote's folder, seen as the store that its layout is.
    var remote: ObjectStore { ObjectStore(folder: scratch / "remote") }

    func agent() throws -> BytePath {
        let agent = try Environment.executable().parent / "git-data-transfer"
        XCTAssertTrue(agent.isExecutableFile, "'\(agent)' is not built")
        return agent
    }

    /// An agent that is a shell script; `$AGENT` is the real one.
    func script(_ text: String) throws -> BytePath {
        try scratch.write("#!/bin/sh\nAGENT='\(try agent())'\n\(text)\n", to: "agent", permissions: 0o755)
    }

    func session(
        _ agent: BytePath? = nil, to url: BytePath? = nil, mayCreate: Bool = false, store: ObjectStore? = nil,
        progress: any ProgressObserver = SilentProgress(), patience: Duration = .seconds(60)
    ) throws -> TransferSession {
        try TransferSession(
            agent: agent ?? self.agent(),
            destination: TransferDestination(url: url ?? scratch / "remote", mayCreate: mayCreate, name: "storage"),
            store: store ?? self.store, transfers: nil, progress: progress, patience: patience)
    }

    /// Puts blobs of random bytes into a store.
    func fill(_ store: ObjectStore, lengths: [Int], seed: UInt64 = 1) throws -> [TransferItem] {
        var random = SeededRandom(seed: seed)
        try store.prepare()
        let batch = BlobBatch(store: store)
        let items = try lengths.map { length in
            let bytes = random.bytes(length)
            var spool = BlobSpool(in: store)
            try bytes.withUnsafeBytes { try spool.write($0) }
            return TransferItem(oid: try spool.insert(into: batch), byteCount: Int64(length))
        }
        try batch.flush()
        return items
    }

    /// Puts bytes in the place of a blob.
    func plant(_ bytes: [UInt8], as oid: ObjectID, in folder: BytePath) throws {
        try scratch.write(bytes, to: folder / "objects" / BytePath(oid.shardedPath))
    }

    func assertIntact(
        _ items: [TransferItem], in store: ObjectStore, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        for item in items { XCTAssertEqual(try store.isIntact(item.oid), true, "\(item)", file: file, line: line) }
    }

    /// Asserts that every blob's file in the store has the bytes of its name, whichever are there.
    func assertNothingDamaged(in store: ObjectStore, file: StaticString = #filePath, line: UInt = #line) throws {
        try store.forEachEntry { entry throws(StoreError) in
            XCTAssertEqual(try store.isIntact(entry.oid), true, entry.oid.hex, file: file, line: line)
        }
    }
}

extension TransferOutcome {
    /// The failures' kinds by oid.
    var kinds: [ObjectID: TransferFailure.Kind] {
        Dictionary(failures.map { ($0.oid, $0.kind) }) { first, _ in first }
    }
}
