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
        // Git takes long with many paths; all of the tree is read in one go, in the order of the paths' bytes.
        let entries = try git { () throws(GitError) in try repository.git().treeEntries(revision) }
        let known = entries.map(\.path)
        let pointers = try asking { () throws(RepositoryError) in try repository.pointers(among: entries) }
        let pointerAt = Dictionary(pointers.map { ($0.path, $0) }) { first, _ in first }
        func id(_ entry: IndexEntry) -> ContentID { pointerAt[entry.path].map { .blob($0.pointer.oid) } ?? .git(entry.name) }
        let positions = Dictionary(known.enumerated().map { ($1, $0) }) { first, _ in first }
        var answer: [BytePath: PresentFile] = [:]
        for path in Set(paths) {
            if let position = positions[path] {
                answer[path] = PresentFile(
                    id: id(entries[position]), isStaged: true, isFolder: false, pointers: pointerAt[path].map { [$0] } ?? [])
                continue
            }
            let inside = entries[known.positions(inside: path)]
            guard !inside.isEmpty else { continue }
            let parts = inside.map { (path: $0.path.relative(to: path)?.bytes ?? [], id: id($0)) }
            answer[path] = PresentFile(
                id: .folder(parts), isStaged: true, isFolder: true, pointers: inside.compactMap { pointerAt[$0.path] })
        }
        return answer
    }
}
