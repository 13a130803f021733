import Digest
import ObjectStore
import Platform

/// What is wrong with a bundle that was read to its end, or as far as it went.
struct BundleReport {
    private let name: String
    private let blobs: BundleIntake.Blobs
    private let flaws: [String]
    private let missing: [ObjectID]
    private let unnamedCount: Int

    /// - Parameter needed: what the bundle's refs name, where they were looked at.
    init(_ file: BundleFile, _ intake: BundleIntake, _ blobs: BundleIntake.Blobs, needed: SortedBlobs? = nil) throws {
        name = file.name
        self.blobs = blobs
        flaws = intake.flaws
        var missing = try Self.difference(intake.expected, blobs.sound)
        if let needed { missing.formUnion(try Self.difference(needed, blobs.sound)) }
        self.missing = missing.subtracting(blobs.damaged).sorted()
        unnamedCount = try Self.difference(blobs.sound, intake.expected).count
    }

    /// Those of some blobs that are not among others.
    private static func difference(_ some: SortedBlobs, _ others: SortedBlobs) throws -> Set<ObjectID> {
        var found: Set<ObjectID> = []
        var (items, others) = (try some.reader(), try others.reader())
        var last: ObjectID?
        while let item = try items.next() {
            guard item.oid != last else { continue }
            last = item.oid
            if try others.first(of: item.oid) == nil { found.insert(item.oid) }
        }
        return found
    }

    /// Blobs that did not come whole.
    var lost: [ObjectID] { blobs.damaged + missing }

    var isSound: Bool { lost.isEmpty && flaws.isEmpty && blobs.failure == nil && unnamedCount == 0 }

    /// - Parameter names: a file for each blob, as far as they are known.
    func words(_ names: [ObjectID: BytePath]) -> String {
        func name(_ oid: ObjectID) -> String { names[oid].map { "\($0)" } ?? "blob \(oid)" }
        var lines = ["\(self.name) " + (blobs.failure?.words ?? "is damaged")]
        lines += flaws.map { "its '\($0)' is not as it was written" }
        if unnamedCount > 0 { lines.append("it has \(Count.blobs(unnamedCount)) that its '\(BundleMember.sums.name)' does not name") }
        if !lost.isEmpty {
            lines.append("it lacks \(Count.blobs(lost.count)):")
            lines.append(Causes.list(
                blobs.damaged.map { (name($0), "the bytes are others") } + missing.map { (name($0), "not in the file") }))
        }
        return lines.joined(separator: "\n")
    }
}
