import Diagnostics
import Digest
import ObjectStore
import Platform
import Pointer
import Transfer

/// Blobs that are to be on this machine and are not, gathered as their pointers are found.
final class WantedBlobs {
    private let store: ObjectStore
    private let blobs: SortedBlobs

    init(in store: ObjectStore) {
        self.store = store
        blobs = SortedBlobs(in: store)
    }

    func add(_ pointer: Pointer) {
        if isWanted(pointer) { blobs.add(pointer.oid, byteCount: pointer.byteCount) }
    }

    /// Whether the blob is not here, and may be had.
    func isWanted(_ pointer: Pointer) -> Bool {
        !pointer.isExtended && pointer.byteCount > 0 && !store.contains(pointer.oid)
    }

    /// How many there are, and how long they are together.
    func total() throws -> ProgressTick { try blobs.total() }

    /// Calls `body` with the blobs in the order of their oids, about so many at once: each once for every length that a
    /// pointer claims of it.
    func forEachPortion(of count: Int, _ body: ([TransferItem]) throws -> Void) throws {
        try blobs.forEachPortion(of: count, body)
    }
}

extension SortedBlobs {
    /// How many there are, and how long they are together.
    func total() throws -> ProgressTick {
        var total = ProgressTick()
        var reader = try reader()
        while let item = try reader.next() {
            total.filesTotal += 1
            total.bytesTotal = total.bytesTotal.adding(byteCount: item.byteCount)
        }
        return total
    }

    /// Calls `body` with what was gathered, about so many blobs at once, and no blob in two portions.
    func forEachPortion(
        of count: Int, where isWanted: (Item) -> Bool = { _ in true }, _ body: ([TransferItem]) throws -> Void
    ) throws {
        var reader = try reader()
        var items: [TransferItem] = []
        while let item = try reader.next() {
            guard isWanted(item) else { continue }
            if items.count >= count, items.last?.oid != item.oid {
                try body(items)
                items.removeAll(keepingCapacity: true)
            }
            items.append(TransferItem(oid: item.oid, byteCount: item.byteCount))
        }
        if !items.isEmpty { try body(items) }
    }
}
