import Diagnostics
import Git
import Lineage
import Platform

/// `git data metrics`: the results of stages.
struct MetricsCommand: Command {
    static let declaration = Declaration(
        "metrics", group: .lineage, summary: "show and compare the results of stages, and their parameters",
        description: """
            Metrics are what the files say that a stage names with `metrics =` in its recipe, parameters what it \
            names with `parameter =`. The files may be JSON, JSON Lines (the last line counts), CSV or TSV (a table \
            of two columns gives values by name, any other its last row), YAML, TOML, `.ini`, `.properties` or \
            `.env`. Where a file is not there, or is a pointer whose data is not on this machine, the record of the \
            run is asked.

            `show` prints them, `diff` compares two versions of the project, and `log` lists the commits that \
            changed them. Without a subcommand, `show`. Parameters are told beside the metrics that they led to, \
            with `--params`, so that there is one command for both.

            Lists of more than 20 elements are curves and not shown, unless `--metric` names them.
            """,
        options: MetricsShowCommand.options,
        examples: [
            Example("git data metrics", "what the files here say"),
            Example("git data metrics diff --params", "what your last change did to them"),
            Example("git data metrics log --all --best accuracy", "the commit with the best result of all branches"),
        ],
        subcommands: [MetricsShowCommand.self, MetricsDiffCommand.self, MetricsLogCommand.self], seeAlso: ["diff", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        try MetricsShowCommand.run(arguments, context)
    }
}

struct MetricsShowCommand: Command {
    static let options: [any OptionKey] = [
        ValueOptions.stage, ValueOptions.metric, ValueOptions.params, CommonOptions.json, ValueOptions.csv,
    ]
    static let revisions = Operands("REVISION", "commits; the worktree if none is given", completion: .revisions)
    static let declaration = Declaration(
        "show", group: .lineage, summary: "print the metrics of the worktree, or of commits",
        description: """
            With `--json`, an array with one object for each version: `revision` and `commit`, which the worktree \
            does not have, `metrics` (`stage`, `file`, `key`, `value`) and with `--params` `parameters` (`file`, \
            `key`, `value`).
            """,
        options: options, operands: [revisions],
        examples: [Example("git data metrics show v1.0 HEAD --metric accuracy", "a metric of two versions, side by side")])

    private struct Version: Encodable {
        let revision: String?
        let commit: String?
        let metrics: [Row]
        let parameters: [Row]?
    }

    private struct Row: Encodable {
        let stage: String?
        let file: String
        let key: String
        let value: JSONValue

        init(_ entry: ValueEntry) {
            (stage, file, key, value) = (entry.stage?.text, entry.file.text, entry.key, entry.value)
        }
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let project = try ProjectValues(arguments, context)
        var given = arguments[revisions]
        if given.isEmpty, project.repository.location.worktree == nil { given = ["HEAD"] }
        var versions: [(revision: BytePath?, commit: GitObjectName?, metrics: [ValueEntry], parameters: [ValueEntry])] = []
        if given.isEmpty {
            let values = try project.ofWorktree()
            ProjectValues.warn(values.problems, context.output)
            versions.append((nil, nil, values.metrics, values.parameters))
        }
        for revision in given {
            let commit = try project.commit(revision)
            let values = try project.ofCommit(commit)
            ProjectValues.warn(values?.problems ?? [], at: revision.text, context.output)
            versions.append((revision, commit, values?.metrics ?? [], values?.parameters ?? []))
        }
        let hasParameters = arguments[ValueOptions.params]
        if arguments[CommonOptions.json] {
            context.output.write(
                json: CanonicalJSON.text(
                    versions.map { version in
                        Version(
                            revision: version.revision?.text, commit: version.commit?.description,
                            metrics: version.metrics.map(Row.init),
                            parameters: hasParameters ? version.parameters.map(Row.init) : nil)
                    }))
            return .success
        }
        let titles = versions.map { $0.revision?.text ?? "value" }
        let metrics = rows(versions.map(\.metrics))
        let parameters = hasParameters ? rows(versions.map(\.parameters)) : []
        if arguments[ValueOptions.csv] {
            var table = TextTable(["kind", "of", "key"] + titles)
            for row in metrics { table.add([TextTable.Cell("metric")] + row) }
            for row in parameters { table.add([TextTable.Cell("parameter")] + row) }
            context.output.write(table.csv)
            return .success
        }
        var isFirst = true
        for (title, rows) in [(["stage", "metric"], metrics), (["file", "parameter"], parameters)] where !rows.isEmpty {
            var table = TextTable(title + titles)
            for row in rows { table.add(row) }
            if !isFirst { context.output.line() }
            table.print(context.output)
            isFirst = false
        }
        if metrics.isEmpty, parameters.isEmpty { context.output.message("There are no metrics: no recipe 'lineage/NAME.stage' names any that is here.") }
        return .success
    }

    /// One row for each value that any of the versions has.
    private static func rows(_ versions: [[ValueEntry]]) -> [[TextTable.Cell]] {
        let values = versions.map { entries in Dictionary(entries.map { ($0.name, $0.value) }) { first, _ in first } }
        return Set(values.flatMap(\.keys)).sorted().map { name in
            [TextTable.Cell(name.scope), TextTable.Cell(name.key)] + values.map { TextTable.Cell($0[name]) }
        }
    }
}
