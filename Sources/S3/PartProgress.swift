import Digest
import Platform

/// How far an upload in parts has come: which parts are hashed and which the server has. It outlives a
/// failed attempt, so that the next one reads nothing twice. One thread at a time may use it.
final class PartProgress: @unchecked Sendable {
    // Safety: who takes it out of the remote's table has it alone.
    let plan: PartPlan
    let key: [UInt8]
    let uploadID: String
    private let source: FileStatus?
    /// What the server had when this began; to be compared before it counts.
    private let found: [Int: UploadedPart]
    private var whole = BlobHasher()
    private(set) var hashes: [ObjectID] = []
    private var isVerified = false
    /// What the server has for certain, by number.
    var done: [Int: UploadedPart] = [:]

    init(_ plan: PartPlan, key: [UInt8], uploadID: String, found: [Int: UploadedPart], source: FileStatus?) {
        self.plan = plan
        self.key = key
        self.uploadID = uploadID
        self.found = found
        self.source = source
    }

    /// Whether it is about this very file.
    func isAbout(_ status: FileStatus?) -> Bool {
        guard let source, let status else { return false }
        return source.isSameContent(as: status)
    }

    /// The SHA-256 of a part. Parts are hashed in order, each once.
    func hash(of number: Int, _ upload: BlobUpload) throws(S3Failure) -> ObjectID {
        if number <= hashes.count { return hashes[number - 1] }
        let byteCount = plan.byteCount(of: number)
        let candidate = found[number].flatMap { $0.byteCount == byteCount ? $0 : nil }
        let mustCompareTag = candidate != nil && candidate?.checksum == nil && MessageDigest.supports(.md5)
        var part = BlobHasher()
        var tag = mustCompareTag ? MessageDigest(.md5) : nil
        var whole = BlobHasher()
        swap(&whole, &self.whole)
        do throws(S3Failure) {
            try upload.forEachPiece(from: plan.offset(of: number), byteCount: byteCount) { piece in
                part.update(piece)
                whole.update(piece)
                tag?.update(piece)
            }
        } catch {
            // Half a part is in it: hashing has to begin anew.
            hashes = []
            throw error
        }
        swap(&whole, &self.whole)
        let oid = part.finish()
        hashes.append(oid)
        if let candidate, Self.isSame(candidate, oid, tag.take()?.finalize()) {
            // Not every server lists the checksums that it wants to hear again at the end.
            done[number] = UploadedPart(
                number: number, byteCount: byteCount, entityTag: candidate.entityTag, checksum: Base64.encode(oid.digest))
        }
        return oid
    }

    /// Whether the server has these very bytes.
    private static func isSame(_ part: UploadedPart, _ oid: ObjectID, _ tag: [UInt8]?) -> Bool {
        if let checksum = part.checksum { return checksum == Base64.encode(oid.digest) }
        guard let tag else { return false }
        return part.entityTag.filter { $0 != "\"" } == String(decoding: Hexadecimal.encode(tag), as: UTF8.self)
    }

    /// Compares all that was hashed with the blob's name.
    /// - Throws: `damaged`.
    func verify(_ upload: BlobUpload) throws(S3Failure) {
        guard !isVerified else { return }
        var whole = BlobHasher()
        swap(&whole, &self.whole)
        try upload.require(whole.finish())
        isVerified = true
    }
}
