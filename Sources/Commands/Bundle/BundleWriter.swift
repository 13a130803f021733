import Digest
import Inspection
import ObjectStore
import Platform

/// Writes a bundle, member by member. Memory is flat, however long a member is.
struct BundleWriter {
    private let output: ByteWriter
    /// The time that every member gets: the same repository gives the same bytes.
    private let modified: Int64
    private var byteCount: Int64 = 0

    /// Content that is shorter is not worth the threads.
    private static let pipelineThreshold: Int64 = 4 << 20
    /// As tar(1) fills its last record.
    private static let recordByteCount: Int64 = 20 * Int64(TarHeader.blockByteCount)

    init(_ output: ByteWriter, modified: Int64) {
        self.output = output
        self.modified = modified
    }

    /// - Throws: `SystemError`.
    mutating func write(_ member: BundleMember, _ content: [UInt8]) throws(SystemError) {
        try begin(member, Int64(content.count))
        try output.write(content)
        try end(Int64(content.count))
    }

    /// Writes what is left to read of a file.
    /// - Parameters:
    ///   - byteCount: how much that is.
    ///   - advance: told of bytes as they are written.
    /// - Returns: the oid of what was written; nil where the file was longer or shorter, so that all that was written
    ///   is of no use.
    mutating func write(
        _ member: BundleMember, _ file: borrowing Descriptor, byteCount: Int64, _ advance: (Int) -> Void = { _ in }
    ) throws(SystemError) -> ObjectID? {
        try begin(member, byteCount)
        let hash = RunningHash()
        let pipeline = byteCount < Self.pipelineThreshold ? nil : PiecePipeline([hash.update, output.writeBytes])
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(1 << 20, max(4096, byteCount + 1))), alignment: 4096)
        defer { buffer.deallocate() }
        var written: Int64 = 0
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            written += Int64(count)
            guard written <= byteCount else { return nil }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if let pipeline {
                try pipeline.append(bytes)
            } else {
                hash.update(bytes)
                try output.write(bytes)
            }
            advance(count)
        }
        try pipeline?.finish()
        guard written == byteCount else { return nil }
        try end(byteCount)
        return hash.finish()
    }

    /// Writes the end, and everything that is still in memory.
    mutating func finish() throws(SystemError) {
        let end = byteCount + 2 * Int64(TarHeader.blockByteCount)
        let over = end % Self.recordByteCount
        let total = over == 0 ? end : end + Self.recordByteCount - over
        try output.write([UInt8](repeating: 0, count: Int(total - byteCount)))
        try output.flush()
    }

    private mutating func begin(_ member: BundleMember, _ contentByteCount: Int64) throws(SystemError) {
        let heads = TarHeader.heads(
            name: Array(member.name.utf8), byteCount: contentByteCount, permissions: member.permissions, modified: modified)
        try output.write(heads)
        byteCount += Int64(heads.count)
    }

    private mutating func end(_ contentByteCount: Int64) throws(SystemError) {
        let padding = TarHeader.padding(behind: contentByteCount)
        try output.write(padding)
        byteCount += contentByteCount + Int64(padding.count)
    }
}

extension ByteWriter {
    fileprivate func writeBytes(_ bytes: UnsafeRawBufferPointer) throws(SystemError) { try write(bytes) }
}

/// A hash that moves from thread to thread.
final class RunningHash: @unchecked Sendable {
    // Safety: one thread at a time has it: the pipeline's until that is finished, then its owner's.
    private var hasher: BlobHasher? = BlobHasher()

    func update(_ bytes: UnsafeRawBufferPointer) { hasher?.update(bytes) }

    /// The oid of all that came. To be asked once.
    func finish() -> ObjectID {
        guard let running = hasher.take() else { return ObjectID.of([]) }
        return running.finish()
    }
}
