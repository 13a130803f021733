import Digest
import Platform

/// The blob that content may turn out to be once more.
package struct BlobGuess: ~Copyable {
    let oid: ObjectID
    let file: Descriptor

    /// - Returns: nil where the blob is not here.
    package init?(_ oid: ObjectID, in store: ObjectStore) {
        guard let file = try? store.open(oid) else { return nil }
        self.oid = oid
        self.file = file
    }
}

/// Content that is compared with a blob as it arrives, as long as they are equal.
final class BlobComparison: @unchecked Sendable {
    // Safety: one thread at a time has it.
    private let guess: BlobGuess
    /// How much is known to be equal.
    private(set) var equalByteCount: Int64 = 0
    private var buffer: [UInt8] = []

    init(_ guess: consuming BlobGuess) {
        self.guess = guess
    }

    /// Whether the guess's bytes are known to be those of its oid, so that equal content need not be hashed.
    var isVerified: Bool { guess.file.isNotedVerified }

    /// The oid of all content so far, where that is the whole of the guess, which is verified.
    var result: ObjectID? {
        guard isVerified, (try? guess.file.status())?.byteCount == equalByteCount else { return nil }
        return guess.oid
    }

    /// Whether these are the guess's next bytes; if so, they count as equal.
    func takes(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Bool {
        if buffer.count < bytes.count { buffer = [UInt8](repeating: 0, count: bytes.count) }
        var count = 0
        while count < bytes.count {
            let read = try read(at: equalByteCount + Int64(count), into: count..<bytes.count)
            if read == 0 { return false }
            count += read
        }
        let isEqual = buffer.withUnsafeBytes { haveEqualBytes(UnsafeRawBufferPointer(rebasing: $0[..<bytes.count]), bytes) }
        if isEqual { equalByteCount += Int64(bytes.count) }
        return isEqual
    }

    /// Hands out what was equal.
    /// - Parameter start: where to begin.
    func replay(
        from start: Int64 = 0, _ body: (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(SystemError) {
        if buffer.count < 1 << 16 { buffer = [UInt8](repeating: 0, count: 1 << 20) }
        var offset = start
        while offset < equalByteCount {
            let wanted = Int(min(Int64(buffer.count), equalByteCount - offset))
            let count = try read(at: offset, into: 0..<wanted)
            // It was longer a moment ago: somebody has cut the blob.
            guard count > 0 else { throw SystemError("read", path: guess.file.path ?? "", code: 5) }
            var failure: SystemError?
            buffer.withUnsafeBytes { bytes in
                do throws(SystemError) { try body(UnsafeRawBufferPointer(rebasing: bytes[..<count])) } catch { failure = error }
            }
            if let failure { throw failure }
            offset += Int64(count)
        }
    }

    /// Reads from the guess into that part of the buffer.
    private func read(at offset: Int64, into range: Range<Int>) throws(SystemError) -> Int {
        var failure: SystemError?
        let count = buffer.withUnsafeMutableBytes { target in
            do throws(SystemError) {
                return try guess.file.read(into: UnsafeMutableRawBufferPointer(rebasing: target[range]), at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }
}
