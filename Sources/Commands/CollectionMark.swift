import Diagnostics
import Digest
import FoundationEssentials
import Transfer

/// The first of the two steps in which blobs leave a remote: the blobs that nothing names, written down at the
/// remote where everybody who pushes looks first. Between the steps lies a time that is longer than any push.
///
/// ```
/// gc/mark           which blobs are to go, and from when on; there is one at most
/// gc/keep/<name>    blobs of a mark that a push has come to need, written before it relies on them
/// gc/sweep          somebody is deleting now
/// ```
///
/// Who pushes reads the mark before it asks which blobs are there. If the mark has one that it needs, it writes
/// that down under `keep` and then looks for `sweep`. Who sweeps writes `sweep` first and reads `keep` then. So one
/// of the two sees the other, whatever the order: either the blob is kept, or the push waits.
struct CollectionMark: Equatable {
    static let name = "gc/mark"
    static let sweep = "gc/sweep"
    static let keepFolder = "gc/keep"

    /// In seconds since 1970.
    let created: Int64
    let due: Int64
    /// Each once, by rising oid: there may be as many as a remote has.
    let oids: [ObjectID]

    private static let title = "git data collection 1"

    var content: [UInt8] {
        var bytes = Array("\(Self.title)\ncreated \(created)\ndue \(due)\nblobs \(oids.count)\n".utf8)
        bytes.reserveCapacity(bytes.count + oids.count * (ObjectID.digitCount + 1))
        for oid in oids { bytes += oid.hexBytes + [UInt8(ascii: "\n")] }
        return bytes
    }

    /// - Parameter oids: each once.
    init(created: Int64, due: Int64, oids: [ObjectID]) {
        (self.created, self.due, self.oids) = (created, due, oids.sorted())
    }

    /// - Returns: nil for what is no mark of this version.
    init?(_ content: [UInt8]) {
        let lines = content.split(separator: UInt8(ascii: "\n"), maxSplits: 4, omittingEmptySubsequences: false)
        guard lines.count == 5, lines[0].elementsEqual(Self.title.utf8),
            let created = Self.number(lines[1], after: "created "), let due = Self.number(lines[2], after: "due "),
            let count = Self.number(lines[3], after: "blobs ")
        else { return nil }
        // A mark of which a part is missing would let blobs go that are not on it, or none.
        let lineByteCount = ObjectID.digitCount + 1
        guard lines[4].count % lineByteCount == 0, Int64(lines[4].count / lineByteCount) == count else { return nil }
        var oids: [ObjectID] = []
        oids.reserveCapacity(lines[4].count / lineByteCount)
        for start in stride(from: lines[4].startIndex, to: lines[4].endIndex, by: lineByteCount) {
            let line = lines[4][start..<start + lineByteCount]
            guard line.last == UInt8(ascii: "\n"), let oid = ObjectID(hex: line.dropLast()),
                oids.last.map({ $0 < oid }) ?? true
            else { return nil }
            oids.append(oid)
        }
        self.init(created: created, due: due, oids: oids)
    }

    func contains(_ oid: ObjectID) -> Bool {
        var (low, high) = (0, oids.count)
        while low < high {
            let middle = (low + high) / 2
            if oids[middle] < oid { low = middle + 1 } else { high = middle }
        }
        return low < oids.count && oids[low] == oid
    }

    /// Refuses to go on where a newer version has left the mark. What changes how a remote is laid out leaves one for
    /// good, as every push looks here first.
    static func refuseNewer(_ content: [UInt8], _ remote: String) throws {
        let words = content.prefix { $0 != UInt8(ascii: "\n") }.split(separator: UInt8(ascii: " "))
        guard words.count == 4, words[0].elementsEqual("git".utf8), words[1].elementsEqual("data".utf8),
            let version = Int(String(decoding: words[3], as: UTF8.self)), version > 1
        else { return }
        throw CommandFailure(
            "a newer version of git data has left a mark of version \(version) at data remote '\(remote)', which this one, \(Version.current), does not understand",
            kept: "everything at the remote, and here", hints: ["install the newer git data here as well"])
    }

    private static func number(_ line: ArraySlice<UInt8>, after word: String) -> Int64? {
        guard line.starts(with: word.utf8) else { return nil }
        return Int64(String(decoding: line.dropFirst(word.utf8.count), as: UTF8.self))
    }

    /// The oids of the lines of a note to keep some.
    static func oids(_ lines: some Sequence<ArraySlice<UInt8>>) -> Set<ObjectID> {
        Set(lines.compactMap { ObjectID(hex: $0) })
    }

    /// The mark of a remote, where there is one.
    static func current(_ session: TransferSession, _ remote: String) throws -> CollectionMark? {
        guard let content = try session.document(name) else { return nil }
        guard let mark = CollectionMark(content) else {
            try refuseNewer(content, remote)
            throw CommandFailure(
                "the mark of a collection at data remote '\(remote)' is damaged", kept: "everything at the remote",
                hints: ["git data gc --remote=\(remote) --unmark"])
        }
        return mark
    }

    /// A time for a person: `2026-05-01T10:00:00Z`.
    static func text(_ seconds: Int64) -> String { Date(timeIntervalSince1970: Double(seconds)).ISO8601Format() }
}

extension TransferSession {
    /// Sees to it that no collection takes the blobs away that a push relies on. To be called before the remote
    /// is asked which blobs it has.
    /// - Parameter forEachBlob: calls its argument with each of the blobs.
    func protectFromCollection(_ remote: String, _ forEachBlob: ((ObjectID) -> Void) throws -> Void) throws {
        guard let mark = try CollectionMark.current(self, remote) else { return }
        var endangered: Set<ObjectID> = []
        try forEachBlob { if mark.contains($0) { endangered.insert($0) } }
        guard !endangered.isEmpty else { return }
        let note = endangered.sorted().map { $0.hex + "\n" }.joined()
        // Without it a sweep would take them away.
        guard try createDocument("\(CollectionMark.keepFolder)/\(UInt64.random(in: .min ... .max))", Array(note.utf8)) else {
            throw CommandFailure(
                "data remote '\(remote)' does not take down that blobs marked for removal are needed again",
                kept: "your commits, which were not pushed, and the blobs in the local store",
                hints: ["git data remote check \(remote)"])
        }
        guard try document(CollectionMark.sweep) == nil else {
            throw CommandFailure(
                "data remote '\(remote)' is being cleared of blobs that this push needs",
                kept: "your commits, which were not pushed, and the blobs in the local store",
                hints: ["try again when 'git data gc --remote=\(remote)' says that it is over"])
        }
    }
}
