import Git
import ObjectStore
import Platform

/// A file of the worktree that may be on its way into the index.
struct StagingCandidate {
    /// What the index has.
    struct Entry: BitwiseCopyable {
        let isExecutable: Bool
        let name: GitObjectName
    }

    /// From the top of the worktree.
    let path: BytePath
    /// nil where Git does not know the file.
    let entry: Entry?
}

/// Data files that are to be staged: memory for some of them, however many there are.
final class StagingCandidates {
    /// Each in the order of the paths, as Git gives them.
    private let changed: RecordSpool
    private let new: RecordSpool
    /// Of all files.
    private(set) var byteCount: Int64 = 0

    init(in store: ObjectStore) {
        changed = RecordSpool(in: store)
        new = RecordSpool(in: store)
    }

    var count: Int { changed.count + new.count }

    func add(_ file: StagingCandidate, byteCount: Int64) {
        var record = RecordBytes()
        record.add(text: file.path.bytes)
        record.add(file.entry)
        (file.entry == nil ? new : changed).add(record)
        self.byteCount = self.byteCount.adding(byteCount: byteCount)
    }

    /// Calls `body` with the files in the order of their paths, so many at once.
    func forEachPortion(of count: Int, _ body: ([StagingCandidate]) throws -> Void) throws {
        var (changed, new) = (changed.reader(), new.reader())
        var heads = (try changed.next().map(Self.candidate), try new.next().map(Self.candidate))
        var portion: [StagingCandidate] = []
        while true {
            switch heads {
            case (let first?, let second) where second.map({ first.path < $0.path }) ?? true:
                portion.append(first)
                heads.0 = try changed.next().map(Self.candidate)
            case (_, let second?):
                portion.append(second)
                heads.1 = try new.next().map(Self.candidate)
            default:
                if !portion.isEmpty { try body(portion) }
                return
            }
            guard portion.count >= count else { continue }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
    }

    private static func candidate(_ record: [UInt8]) -> StagingCandidate {
        var fields = RecordFields(record)
        return StagingCandidate(path: BytePath(bytes: fields.nextText()), entry: fields.next(StagingCandidate.Entry?.self))
    }
}
