import Digest
import Git
import Platform
private import FoundationEssentials

/// A whole repository at one moment: its refs, and the packs that hold all their objects. States are numbered from 1;
/// each is made once, from the one before, and never changes. The one with the greatest number counts.
struct RepositoryState: Equatable, Sendable {
    /// A ref and what it names.
    struct Ref: Equatable, Sendable {
        let name: BytePath
        let target: GitObjectName
        /// What an annotated tag is a tag of.
        var peeled: GitObjectName?
    }

    /// A pack that no state needs any more, or never did.
    struct UnusedPack: Equatable, Sendable {
        let name: PackName
        /// When that was noticed, in seconds since 1970.
        let since: Int64
    }

    var number: Int
    /// Drawn at random, so that nobody takes another's state for one's own.
    var id: String
    /// The `id` of the state before.
    var parent: String?
    /// Seconds since 1970, by the clock of who made it. For people: nothing is decided by it but when the past is forgotten.
    var time: Int64
    /// Who made it, as Git names committers.
    var author: String
    /// `push`, `restore`, `head`, or what housekeeping did.
    var action: String
    var objectFormat: String
    /// The branch that a clone checks out.
    var head: BytePath
    /// In the order of their names.
    var refs: [Ref]
    /// The oldest first.
    var packs: [PackRecord]
    /// Packs that will be removed, unless somebody names them again.
    var unused: [UnusedPack] = []
    /// Packs that are being removed: nobody may name these.
    var condemned: [PackName] = []
    /// Packs that were removed lately, and when. Somebody slower may be about to remove them once more, so that nobody may
    /// bring them back yet.
    var removed: [UnusedPack] = []
    /// How often objects were dropped from the packs: a pack that was made on an earlier state may miss some of them.
    var collections = 0
    /// The oldest state whose objects are all there.
    var oldest = 1

    func ref(_ name: BytePath) -> Ref? {
        var (low, high) = (0, refs.count)
        while low < high {
            let middle = (low + high) / 2
            if refs[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < refs.count && refs[low].name == name ? refs[low] : nil
    }

    /// Whether no state may name this pack, as somebody removes it or may still be about to.
    func isBarred(_ name: PackName) -> Bool { condemned.contains(name) || removed.contains { $0.name == name } }

    /// The state that comes after this one, with the same content.
    func successor(_ action: String, by author: String) -> RepositoryState {
        var next = self
        next.number += 1
        next.parent = id
        next.id = Self.newID()
        next.time = FileStatus.Time.now.seconds
        next.author = author
        next.action = action
        return next
    }

    /// What is before the first state.
    static func beginning(objectFormat: String) -> RepositoryState {
        RepositoryState(
            number: 0, id: newID(), parent: nil, time: 0, author: "", action: "", objectFormat: objectFormat,
            head: "refs/heads/main", refs: [], packs: [])
    }

    private static func newID() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

// MARK: As JSON

extension RepositoryState {
    /// Why a document is no state.
    struct Malformed: Error { let reason: String }

    /// Lines of text rather than objects: keys that differ in Unicode's normal form alone are two refs.
    private struct Wire: Codable {
        struct Pack: Codable {
            let name: String
            let bytes: Int64
            let sha256: String
            let indexBytes: Int64
            let indexSHA256: String
            let objects: Int
            let generation: Int
            let tips: [String]
            let bases: [String]
        }
        struct Unused: Codable {
            let name: String
            let since: Int64
        }
        let version: Int
        let number: Int
        let id: String
        let parent: String?
        let time: Int64
        let author: String
        let action: String
        let objectFormat: String
        let head: String
        let refs: [String]
        let packs: [Pack]
        let unused: [Unused]?
        let condemned: [String]?
        let removed: [Unused]?
        let collections: Int?
        let oldest: Int?
    }

    private struct Mark: Decodable { let version: Int }

    private static func requireVersion(_ found: Int) throws {
        guard found == version else { throw Malformed(reason: "it is of version \(found), which a newer git data has written") }
    }

    private static let version = 1
    /// Sums of so many bytes as one pack may have do not overflow, with any number of packs that a document can hold.
    private static let byteCounts: ClosedRange<Int64> = 0...1 << 42
    private static let counts = 0...1 << 32

    /// The document's bytes.
    func encoded() throws -> [UInt8] {
        let wire = Wire(
            version: Self.version, number: number, id: id, parent: parent, time: time, author: author, action: action,
            objectFormat: objectFormat, head: head.text,
            refs: refs.map { ref in
                "\(ref.target) \(ref.name.text)" + (ref.peeled.map { " \($0)" } ?? "")
            },
            packs: packs.map { pack in
                Wire.Pack(
                    name: pack.name.text, bytes: pack.pack.byteCount, sha256: pack.pack.oid.hex,
                    indexBytes: pack.index.byteCount, indexSHA256: pack.index.oid.hex, objects: pack.objectCount,
                    generation: pack.generation, tips: pack.tips.map(\.description), bases: pack.bases.map(\.description))
            },
            unused: unused.isEmpty ? nil : unused.map { Wire.Unused(name: $0.name.text, since: $0.since) },
            condemned: condemned.isEmpty ? nil : condemned.map(\.text),
            removed: removed.isEmpty ? nil : removed.map { Wire.Unused(name: $0.name.text, since: $0.since) }, collections: collections == 0 ? nil : collections,
            oldest: oldest == 1 ? nil : oldest)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(wire)) + [UInt8(ascii: "\n")]
    }

    /// Reads a state, which anybody may have written: nothing in it is believed that is not of its form.
    /// - Throws: `Malformed`.
    init(_ bytes: [UInt8], number: Int) throws {
        let wire: Wire
        do { wire = try JSONDecoder().decode(Wire.self, from: Data(bytes)) } catch {
            // Another version may have none of the rest.
            if let mark = try? JSONDecoder().decode(Mark.self, from: Data(bytes)) { try Self.requireVersion(mark.version) }
            throw Malformed(reason: "it is no JSON of a state")
        }
        try Self.requireVersion(wire.version)
        guard wire.number == number else { throw Malformed(reason: "it says that it is number \(wire.number)") }
        guard ["sha1", "sha256"].contains(wire.objectFormat) else { throw Malformed(reason: "its object format is unknown") }
        let digits = wire.objectFormat == "sha1" ? 40 : 64
        func object(_ hex: some Collection<UInt8>) throws -> GitObjectName {
            guard hex.count == digits, let name = GitObjectName(hex: hex), !name.isNull else {
                throw Malformed(reason: "it holds what is no name of an object")
            }
            return name
        }
        func packName(_ text: String) throws -> PackName {
            guard let name = PackName(text) else { throw Malformed(reason: "it holds what is no name of a pack") }
            return name
        }
        func file(_ hex: String, _ byteCount: Int64) throws -> PackRecord.File {
            guard let oid = ObjectID(hex: Array(hex.utf8)) else {
                throw Malformed(reason: "it describes a pack by what is no SHA-256")
            }
            guard Self.byteCounts.contains(byteCount) else { throw Malformed(reason: "it describes a pack of \(byteCount) bytes") }
            return PackRecord.File(oid: oid, byteCount: byteCount)
        }
        func count(_ number: Int) throws -> Int {
            guard Self.counts.contains(number) else { throw Malformed(reason: "it counts \(number) where that cannot be") }
            return number
        }
        func refName(_ bytes: some Collection<UInt8>) throws -> BytePath {
            let name = BytePath(bytes: bytes)
            // A path ends at a NUL.
            guard name.bytes.count == bytes.count, RefName.isValid(name) else { throw Malformed(reason: "it holds what is no name of a ref") }
            return name
        }
        self.number = number
        (id, parent, time, author, action) = (wire.id, wire.parent, wire.time, wire.author, wire.action)
        objectFormat = wire.objectFormat
        head = try refName(wire.head.utf8)
        refs = try wire.refs.map { line in
            // As bytes: there are letters with which a space behind them is one character.
            let fields = Array(line.utf8).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard (2...3).contains(fields.count) else { throw Malformed(reason: "it holds what is no ref") }
            return Ref(
                name: try refName(fields[1]), target: try object(fields[0]),
                peeled: fields.count == 3 ? try object(fields[2]) : nil)
        }.sorted { $0.name < $1.name }
        packs = try wire.packs.map { pack in
            PackRecord(
                name: try packName(pack.name), pack: try file(pack.sha256, pack.bytes),
                index: try file(pack.indexSHA256, pack.indexBytes), objectCount: try count(pack.objects), generation: try count(pack.generation),
                tips: try pack.tips.map { try object($0.utf8) }, bases: try pack.bases.map { try object($0.utf8) })
        }
        unused = try (wire.unused ?? []).map { UnusedPack(name: try packName($0.name), since: $0.since) }
        condemned = try (wire.condemned ?? []).map(packName)
        removed = try (wire.removed ?? []).map { UnusedPack(name: try packName($0.name), since: $0.since) }
        collections = try count(wire.collections ?? 0)
        oldest = wire.oldest ?? 1
        guard oldest >= 1, oldest <= number else { throw Malformed(reason: "it says that the oldest state is \(oldest)") }
        guard Set(refs.map(\.name)).count == refs.count else { throw Malformed(reason: "it names a ref twice") }
    }
}
