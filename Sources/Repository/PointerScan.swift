import Git
import Platform
import Pointer

/// A file of the index or of a tree that Git holds as a pointer.
package struct PointerFile: Equatable, Sendable {
    package let entry: IndexEntry
    package let pointer: Pointer
    /// The text, where it is another than `pointer` would write.
    private let otherText: [UInt8]?
    /// By what Git knows the file in the worktree again without reading it; nil where it must read.
    let status: IndexedStatus?

    /// The bytes that Git has; of a Git LFS pointer, they may be others than those `pointer` would write.
    package var text: [UInt8] { otherText ?? pointer.text }
    package var path: BytePath { entry.path }

    package init(entry: IndexEntry, pointer: Pointer, text: [UInt8]) {
        self.init(entry, FoundPointer(pointer: pointer, otherText: text == pointer.text ? nil : text))
    }

    init(_ entry: IndexEntry, _ found: FoundPointer, _ status: IndexedStatus? = nil) {
        self.entry = entry
        pointer = found.pointer
        otherText = found.otherText
        self.status = status
    }

    package static func == (left: PointerFile, right: PointerFile) -> Bool {
        left.entry == right.entry && left.pointer == right.pointer && left.otherText == right.otherText
    }
}

/// A pointer that some commit has, and one path that leads to it.
package struct ReachedPointer: Equatable, Sendable {
    package let pointer: Pointer
    package let path: BytePath
    package let blob: GitObjectName
}

extension Repository {
    /// - Returns: nil behind the last portion.
    package typealias IndexReader = () throws(RepositoryError) -> IndexContents?

    /// Begins to read the index's entries, portion by portion.
    /// - Parameter count: so many at once, where not only Git can read the index.
    package func readIndex(_ count: Int) throws(RepositoryError) -> IndexReader {
        // What the environment says of an index is not about an isolated repository.
        try readIndex(isIsolated ? nil : location.index, try asking { () throws(GitError) in try git() }, count)
    }

    /// - Parameters:
    ///   - index: its file; nil where only Git is to be asked.
    ///   - git: which works at the top of its worktree.
    private func readIndex(_ index: BytePath?, _ git: Git, _ count: Int) throws(RepositoryError) -> IndexReader {
        if let index, let portions = IndexPortions(file: index) {
            return { () throws(RepositoryError) in
                do throws(GitError) { return try portions.next(count) } catch { throw .git(error) }
            }
        }
        var whole: IndexContents? = IndexContents(try asking { () throws(GitError) in try git.indexEntries() })
        return { () throws(RepositoryError) in whole.take() }
    }

    /// Calls `body` with the index's entries, portion by portion.
    func forEachIndexPortion(
        of index: BytePath?, _ git: Git, _ body: (IndexContents) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        let next = try readIndex(index, git, IndexPortions.entryCount)
        while let portion = try next() { try body(portion) }
    }

    /// The pointers of the index, at every stage, whose paths have a data filter now.
    package func indexPointers() throws(RepositoryError) -> [PointerFile] {
        var files: [PointerFile] = []
        try forEachIndexPointers { files += $0 }
        return files
    }

    /// Calls `body` with the pointers that `indexPointers` would give, portion by portion.
    package func forEachIndexPointers(_ body: ([PointerFile]) throws(RepositoryError) -> Void) throws(RepositoryError) {
        let git = try asking { () throws(GitError) -> Git in try self.git() }
        let finder = try asking { () throws(GitError) -> PointerFinder in try PointerFinder(self) }
        defer { finder.finish() }
        func filtered(_ files: [PointerFile], _ attributes: PendingAttribute) throws(RepositoryError) -> [PointerFile] {
            Self.keepingFiltered(files, try asking { () throws(GitError) in try attributes.values() })
        }
        var begun: (files: [PointerFile], attributes: PendingAttribute)?
        // What the environment says of an index is not about an isolated repository.
        try forEachIndexPortion(of: isIsolated ? nil : location.index, git) { index throws(RepositoryError) in
            let positions = index.items.indices.filter { index.items[$0].isRegularFile }
            let files = try asking { () throws(GitError) in try pointers(of: index, at: positions, finder) }
            // Git goes through its attributes while the portion before is used and the next one is looked up.
            let next = (files, git.beginAttribute("filter", of: files.map(\.path)))
            if let begun { try body(try filtered(begun.files, begun.attributes)) }
            begun = next
        }
        if let begun { try body(try filtered(begun.files, begun.attributes)) }
    }

    /// Those of the pointers that `indexPointers` would give that are at certain paths.
    package func indexPointers(at paths: Set<BytePath>) throws(RepositoryError) -> [PointerFile] {
        let git = try asking { () throws(GitError) -> Git in try self.git() }
        var files: [PointerFile] = []
        try forEachIndexPortion(of: isIsolated ? nil : location.index, git) { index throws(RepositoryError) in
            let positions = index.items.indices.filter {
                index.items[$0].isRegularFile && paths.contains(index.path(of: index.items[$0]))
            }
            if !positions.isEmpty { files += try keepingFiltered(try pointers(of: index, at: positions)) }
        }
        return files
    }

    /// The pointers of a tree, by content alone: the attributes of another revision may differ from those here.
    package func treePointers(_ revision: BytePath) throws(RepositoryError) -> [PointerFile] {
        var files: [PointerFile] = []
        try forEachTreePointers(revision) { files += $0 }
        return files
    }

    /// Calls `body` with the pointers that `treePointers` would give, portion by portion in the order of the tree.
    /// - Parameter count: so many files are looked at at once.
    package func forEachTreePointers(
        _ revision: BytePath, portion count: Int = 8192, _ body: ([PointerFile]) -> Void
    ) throws(RepositoryError) {
        try complete([revision.adding(suffix: "^{tree}")])
        try forEachTreePortion(revision, of: count) { files in
            let pointers = files.compactMap(\.pointer)
            if !pointers.isEmpty { body(pointers) }
        }
    }

    /// Calls `body` with the files of a tree, portion by portion in the order of their paths, each with the pointer that
    /// it is.
    /// - Parameters:
    ///   - paths: files and folders; all of the tree where there are none.
    ///   - count: so many files are looked at at once.
    package func forEachTreePortion(
        _ revision: BytePath, _ paths: [BytePath] = [], of count: Int,
        _ body: ([(entry: IndexEntry, pointer: PointerFile?)]) -> Void
    ) throws(RepositoryError) {
        try asking { () throws(GitError) in
            let finder = try PointerFinder(self)
            defer { finder.finish() }
            try git().forEachTreePortion(revision, paths, of: count) { entries throws(GitError) in
                let regular = entries.filter(\.isRegularFile)
                var found = try finder.find(regular.map(\.name))[...]
                body(entries.map { entry in
                    let pointer = entry.isRegularFile ? found.popFirst() ?? nil : nil
                    return (entry, pointer.map { PointerFile(entry, $0) })
                })
            }
        }
    }

    /// Fetches what a partial clone lacks of these revisions, before Git does it object by object.
    func complete(_ revisions: [BytePath], extra: [BytePath] = []) throws(RepositoryError) {
        guard let remote = Git.promisorRemote(try settings().configuration) else { return }
        try asking { () throws(GitError) in try git().fetchMissingObjects(of: revisions, extra: extra, from: remote) }
    }

    /// The pointers that `revisions` reach and `excluded` do not, each once.
    /// - Parameter completing: whether a partial clone fetches first what it lacks of them; otherwise pointers
    ///   that are not here are passed over, as they are nothing new.
    /// - Parameter isStrict: whether a pointer of a newer version is an error, `newerPointer`, as the blob that it needs
    ///   would be forgotten; else it is passed over.
    package func reachedPointers(
        from revisions: [BytePath], excluding excluded: [BytePath] = [], extra: [BytePath] = [], completing: Bool = false,
        isStrict: Bool = false
    ) throws(RepositoryError) -> [ReachedPointer] {
        var reached: [ReachedPointer] = []
        try forEachReachedPointer(
            from: revisions, excluding: excluded, extra: extra, completing: completing, isStrict: isStrict
        ) { reached.append($0) }
        return reached
    }

    /// Calls `body` for each of the pointers that `reachedPointers` would give, while Git walks.
    ///
    /// Where the time goes: nearly all of it is Git's own walk, which goes through every tree of every commit.
    package func forEachReachedPointer(
        from revisions: [BytePath], excluding excluded: [BytePath] = [], extra: [BytePath] = [], completing: Bool = false,
        isStrict: Bool = false, _ body: (ReachedPointer) -> Void
    ) throws(RepositoryError) {
        if completing { try complete(revisions, extra: extra) }
        var newer: (path: BytePath, version: String)?
        try asking { () throws(GitError) in
            let finder = try PointerFinder(self)
            var batch: [ReachedBlob] = []
            func look() throws(GitError) {
                for (blob, found) in zip(batch, try finder.find(batch.map(\.name)) { name, version in
                    newer = newer ?? batch.first { $0.name == name }.map { ($0.path, version) }
                }) {
                    guard let found else { continue }
                    body(ReachedPointer(pointer: found.pointer, path: blob.path, blob: blob.name))
                }
                batch.removeAll(keepingCapacity: true)
            }
            try git().forEachReachedBlob(
                from: revisions, excluding: excluded, extra: extra, shorterThan: Pointer.maximumTextByteCount
            ) { blob throws(GitError) in
                batch.append(blob)
                if batch.count == PointerFinder.batchCount { try look() }
            }
            try look()
            finder.finish()
        }
        if isStrict, let newer { throw .newerPointer(newer.path, version: newer.version) }
    }

    /// Those of the entries that are pointers.
    package func pointers(among entries: [IndexEntry]) throws(RepositoryError) -> [PointerFile] {
        let files = entries.filter(\.isRegularFile)
        return try asking { () throws(GitError) in
            let found = try PointerFinder.findAll(files.map(\.name), self)
            return zip(files, found).compactMap { entry, found in found.map { PointerFile(entry, $0) } }
        }
    }

    /// The pointers of an index, at every stage.
    /// - Parameter positions: of the entries that are looked at; all where nil.
    package func pointers(of index: IndexContents, at positions: [Int]? = nil) throws(RepositoryError) -> [PointerFile] {
        let positions = positions ?? index.items.indices.filter { index.items[$0].isRegularFile }
        return try asking { () throws(GitError) in
            let finder = try PointerFinder(self)
            defer { finder.finish() }
            return try pointers(of: index, at: positions, finder)
        }
    }

    private func pointers(
        of index: IndexContents, at positions: [Int], _ finder: PointerFinder
    ) throws(GitError) -> [PointerFile] {
        var files: [PointerFile] = []
        // Room that is not used is no memory; room that grows is copied.
        files.reserveCapacity(positions.count)
        var rest = positions[...]
        while !rest.isEmpty {
            let items = rest.prefix(PointerFinder.batchCount).map { index.items[$0] }
            rest = rest.dropFirst(items.count)
            for (item, found) in zip(items, try finder.find(items.map(\.name))) {
                guard let found else { continue }
                files.append(PointerFile(index.entry(item), found, index.knownStatus(of: item)))
            }
        }
        return files
    }

    /// Those of the files that Git's attributes give to the data filter, or still to that of Git LFS.
    /// - Parameter stray: called with pointers of which no attribute says anything.
    package func keepingFiltered(
        _ files: [PointerFile], stray: (PointerFile) -> Void = { _ in }
    ) throws(RepositoryError) -> [PointerFile] {
        let filters = try asking { () throws(GitError) in
            try git().beginAttribute("filter", of: files.map(\.path)).values()
        }
        for (file, filter) in zip(files, filters) where filter == nil && file.entry.stage == 0 && file.pointer.form == .gitData {
            stray(file)
        }
        return Self.keepingFiltered(files, filters)
    }

    private static func keepingFiltered(_ files: [PointerFile], _ filters: [BytePath?]) -> [PointerFile] {
        if filters.allSatisfy(isDataFilter) { return files }
        return zip(files, filters).compactMap { file, filter in isDataFilter(filter) ? file : nil }
    }

    static func isDataFilter(_ filter: BytePath?) -> Bool {
        filter == "data" || filter == "lfs"
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
