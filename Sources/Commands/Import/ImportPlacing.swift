import Digest
import Git
import Lineage
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
    private let entries: [BytePath: IndexEntry]
    /// Of these, what the worktree has in another form.
    private let edited: Set<BytePath>

    init(_ repository: Repository, output: BytePath, isForced: Bool, ownDigest: ObjectID?) throws {
        self.repository = repository
        self.output = output
        self.isForced = isForced
        self.ownDigest = ownDigest
        top = try repository.worktree()
        let git = try repository.git()
        entries = Dictionary(try git.indexEntries([output]).map { ($0.path, $0) }) { first, _ in first }
        let status = try git.query(
            ["--literal-pathspecs", "status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--", output])
        edited = Set(
            status.records.compactMap { record in
                guard record.bytes.count > 3, record.bytes[1] != UInt8(ascii: " ") else { return nil }
                return BytePath(bytes: record.bytes.dropFirst(3))
            })
    }

    /// Refuses at once what could not be placed, before anything is fetched.
    func check() throws {
        _ = try walk(to: output)
        // Of a folder each file is looked at when it is known: a killed import may have placed some.
        guard let status = try (top / output).status(), status.kind != .folder else { return }
        try refuse(output, unlessEqualTo: nil)
    }

    /// Moves files to their places, and removes those that the source has not any more.
    /// - Returns: the paths of all that are there now, and of those that were removed.
    func place(_ files: [ImportedFile], isNew: Bool) throws -> (placed: [BytePath], removed: [BytePath]) {
        let targets = files.map { file in (file, file.path.isEmpty ? output : output / file.path) }
        let wanted = Set(targets.map(\.1))
        let others = entries.keys.filter { !wanted.contains($0) }.sorted()
        if isNew, let other = others.first {
            throw CommandFailure(
                "'\(output)' has files of the project, such as '\(other)', that do not come from there",
                hints: ["import into a folder of its own"])
        }
        if let status = try (top / output).status(), (status.kind == .folder) != !(files.first?.path.isEmpty ?? false) {
            throw CommandFailure(
                status.kind == .folder ? "'\(output)' is a folder, and a file has come" : "'\(output)' is a file, and a folder has come",
                hints: ["git rm -r \(ShellWord.quoted(output))"])
        }
        for (file, target) in targets {
            _ = try walk(to: target)
            try refuse(target, unlessEqualTo: file)
        }
        // What an import that was killed has left.
        for folder in Set(targets.map { (top / $0.1).parent }) { TemporaryFile.sweep(folder, prefix: TemporaryFile.visiblePrefix) }
        for (file, target) in targets { try move(file, to: target) }
        for folder in Set(targets.map { (top / $0.1).parent }) { try folder.synchronizeFolder() }
        for path in others where !edited.contains(path) {
            if let place = try walk(to: path) { try place.folder.removeFile(entry: place.name) }
        }
        return (targets.map(\.1), others.filter { !edited.contains($0) })
    }

    /// No link may lead elsewhere, no file may stand where a folder has to, and no name may be one that Git checks out
    /// nowhere: another repository, or a folder, can have any.
    /// - Returns: nil where a folder is missing.
    private func walk(to path: BytePath) throws -> WorktreeEntry? {
        try WorktreeEntry.find(path, under: top, makingFolders: false)
    }

    /// - Parameter file: what is to be there; where that is there already, all is well.
    private func refuse(_ path: BytePath, unlessEqualTo file: ImportedFile?) throws {
        guard !isForced, let status = try (top / path).status() else { return }
        let reason: String
        switch entries[path] {
        case nil: reason = "is there, and not in Git's index"
        case .some(let entry) where entry.stage != 0: reason = "is in a merge conflict"
        case .some where edited.contains(path): reason = "was changed since it was added"
        case .some: return
        }
        if let file, status.kind == .regular, status.byteCount == file.byteCount, try isEqual(top / path, file.file) { return }
        if let ownDigest, path == output, status.kind == .regular, try ImportDigest.of(top / path) == ownDigest { return }
        throw CommandFailure("'\(path)' \(reason)", kept: "the file as it is", hints: ["add it to Git, move it away, or give --force"])
    }

    private func isEqual(_ one: BytePath, _ other: BytePath) throws -> Bool {
        try ImportDigest.of(one) == ImportDigest.of(other)
    }

    private func move(_ file: ImportedFile, to path: BytePath) throws {
        guard let place = try WorktreeEntry.find(path, under: top, makingFolders: true) else { return }
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
