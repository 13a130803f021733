import Diagnostics
import Lineage
import Platform
import Repository
private import Synchronization

/// Brings stages up to date, each after those that it depends on.
final class Reproduction: Sendable {
    private let context: CommandContext
    private let repository: Repository
    private let graph: StageGraph
    /// In order.
    private let selection: [StageName]
    private let isForced: Bool
    private let keepsGoing: Bool
    private let jobs: Int
    private let index = StageExecution.Exclusion()
    private let past = Mutex<PastRuns?>(nil)
    private let files: StageFiles

    init(
        context: CommandContext, repository: Repository, files: StageFiles, graph: StageGraph, selection: [StageName], isForced: Bool,
        keepsGoing: Bool, jobs: Int
    ) {
        self.context = context
        self.repository = repository
        self.files = files
        self.graph = graph
        self.selection = selection
        self.isForced = isForced
        self.keepsGoing = keepsGoing
        self.jobs = jobs
    }

    private enum Outcome: Equatable {
        case fresh, ran, reused, failed, skipped
    }

    /// What has come of the stages so far.
    private struct Progress {
        var outcomes: [StageName: Outcome] = [:]
        var running: Set<StageName> = []
        var isStopped = false
        var interruption: Int32?
    }

    // MARK: What would be done

    private struct Row: Encodable {
        let stage: String
        let isFresh: Bool
        let causes: [String]
    }

    /// Says which stages would run, and why, without running any.
    func explain(asJSON: Bool) throws -> ExitCode {
        let conditions = try self.conditions(files.readRecords())
        let origins = ChangeOrigins(repository)
        if asJSON {
            let rows = selection.filter { graph.stages[$0]?.command != nil }.map { name in
                Row(stage: name.text, isFresh: conditions[name].isFresh, causes: StageWords.causes(conditions[name]))
            }
            try context.output.json(rows)
            return rows.allSatisfy(\.isFresh) ? .success : .failure
        }
        var isStale = false
        for name in selection where graph.stages[name]?.command != nil {
            let condition = conditions[name]
            if condition.isFresh, !isForced { continue }
            isStale = true
            let causes = condition.isFresh ? ["--force"] : StageWords.causes(condition)
            context.output.line("\(name): \(causes.joined(separator: "; "))")
            if let record = try? files.record(of: name) {
                for origin in origins.of(condition, since: record) { context.output.line("\t\(origin)") }
            }
        }
        if !isStale { context.output.message("Everything is up to date.") }
        return isStale ? .failure : .success
    }

    /// How the selected stages are before anything runs, looked at all at once.
    private func conditions(_ records: [StageName: RunRecord]) throws -> StageConditions {
        var observer = try StageObserver(repository)
        return StageConditions(graph, try observer.look(at: selection.compactMap { graph.stages[$0] }), records)
    }

    // MARK: Doing it

    func run() throws -> ExitCode {
        // A record that cannot be read is said when its stage's turn comes.
        var records: [StageName: RunRecord] = [:]
        for name in selection { records[name] = try? files.record(of: name) }
        let conditions = try self.conditions(records)
        let progress = Monitor(Progress())
        concurrently(count: jobs, threads: jobs) { _ in
            while let name = self.next(progress) {
                let outcome = self.isUntouched(name, conditions, progress) ? .fresh : self.process(name, progress)
                progress.change { state in
                    state.running.remove(name)
                    state.outcomes[name] = outcome
                    if outcome == .failed, !self.keepsGoing { state.isStopped = true }
                }
            }
        }
        let (outcomes, interruption) = progress.change { ($0.outcomes, $0.interruption) }
        summarise(outcomes)
        if let interruption { return ExitCode(interruption) }
        return outcomes.values.contains(.failed) ? .failure : .success
    }

    /// The next stage of which all that it depends on is done; nil when there is no more to do.
    private func next(_ progress: Monitor<Progress>) -> StageName? {
        let selected = Set(selection)
        return progress.wait { state -> StageName?? in
            if state.isStopped { return .some(nil) }
            for name in self.selection where state.outcomes[name] == nil && !state.running.contains(name) {
                let needed = (self.graph.upstream[name] ?? []).filter { selected.contains($0) }
                if needed.contains(where: { [.failed, .skipped].contains(state.outcomes[$0]) }) {
                    state.outcomes[name] = .skipped
                    continue
                }
                guard needed.allSatisfy({ state.outcomes[$0] != nil }) else { continue }
                state.running.insert(name)
                return name
            }
            return state.running.isEmpty ? .some(nil) : nil
        }
    }

    /// Whether a stage was fresh, and nothing that it depends on has been made since.
    private func isUntouched(_ name: StageName, _ conditions: StageConditions, _ progress: Monitor<Progress>) -> Bool {
        guard !isForced, graph.stages[name]?.command != nil, conditions[name].isFresh else { return false }
        return progress.change { state in
            (self.graph.upstream[name] ?? []).allSatisfy { [nil, .fresh].contains(state.outcomes[$0]) }
        }
    }

    private func process(_ name: StageName, _ progress: Monitor<Progress>) -> Outcome {
        guard let stage = graph.stages[name] else { return .skipped }
        do {
            return try process(stage)
        } catch let interruption as StageInterruption {
            progress.change { state in
                state.isStopped = true
                state.interruption = interruption.status
            }
            return .failed
        } catch {
            let (explanation, _) = Words.explain(error)
            context.output.error(explanation)
            return .failed
        }
    }

    private func process(_ stage: Stage) throws -> Outcome {
        let (observation, record) = try index { (try self.observe(stage), try self.record(of: stage)) }
        let condition = StageCondition(observation, record)
        guard stage.command != nil else { return source(stage, condition) }
        if condition.isFresh, !isForced {
            context.output.detail("[\(stage.name)] is up to date")
            return .fresh
        }
        if !condition.isFresh { context.output.message("\(stage.name): \(StageWords.causes(condition).joined(separator: "; "))") }
        if !isForced {
            try checkEdits(stage, observation, record)
            if try index({ try self.reuse(stage, observation) }) { return .reused }
        }
        let execution = StageExecution(
            context: context, repository: repository, stage: stage, products: graph.stages.values.flatMap { $0.products.map(\.value) },
            isInteractive: jobs == 1, index: index)
        _ = try execution.run()
        return .ran
    }

    private func observe(_ stage: Stage) throws -> StageObservation {
        var observer = try StageObserver(repository)
        guard let observation = try observer.look(at: [stage])[stage.name] else {
            throw CommandFailure("'\(stage.name)' cannot be looked at")
        }
        return observation
    }

    private func record(of stage: Stage) throws -> RunRecord? {
        guard let content = try StageFiles.recordContent(of: stage.name, in: repository.worktree()) else { return nil }
        // Of two runs that a merge could not choose from, a new one takes the place.
        if RunRecord.isInConflict(content) { return nil }
        return try RunRecord(content, file: stage.name.recordFile)
    }

    /// What came from outside is looked at by `import` alone.
    private func source(_ stage: Stage, _ condition: StageCondition) -> Outcome {
        if case .stale(let changes) = condition, !changes.isEmpty {
            context.output.warning("'\(stage.outputs.first?.value ?? "")' is not as it was imported: \(StageWords.causes(condition).joined(separator: "; "))")
        }
        return .fresh
    }

    /// Outputs that a person has changed, and that no commit has, are not run over.
    private func checkEdits(_ stage: Stage, _ observation: StageObservation, _ record: RunRecord?) throws {
        for product in stage.products {
            guard let file = observation.products[product.value], record?.outputs[product.value.text] != file.id else { continue }
            if file.isStaged, try isInACommit(product.value) { continue }
            let path = ShellWord.quoted(product.value)
            throw CommandFailure(
                "'\(product.value)', an output of stage '\(stage.name)', was changed and is in no commit", kept: "it; the stage was not run",
                hints: ["git add \(path) && git commit, to keep that version in Git; or git data repro --force \(stage.name)"])
        }
    }

    /// Whether what the index has at a path is that of HEAD, or of the commit that is being merged or picked.
    private func isInACommit(_ path: BytePath) throws -> Bool {
        let literal = BytePath(bytes: Array(":(top,literal)".utf8) + path.bytes)
        return try ["HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD"].contains { commit in
            try repository.git().run(["diff", "--cached", "--quiet", commit, "--", literal]).status == 0
        }
    }

    /// Takes the outputs of an earlier run that had the same causes.
    private func reuse(_ stage: Stage, _ observation: StageObservation) throws -> Bool {
        guard observation.missing.isEmpty else { return false }
        let past = try self.past.withLock { known in
            if let known { return known }
            let found = try PastRuns(repository)
            known = found
            return found
        }
        guard let run = try past.run(of: stage, key: observation.causes.key) else { return false }
        let download = Download(context: context, repository: repository)
        guard try !download.fetch(run.pointers.map(\.pointer)).isIncomplete else { return false }
        // Without the pattern, which that commit has, the pointers would be checked out as they are.
        let tracking = OutputTracking(context: context, repository: repository, of: stage.products.map(\.value))
        try tracking.look(atData: run.pointers.map(\.path))
        try tracking.track()
        let commit = BytePath(bytes: run.commit.hex)
        var paths = stage.products.map(\.value) + [stage.name.recordFile]
        if let environment = run.record.environmentRecord { paths.append(EnvironmentRecord.path(of: environment)) }
        let literal = paths.map { BytePath(bytes: Array(":(top,literal)".utf8) + $0.bytes) }
        guard try repository.git().run(["restore", "--source", commit, "--staged", "--worktree", "--"] + literal).status == 0,
            try StageCondition(observe(stage), record(of: stage)).isFresh
        else { return false }
        context.output.message("[\(stage.name)] taken from \(String(decoding: run.commit.hex.prefix(10), as: UTF8.self)), where it ran with the same inputs")
        return true
    }

    private func summarise(_ outcomes: [StageName: Outcome]) {
        func count(_ outcome: Outcome) -> Int {
            outcomes.filter { $0.value == outcome && graph.stages[$0.key]?.command != nil }.count
        }
        let notRun = selection.filter { outcomes[$0] == nil && graph.stages[$0]?.command != nil }.count + count(.skipped)
        let parts = [
            (count(.ran), "ran"), (count(.reused), "taken from earlier runs"), (count(.failed), "failed"), (notRun, "not run"),
        ].filter { $0.0 > 0 }
        guard !parts.isEmpty else {
            context.output.message("Everything is up to date.")
            return
        }
        let fresh = count(.fresh) > 0 ? ", \(count(.fresh)) up to date" : ""
        context.output.message("Stages: " + parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + fresh)
    }
}

extension StageFiles {
    /// All records that can be read.
    func readRecords() throws(LineageError) -> [StageName: RunRecord] {
        var read: [StageName: RunRecord] = [:]
        for name in records.keys.sorted() { read[name] = try record(of: name) }
        return read
    }
}
