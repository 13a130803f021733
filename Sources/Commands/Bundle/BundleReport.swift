import Digest
import Platform

/// What is wrong with a bundle that was read to its end, or as far as it went.
struct BundleReport {
    private let name: String
    private let blobs: BundleIntake.Blobs
    private let flaws: [String]
    private let missing: [ObjectID]
    private let unnamedCount: Int

    /// - Parameter needed: oids that the bundle's refs name, where they were looked at.
    init(_ file: BundleFile, _ intake: BundleIntake, _ blobs: BundleIntake.Blobs, needed: [ObjectID] = []) {
        name = file.name
        self.blobs = blobs
        flaws = intake.flaws
        missing = Set(intake.expected + needed).subtracting(blobs.sound).subtracting(blobs.damaged).sorted()
        unnamedCount = blobs.sound.subtracting(intake.expected).count
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
