import Filter
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
        var portion: [StagingCandidate] = []
        try forEach { file in
            portion.append(file)
            guard portion.count >= count else { return }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }

    /// Calls `body` with the files in the order of their paths.
    func forEach(_ body: (StagingCandidate) throws -> Void) throws {
        var reader = try reader()
        while let file = try reader.next() { try body(file) }
    }

    /// Calls `body` with the path of each file that is not in a list, in the order of the paths.
    func forEachPath(missingIn list: CleanFileList?, _ body: (BytePath) throws(SystemError) -> Void) throws(SystemError) {
        var reader = try reader()
        let next = list?.reader()
        var listed = try next?()
        while let file = try reader.next() {
            while let other = listed, other.path < file.path { listed = try next?() }
            if listed?.path != file.path { try body(file.path) }
        }
    }

    private func reader() throws(SystemError) -> Reader { try Reader(changed.reader(), new.reader()) }

    /// Gives the files in the order of their paths.
    private struct Reader {
        private var changed: RecordSpool.Reader
        private var new: RecordSpool.Reader
        private var heads: (StagingCandidate?, StagingCandidate?)

        init(_ changed: RecordSpool.Reader, _ new: RecordSpool.Reader) throws(SystemError) {
            (self.changed, self.new) = (changed, new)
            heads = (try self.changed.next().map(Self.candidate), try self.new.next().map(Self.candidate))
        }

        /// - Returns: nil behind the last file.
        mutating func next() throws(SystemError) -> StagingCandidate? {
            switch heads {
            case (let first?, let second) where second.map({ first.path < $0.path }) ?? true:
                heads.0 = try changed.next().map(Self.candidate)
                return first
            case (_, let second):
                heads.1 = try new.next().map(Self.candidate)
                return second
            }
        }

        private static func candidate(_ record: [UInt8]) -> StagingCandidate {
            var fields = RecordFields(record)
            return StagingCandidate(path: BytePath(bytes: fields.nextText()), entry: fields.next(StagingCandidate.Entry?.self))
        }
    }
}
