import Digest
import Git
import Lineage
import Platform
import Repository

/// The options that the commands of metrics share.
enum ValueOptions {
    static let stage = Values<StageName>(
        "stage", "NAME", "only what this stage makes or uses",
        parse: ValueParser(expecting: "a stage's name") { $0.isUTF8 ? StageName($0.text) : nil })
    static let metric = Values<String>(
        "metric", "KEY", "only metrics of this key, or below it; `STAGE:KEY` for those of one stage", parse: .text)
    static let params = Flag("params", "the parameters of the stages too")
    static let csv = Flag("csv", "print the result as CSV")
}

/// Metrics and parameters of versions of the project, as the options want them.
struct ProjectValues {
    let repository: Repository
    private let stages: Set<StageName>
    private let metrics: [String]
    private let longestList: Int
    private let blob: (ObjectID, BytePath) -> ValueSource

    init(_ arguments: ParsedArguments, _ context: CommandContext) throws {
        if arguments[CommonOptions.json], arguments[ValueOptions.csv] { throw UsageError("--json and --csv do not go together") }
        repository = try context.repository()
        stages = Set(arguments[ValueOptions.stage])
        metrics = arguments[ValueOptions.metric]
        // Who names a curve wants to see it.
        let longestList = metrics.isEmpty ? ValueLeaf.usualListLength : .max
        self.longestList = longestList
        let store = try repository.store()
        blob = { oid, path in
            guard let place = store.location(of: oid) else { return .absent }
            do throws(SystemError) {
                return .reading(try place.contents(limit: ValueFile.maximumByteCount + 1), path: path, longestList: longestList)
            } catch {
                return .unreadable(error.reason)
            }
        }
    }

    /// Those of the worktree as it stands.
    func ofWorktree() throws -> VersionValues {
        let worktree = try repository.worktree()
        var values = VersionValues(
            try VersionValues.Sources(worktree: worktree), stages: stages, longestList: longestList,
            file: { .worktree($0, in: worktree, longestList: longestList) }, blob: blob)
        values.select(metrics: metrics)
        return values
    }

    /// A commit that a person named.
    func commit(_ revision: BytePath) throws -> GitObjectName {
        guard let commit = try repository.git().resolve(revision.adding(suffix: "^{commit}")) else {
            throw CommandFailure("'\(revision)' names no commit")
        }
        return commit
    }

    /// Those of commits, and what came with them.
    func ofCommits(_ commits: [GitObjectName]) throws -> [GitObjectName: HistoryValues.Version] {
        let history = HistoryValues(try repository.git(), stages: stages, longestList: longestList, blob: blob)
        return try history.read(commits)
    }

    /// Those of a commit.
    func ofCommit(_ commit: GitObjectName) throws -> VersionValues? {
        guard var values = try ofCommits([commit])[commit]?.values else { return nil }
        values.select(metrics: metrics)
        return values
    }

    /// The metrics among these that are wanted.
    func selected(_ entries: [ValueEntry]) -> [ValueEntry] {
        metrics.isEmpty ? entries : entries.filter { entry in metrics.contains { entry.matches($0) } }
    }

    /// Tells what could not be read, the same only once.
    static func warn(_ problems: [VersionValues.Problem], at version: String? = nil, _ output: Output) {
        var said: Set<VersionValues.Problem> = []
        for problem in problems where said.insert(problem).inserted {
            let place = version.map { " at \(BytePath($0))" } ?? ""
            output.warning("cannot read '\(problem.file)'\(place): \(problem.reason)")
        }
    }
}

extension TextTable.Cell {
    init(_ value: JSONValue?) {
        self.init(value?.cellText ?? "", isNumber: value?.double != nil)
    }

    /// A difference, with its sign.
    init(growth: JSONValue?) {
        guard let growth, let number = growth.double else {
            self.init("")
            return
        }
        self.init((number > 0 ? "+" : "") + growth.cellText, isNumber: true)
    }
}
