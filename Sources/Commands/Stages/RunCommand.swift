import Diagnostics
import Lineage
import Platform
import Repository

/// `git data run`: run a command, and record what it used and made.
struct RunCommand: Command {
    static let name = Value<String>("name", "STAGE", "the stage's name; by default that of the script, or of the first output", parse: .text)
    static let inputs = Values<BytePath>("input", short: "i", "PATH", "a file or folder that the command reads", parse: .path)
    static let outputs = Values<BytePath>("output", short: "o", "PATH", "a file or folder that it makes", parse: .path)
    static let metrics = Values<BytePath>("metrics", short: "m", "PATH", "a small file of results that it makes", parse: .path)
    static let parameters = Values<String>(
        "parameter", short: "p", "FILE:KEY", "a value of a JSON, YAML, TOML or CSV file that it uses; FILE for all of it", parse: .text)
    static let environment = Values<String>(
        "environment", short: "e", "WHAT", "what of the environment counts: a lock file, `python`, `python:numpy,pandas`", parse: .text)
    static let variables = Values<String>("variable", "NAME", "an environment variable whose value counts", parse: .text)
    static let auto = Flag("auto", "find inputs and outputs by watching which files of the repository the command uses")
    static let command = Operands("COMMAND", "the command with its arguments, or one text for the shell", minimum: 1)
    static let declaration = Declaration(
        "run", group: .lineage, summary: "run a command, and record what it used and made",
        description: """
            Runs COMMAND in the current folder and, if it succeeds, stages what it has made together with two \
            small text files: `lineage/STAGE.stage`, the recipe, which may be edited, and \
            `lineage/STAGE.run.json`, the record: inputs and outputs by their content, parameters, metrics, \
            environment, commit, time. `git data status` then knows when the outputs are no longer what the \
            command would make, and `git data repro` makes them anew.

            Inputs that are not on this machine are fetched first. What the stage made before is out of the way \
            while the command runs, and comes back if it fails. Outputs that are no text, or of \
            `data.trackAbove` (1m) or more, become data, unless a pattern in `.gitattributes` says otherwise. \
            Scripts are inputs too: name them with `-i`, or let `--auto` find all of them. It sees what the \
            command and all that it starts open, with what Linux has for that (seccomp_unotify(2)), without \
            privileges; `sudo` does not work in such a command. Where the system does not allow it, it tells \
            from the folders alone which files are used (inotify(7)), perhaps by others, and says so.
            """,
        options: [name, auto, inputs, outputs, metrics, parameters, environment, variables, CommonOptions.dryRun],
        operands: [command],
        exitCodes: [ExitMeaning(.failure, "the command failed, or an input or output is missing; nothing was recorded")],
        examples: [
            Example("git data run -i clean.py -i raw.csv -o train.parquet -- python clean.py", "a stage 'clean'"),
            Example("git data run --auto python train.py", "inputs and outputs as the script opens them"),
            Example("git data run --name eda -i data/ -o plots/ 'python eda.py | tee plots/log'", "a line for the shell"),
        ],
        optionOrder: .beforeOperands, seeAlso: ["repro", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        // Nothing runs whose results could not be stored.
        _ = try repository.store()
        SetAside.recover(repository, context.output)
        let files = try StageFiles(in: repository.worktree())
        let stage = try recipe(arguments, context, repository, files)
        let graph = try StageGraph(files.stages.values.filter { $0.name != stage.name } + [stage])
        if arguments[CommonOptions.dryRun] {
            context.output.write(Array("# \(stage.file)\n".utf8) + stage.text)
            return .success
        }
        try StageWriter.recover(repository)
        try check(stage, arguments, context, repository)
        let products = graph.stages.values.flatMap { $0.products.map(\.value) }
        do {
            if arguments[auto] {
                let whole = stage.taking(productsOf: files.stages[stage.name])
                let (found, record) = try AutomaticRun(
                    context: context, repository: repository, stage: whole, products: products,
                    carried: Set(whole.products.map(\.value)).subtracting(stage.products.map(\.value))
                ) { found in _ = try StageGraph(files.stages.values.filter { $0.name != found.name } + [found]) }.run()
                context.output.message(summary(found, record))
            } else {
                let record = try StageExecution(context: context, repository: repository, stage: stage, products: products).run()
                context.output.message(summary(stage, record))
            }
            return .success
        } catch let interruption as StageInterruption {
            return ExitCode(interruption.status)
        }
    }

    /// What the options name, and what is nowhere, is a slip of the pen.
    private static func check(_ stage: Stage, _ arguments: ParsedArguments, _ context: CommandContext, _ repository: Repository) throws {
        if stage.products.isEmpty, !arguments[auto] {
            context.output.warning("stage '\(stage.name)' names nothing that it makes, so that nothing of it is recorded; -o PATH does, or --auto")
        }
        var observer = try StageObserver(repository)
        guard let found = try observer.look(at: [stage])[stage.name] else { return }
        for (what, state) in found.causes.environment.sorted(by: { $0.key < $1.key }) where !arguments[environment].isEmpty {
            guard case .object(let parts) = state, let absent = parts.filter({ $0.value == .null }).keys.min() else { continue }
            throw CommandFailure("the environment '\(what)' has no '\(BytePath(absent))'", hints: ["git data environment show"], exitCode: .failure)
        }
    }

    private static func summary(_ stage: Stage, _ record: RunRecord) -> String {
        let seconds = DurationText.format(milliseconds: record.milliseconds)
        let made = stage.products.map { "'\($0.value)'" }.joined(separator: ", ")
        return "Stage '\(stage.name)' took \(seconds)" + (made.isEmpty ? "" : " and made \(made)") + "; its record is staged: \(stage.name.recordFile)"
    }

    /// The stage that the options describe.
    private static func recipe(
        _ arguments: ParsedArguments, _ context: CommandContext, _ repository: Repository, _ files: StageFiles
    ) throws -> Stage {
        let words = arguments[command]
        guard words.allSatisfy(\.isUTF8) else { throw CommandFailure("the command is not UTF-8, as a recipe must be") }
        // One word with blanks is meant for the shell.
        let command = words.count == 1 ? words[0].text : words.map { ShellWord.argument($0) }.joined(separator: " ")
        let outputs = try paths(arguments[self.outputs], "output", context, repository)
        let name = try self.name(arguments[self.name], command: words, outputs: outputs, files, isAutomatic: arguments[auto])
        var stage = Stage(name)
        stage.command = Stage.Listed(command)
        let top = try repository.worktree()
        stage.folder = try BytePath.currentFolder().relative(to: top) ?? ""
        stage.inputs = try paths(arguments[inputs], "input", context, repository)
        stage.outputs = outputs
        stage.folders = Set(zip(arguments[self.outputs], outputs).filter { $0.0.bytes.last == UInt8(ascii: "/") }.map { $0.1.value })
        stage.metrics = try paths(arguments[metrics], "metrics file", context, repository)
        stage.parameters = try arguments[parameters].map { text in
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let file = try context.paths([BytePath(String(parts[0]))], in: repository)[0].text
            guard let parameter = Stage.Parameter(parts.count == 2 ? "\(file):\(parts[1])" : file) else {
                throw UsageError("'\(text)' is not FILE or FILE:KEY")
            }
            return Stage.Listed(parameter)
        }
        stage.environment = try environment(arguments[environment], command, context, repository).map { Stage.Listed($0) }
        stage.variables = arguments[variables].map { Stage.Listed($0) }
        // What a file could not say, the options cannot either.
        do { return try Stage(stage.text, name: name).withoutLines } catch { throw CommandFailure(error.reason) }
    }

    private static func paths(
        _ given: [BytePath], _ what: String, _ context: CommandContext, _ repository: Repository
    ) throws -> [Stage.Path] {
        try zip(given, context.paths(given, in: repository)).map { given, path in
            guard let path = Stage.stagePath(path) else { throw CommandFailure("the \(what) '\(given)' cannot be one of a stage: it must be a path of the repository, in UTF-8") }
            return Stage.Path(path)
        }
    }

    private static func environment(
        _ given: [String], _ command: String, _ context: CommandContext, _ repository: Repository
    ) throws -> [String] {
        guard !given.isEmpty else { return EnvironmentDependency.suggestion(forCommand: command, worktree: try repository.worktree()) }
        return try given.map { text in
            guard case .file = EnvironmentDependency(text) else { return text }
            return try context.paths([BytePath(text)], in: repository)[0].text
        }
    }

    private static func name(
        _ given: String?, command: [BytePath], outputs: [Stage.Path], _ files: StageFiles, isAutomatic: Bool
    ) throws -> StageName {
        if let given {
            guard let name = StageName(given) else {
                throw CommandFailure("'\(BytePath(given))' is no name for a stage", hints: ["use letters, digits, '-', '_', '.' and '/'"])
            }
            return name
        }
        let words = command.count == 1 ? command[0].text.split(separator: " ").map { BytePath(String($0)) } : command
        let script = words.prefix(4).first { word in
            [".py", ".R", ".r", ".jl", ".sh", ".ipynb", ".js", ".sql"].contains { word.text.hasSuffix($0) }
        }
        let source = script ?? outputs.first?.value ?? words.first ?? "stage"
        let stem = source.lastComponent.text.prefix { $0 != "." }
        let text = String(stem.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") ? $0 : "-" }.drop { $0 == "-" })
        guard let name = StageName(text) else { throw CommandFailure("the stage needs a name", hints: ["git data run --name NAME …"]) }
        // The same script may make many things.
        if !isAutomatic, let known = files.stages[name], Set(known.outputs.map(\.value)) != Set(outputs.map(\.value)) {
            throw CommandFailure(
                "there is a stage '\(name)' already, with other outputs",
                hints: ["git data run --name \(name) …, to replace it; or another name"])
        }
        return name
    }
}

extension Stage {
    /// With what the stage has made before, which is out of the way while its command runs.
    fileprivate func taking(productsOf known: Stage?) -> Stage {
        var stage = self
        let own = stage.products.map(\.value)
        func isNew(_ path: Path) -> Bool { !own.contains { path.value.isInside($0) || $0.isInside(path.value) } }
        stage.outputs += known?.outputs.filter(isNew) ?? []
        stage.metrics += known?.metrics.filter(isNew) ?? []
        stage.folders.formUnion(known?.folders ?? [])
        return stage
    }

    /// The same recipe as one that was never a file.
    fileprivate var withoutLines: Stage {
        var stage = self
        stage.inputs = inputs.map { Path($0.value) }
        stage.outputs = outputs.map { Path($0.value) }
        stage.metrics = metrics.map { Path($0.value) }
        stage.parameters = parameters.map { Listed($0.value) }
        stage.environment = environment.map { Listed($0.value) }
        return stage
    }
}

/// Durations as people read them.
enum DurationText {
    static func format(milliseconds: Int64) -> String {
        switch milliseconds {
        case ..<10_000:
            let tenths = (milliseconds + 50) / 100
            return "\(tenths / 10).\(tenths % 10) s"
        case ..<120_000: return "\(milliseconds / 1000) s"
        case ..<7_200_000: return "\(milliseconds / 60_000) min"
        default: return "\(milliseconds / 3_600_000) h \(milliseconds / 60_000 % 60) min"
        }
    }
}
