import Digest
import ObjectStore
import Platform
import Pointer

/// One side's version of a data file in a merge: its real content, wherever that lies.
struct DataVersion {
    let oid: ObjectID
    let byteCount: Int64
    /// A file with the content, which is not ours to write to.
    let file: BytePath
    /// What Git has of it: a pointer, or the raw content where the file was not data there.
    let gitFile: BytePath

    /// Git's rule: text has no NUL among its first 8000 bytes.
    /// Source: Git, `buffer_is_binary`.
    func isText() throws(SystemError) -> Bool {
        let head = try ByteReader(Descriptor.open(file, .read), bufferSize: 8000).read(count: 8000)
        return !head.contains(0)
    }

    /// What is known of a version before its blob is here.
    enum Reference {
        case pointer(Pointer)
        /// Raw content of Git's own, or none at all.
        case raw
    }

    static func reference(_ gitFile: BytePath) throws(SystemError) -> Reference {
        let head = try gitFile.contents(limit: Pointer.maximumTextByteCount) ?? []
        guard case .pointer(let pointer) = Pointer.recognize(head) else { return .raw }
        return .pointer(pointer)
    }

    /// A version that Git wrote to a file as it is.
    init(raw gitFile: BytePath) throws {
        var hasher = BlobHasher()
        try ByteReader(Descriptor.open(gitFile, .read), bufferSize: 1 << 18).forEachPiece { hasher.update($0) }
        byteCount = hasher.byteCount
        oid = hasher.finish()
        file = gitFile
        self.gitFile = gitFile
    }

    /// - Returns: nil where the blob is not in the store.
    init?(_ pointer: Pointer, _ gitFile: BytePath, in store: ObjectStore) {
        guard let file = store.location(of: pointer.oid) else { return nil }
        oid = pointer.oid
        byteCount = pointer.byteCount
        self.file = file
        self.gitFile = gitFile
    }
}
