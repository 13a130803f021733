import Digest
import ObjectStore

/// Some blobs of a remote, in the order of their oids, and how much they are. In memory there is a part of them.
struct ChosenBlobs {
    let share: SpaceShare
    private let store: ObjectStore
    private let blobs: SortedBlobs

    var isEmpty: Bool { share.files == 0 }

    private init(_ store: ObjectStore, _ choose: ((SortedBlobs.Item) -> Void) throws -> Void) rethrows {
        var share = SpaceShare()
        let blobs = SortedBlobs(in: store)
        try choose { item in
            share.add(item.byteCount)
            blobs.add(item.oid, byteCount: item.byteCount)
        }
        (self.store, self.share, self.blobs) = (store, share, blobs)
    }

    /// Those of the blobs that are not among others.
    /// - Parameter store: whose disk takes what has no room.
    /// - Returns: how many blobs there were, and what is left of them.
    static func sort(_ listed: SortedBlobs, without others: SortedBlobs, in store: ObjectStore) throws -> (all: Int, left: Self) {
        var (all, last) = (0, ObjectID?.none)
        let left = try Self(store) { choose in
            var (listed, others) = (try listed.reader(), try others.reader())
            while let item = try listed.next() {
                // A listing may name a blob twice.
                guard item.oid != last else { continue }
                last = item.oid
                all += 1
                if try others.first(of: item.oid) == nil { choose(item) }
            }
        }
        return (all, left)
    }

    func filter(_ isWanted: (ObjectID) -> Bool) throws -> Self {
        try Self(store) { choose in
            var reader = try blobs.reader()
            while let item = try reader.next() { if isWanted(item.oid) { choose(item) } }
        }
    }

    func forEach(_ body: (ObjectID, Int64) throws -> Void) throws {
        var reader = try blobs.reader()
        while let item = try reader.next() { try body(item.oid, item.byteCount) }
    }

    /// Calls `body` with so many at once.
    func forEachPortion(of count: Int, _ body: ([ObjectID]) throws -> Void) throws {
        try blobs.forEachPortion(of: count) { try body($0.map(\.oid)) }
    }
}
