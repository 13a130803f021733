import Digest
import Git
import Remote

/// The name of a pack, as Git gives it: `pack-` and the checksum of its content.
struct PackName: Hashable, Sendable {
    let text: String

    /// - Returns: nil for anything else.
    init?(_ text: String) {
        guard text.hasPrefix("pack-"), GitObjectName(hex: Array(text.utf8.dropFirst("pack-".utf8.count))) != nil else { return nil }
        self.text = text
    }

    /// The document `git/objects/pack/<name>.<suffix>`.
    func document(_ suffix: String) -> DocumentName? { Layout.packs.appending("\(text).\(suffix)") }
}

/// A pack at the remote: immutable, with no delta to objects outside of it.
struct PackRecord: Equatable, Sendable {
    struct File: Equatable, Sendable {
        let oid: ObjectID
        let byteCount: Int64
    }

    let name: PackName
    let pack: File
    let index: File
    let objectCount: Int
    /// How often it was made from smaller ones: 0 for a push's own.
    var generation = 0
    /// Commits and tags in it that others may ask for: all that they reach is in it, or reached by `bases`.
    var tips: [GitObjectName]
    /// Commits that its own rest on, and that other packs hold.
    var bases: [GitObjectName]

    /// Its two files by the names that they have at the remote.
    var documents: [ObjectID: DocumentName] {
        var names: [ObjectID: DocumentName] = [:]
        names[pack.oid] = name.document("pack")
        names[index.oid] = name.document("idx")
        return names
    }
}

/// Which packs a fetch needs.
struct PackSelection: Equatable {
    /// The packs to fetch, the oldest first.
    var packs: [PackRecord] = []
    /// Whether something was left out because a commit or tag is here from which it can be reached. It has to be seen then
    /// whether that is so.
    var reliesOnPresent: Bool

    /// - Parameters:
    ///   - wanted: commits and tags to be had with all that they reach.
    ///   - present: which of the packs' tips and bases are here.
    init(_ wanted: [GitObjectName], among packs: [PackRecord], present: Set<GitObjectName>) {
        var holders: [GitObjectName: Int] = [:]
        for (position, pack) in packs.enumerated() { for tip in pack.tips { holders[tip] = position } }
        var chosen: Set<Int> = []
        var open = wanted.filter { !present.contains($0) }
        reliesOnPresent = open.count < wanted.count
        while let next = open.popLast() {
            guard let holder = holders[next] else {
                // Nobody says which pack has it: it is somewhere in all that is not here.
                self.packs = packs.filter { pack in !pack.tips.allSatisfy(present.contains) || pack.tips.isEmpty }
                reliesOnPresent = self.packs.count < packs.count
                return
            }
            guard chosen.insert(holder).inserted else { continue }
            let missing = packs[holder].bases.filter { !present.contains($0) }
            if missing.count < packs[holder].bases.count { reliesOnPresent = true }
            open += missing
        }
        self.packs = chosen.sorted().map { packs[$0] }
    }
}
