import Git
import Platform
import Repository

/// The recipes and records of one place: the worktree, or a revision.
package struct StageFiles: Sendable {
    /// Recipes by name, as they were read.
    package private(set) var stages: [StageName: Stage] = [:]
    /// Records by name, unread: who needs one reads it.
    package private(set) var records: [StageName: [UInt8]] = [:]

    /// No recipe of a person is longer.
    static let byteLimit = 1 << 20
    /// A record names each file of its stage, and the metrics.
    static let recordByteLimit = 64 << 20

    /// What is in the worktree. Where there is no `lineage/`, this costs one look.
    /// - Throws: a recipe that makes no sense.
    package init(in top: BytePath) throws(LineageError) {
        do throws(SystemError) {
            var folders = [StageName.folder]
            while let folder = folders.popLast() {
                // A link would lead out of the worktree.
                guard try top.appending(folder).status()?.kind == .folder else { continue }
                for name in try top.appending(folder).entries().sorted() {
                    let path = folder / name
                    guard let status = try top.appending(path).status() else { continue }
                    switch status.kind {
                    case .folder: folders.append(path)
                    case .regular: try add(path, limit: Self.recordByteLimit) { () throws(SystemError) in try top.appending(path).regularContents(limit: Self.recordByteLimit) }
                    case .link, .other: continue
                    }
                }
            }
        } catch {
            throw .system(error)
        }
        try read()
    }

    /// What a revision has.
    package init(of revision: BytePath, _ repository: Repository) throws(LineageError) {
        let entries = try git { () throws(GitError) in try repository.git().treeEntries(revision, [StageName.folder]) }
        var paths: [GitObjectName: [BytePath]] = [:]
        for entry in entries where entry.isRegularFile {
            guard StageName(stageFile: entry.path) != nil || StageName(recordFile: entry.path) != nil else { continue }
            paths[entry.name, default: []].append(entry.path)
        }
        try git { () throws(GitError) in
            try repository.git().forEachBlob(Array(paths.keys), shorterThan: Self.recordByteLimit) { name, content in
                for path in paths[name] ?? [] { self.add(path, content) }
            }
        }
        try read()
    }

    private var recipes: [StageName: [UInt8]] = [:]

    private mutating func add(_ path: BytePath, limit: Int, _ content: () throws(SystemError) -> [UInt8]?) throws(SystemError) {
        guard StageName(stageFile: path) != nil || StageName(recordFile: path) != nil, let bytes = try content() else { return }
        add(path, bytes)
    }

    private mutating func add(_ path: BytePath, _ content: [UInt8]) {
        if let name = StageName(stageFile: path) { recipes[name] = content }
        if let name = StageName(recordFile: path) { records[name] = content }
    }

    private mutating func read() throws(LineageError) {
        for (name, content) in recipes.sorted(by: { $0.key < $1.key }) {
            guard content.count < Self.byteLimit else { throw .stage(StageError(name.stageFile, "it is too long for a recipe")) }
            do throws(StageError) { stages[name] = try Stage(content, name: name) } catch { throw .stage(error) }
        }
        recipes = [:]
    }

    /// How the stages hang together.
    package func graph() throws(LineageError) -> StageGraph {
        do throws(StageError) { return try StageGraph(stages.values) } catch { throw .stage(error) }
    }

    /// The bytes of a stage's record as the worktree has it now; nil where it never ran.
    package static func recordContent(of name: StageName, in top: BytePath) throws -> [UInt8]? {
        try WorktreeEntry.contents(name.recordFile, under: top, limit: recordByteLimit)
    }

    /// The record of a stage; nil where it never ran.
    package func record(of name: StageName) throws(LineageError) -> RunRecord? {
        guard let content = records[name] else { return nil }
        return try RunRecord(content, file: name.recordFile)
    }
}
