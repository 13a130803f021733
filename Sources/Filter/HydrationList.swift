import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// A file of the worktree whose pointer is to give way to its blob.
package struct HydrationFile: Sendable {
    /// From the top of the worktree.
    package let path: BytePath
    /// As in `IndexEntry`: `100644` or `100755`.
    package let mode: String
    /// Git's object with the pointer's text: what the index entry names.
    package let gitBlob: GitObjectName
    /// The pointer's text, where it is another than the usual one: of many files the texts would be most of the memory.
    fileprivate let otherText: [UInt8]?
    package let oid: ObjectID
    package let byteCount: Int64

    /// The bytes that the worktree has where nobody changed them.
    package var pointerText: [UInt8] { otherText ?? Self.usualText(oid, byteCount) }

    package init(
        path: BytePath, mode: String, gitBlob: GitObjectName, pointerText: [UInt8], oid: ObjectID, byteCount: Int64
    ) {
        self.path = path
        self.mode = mode
        self.gitBlob = gitBlob
        otherText = pointerText == Self.usualText(oid, byteCount) ? nil : pointerText
        self.oid = oid
        self.byteCount = byteCount
    }

    private static func usualText(_ oid: ObjectID, _ byteCount: Int64) -> [UInt8] {
        Pointer(oid: oid, byteCount: byteCount, form: .gitData).text
    }
}

/// Files that are to be hydrated, in the order of their paths: memory for some of them, however many there are.
package final class HydrationList {
    private let spool: RecordSpool
    /// Those of the path added last. In a conflict several stages of a path may have the same pointer.
    private var last: [HydrationFile] = []

    package init(in store: ObjectStore) {
        spool = RecordSpool(in: store)
    }

    /// - Parameter files: in any order.
    package convenience init(_ files: [HydrationFile], in store: ObjectStore) {
        self.init(in: store)
        for file in files.sorted(by: { $0.path < $1.path }) { add(file) }
    }

    package var count: Int { spool.count }

    /// Adds a file, unless that was done.
    /// - Parameter file: whose path is not before the last one's.
    package func add(_ file: HydrationFile) {
        if last.first?.path != file.path { last = [] }
        guard !last.contains(where: { $0.oid == file.oid }) else { return }
        last.append(file)
        spool.add(file.record)
    }

    /// Calls `body` for each file.
    package func forEach(_ body: (HydrationFile) throws(RepositoryError) -> Void) throws(RepositoryError) {
        var reader = spool.reader()
        while let record = try reading({ () throws(SystemError) in try reader.next() }) { try body(HydrationFile(record)) }
    }

    private func reading<Result>(_ body: () throws(SystemError) -> Result) throws(RepositoryError) -> Result {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }

    /// Calls `body` with the files that are wanted, so many at once.
    func forEachPortion(
        of count: Int, where isWanted: (HydrationFile) -> Bool, _ body: ([HydrationFile]) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        var portion: [HydrationFile] = []
        try forEach { file throws(RepositoryError) in
            guard isWanted(file) else { return }
            portion.append(file)
            guard portion.count >= count else { return }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }

    /// The files that are wanted as their entries stand for them, with no status.
    func cleanFiles(
        where isWanted: @escaping (HydrationFile) -> Bool
    ) throws(RepositoryError) -> (files: CleanFiles, count: Int, byteCount: Int64) {
        var (sums, count, byteCount) = (CleanFiles.Sums(), 0, Int64(0))
        try forEach { file throws(RepositoryError) in
            guard isWanted(file) else { return }
            sums.add(file.clean)
            count += 1
            byteCount = byteCount.adding(byteCount: file.byteCount)
        }
        let spool = spool
        let files = CleanFiles(sums) { () throws(SystemError) in
            var reader = spool.reader()
            return { () throws(SystemError) in
                while let record = try reader.next() {
                    let file = HydrationFile(record)
                    if isWanted(file) { return file.clean }
                }
                return nil
            }
        }
        return (files, count, byteCount)
    }
}

extension HydrationFile {
    fileprivate var clean: CleanFile { CleanFile(path: path, name: gitBlob, mode: mode, status: nil) }

    fileprivate var record: RecordBytes {
        var record = RecordBytes()
        record.add(text: path.bytes)
        record.add(text: Array(mode.utf8))
        record.add(gitBlob)
        record.add(oid)
        record.add(byteCount)
        record.add(otherText != nil)
        if let otherText { record.add(text: otherText) }
        return record
    }

    fileprivate init(_ record: [UInt8]) {
        var fields = RecordFields(record)
        path = BytePath(bytes: fields.nextText())
        mode = String(decoding: fields.nextText(), as: UTF8.self)
        gitBlob = fields.next(GitObjectName.self)
        oid = fields.next(ObjectID.self)
        byteCount = fields.next(Int64.self)
        otherText = fields.next(Bool.self) ? fields.nextText() : nil
    }
}
