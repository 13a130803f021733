import Digest
import ObjectStore
import Pointer
import Repository
import Transfer

/// The blobs that the pointers of a push name, gathered while Git walks. What Git calls them and where they are is asked
/// for again where something is to be said of some: in memory for all it would be most of what a push takes.
final class PushedBlobs {
    /// Calls its argument for each pointer, each time in the same order.
    typealias Walk = ((ReachedPointer) -> Void) throws -> Void

    private let walk: Walk
    /// Of every pointer one item; nil where there is none. The note tells their order, and its last bit whether they are
    /// extended.
    private let blobs: SortedBlobs?

    /// Walks once.
    init(_ repository: Repository, _ walk: @escaping Walk) throws {
        self.walk = walk
        var blobs: SortedBlobs?
        var count: Int64 = 0
        var failure: (any Error)?
        try walk { reached in
            // Where there is no data, nothing is asked of the store.
            if blobs == nil, failure == nil {
                do { blobs = SortedBlobs(in: try repository.store()) } catch { failure = error }
            }
            let pointer = reached.pointer
            blobs?.add(pointer.oid, byteCount: pointer.byteCount, note: count << 1 | (pointer.isExtended ? 1 : 0))
            count += 1
        }
        if let failure { throw failure }
        self.blobs = blobs
    }

    var isEmpty: Bool { blobs == nil }

    /// Calls `body` with each blob that some pointer names, in the order of their oids.
    func forEach(_ body: (ObjectID) throws -> Void) throws {
        var reader = try blobs?.reader()
        var last: ObjectID?
        while let item = try reader?.next() {
            if item.oid != last { try body(item.oid) }
            last = item.oid
        }
    }

    /// Calls `body` with each blob that some pointer without extensions names, in the order of their oids.
    func forEachPlain(_ body: (ObjectID) throws -> Void) throws {
        var reader = try blobs?.reader()
        var last: ObjectID?
        while let item = try reader?.next() {
            guard item.note & 1 == 0, item.oid != last else { continue }
            last = item.oid
            try body(item.oid)
        }
    }

    /// Calls `body` with the blobs that a remote is to have, so many at once. The first pointer that says how long a
    /// blob is decides that.
    func forEachPortion(of count: Int, _ body: ([TransferItem]) throws -> Void) throws {
        var last: ObjectID?
        func decides(_ item: SortedBlobs.Item) -> Bool {
            guard item.note & 1 == 0, item.byteCount > 0, item.oid != last else { return false }
            last = item.oid
            return true
        }
        try blobs?.forEachPortion(of: count, where: decides, body)
    }

    /// Walks once more.
    /// - Returns: the first of the pointers that decide about the length of each of these blobs.
    func pointers(to oids: Set<ObjectID>) throws -> [ReachedPointer] {
        guard !oids.isEmpty else { return [] }
        var rest = oids
        var found: [ReachedPointer] = []
        try walk { reached in
            guard !reached.pointer.isExtended, reached.pointer.byteCount > 0, rest.remove(reached.pointer.oid) != nil else { return }
            found.append(reached)
        }
        // The walk may not come to them any more; they are lost all the same.
        guard rest.isEmpty else {
            throw CommandFailure(
                "the repository has changed while it was read", kept: "your commits, which were not pushed", hints: ["try again"])
        }
        return found
    }

    /// Walks once more.
    /// - Returns: one name for a person of each of these blobs that the walk still comes to.
    func paths(of oids: Set<ObjectID>) throws -> [ObjectID: String] {
        var found: [ObjectID: String] = [:]
        try walk { reached in
            let oid = reached.pointer.oid
            if oids.contains(oid), found[oid] == nil { found[oid] = reached.path.description }
        }
        return found
    }
}
