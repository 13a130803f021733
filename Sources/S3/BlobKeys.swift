import Digest
import Remote

/// The names of blobs, and of documents beside them, in a bucket.
struct BlobKeys: Equatable, Sendable {
    /// What the keys of blobs begin with: `<prefix>/objects/`.
    let prefix: [UInt8]
    /// What all keys begin with: `<prefix>/`, or nothing.
    let place: [UInt8]
    /// The blobs that have names of their own, and whose they are.
    private let named: [ObjectID: [UInt8]]
    private let owners: [[UInt8]: ObjectID]

    /// - Parameter place: the remote's prefix, without slashes at its ends.
    init(below place: [UInt8]) {
        self.place = place + (place.isEmpty ? [] : [UInt8(ascii: "/")])
        prefix = self.place + Array("objects/".utf8)
        (named, owners) = ([:], [:])
    }

    /// The keys of a place in which some blobs have names of their own.
    init(_ other: BlobKeys, naming names: [ObjectID: DocumentName]) {
        place = other.place
        prefix = other.place
        named = names.mapValues { other.place + Array($0.text.utf8) }
        owners = Dictionary(named.map { ($0.value, $0.key) }) { first, _ in first }
    }

    func key(of oid: ObjectID) -> [UInt8] {
        named[oid] ?? prefix + Array(oid.shardedPath.utf8)
    }

    /// The blob that a key names, where it is one of ours.
    func oid(of key: some Collection<UInt8>) -> ObjectID? {
        if let owner = owners[Array(key)] { return owner }
        guard key.count > ObjectID.digitCount, let oid = ObjectID(hex: key.suffix(ObjectID.digitCount)),
            key.elementsEqual(self.key(of: oid))
        else { return nil }
        return oid
    }

    /// The blob that a key in the answer to a list names. AWS percent-encodes it as it was asked to, with `+`
    /// for a space; others leave a plus sign as it is, or encode nothing, or do it and don't say so.
    func oid(ofListed key: String) -> ObjectID? {
        oid(of: key.utf8) ?? oid(of: Self.decoded(key)) ?? PercentEncoding.decode(key.utf8).flatMap { oid(of: $0) }
    }

    /// Whether a prefix in the answer to a list is the one that was asked for.
    func isListed(_ text: String, as prefix: [UInt8]) -> Bool {
        text.utf8.elementsEqual(prefix) || Self.decoded(text) == prefix || PercentEncoding.decode(text.utf8).map { $0 == prefix } ?? false
    }

    /// Whether a key in the answer to a list is below the prefix that was asked for.
    func isListed(_ key: String, below prefix: [UInt8]) -> Bool {
        if key.utf8.starts(with: prefix) || Self.decoded(key).starts(with: prefix) { return true }
        return PercentEncoding.decode(key.utf8).map { $0.starts(with: prefix) } ?? false
    }

    /// A key in the answer to a list, in the bytes to ask with again.
    func key(listed key: String, isEncoded: Bool) -> [UInt8] {
        if let oid = oid(ofListed: key) { return self.key(of: oid) }
        return isEncoded ? Self.decoded(key) : Array(key.utf8)
    }

    /// A percent-encoded key as AWS means it.
    private static func decoded(_ key: String) -> [UInt8] {
        PercentEncoding.decode(key.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }) ?? Array(key.utf8)
    }
}
