import Platform

/// What a rewrite of history changes in its trees.
package protocol HistoryEditor: AnyObject {
    /// Whether `attributes` is to be told which files were replaced.
    var needsListOfReplaced: Bool { get }
    /// Whether a file below the folder may get another Git blob.
    func touches(folder: Int) -> Bool
    /// The Git blob that stands for a regular file from now on; nil where it keeps its own.
    func replacement(of blob: GitObjectName, named name: ArraySlice<UInt8>, in folder: Int) throws(GitError) -> GitObjectName?
    /// What `.gitattributes` at the top of a commit says from now on.
    /// - Parameters:
    ///   - attributes: what it says now; nil where there is none.
    ///   - commit: what else is changed.
    /// - Returns: nil for none.
    func attributes(_ attributes: [UInt8]?, in commit: HistoryEdit) throws -> [UInt8]?
}

/// What is changed in one commit, beside its `.gitattributes`.
package struct HistoryEdit: Equatable, Sendable {
    /// Whether a file got another Git blob.
    package let replacesFiles: Bool
    /// Those files, where the editor needs them.
    package let replaced: [BytePath]
    /// Whether the commit follows one that was written anew.
    package let isDescendant: Bool
}

/// Writes commits anew with other trees. Those whose tree and parents stay the same keep their names. Names, dates,
/// messages and all headers stay byte for byte as they are, except for signatures, which would not hold.
package final class HistoryRewriter {
    /// The commits that have another name now, by the one that they had.
    package let commits: NameTable
    /// Those of them that follow no other of them.
    package private(set) var firstCommits: [GitObjectName] = []
    /// How many signatures were left out.
    package private(set) var droppedSignatures = 0

    private let reader: ObjectReader
    private let pack: PackWriter
    private let catalogue: HistoryCatalogue
    private let editor: any HistoryEditor
    private var results: RecentTrees<Result>
    /// The tree that each folder had last, and what became of it.
    private let oldFormers: FolderTrees
    private let newFormers: FolderTrees
    /// The tree of the top, before `.gitattributes`, is not written by itself.
    private let roots: NameTable
    /// The same in commits that follow one that was written anew.
    private let descendantRoots: NameTable
    private var attributes: [AttributesKey: (edit: HistoryEdit, new: GitObjectName?)] = [:]
    private var tags: [GitObjectName: GitObjectName] = [:]
    /// The paths in lists of replaced files: one in memory for all lists.
    private var listed: Set<BytePath> = []

    /// What became of a tree.
    private final class Result {
        let digest: GitObjectName
        /// The bytes of a root's tree, which gets its `.gitattributes` later.
        let content: [UInt8]
        let isChanged: Bool
        /// The files in it that were replaced, where the editor needs them; those in its folders apart.
        let files: [BytePath]
        let folders: [Result]

        init(
            _ digest: GitObjectName, content: [UInt8] = [], isChanged: Bool = false, files: [BytePath] = [],
            folders: [Result] = []
        ) {
            self.digest = digest
            self.content = content
            self.isChanged = isChanged
            self.files = files
            self.folders = folders
        }

        func list(into list: inout [BytePath]) {
            list += files
            for folder in folders { folder.list(into: &list) }
        }
    }

    private struct AttributesKey: Hashable {
        let old: GitObjectName?
        let replacesFiles: Bool
        let isDescendant: Bool
    }

    private static let attributesName = Array(".gitattributes".utf8)

    /// - Parameters:
    ///   - catalogue: of all commits that are rewritten.
    ///   - recentTreeCount: so many results, twice, are kept for trees that are met again.
    ///   - limit: so many bytes of trees are in memory.
    ///   - nameLimit: so many names.
    package init(
        _ reader: ObjectReader, _ pack: PackWriter, _ catalogue: HistoryCatalogue, _ editor: any HistoryEditor,
        recentTreeCount: Int = 8192, limit: Int = 1 << 20, nameLimit: Int = NameTable.usualLimit
    ) {
        results = RecentTrees(limit: recentTreeCount)
        (oldFormers, newFormers) = (FolderTrees(in: pack.folder, limit: limit), FolderTrees(in: pack.folder, limit: limit))
        commits = NameTable(in: pack.folder, limit: nameLimit)
        (roots, descendantRoots) = (NameTable(in: pack.folder, limit: nameLimit), NameTable(in: pack.folder, limit: nameLimit))
        self.reader = reader
        self.pack = pack
        self.catalogue = catalogue
        self.editor = editor
    }

    /// Writes a commit anew, whose parents have been given before, as far as they are to be rewritten.
    package func rewrite(_ commit: GitObjectName) throws {
        let content = try reader.read(commit, .commit)
        guard let object = CommitObject(content) else {
            throw GitError.unexpected(command: "git cat-file", answer: "'\(commit)', which is no commit")
        }
        var parents: [GitObjectName: GitObjectName] = [:]
        for parent in object.parents { parents[parent] = try commits[parent] }
        let isDescendant = !parents.isEmpty
        let tree = try rewriteRoot(object.tree, isDescendant: isDescendant)
        guard isDescendant || tree != object.tree else { return }
        let (new, dropped) = object.rewritten(tree: tree) { parents[$0] ?? $0 }
        droppedSignatures += dropped
        try commits.insert(commit, try pack.add(.commit, new))
        if !isDescendant { firstCommits.append(commit) }
    }

    /// What a ref names from now on: a commit, or a tag of a commit or of another tag.
    /// - Returns: nil where that stays the same.
    package func rewrittenTarget(_ object: GitObjectName, _ kind: GitObjectKind) throws(GitError) -> GitObjectName? {
        switch kind {
        case .commit: return try commits[object]
        case .tree, .blob: return nil
        case .tag:
            if let known = tags[object] { return known }
            guard let tag = TagObject(try reader.read(object, .tag)),
                let target = try rewrittenTarget(tag.target, tag.targetKind)
            else { return nil }
            let (content, dropped) = tag.rewritten(target: target)
            droppedSignatures += dropped
            let new = try pack.add(.tag, content)
            tags[object] = new
            return new
        }
    }

    /// The tree of a commit from now on, with its `.gitattributes`.
    package func rewriteRoot(_ tree: GitObjectName, isDescendant: Bool) throws -> GitObjectName {
        let roots = isDescendant ? descendantRoots : roots
        if let known = try roots[tree] { return known }
        let result = try rewrite(TreePlace(folder: 0, tree: tree))
        let new = try addingAttributes(result, tree, isDescendant: isDescendant)
        try roots.insert(tree, new)
        return new
    }

    private func addingAttributes(_ result: Result, _ tree: GitObjectName, isDescendant: Bool) throws -> GitObjectName {
        let content = result.content
        let byteCount = pack.digestByteCount
        let entry = try TreeEditing.entry(named: Self.attributesName, in: content, digestByteCount: byteCount)
        if let entry, !entry.isRegularFile {
            // Git reads no attributes there, so there is nothing that a file's data could be found by.
            guard !result.isChanged else { throw HistoryError.attributesAreNoFile(tree) }
            return tree
        }
        let old = entry.flatMap { GitObjectName(bytes: content[$0.digest]) }
        var replaced: [BytePath] = []
        result.list(into: &replaced)
        let new = try newAttributes(
            old, HistoryEdit(replacesFiles: result.isChanged, replaced: replaced, isDescendant: isDescendant))
        guard new != old || result.isChanged else { return tree }
        let changed = new == old
            ? content : try TreeEditing.setting(Self.attributesName, to: new, in: content, digestByteCount: byteCount)
        return try pack.add(tree: changed, of: 0)
    }

    private func newAttributes(_ old: GitObjectName?, _ edit: HistoryEdit) throws -> GitObjectName? {
        let key = AttributesKey(old: old, replacesFiles: edit.replacesFiles, isDescendant: edit.isDescendant)
        if let known = attributes[key], known.edit == edit { return known.new }
        let content = try old.map { digest throws(GitError) in try reader.read(digest, .blob) }
        let changed = try editor.attributes(content, in: edit)
        let new = changed == content ? old : try changed.map { content throws(GitError) in try pack.add(.blob, content) }
        attributes[key] = (edit, new)
        return new
    }

    private func listed(_ name: ArraySlice<UInt8>, in folder: Int) -> BytePath {
        listed.insert(catalogue.path(of: name, in: folder)).memberAfterInsert
    }

    /// Writes a tree anew; that of the top is not added to the pack.
    private func rewrite(_ place: TreePlace) throws(GitError) -> Result {
        if place.folder != 0, !editor.touches(folder: place.folder) { return Result(place.tree) }
        if let known = results[place] { return known }
        let old = try reader.read(place.tree, .tree)
        var new = old
        var isChanged = false
        var files: [BytePath] = []
        var folders: [Result] = []
        let formerOld = try oldFormers.tree(of: place.folder) ?? []
        let formerNew = try newFormers.tree(of: place.folder) ?? []
        var pairing = try TreePairing(old, beside: formerOld, digestByteCount: Int(place.tree.byteCount))
        while let (entry, twin) = try pairing.next() {
            // Entries keep their length, so that a twin's new digest stands where its old one stood.
            if let twin, formerNew[twin.digest] == formerOld[twin.digest] { continue }
            guard let digest = GitObjectName(bytes: old[entry.digest]) else { continue }
            let name = old[entry.name]
            // A twin's new digest does; only the list of what was replaced in it needs its result.
            if entry.isTree, twin == nil || editor.needsListOfReplaced, let folder = catalogue.folder(named: name, in: place.folder) {
                let result = try rewrite(TreePlace(folder: folder, tree: digest))
                guard result.isChanged else { continue }
                new.replaceSubrange(entry.digest, with: result.digest.bytes)
                if editor.needsListOfReplaced { folders.append(result) }
            } else if let twin {
                new.replaceSubrange(entry.digest, with: formerNew[twin.digest])
                if editor.needsListOfReplaced { files.append(listed(name, in: place.folder)) }
            } else if entry.isRegularFile, let blob = try editor.replacement(of: digest, named: name, in: place.folder) {
                new.replaceSubrange(entry.digest, with: blob.bytes)
                if editor.needsListOfReplaced { files.append(listed(name, in: place.folder)) }
            } else {
                continue
            }
            isChanged = true
        }
        oldFormers.set(old, of: place.folder)
        newFormers.set(new, of: place.folder)
        let isRoot = place.folder == 0
        let digest = isChanged && !isRoot ? try pack.add(tree: new, of: place.folder) : place.tree
        let result = Result(digest, content: isRoot ? new : [], isChanged: isChanged, files: files, folders: folders)
        // A root's result is kept by `roots`, with its attributes.
        if !isRoot { results[place] = result }
        return result
    }
}

/// Why history cannot be written anew.
package enum HistoryError: Error, Equatable, Sendable {
    /// `.gitattributes` at the top of this tree is a link or a folder.
    case attributesAreNoFile(GitObjectName)
}
