import Digest
import ObjectStore
import Platform
import Repository
import Transfer

/// Which blobs of the store go and which stay, each with its reason. In memory there are only sums: the rows themselves
/// are gathered as `SortedBlobs`.
final class PrunePlan {
    /// One blob, for a person or a script.
    struct Row: Encodable {
        let oid: String
        let size: Int64
        let isKept: Bool
        let reason: String
    }

    /// What becomes of a blob that no need keeps.
    private enum Fate: Int64 {
        case notThere
        case leaving
        case there
        case unnamed

        var isKept: Bool { self == .notThere || self == .leaving }
    }

    /// So many blobs are asked about at once.
    private static let portionCount = 8000

    private let store: ObjectStore
    /// The blobs that are needed, with the reason as note.
    private let needed: SortedBlobs
    /// The blobs that could go, with the time of their last modification as note.
    private let candidates: SortedBlobs
    /// What becomes of the candidates, with their fate as note.
    private var sorted: SortedBlobs
    private(set) var hasCandidates = false
    private(set) var remote: String?
    /// What goes.
    private(set) var gone = SpaceShare()
    /// What stays because the remote lacks it.
    private(set) var lacking = SpaceShare()
    /// What stays because the remote may soon lack it.
    private(set) var marked = SpaceShare()

    init(in store: ObjectStore) {
        self.store = store
        needed = SortedBlobs(in: store)
        candidates = SortedBlobs(in: store)
        sorted = SortedBlobs(in: store)
    }

    func add(_ entry: ObjectStore.Entry, _ need: BlobNeed?) {
        if let need {
            needed.add(entry.oid, byteCount: entry.byteCount, note: need.note)
        } else {
            hasCandidates = true
            candidates.add(entry.oid, byteCount: entry.byteCount, note: entry.modified.seconds)
        }
    }

    /// Lets go what the remote has.
    /// - Parameters:
    ///   - isMarked: whether a collection has written a blob down, to take it away from there.
    ///   - existing: tells which blobs are there.
    func sort(
        on remote: String, isMarked: (ObjectID) -> Bool, existing: ([TransferItem]) throws -> Set<ObjectID>
    ) throws {
        self.remote = remote
        var reader = try candidates.reader()
        while true {
            var items: [TransferItem] = []
            while items.count < Self.portionCount, let item = try reader.next() {
                items.append(TransferItem(oid: item.oid, byteCount: item.byteCount))
            }
            if items.isEmpty { return }
            let there = try existing(items)
            for item in items {
                decide(item.oid, item.byteCount, !there.contains(item.oid) ? .notThere : isMarked(item.oid) ? .leaving : .there)
            }
        }
    }

    private func decide(_ oid: ObjectID, _ byteCount: Int64, _ fate: Fate) {
        sorted.add(oid, byteCount: byteCount, note: fate.rawValue)
        switch fate {
        case .notThere: lacking.add(byteCount)
        case .leaving: marked.add(byteCount)
        case .there, .unnamed: gone.add(byteCount)
        }
    }

    /// Lets go what the remote lacks, nothing names and nobody has touched for long.
    func deleteUnreferenced(olderThan age: Int64, named: SortedBlobs) throws {
        let limit = FileStatus.Time.now.seconds - age
        var (named, times, former) = (try named.reader(), try candidates.reader(), try sorted.reader())
        sorted = SortedBlobs(in: store)
        (gone, lacking, marked) = (SpaceShare(), SpaceShare(), SpaceShare())
        while let item = try former.next(), let fate = Fate(rawValue: item.note) {
            let isNamed = try named.first(of: item.oid) != nil
            let isOld = try times.first(of: item.oid).map { $0.note < limit } ?? false
            decide(item.oid, item.byteCount, fate == .notThere && !isNamed && isOld ? .unnamed : fate)
        }
    }

    /// Calls `body` for each blob: first those that are needed.
    func forEachRow(_ body: (Row) throws -> Void) throws {
        var reader = try needed.reader()
        while let item = try reader.next() {
            try body(Row(oid: item.oid.hex, size: item.byteCount, isKept: true, reason: BlobNeed(item)?.rawValue ?? ""))
        }
        try forEachSorted { item, fate in
            let reason = switch fate {
            case .notThere: "not on the remote"
            case .leaving: "marked to leave the remote"
            case .there: "on '\(remote ?? "")'"
            case .unnamed: "nothing names it"
            }
            try body(Row(oid: item.oid.hex, size: item.byteCount, isKept: fate.isKept, reason: reason))
        }
    }

    /// Calls `body` for each blob that goes, and says whether it does though no remote may have it.
    func forEachToGo(_ body: (ObjectID, Bool) throws -> Void) throws {
        try forEachSorted { item, fate in
            if !fate.isKept { try body(item.oid, fate == .unnamed) }
        }
    }

    private func forEachSorted(_ body: (SortedBlobs.Item, Fate) throws -> Void) throws {
        var reader = try sorted.reader()
        while let item = try reader.next() {
            if let fate = Fate(rawValue: item.note) { try body(item, fate) }
        }
    }
}
