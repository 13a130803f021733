import Digest
import Git
import Platform
import Pointer
import Repository

/// The versions that history has of files, and what made each.
///
/// Where the time goes: Git's walk over the commits. All else is a few processes of Git, however many versions there
/// are, and the records that stood beside them.
package enum FileHistory {
    /// A file as a commit has made it.
    package struct Version: Sendable {
        package let commit: ChangeLog.Commit
        package let path: BytePath
        /// Where it was before, of a file that was renamed.
        package let formerPath: BytePath?
        /// Whether it was not there before.
        package let isNew: Bool
        /// nil where the commit removed it.
        package let content: Content?
        /// The run whose record, in that commit, names this content as its output; nil where a person made it, as
        /// far as is known.
        package internal(set) var maker: Maker?
    }

    package struct Content: Equatable, Sendable {
        package let id: ContentID
        /// nil where it is not known: of a submodule, or of what a partial clone lacks.
        package let byteCount: Int64?
    }

    package struct Maker: Sendable {
        package let stage: StageName
        package let record: RunRecord
    }

    /// Which commits and files are looked at.
    package struct Question: Sendable {
        /// As `git log` takes them.
        package var revisions: [BytePath]
        /// A file or folder, from the top of the worktree; empty for all.
        package var path: BytePath
        /// Whether a single file is looked for under its former names too.
        package var followsRenames = false
        /// How many commits at most.
        package var limit: Int?

        package init(_ path: BytePath, revisions: [BytePath]) {
            self.path = path
            self.revisions = revisions
        }
    }

    /// Newest first.
    package static func versions(_ repository: Repository, _ question: Question) throws(LineageError) -> [Version] {
        let commits = try self.commits(repository, question)
        let changes = commits.flatMap { commit in commit.changes.map { (commit, $0) } }
        let contents = try contents(of: changes.compactMap(\.1.blob), repository)
        var versions = changes.map { commit, change in
            Version(
                commit: commit, path: change.path, formerPath: change.formerPath, isNew: change.isNew,
                content: change.blob.flatMap { contents[$0] })
        }
        try findMakers(of: &versions, repository, question)
        return versions
    }

    private static func commits(_ repository: Repository, _ question: Question) throws(LineageError) -> [ChangeLog.Commit] {
        var commits: [ChangeLog.Commit] = []
        let path = question.path.isEmpty ? BytePath(".") : question.path
        let arguments = [question.followsRenames ? BytePath("--follow") : "--no-renames"] + question.revisions + ["--", path]
        if question.limit == 0 { return [] }
        try ChangeLog.forEach(repository, merges: .own, arguments) { commit throws(LineageError) in
            if !commit.changes.isEmpty { commits.append(commit) }
            return question.limit.map { commits.count < $0 } ?? true
        }
        return commits
    }

    /// What identifies Git blobs, and how long they are: of pointers, what they name.
    private static func contents(
        of names: [GitObjectName], _ repository: Repository
    ) throws(LineageError) -> [GitObjectName: Content] {
        let names = Set(names)
        let entries = names.map { IndexEntry(mode: "100644", name: $0, stage: 0, path: "") }
        let pointers = try asking { () throws(RepositoryError) in try repository.pointers(among: entries) }
        var contents: [GitObjectName: Content] = [:]
        for file in pointers { contents[file.entry.name] = Content(id: .blob(file.pointer.oid), byteCount: file.pointer.byteCount) }
        let others = names.filter { contents[$0] == nil }
        let byteCounts = try git { () throws(GitError) in try repository.git().byteCounts(of: Array(others)) }
        for name in others { contents[name] = Content(id: .git(name), byteCount: byteCounts[name]) }
        return contents
    }

    // MARK: What made them

    private static func findMakers(of versions: inout [Version], _ repository: Repository, _ question: Question) throws(LineageError) {
        guard !versions.isEmpty else { return }
        let folders = try git { () throws(GitError) in try CommitFolders(repository.git()) }
        // Many commits have the same records.
        var records: [GitObjectName: [(stage: StageName, blob: GitObjectName)]] = [:]
        var lineageTrees: [GitObjectName: GitObjectName] = [:]
        for version in versions where version.content != nil && lineageTrees[version.commit.tree] == nil {
            let root = version.commit.tree
            guard let tree = try git({ () throws(GitError) in try folders.tree(of: StageName.folder, in: root) }) else { continue }
            lineageTrees[root] = tree
            guard records[tree] == nil else { continue }
            records[tree] = try git { () throws(GitError) in try folders.files(below: tree) }.compactMap { entry in
                guard entry.isRegularFile else { return nil }
                return StageName(recordFile: StageName.folder / entry.path).map { ($0, entry.name) }
            }
        }
        let search = RecordSearch(versions.map(\.path), below: question.path)
        var found: [GitObjectName: RunRecord] = [:]
        try git { () throws(GitError) in
            let names = Set(records.values.joined().map(\.blob))
            try repository.git().forEachBlob(Array(names), shorterThan: StageFiles.recordByteLimit) { name, content in
                // Of records that cannot be read, nothing is known.
                if search.mayName(content) { found[name] = try? RunRecord(content, file: "") }
            }
        }
        let digests = FolderDigests(repository, folders)
        for position in versions.indices {
            guard let tree = lineageTrees[versions[position].commit.tree] else { continue }
            versions[position].maker = try maker(
                of: versions[position], among: (records[tree] ?? []).compactMap { entry in found[entry.blob].map { (entry.stage, $0) } }, digests)
        }
    }

    private static func maker(
        of version: Version, among records: [(stage: StageName, record: RunRecord)], _ digests: FolderDigests
    ) throws(LineageError) -> Maker? {
        guard let content = version.content, version.path.isUTF8 else { return nil }
        for (stage, record) in records where record.outputs[version.path.text] == content.id {
            return Maker(stage: stage, record: record)
        }
        for folder in version.path.foldersAround {
            for (stage, record) in records {
                guard let id = record.outputs[folder.text], try digests.id(of: folder, in: version.commit.tree) == id else { continue }
                return Maker(stage: stage, record: record)
            }
        }
        return nil
    }
}

/// Tells cheaply which records cannot name some files, as reading one takes much longer.
private struct RecordSearch {
    /// Whether one of these texts is in a record that names a file; nil where that cannot be told.
    private var texts: [[UInt8]]?

    /// - Parameter folder: in which all of the paths are that are not what it was called before.
    init(_ paths: [BytePath], below folder: BytePath) {
        var names: Set<[UInt8]> = []
        for path in folder.isEmpty ? [] : Set(paths) {
            let inside = path.isInside(folder) ? folder : path
            names.insert(inside.bytes)
            for around in inside.foldersAround { names.insert(around.bytes + [UInt8(ascii: "\"")]) }
        }
        // JSON may write other characters in more than one way.
        let isPlain = names.allSatisfy { $0.allSatisfy { (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\\") } }
        texts = folder.isEmpty || !isPlain ? nil : names.map { [UInt8(ascii: "\"")] + $0 }
    }

    func mayName(_ record: [UInt8]) -> Bool {
        guard let texts else { return true }
        return record.withUnsafeBufferPointer { record in
            texts.contains { text in text.withUnsafeBufferPointer { Self.contains(record, $0) } }
        }
    }

    private static func contains(_ content: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard content.count >= text.count else { return false }
        for start in 0...content.count - text.count where content[start] == text[0] {
            var position = 1
            while position < text.count, content[start + position] == text[position] { position += 1 }
            if position == text.count { return true }
        }
        return false
    }
}

/// What identifies folders of old commits, each found out once.
private final class FolderDigests {
    private let repository: Repository
    private let folders: CommitFolders
    private var known: [GitObjectName: ContentID] = [:]

    init(_ repository: Repository, _ folders: CommitFolders) {
        self.repository = repository
        self.folders = folders
    }

    func id(of folder: BytePath, in root: GitObjectName) throws(LineageError) -> ContentID? {
        guard let tree = try git({ () throws(GitError) in try folders.tree(of: folder, in: root) }) else { return nil }
        if let id = known[tree] { return id }
        let entries = try git { () throws(GitError) in try folders.files(below: tree) }
        let pointers = try asking { () throws(RepositoryError) in try repository.pointers(among: entries) }
        let blobs = Dictionary(pointers.map { ($0.path, $0.pointer.oid) }) { first, _ in first }
        let id = ContentID.folder(entries.map { (path: $0.path.bytes, id: blobs[$0.path].map { .blob($0) } ?? .git($0.name)) })
        known[tree] = id
        return id
    }
}

extension BytePath {
    /// The folders that this relative path is in, the nearest first, without the top.
    var foldersAround: [BytePath] {
        var folders: [BytePath] = []
        var folder = parent
        while folder != ".", folder != "/" {
            folders.append(folder)
            folder = folder.parent
        }
        return folders
    }
}
