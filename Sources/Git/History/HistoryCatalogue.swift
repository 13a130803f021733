import Platform

/// Every regular file of some commits, and every Git blob that it has had. Each folder's tree is read once for each of
/// its versions, and of a version only what differs from the one before is looked at.
package final class HistoryCatalogue {
    package struct File: Sendable {
        package let folder: Int
        /// From the top of the tree.
        package let path: BytePath
    }

    /// A content that a file has in some commit.
    package struct Version: Sendable {
        package let file: Int
        package let blob: GitObjectName
    }

    /// The folders' paths; 0 is the top.
    package private(set) var folders: [BytePath] = [""]
    /// The folder that each folder is in; the top is in itself.
    package private(set) var parents = [0]
    package private(set) var files: [File] = []
    /// Seldom, one version is listed twice.
    package private(set) var versions: [Version] = []
    private var folderNumbers: [[[UInt8]: Int]] = [[:]]
    private var fileNumbers: [[[UInt8]: Int]] = [[:]]
    private var formers: [[UInt8]] = [[]]
    private var visited: Set<TreePlace> = []
    private let reader: ObjectReader

    package init(_ reader: ObjectReader) {
        self.reader = reader
    }

    /// Adds all that a commit's tree holds.
    package func add(_ root: GitObjectName) throws(GitError) {
        try add(TreePlace(folder: 0, tree: root))
    }

    /// The number of a folder in a folder; nil where no tree that was added has one.
    package func folder(named name: ArraySlice<UInt8>, in folder: Int) -> Int? {
        folderNumbers[folder][Array(name)]
    }

    /// The number of a regular file; nil where no tree that was added has one.
    package func file(named name: ArraySlice<UInt8>, in folder: Int) -> Int? {
        fileNumbers[folder][Array(name)]
    }

    private func add(_ place: TreePlace) throws(GitError) {
        guard visited.insert(place).inserted else { return }
        let tree = try reader.read(place.tree, .tree)
        var pairing = try TreePairing(tree, beside: formers[place.folder], digestByteCount: Int(place.tree.byteCount))
        formers[place.folder] = tree
        while let (entry, twin) = try pairing.next() {
            guard twin == nil, let digest = GitObjectName(bytes: tree[entry.digest]) else { continue }
            if entry.isTree {
                try add(TreePlace(folder: subfolder(tree[entry.name], in: place.folder), tree: digest))
            } else if entry.isRegularFile {
                versions.append(Version(file: file(tree[entry.name], in: place.folder), blob: digest))
            }
        }
    }

    private func subfolder(_ name: ArraySlice<UInt8>, in folder: Int) -> Int {
        let name = Array(name)
        if let known = folderNumbers[folder][name] { return known }
        folderNumbers[folder][name] = folders.count
        folders.append(path(name, in: folder))
        parents.append(folder)
        folderNumbers.append([:])
        fileNumbers.append([:])
        formers.append([])
        return folders.count - 1
    }

    private func file(_ name: ArraySlice<UInt8>, in folder: Int) -> Int {
        let name = Array(name)
        if let known = fileNumbers[folder][name] { return known }
        fileNumbers[folder][name] = files.count
        files.append(File(folder: folder, path: path(name, in: folder)))
        return files.count - 1
    }

    private func path(_ name: [UInt8], in folder: Int) -> BytePath {
        folder == 0 ? BytePath(bytes: name) : folders[folder].appending(BytePath(bytes: name))
    }
}

/// A tree in one of its places: what becomes of it depends on both.
struct TreePlace: Hashable {
    let folder: Int
    let tree: GitObjectName
}
