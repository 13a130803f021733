import Git
import ObjectStore
import Platform
import Pointer

/// A file under the data filter that Git has with its content: it was added where the filter was missing, or
/// comes from a branch on which it was no data.
package struct RawFile: Equatable, Sendable {
    package let entry: IndexEntry
    package let byteCount: Int64
    /// What Git has, where that is as short as a pointer.
    package let shortContent: [UInt8]?

    package var path: BytePath { entry.path }
}

/// What the index holds of data files, at one look.
package struct IndexScan: Sendable {
    /// The pointers, at every stage, whose paths have a data filter now.
    package let pointers: [PointerFile]
    /// Under the data filter, and no pointers, though the filter would make pointers of them.
    package let raw: [RawFile]
    /// Pointers at paths of which no attribute says that they have a filter, or that they have none: content that nobody
    /// will see.
    package let stray: [PointerFile]
    /// The paths that the attributes give to the filter of Git LFS, whatever Git has there; without those in conflict.
    package let lfs: Set<BytePath>

    /// Whether the index and the attributes say the same of every file.
    package var isConsistent: Bool { raw.isEmpty && stray.isEmpty }
}

extension Repository {
    /// Looks through the index portion by portion, in its order.
    package func forEachIndexScan(_ body: (IndexScan) throws(RepositoryError) -> Void) throws(RepositoryError) {
        let git = try asking { () throws(GitError) -> Git in try self.git() }
        let finder = try asking { () throws(GitError) -> PointerFinder in try PointerFinder(self) }
        defer { finder.finish() }
        var begun: BegunScan?
        // Where the time goes: Git goes through its attributes for each path. Meanwhile the names are looked up.
        try forEachIndexPortion(of: isIsolated ? nil : location.index, git) { index throws(RepositoryError) in
            let next = BegunScan(index, git)
            if let begun { try body(try scan(begun, finder)) }
            begun = next
        }
        if let begun { try body(try scan(begun, finder)) }
    }

    /// A portion whose attributes Git has been asked for.
    private struct BegunScan {
        let index: IndexContents
        let files: [IndexContents.Item]
        let paths: [BytePath]
        let attributes: PendingAttribute

        init(_ index: IndexContents, _ git: Git) {
            self.index = index
            files = index.items.filter(\.isRegularFile)
            paths = files.map { index.path(of: $0) }
            attributes = git.beginAttribute("filter", of: paths)
        }
    }

    private func scan(_ begun: BegunScan, _ finder: PointerFinder) throws(RepositoryError) -> IndexScan {
        let (index, files, paths) = (begun.index, begun.files, begun.paths)
        let (found, filters) = try asking { () throws(GitError) in
            (try finder.find(files.map(\.name)), try begun.attributes.values())
        }
        var pointers: [PointerFile] = []
        pointers.reserveCapacity(files.count)
        var stray: [PointerFile] = []
        var rest: [IndexEntry] = []
        var lfs: Set<BytePath> = []
        for (position, item) in files.enumerated() {
            let filter = filters[position]
            if filter == "lfs", item.stage == 0 { lfs.insert(paths[position]) }
            guard let found = found[position] else {
                if item.stage == 0, filter == "data" { rest.append(index.entry(item, paths[position])) }
                continue
            }
            if Self.isDataFilter(filter) {
                pointers.append(PointerFile(index.entry(item, paths[position]), found, index.knownStatus(of: item)))
            } else if filter == nil, item.stage == 0, found.pointer.form == .gitData {
                stray.append(PointerFile(index.entry(item, paths[position]), found))
            }
        }
        return IndexScan(pointers: pointers, raw: try rawFiles(among: rest), stray: stray, lfs: lfs)
    }

    /// Calls `body` with the raw files of a tree, portion by portion in its order: those that the attributes of the worktree
    /// give to the data filter, which would make pointers of them.
    /// - Parameters:
    ///   - paths: files and folders; all of the tree where there are none.
    ///   - isWanted: which of the files are looked at.
    ///   - count: so many files are looked at at once.
    package func forEachRawFiles(
        ofTree tree: GitObjectName, at paths: [BytePath] = [], where isWanted: (BytePath) -> Bool = { _ in true },
        portion count: Int = 8192, _ body: ([RawFile]) throws(GitError) -> Void
    ) throws(RepositoryError) {
        let settings = try settings()
        try asking { () throws(GitError) in
            let (git, finder) = (try self.git(), try PointerFinder(self))
            defer { finder.finish() }
            func look(_ files: [IndexEntry], _ attributes: PendingAttribute) throws(GitError) {
                let data = zip(files, try attributes.values()).compactMap { file, filter in filter == "data" ? file : nil }
                let rest = zip(data, try finder.find(data.map(\.name))).compactMap { file, found in found == nil ? file : nil }
                let raw = try Self.rawFiles(among: rest, settings, git)
                if !raw.isEmpty { try body(raw) }
            }
            var begun: (files: [IndexEntry], attributes: PendingAttribute)?
            try git.forEachTreePortion(BytePath(bytes: tree.hex), paths, of: count) { entries throws(GitError) in
                let files = entries.filter { $0.isRegularFile && isWanted($0.path) }
                guard !files.isEmpty else { return }
                // Git goes through its attributes while the portion before is looked at.
                let next = (files, git.beginAttribute("filter", of: files.map(\.path)))
                if let begun { try look(begun.files, begun.attributes) }
                begun = next
            }
            if let begun { try look(begun.files, begun.attributes) }
        }
    }

    /// Those of the entries, all under the data filter, that it would make pointers of.
    package func rawFiles(among entries: [IndexEntry]) throws(RepositoryError) -> [RawFile] {
        guard !entries.isEmpty else { return [] }
        let settings = try settings()
        return try asking { () throws(GitError) in try Self.rawFiles(among: entries, settings, try git()) }
    }

    private static func rawFiles(among entries: [IndexEntry], _ settings: Settings, _ git: Git) throws(GitError) -> [RawFile] {
        guard !entries.isEmpty else { return [] }
        let limit = max(Pointer.maximumTextByteCount, Int(settings.minimumByteCount))
        let names = Array(Set(entries.map(\.name)))
        var short: [GitObjectName: [UInt8]] = [:]
        try git.forEachBlob(names, shorterThan: limit) { name, content in short[name] = content }
        let sizes = try git.byteCounts(of: names)
        return entries.compactMap { entry in
            guard let byteCount = sizes[entry.name], byteCount > 0 else { return nil }
            if let content = short[entry.name] {
                switch Pointer.recognize(content) {
                case .pointer, .foreignPointer: return nil
                case .data: if settings.isShortText(content) { return nil }
                }
            }
            return RawFile(entry: entry, byteCount: byteCount, shortContent: short[entry.name])
        }
    }
}
