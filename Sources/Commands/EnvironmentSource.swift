import Digest
import Git
import Lineage
import Platform
import Repository

/// Finds the records of environments that a person names.
struct EnvironmentSource {
    /// An environment with the stages whose last runs were in it.
    struct Found {
        let record: EnvironmentRecord
        var stages: [StageName]
    }

    let repository: Repository

    /// Where a record is read from.
    private enum Place {
        /// The worktree, or the index for what the worktree lacks.
        case worktree
        case tree(GitObjectName)
    }

    private static let now: BytePath = "now"

    /// What is here now.
    func present(like other: EnvironmentRecord? = nil) throws -> EnvironmentRecord {
        let names = try repository.settings().configuration.all("data.environmentvariables")
            .flatMap { $0.text.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init) }
        let top = try repository.worktree()
        return other.map { .capture(like: $0, worktree: top, extraVariables: names) }
            ?? .capture(command: nil, worktree: top, extraVariables: names)
    }

    /// Two environments to be compared; nil is what is here now.
    func pair(_ old: BytePath?, _ new: BytePath?) throws -> (EnvironmentRecord, EnvironmentRecord) {
        let before = old == Self.now ? nil : try old.map(one), after = new == Self.now ? nil : try new.map(one)
        return (try before ?? present(like: after), try after ?? present(like: before))
    }

    private func one(_ what: BytePath) throws -> EnvironmentRecord {
        let found = try environments(what)
        guard found.count == 1, let only = found.first else {
            throw CommandFailure(
                "the stages of '\(what)' ran in \(found.count) environments",
                hints: found.compactMap { $0.stages.first }.map { "\(what):\($0)" })
        }
        return only.record
    }

    /// - Parameter what: `now`, a stage, the beginning of an id, `REV:STAGE`, or a revision.
    func environments(_ what: BytePath) throws -> [Found] {
        if what == Self.now { return [Found(record: try present(), stages: [])] }
        if let stage = Self.stage(what), let run = try run(of: stage, .worktree) { return [try environment(of: stage, run, .worktree)] }
        let ids = try ids(beginningWith: what)
        guard ids.count < 2 else {
            throw CommandFailure("'\(what)' is the beginning of \(ids.count) ids", hints: ids.prefix(5).map(\.hex))
        }
        if let id = ids.first { return [Found(record: try record(id, .worktree), stages: [])] }
        if let colon = what.bytes.lastIndex(of: UInt8(ascii: ":")), let stage = Self.stage(BytePath(bytes: what.bytes[(colon + 1)...])) {
            let revision = BytePath(bytes: what.bytes[..<colon])
            let tree = try tree(revision)
            guard let run = try run(of: stage, .tree(tree)) else {
                throw CommandFailure("stage '\(stage)' has not run in '\(revision)'", hints: ["git data environment show \(ShellWord.quoted(revision))"])
            }
            return [try environment(of: stage, run, .tree(tree))]
        }
        return try environments(of: what)
    }

    /// The environments of all stages of a revision, in the order of the stages.
    private func environments(of revision: BytePath) throws -> [Found] {
        let tree = try tree(revision)
        var found: [Found] = []
        for entry in try repository.git().treeEntries(BytePath(bytes: tree.hex)) {
            guard let stage = StageName(recordFile: entry.path), let run = try run(of: stage, .tree(tree)), let id = run.environmentRecord else {
                continue
            }
            if let known = found.firstIndex(where: { $0.record.id == id }) {
                found[known].stages.append(stage)
            } else {
                found.append(try environment(of: stage, run, .tree(tree)))
            }
        }
        guard !found.isEmpty else { throw CommandFailure("no stage of '\(revision)' has a record of its environment") }
        return found
    }

    private func tree(_ revision: BytePath) throws -> GitObjectName {
        guard let tree = try repository.git().resolve(revision.adding(suffix: "^{tree}")) else {
            throw CommandFailure(
                "'\(revision)' is no stage that has run, no id of an environment and no revision",
                hints: ["ls \(EnvironmentRecord.folder)", "git data environment show HEAD"])
        }
        return tree
    }

    private func environment(of stage: StageName, _ run: RunRecord, _ place: Place) throws -> Found {
        guard let id = run.environmentRecord else { throw CommandFailure("the record of stage '\(stage)' names no environment") }
        return Found(record: try record(id, place), stages: [stage])
    }

    private func record(_ id: ObjectID, _ place: Place) throws -> EnvironmentRecord {
        let file = EnvironmentRecord.path(of: id)
        guard let content = try content(file, place) else {
            throw CommandFailure("'\(file)' is missing", hints: ["git log --all -- \(file)"])
        }
        do throws(LineageError) { return try EnvironmentRecord(content, file: file) } catch { throw Self.failure(error, file) }
    }

    private func run(of stage: StageName, _ place: Place) throws -> RunRecord? {
        guard let content = try content(stage.recordFile, place) else { return nil }
        do throws(LineageError) {
            return try RunRecord(content, file: stage.recordFile)
        } catch {
            throw Self.failure(error, stage.recordFile)
        }
    }

    private static func failure(_ error: LineageError, _ file: BytePath) -> any Error {
        guard case .record(let file, let reason) = error else { return error }
        return CommandFailure("'\(file)': \(reason)")
    }

    private func content(_ file: BytePath, _ place: Place) throws -> [UInt8]? {
        switch place {
        case .worktree:
            let path = try repository.worktree() / file
            return try path.contents(limit: 64 << 20) ?? repository.git().blob(BytePath(bytes: Array(":".utf8) + file.bytes))
        case .tree(let tree): return try repository.git().blob(BytePath(bytes: tree.hex + Array(":".utf8) + file.bytes))
        }
    }

    /// The environments of worktree and index whose ids begin so.
    private func ids(beginningWith digits: BytePath) throws -> [ObjectID] {
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) }
        guard (4...ObjectID.digitCount).contains(digits.bytes.count), digits.bytes.allSatisfy(isDigit) else { return [] }
        let folder = EnvironmentRecord.folder
        let here = (try? (repository.worktree() / folder).entries()) ?? []
        let known = try repository.git().indexEntries([folder]).map(\.path)
        return Set((here + known).compactMap { EnvironmentRecord.id(ofFile: $0) }).filter { $0.hexBytes.starts(with: digits.bytes) }.sorted()
    }

    /// A stage by its name, its recipe or its record.
    private static func stage(_ text: BytePath) -> StageName? {
        StageName(recordFile: text) ?? StageName(stageFile: text) ?? (text.isUTF8 ? StageName(text.text) : nil)
    }
}
