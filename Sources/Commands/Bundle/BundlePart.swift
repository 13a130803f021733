import Digest
import ObjectStore
import Platform

/// A member's content that waits for its turn in a file of the store's `incoming/`.
struct BundlePart: ~Copyable {
    private let file: TemporaryFile
    let oid: ObjectID

    typealias Output = ([UInt8]) throws(SystemError) -> Void

    /// - Parameter content: writes it.
    init(in store: ObjectStore, _ content: (Output) throws -> Void) throws {
        let file = try TemporaryFile(in: store.incoming, prefix: "bundle-")
        let writer = ByteWriter(try Descriptor.open(file.path, .write))
        let hash = RunningHash()
        try content { bytes throws(SystemError) in
            bytes.withUnsafeBytes { hash.update($0) }
            try writer.write(bytes)
        }
        try writer.flush()
        oid = hash.finish()
        self.file = file
    }

    /// Writes it to a bundle.
    func write(as member: BundleMember, to bundle: inout BundleWriter) throws {
        try file.descriptor.seek(to: 0)
        guard try bundle.write(member, file.descriptor, byteCount: file.descriptor.status().byteCount) == oid else {
            throw CommandFailure("'\(file.path)' was changed while it was read")
        }
    }
}
