import Digest
import ObjectStore
import Platform
import Pointer
import Repository

/// Content on its way into Git: it arrives piece by piece, and at the end Git's side of it is known.
/// Memory is bounded by `data.minimumSize`, whatever the length.
package struct Cleaner: ~Copyable {
    /// What Git is to store.
    package enum Answer: Equatable, Sendable {
        /// The very content: it is empty, a pointer already, or small text.
        case unchanged([UInt8])
        /// As `unchanged`; and the content looks like a pointer that this version does not read.
        case foreignPointer([UInt8], Recognition.ForeignReason)
        case pointer(Pointer)

        /// The bytes for Git.
        package var text: [UInt8] {
            switch self {
            case .unchanged(let content), .foreignPointer(let content, _): content
            case .pointer(let pointer): pointer.text
            }
        }
    }

    private let settings: Settings
    private let batch: BlobBatch
    /// The content, as long as it might stay in Git.
    private var head: [UInt8] = []
    private let headLimit: Int
    private var spool: BlobSpool?
    private let guess: BlobSpool.Guess?

    /// - Parameter guess: as `BlobSpool` takes it.
    package init(settings: Settings, batch: BlobBatch, guess: BlobSpool.Guess? = nil) {
        self.settings = settings
        self.batch = batch
        self.guess = guess
        headLimit = max(Pointer.maximumTextByteCount, Int(settings.minimumByteCount))
    }

    package mutating func take(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        if spool == nil {
            if head.count + bytes.count < headLimit {
                head.append(contentsOf: bytes)
                return
            }
            try startSpool()
        }
        try spool?.write(bytes)
    }

    private mutating func startSpool() throws(StoreError) {
        var started = BlobSpool(in: batch.store, guess: guess)
        var failure: StoreError?
        head.withUnsafeBytes { bytes in
            do throws(StoreError) { try started.write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        head = []
        spool = consume started
    }

    /// Decides what Git stores. A blob is in the batch then, durable from the batch's next flush.
    package consuming func finish() throws(StoreError) -> Answer {
        if spool == nil {
            if head.isEmpty { return .unchanged([]) }
            switch Pointer.recognize(head) {
            case .pointer: return .unchanged(head)
            case .foreignPointer(let reason): return .foreignPointer(head, reason)
            case .data:
                if settings.isShortText(head) { return .unchanged(head) }
            }
            try startSpool()
        }
        guard let spool = spool.take() else { return .unchanged([]) }
        let byteCount = spool.byteCount
        let oid = try spool.insert(into: batch)
        let form: Pointer.Form = settings.pointerForm == .lfs ? .lfs(extensions: []) : .gitData
        return .pointer(Pointer(oid: oid, byteCount: byteCount, form: form))
    }
}
