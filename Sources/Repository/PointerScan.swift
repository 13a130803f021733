import Git
import Platform
import Pointer

/// A file of the index or of a tree that Git holds as a pointer.
package struct PointerFile: Equatable, Sendable {
    package let entry: IndexEntry
    package let pointer: Pointer
    /// The bytes that Git has; of a Git LFS pointer, they may be others than those `pointer` would write.
    package let text: [UInt8]

    package var path: BytePath { entry.path }

    package init(entry: IndexEntry, pointer: Pointer, text: [UInt8]) {
        self.entry = entry
        self.pointer = pointer
        self.text = text
    }
}

/// A pointer that some commit has, and one path that leads to it.
package struct ReachedPointer: Equatable, Sendable {
    package let pointer: Pointer
    package let path: BytePath
    package let blob: GitObjectName
}

extension Repository {
    /// The pointers of the index, at every stage, whose paths have a data filter now.
    package func indexPointers() throws(RepositoryError) -> [PointerFile] {
        let entries = try asking { () throws(GitError) in try git().indexEntries() }
        return try keepingFiltered(try pointers(among: entries))
    }

    /// The pointers of a tree, by content alone: the attributes of another revision may differ from those here.
    package func treePointers(_ revision: BytePath) throws(RepositoryError) -> [PointerFile] {
        try complete([revision.adding(suffix: "^{tree}")])
        return try pointers(among: try asking { () throws(GitError) in try git().treeEntries(revision) })
    }

    /// Fetches what a partial clone lacks of these revisions, before Git does it object by object.
    private func complete(_ revisions: [BytePath], extra: [BytePath] = []) throws(RepositoryError) {
        guard let remote = Git.promisorRemote(try settings().configuration) else { return }
        try asking { () throws(GitError) in try git().fetchMissingObjects(of: revisions, extra: extra, from: remote) }
    }

    /// The pointers that `revisions` reach and `excluded` do not, each once.
    /// - Parameter completing: whether a partial clone fetches first what it lacks of them; otherwise pointers
    ///   that are not here are passed over, as they are nothing new.
    package func reachedPointers(
        from revisions: [BytePath], excluding excluded: [BytePath] = [], extra: [BytePath] = [], completing: Bool = false
    ) throws(RepositoryError) -> [ReachedPointer] {
        if completing { try complete(revisions, extra: extra) }
        return try asking { () throws(GitError) in
            let git = try git()
            let blobs = try git.reachedBlobs(
                from: revisions, excluding: excluded, extra: extra, shorterThan: Pointer.maximumTextByteCount)
            var paths: [GitObjectName: BytePath] = [:]
            for blob in blobs where paths[blob.name] == nil { paths[blob.name] = blob.path }
            var reached: [ReachedPointer] = []
            try forEachPointer(among: blobs.map(\.name)) { name, pointer, _ in
                reached.append(ReachedPointer(pointer: pointer, path: paths[name] ?? "", blob: name))
            }
            return reached
        }
    }

    /// Those of the entries that are pointers.
    package func pointers(among entries: [IndexEntry]) throws(RepositoryError) -> [PointerFile] {
        let files = entries.filter(\.isRegularFile)
        var found: [GitObjectName: (pointer: Pointer, text: [UInt8])] = [:]
        try asking { () throws(GitError) in
            try forEachPointer(among: Array(Set(files.map(\.name)))) { name, pointer, text in found[name] = (pointer, text) }
        }
        return files.compactMap { entry in found[entry.name].map { PointerFile(entry: entry, pointer: $0.pointer, text: $0.text) } }
    }

    /// Those of the files that Git's attributes give to the data filter, or still to that of Git LFS.
    package func keepingFiltered(_ files: [PointerFile]) throws(RepositoryError) -> [PointerFile] {
        let filters = try asking { () throws(GitError) in try git().attribute("filter", of: files.map(\.path)) }
        return files.filter { file in filters[file.path] == "data" || filters[file.path] == "lfs" }
    }

    /// Those of the paths of the index that `patterns`, of gitignore's kind, match.
    package func indexPaths(matching patterns: [String]) throws(RepositoryError) -> Set<BytePath> {
        guard !patterns.isEmpty else { return [] }
        let answer = try asking { () throws(GitError) in
            let excludes = patterns.map { BytePath("--exclude=\($0)") }
            return try git().query(["ls-files", "-z", "-c", "-i", "--full-name"] + excludes)
        }
        return Set(answer.records)
    }
}
