import Platform

/// The folders of some commits, and a walk through every Git blob that their regular files have had. Each folder's tree
/// is read once for each of its versions, and of a version only what differs from the one before is looked at. In memory
/// are the folders, and no files.
package final class HistoryCatalogue {
    /// A content that a file has in some commit.
    package struct Version: Sendable {
        /// The number of the folder that the file is in.
        package let folder: Int
        /// From the top of the tree.
        package let path: BytePath
        package let blob: GitObjectName

        package init(folder: Int, path: BytePath, blob: GitObjectName) {
            (self.folder, self.path, self.blob) = (folder, path, blob)
        }
    }

    /// The folders' paths; 0 is the top.
    package private(set) var folders: [BytePath] = [""]
    /// The folder that each folder is in; the top is in itself.
    package private(set) var parents = [0]
    private var folderNumbers: [[[UInt8]: Int]] = [[:]]
    private var formers: FolderTrees
    private var visited: RecentTrees<Bool>
    private let reader: ObjectReader
    private let scratch: BytePath

    /// - Parameters:
    ///   - scratch: a folder whose disk takes what has no room in memory.
    ///   - recentTreeCount: so many trees, twice, are known to have been added.
    ///   - limit: so many bytes of trees are in memory.
    package init(_ reader: ObjectReader, scratch: BytePath, recentTreeCount: Int = 8192, limit: Int = 1 << 20) {
        self.reader = reader
        self.scratch = scratch
        formers = FolderTrees(in: scratch, limit: limit)
        visited = RecentTrees(limit: recentTreeCount)
    }

    /// Adds all that a commit's tree holds.
    /// - Parameter body: is called with each version that no tree had that was added before; seldom, with one that was there.
    package func add(_ root: GitObjectName, _ body: (Version) throws -> Void) throws {
        try add(TreePlace(folder: 0, tree: root), body)
    }

    /// Gives the memory back that only `add` needs, once all trees have been added.
    package func endWalk() {
        formers = FolderTrees(in: scratch)
        visited = RecentTrees(limit: 0)
    }

    /// The number of a folder in a folder; nil where no tree that was added has one.
    package func folder(named name: ArraySlice<UInt8>, in folder: Int) -> Int? {
        folderNumbers[folder][Array(name)]
    }

    /// The path of a file in a folder, from the top of the tree.
    package func path(of name: ArraySlice<UInt8>, in folder: Int) -> BytePath {
        folder == 0 ? BytePath(bytes: name) : folders[folder].appending(BytePath(bytes: name))
    }

    private func add(_ place: TreePlace, _ body: (Version) throws -> Void) throws {
        guard visited[place] == nil else { return }
        visited[place] = true
        let tree = try reader.read(place.tree, .tree)
        var pairing = try TreePairing(
            tree, beside: try formers.tree(of: place.folder) ?? [], digestByteCount: Int(place.tree.byteCount))
        formers.set(tree, of: place.folder)
        while let (entry, twin) = try pairing.next() {
            guard twin == nil, let digest = GitObjectName(bytes: tree[entry.digest]) else { continue }
            if entry.isTree {
                try add(TreePlace(folder: subfolder(tree[entry.name], in: place.folder), tree: digest), body)
            } else if entry.isRegularFile {
                let path = path(of: tree[entry.name], in: place.folder)
                try body(Version(folder: place.folder, path: path, blob: digest))
            }
        }
    }

    private func subfolder(_ name: ArraySlice<UInt8>, in folder: Int) -> Int {
        let name = Array(name)
        if let known = folderNumbers[folder][name] { return known }
        folderNumbers[folder][name] = folders.count
        folders.append(path(of: name[...], in: folder))
        parents.append(folder)
        folderNumbers.append([:])
        return folders.count - 1
    }
}

/// What is known of the trees met last. Whoever meets another one again does his work again, of which little is left beside
/// the folder's former tree.
struct RecentTrees<Value> {
    private let limit: Int
    private var recent: [TreePlace: Value] = [:]
    private var older: [TreePlace: Value] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    subscript(place: TreePlace) -> Value? {
        get { recent[place] ?? older[place] }
        set {
            if recent.count >= limit { (recent, older) = ([:], recent) }
            recent[place] = newValue
        }
    }
}

/// A tree in one of its places: what becomes of it depends on both.
struct TreePlace: Hashable {
    let folder: Int
    let tree: GitObjectName
}
