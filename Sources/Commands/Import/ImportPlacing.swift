import Digest
import Git
import Lineage
import ObjectStore
import Platform
import Repository

/// Puts what has come into the worktree, over nothing that is not safe in Git.
struct ImportPlacing {
    let repository: Repository
    /// From the top of the worktree.
    let output: BytePath
    let isForced: Bool
    /// Of the file that an import which was killed has placed here.
    let ownDigest: ObjectID?
    private let top: BytePath
    /// What the index has at the output and below it.
    private let indexed: IndexedFiles

    init(_ repository: Repository, output: BytePath, isForced: Bool, ownDigest: ObjectID?) throws {
        self.repository = repository
        self.output = output
        self.isForced = isForced
        self.ownDigest = ownDigest
        top = try repository.worktree()
        indexed = try IndexedFiles(repository, at: output)
    }

    /// Refuses at once what could not be placed, before anything is fetched.
    func check() throws {
        _ = try walk(to: output)
        // Of a folder each file is looked at when it is known: a killed import may have placed some.
        guard let status = try (top / output).status(), status.kind != .folder else { return }
        var cursor = try indexed.cursor()
        try refuse(output, cursor.file(at: output), unlessEqualTo: nil)
    }

    /// Moves files to their places, and removes those that the source has not any more.
    /// - Returns: all that are there now, and the paths of those that were removed.
    func place(_ files: ImportedFiles, isNew: Bool) throws -> (placed: StagingCandidates, removed: RecordSpool) {
        let store = try repository.store()
        if isNew {
            try forEachOther(than: files) { other in
                throw CommandFailure(
                    "'\(output)' has files of the project, such as '\(other.path)', that do not come from there",
                    hints: ["import into a folder of its own"])
            }
        }
        if let status = try (top / output).status(), (status.kind == .folder) != files.isFolder {
            throw CommandFailure(
                status.kind == .folder ? "'\(output)' is a folder, and a file has come" : "'\(output)' is a file, and a folder has come",
                hints: ["git rm -r \(ShellWord.quoted(output))"])
        }
        let placed = StagingCandidates(in: store)
        var cursor = try indexed.cursor()
        try files.forEach { file in
            let target = target(of: file)
            _ = try walk(to: target)
            let known = try cursor.file(at: target)
            try refuse(target, known, unlessEqualTo: file)
            placed.add(StagingCandidate(path: target, entry: known?.entry), byteCount: file.byteCount)
        }
        // What an import that was killed has left.
        try forEachFolder(of: files) { TemporaryFile.sweep($0, prefix: TemporaryFile.visiblePrefix) }
        try files.forEach(move)
        try forEachFolder(of: files) { try $0.synchronizeFolder() }
        let removed = RecordSpool(in: store, limit: 1 << 18)
        try forEachOther(than: files) { other in
            guard !other.isEdited else { return }
            if let place = try walk(to: other.path) { try place.folder.removeFile(entry: place.name) }
            removed.add(other.path.bytes)
        }
        return (placed, removed)
    }

    private func target(of file: ImportedFile) -> BytePath { file.path.isEmpty ? output : output / file.path }

    /// Calls `body` for each file of the index that has not come.
    private func forEachOther(than files: ImportedFiles, _ body: (IndexedFiles.File) throws -> Void) throws {
        var cursor = try indexed.cursor()
        try files.forEach { _ = try cursor.file(at: target(of: $0), passing: body) }
        while let other = try cursor.next() { try body(other) }
    }

    /// Calls `body` once for each folder that files go into.
    private func forEachFolder(of files: ImportedFiles, _ body: (BytePath) throws -> Void) throws {
        // In the order of the paths, nothing of a folder comes behind what is not in it.
        var open: [BytePath] = []
        try files.forEach { file in
            let folder = (top / target(of: file)).parent
            while let last = open.last, !folder.isInside(last) { open.removeLast() }
            guard open.last != folder else { return }
            open.append(folder)
            try body(folder)
        }
    }

    /// No link may lead elsewhere, no file may stand where a folder has to, and no name may be one that Git checks out
    /// nowhere: another repository, or a folder, can have any.
    /// - Returns: nil where a folder is missing.
    private func walk(to path: BytePath) throws -> WorktreeEntry? {
        try WorktreeEntry.find(path, under: top, makingFolders: false)
    }

    /// - Parameters:
    ///   - known: what the index has.
    ///   - file: what is to be there; where that is there already, all is well.
    private func refuse(_ path: BytePath, _ known: IndexedFiles.File?, unlessEqualTo file: ImportedFile?) throws {
        guard !isForced, let status = try (top / path).status() else { return }
        let reason: String
        switch known {
        case nil: reason = "is there, and not in Git's index"
        case .some(let known) where known.isInConflict: reason = "is in a merge conflict"
        case .some(let known) where known.isEdited: reason = "was changed since it was added"
        case .some: return
        }
        if let file, status.kind == .regular, status.byteCount == file.byteCount, try isEqual(top / path, file.file) { return }
        if let ownDigest, path == output, status.kind == .regular, try ImportDigest.of(top / path) == ownDigest { return }
        throw CommandFailure("'\(path)' \(reason)", kept: "the file as it is", hints: ["add it to Git, move it away, or give --force"])
    }

    private func isEqual(_ one: BytePath, _ other: BytePath) throws -> Bool {
        try ImportDigest.of(one) == ImportDigest.of(other)
    }

    private func move(_ file: ImportedFile) throws {
        guard let place = try WorktreeEntry.find(target(of: file), under: top, makingFolders: true) else { return }
        let isFree = try place.folder.status(ofEntry: place.name) == nil
        let content = try Descriptor.open(file.file, .read)
        if file.isExecutable {
            let permissions = try content.status().permissions
            try content.setPermissions(permissions | (permissions & 0o444) >> 2)
        }
        do throws(SystemError) {
            try place.folder.take(file.file, as: place.name, isReplacing: !isFree)
        } catch {
            // The store is on another file system.
            var copy = try TemporaryEntry(in: place.folder, prefix: TemporaryFile.visiblePrefix, permissions: file.isExecutable ? 0o777 : 0o666)
            try copy.descriptor.copyContent(of: content) { _ in }
            try copy.descriptor.synchronize()
            if !isFree {
                try copy.commit(replacing: place.name, in: place.folder)
            } else if try !copy.commit(as: place.name, in: place.folder) {
                throw error
            }
        }
    }
}
