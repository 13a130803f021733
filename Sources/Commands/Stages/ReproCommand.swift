import Diagnostics
import Lineage
import Platform
import Repository

/// `git data repro`: make anew what is stale.
struct ReproCommand: Command {
    static let downstream = Flag("downstream", "the targets and all that depends on them, instead of all that they depend on")
    static let force = Flag("force", short: "f", "run the stages even if they are fresh, and over outputs that you have changed")
    static let keepGoing = Flag("keep-going", short: "k", "after a failure, go on with what does not depend on it")
    static let jobs = Value<Int>("jobs", short: "j", "N", "run up to N stages at once that do not depend on each other", parse: .wholeNumber)
    static let fetch = Flag("fetch", "run `git fetch --all` first, so that runs of others are found in history")
    static let targets = Operands("TARGET", "stages, or files that stages make; all stages where none is given")
    static let declaration = Declaration(
        "repro", group: .lineage, summary: "run the stages whose outputs are stale",
        description: """
            A stage is stale when its command, an input, a parameter or its environment is not what the record \
            of its last run names, when an output is missing or was changed, or when it never ran. Stale stages \
            run in the order in which they depend on each other, after those that TARGET depends on; a stage \
            whose inputs turn out to be the same after all does not run. Each command is shown before it runs.

            Where history has a run, on any branch, with the same command, inputs, parameters and environment, \
            its outputs are taken from there, and fetched if need be, instead of running the command.

            When a stage fails, what was recorded and its earlier outputs stay; stages that came before it keep \
            what they have made.
            """,
        options: [downstream, force, keepGoing, jobs, fetch, CommonOptions.dryRun, CommonOptions.json], operands: [targets],
        exitCodes: [ExitMeaning(.failure, "a stage failed, or with `--dry-run`: something is stale")],
        examples: [
            Example("git data repro", "everything"),
            Example("git data repro --dry-run models/churn.onnx", "what would run for one file, and why"),
        ],
        seeAlso: ["run", "verify-repro", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        guard !arguments[CommonOptions.json] || arguments[CommonOptions.dryRun] else { throw UsageError("--json is for --dry-run") }
        let repository = try context.repository()
        // Nothing runs whose results could not be stored.
        _ = try repository.store()
        SetAside.recover(repository, context.output)
        let files = try StageFiles(in: repository.worktree())
        let graph = try files.graph()
        guard !graph.stages.isEmpty else { throw CommandFailure("there are no stages", hints: ["git data run --help"]) }
        let names = try selection(arguments, context, repository, graph)
        // Nothing is lost where the network is down: what history has is used.
        if arguments[fetch], try !repository.git().passThrough(["fetch", "--all", "--quiet"]).isSuccess {
            context.output.warning("git fetch failed; only runs that are here already are looked for")
        }
        let reproduction = Reproduction(
            context: context, repository: repository, files: files, graph: graph, selection: names, isForced: arguments[force],
            keepsGoing: arguments[keepGoing], jobs: max(1, arguments[jobs] ?? 1))
        if arguments[CommonOptions.dryRun] { return try reproduction.explain(asJSON: arguments[CommonOptions.json]) }
        try StageWriter.recover(repository)
        return try reproduction.run()
    }

    /// The stages that the arguments name, with what belongs to them, in order.
    static func selection(
        _ arguments: ParsedArguments, _ context: CommandContext, _ repository: Repository, _ graph: StageGraph
    ) throws -> [StageName] {
        let given = arguments[targets]
        guard !given.isEmpty else { return graph.order }
        let names = try Set(given.flatMap { try stages($0, context, repository, graph) })
        return arguments[downstream] ? graph.closure(downstreamOf: names) : graph.closure(upstreamOf: names)
    }

    /// The stages that one argument names.
    static func stages(
        _ target: BytePath, _ context: CommandContext, _ repository: Repository, _ graph: StageGraph
    ) throws -> [StageName] {
        if target.isUTF8, let name = StageName(target.text), graph.stages[name] != nil { return [name] }
        guard let path = try? context.paths([target], in: repository)[0] else {
            throw CommandFailure("'\(target)' is no stage, and no file of this repository", exitCode: .failure)
        }
        if let name = StageName(stageFile: path) ?? StageName(recordFile: path), graph.stages[name] != nil { return [name] }
        let makers = graph.makers(of: path)
        guard !makers.isEmpty else {
            let known = graph.order.filter { graph.stages[$0]?.command != nil }.prefix(10).map(\.text).joined(separator: ", ")
            throw CommandFailure("'\(target)' is no stage, and no stage makes it", hints: ["there are: \(known)"], exitCode: .failure)
        }
        return makers
    }
}
