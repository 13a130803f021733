import Git
import Platform
import Repository

/// What files and folders that stages name are in a revision.
struct RevisionContents {
    private let repository: Repository
    private let revision: BytePath

    /// So many files are looked at at once.
    private static let portionCount = 4096
    /// With more paths, Git takes longer than to go through all of the tree.
    private static let fewPaths = 1000

    init(_ repository: Repository, _ revision: BytePath) {
        self.repository = repository
        self.revision = revision
    }

    /// - Returns: nothing for what the revision does not have.
    func look(at paths: some Sequence<BytePath>) throws(LineageError) -> [BytePath: PresentFile] {
        let paths = Set(paths).sorted()
        guard !paths.isEmpty else { return [:] }
        let gatherings = paths.map { ($0, PresentFileGathering($0)) }
        let listed = paths.count > Self.fewPaths || paths.contains("") ? [] : paths
        try asking { () throws(RepositoryError) in
            try repository.forEachTreePortion(revision, listed, of: Self.portionCount) { files in
                let known = files.map(\.entry.path)
                func found(_ position: Int) -> FoundFile {
                    let (entry, pointer) = files[position]
                    return FoundFile(id: pointer.map { .blob($0.pointer.oid) } ?? .git(entry.name), isStaged: true, pointer: pointer)
                }
                for (path, gathering) in gatherings {
                    if let position = known.position(of: path) { gathering.take(found(position)) }
                    for position in known.positions(inside: path) { gathering.take(found(position), inside: known[position]) }
                }
            }
        }
        return Dictionary(uniqueKeysWithValues: gatherings.compactMap { path, gathering in gathering.finish().map { (path, $0) } })
    }
}
