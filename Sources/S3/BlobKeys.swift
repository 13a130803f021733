import Digest

/// The names of blobs in a bucket.
struct BlobKeys: Equatable, Sendable {
    /// What all keys begin with: `<prefix>/objects/`.
    let prefix: [UInt8]

    /// - Parameter place: the remote's prefix, without slashes at its ends.
    init(below place: [UInt8]) {
        prefix = place + (place.isEmpty ? [] : [UInt8(ascii: "/")]) + Array("objects/".utf8)
    }

    func key(of oid: ObjectID) -> [UInt8] {
        prefix + Array(oid.shardedPath.utf8)
    }

    /// The blob that a key names, where it is one of ours.
    func oid(of key: some Collection<UInt8>) -> ObjectID? {
        guard key.count > ObjectID.digitCount, let oid = ObjectID(hex: key.suffix(ObjectID.digitCount)),
            key.elementsEqual(self.key(of: oid))
        else { return nil }
        return oid
    }

    /// The blob that a key in an answer names.
    /// - Parameter isEncoded: whether the answer says that its keys are percent-encoded. AWS then writes a
    ///   space as `+`; others leave a plus sign as it is, or encode nothing.
    func oid(ofListed key: String, isEncoded: Bool) -> ObjectID? {
        if let oid = oid(of: key.utf8) { return oid }
        guard isEncoded else { return nil }
        return oid(of: Self.decoded(key)) ?? PercentEncoding.decode(key.utf8).flatMap { oid(of: $0) }
    }

    /// A percent-encoded key as AWS means it.
    static func decoded(_ key: String) -> [UInt8] {
        PercentEncoding.decode(key.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }) ?? Array(key.utf8)
    }
}
