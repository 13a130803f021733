import Git
import Platform

/// The files of old commits' folders, through one process of Git, each tree read once. One thread may use it.
final class CommitFolders {
    private let reader: ObjectReader
    private var known: [GitObjectName: [Entry]] = [:]

    private struct Entry {
        let mode: UInt32
        let name: BytePath
        let object: GitObjectName
        var isTree: Bool { mode & 0o170000 == 0o040000 }
    }

    init(_ git: Git) throws(GitError) {
        reader = try ObjectReader(git)
    }

    /// The tree of a folder.
    /// - Returns: nil where the root tree has no such folder.
    func tree(of folder: BytePath, in root: GitObjectName) throws(GitError) -> GitObjectName? {
        var tree = root
        for component in folder.components {
            guard let entry = try entries(of: tree).first(where: { $0.name == component }), entry.isTree else { return nil }
            tree = entry.object
        }
        return tree
    }

    /// All files below a tree, with their paths from there, in no order.
    func files(below tree: GitObjectName) throws(GitError) -> [IndexEntry] {
        var files: [IndexEntry] = []
        var rest: [(tree: GitObjectName, path: BytePath)] = [(tree, "")]
        while let (tree, folder) = rest.popLast() {
            for entry in try entries(of: tree) {
                let path = folder / entry.name
                if entry.isTree {
                    rest.append((entry.object, path))
                } else {
                    files.append(IndexEntry(mode: String(entry.mode, radix: 8), name: entry.object, stage: 0, path: path))
                }
            }
        }
        return files
    }

    private func entries(of tree: GitObjectName) throws(GitError) -> [Entry] {
        if let entries = known[tree] { return entries }
        var cursor = TreeCursor(try reader.read(tree, .tree), digestByteCount: Int(tree.byteCount))
        var entries: [Entry] = []
        while let entry = try cursor.next() {
            guard let object = GitObjectName(bytes: cursor.bytes[entry.digest]) else { continue }
            entries.append(Entry(mode: entry.mode, name: BytePath(bytes: cursor.bytes[entry.name]), object: object))
        }
        known[tree] = entries
        return entries
    }
}
