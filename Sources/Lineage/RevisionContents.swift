import Git
import Platform
import Pointer
import Repository

/// What files and folders that stages name are in a revision.
struct RevisionContents {
    private let repository: Repository
    private let revision: BytePath

    init(_ repository: Repository, _ revision: BytePath) {
        self.repository = repository
        self.revision = revision
    }

    /// - Returns: nothing for what the revision does not have.
    func look(at paths: some Sequence<BytePath>) throws(LineageError) -> [BytePath: PresentFile] {
        // Git takes long with many paths; all of the tree is read in one go.
        let entries = try git { () throws(GitError) in try repository.git().treeEntries(revision) }
        let pointers = try asking { () throws(RepositoryError) in try repository.pointers(among: entries) }
        let pointerAt = Dictionary(pointers.map { ($0.path, $0) }) { first, _ in first }
        func id(_ entry: IndexEntry) -> ContentID { pointerAt[entry.path].map { .blob($0.pointer.oid) } ?? .git(entry.name) }
        let positions = Dictionary(entries.enumerated().map { ($1.path, $0) }) { first, _ in first }
        var answer: [BytePath: PresentFile] = [:]
        for path in Set(paths) {
            if let position = positions[path] {
                answer[path] = PresentFile(
                    id: id(entries[position]), isStaged: true, isFolder: false, pointers: pointerAt[path].map { [$0] } ?? [])
                continue
            }
            let inside = entries[Self.range(of: path, in: entries)]
            guard !inside.isEmpty else { continue }
            let parts = inside.map { (path: $0.path.relative(to: path)?.bytes ?? [], id: id($0)) }
            answer[path] = PresentFile(
                id: .folder(parts), isStaged: true, isFolder: true, pointers: inside.compactMap { pointerAt[$0.path] })
        }
        return answer
    }

    /// What is in a folder stands together, as Git tells trees in the order of the paths' bytes.
    private static func range(of folder: BytePath, in entries: [IndexEntry]) -> Range<Int> {
        guard !folder.isEmpty else { return entries.indices }
        let prefix = folder.bytes + [UInt8(ascii: "/")]
        let start = entries.partition { $0.path.bytes.lexicographicallyPrecedes(prefix) }
        var end = start
        while end < entries.endIndex, entries[end].path.bytes.starts(with: prefix) { end += 1 }
        return start..<end
    }
}

extension [IndexEntry] {
    /// Where the first element stands that is not before something, in a list where those that are stand first.
    fileprivate func partition(_ isBefore: (IndexEntry) -> Bool) -> Int {
        var range = startIndex..<endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = isBefore(self[middle]) ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}
