import Digest
import Platform
import Remote
import Synchronization

/// A remote in memory that fails as told.
final class FakeRemote: Remote {
    struct State {
        var blobs: [ObjectID: [UInt8]] = [:]
        /// The errors of the next requests, in order; nil lets one pass.
        var script: [RemoteError?] = []
        /// A download that fails gives so many bytes first.
        var bytesBeforeFailure = 0
        /// An upload that fails keeps so many bytes more than the one before it.
        var keptParts: Int64 = 0
        /// The requests made, as `download 5`.
        var requests: [String] = []
    }

    let state = Mutex(State())
    let pieceSize: Int

    init(_ blobs: [[UInt8]] = [], script: [RemoteError?] = [], bytesBeforeFailure: Int = 0, pieceSize: Int = 1000) {
        self.pieceSize = pieceSize
        state.withLock { state in
            for blob in blobs { state.blobs[.of(blob)] = blob }
            state.script = script
            state.bytesBeforeFailure = bytesBeforeFailure
        }
    }

    var name: String { "'fake'" }
    var requests: [String] { state.withLock { $0.requests } }

    private func next(_ request: String) -> RemoteError? {
        state.withLock { state in
            state.requests.append(request)
            return state.script.isEmpty ? nil : state.script.removeFirst()
        }
    }

    func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] {
        if let error = next("existing") { throw error }
        return state.withLock { state in
            state.blobs.filter { oids.contains($0.key) }.mapValues { Int64($0.count) }
        }
    }

    func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult {
        control.advance(by: Int(byteCount))
        if let error = next("upload") {
            control.reach(state.withLock { $0.keptParts * Int64($0.requests.count) })
            throw error
        }
        return .sent
    }

    func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        let error = next("download \(offset)")
        guard let blob = state.withLock({ $0.blobs[oid] }) else { throw RemoteError(.absent, "not there") }
        var rest = blob.dropFirst(Int(offset))
        if error != nil { rest = rest.prefix(state.withLock { $0.bytesBeforeFailure }) }
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieceSize))
            rest = rest.dropFirst(pieceSize)
            var failure: RemoteError?
            piece.withUnsafeBytes { buffer in
                do throws(RemoteError) { try receive(buffer) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        if let error { throw error }
    }

    func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) {
        let error = next("list")
        for (oid, blob) in state.withLock({ $0.blobs }) { try body(RemoteBlob(oid: oid, byteCount: Int64(blob.count))) }
        if let error { throw error }
    }

    func delete(_ oid: ObjectID) throws(RemoteError) {
        if let error = next("delete") { throw error }
    }
}

/// A road to a remote that spoils a byte now and then.
final class SpoilingRemote: Remote {
    private let remote: FakeRemote
    private let period: Int
    private let state = Mutex((passed: 0, spoilt: 0))

    /// - Parameter period: of so many bytes that pass, one is spoilt.
    init(_ remote: FakeRemote, period: Int) {
        self.remote = remote
        self.period = period
    }

    var name: String { remote.name }
    var spoilt: Int { state.withLock { $0.spoilt } }

    func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        try remote.download(oid, from: offset, control) { piece throws(RemoteError) in
            var bytes = Array(piece)
            state.withLock { state in
                let before = state.passed / period
                state.passed += bytes.count
                guard state.passed / period > before else { return }
                bytes[state.passed * 7919 % bytes.count] ^= 0x10
                state.spoilt += 1
            }
            var failure: RemoteError?
            bytes.withUnsafeBytes { buffer in
                do throws(RemoteError) { try receive(buffer) } catch { failure = error }
            }
            if let failure { throw failure }
        }
    }

    func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] { try remote.existing(among: oids) }
    func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) { try remote.forEachBlob(body) }
    func delete(_ oid: ObjectID) throws(RemoteError) { try remote.delete(oid) }
    func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult {
        try remote.upload(oid, byteCount: byteCount, from: source, control)
    }
}
