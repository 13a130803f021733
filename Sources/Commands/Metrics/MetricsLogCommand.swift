import Diagnostics
import Git
import Lineage
import Platform

/// `git data metrics log`: the commits that changed results.
struct MetricsLogCommand: Command {
    static let all = Flag("all", "the commits of all refs")
    static let branches = Flag("branches", "the commits of all branches")
    static let tags = Flag("tags", "the commits of all tags")
    static let limit = Value<Int>("max-count", short: "n", "NUMBER", "the first so many only", parse: .wholeNumber)
    static let sort = Value<String>("sort", "KEY", "the best value of this metric first, or parameter with `--params`", parse: .text)
    static let best = Value<String>("best", "KEY", "only the commit with the best value of this metric", parse: .text)
    static let minimize = Flag("minimize", "the lowest value is the best")
    static let maximize = Flag("maximize", "the highest value is the best; this is the default")
    static let ranges = Operands("REVISION-RANGE", "as git-log(1) takes them; HEAD if none is given", completion: .revisions)
    static let declaration = Declaration(
        "log", group: .lineage, summary: "list the commits that changed metrics, with their values",
        description: """
            Shows, the newest first, the commits after which the values or the records of runs are others than in \
            each of their parents. A metric that several stages have is called `STAGE:KEY`. What has no value, or \
            none that is a number, is never the best.

            With `--json`, an array with one object for each commit: `commit`, `time` (RFC 3339), `author`, `refs` \
            (branches and tags), `metrics` and with `--params` `parameters` (values by name).
            """,
        options: [
            all, branches, tags, ValueOptions.params, ValueOptions.stage, ValueOptions.metric, limit, sort, best, minimize,
            maximize, CommonOptions.json, ValueOptions.csv,
        ], operands: [ranges],
        exitCodes: [ExitMeaning(.failure, "with `--best`: no commit has such a number")],
        examples: [
            Example("git data metrics log --all --best accuracy", "the best of all branches"),
            Example("git data metrics log --sort loss --minimize -n 5 --params", "the five lowest, and what led to them"),
        ])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        if arguments[minimize], arguments[maximize] { throw UsageError("--minimize and --maximize do not go together") }
        if arguments[best] != nil, arguments[sort] != nil { throw UsageError("--best and --sort do not go together") }
        let project = try ProjectValues(arguments, context)
        let commits = try LoggedCommit.list(arguments, try project.repository.git())
        var runs = try LoggedRun.list(commits, project, hasParameters: arguments[ValueOptions.params], context.output)
        if runs.isEmpty { context.output.message("None of these commits has metrics.") }
        let columns = MetricColumns(runs)
        if let key = arguments[best] ?? arguments[sort] {
            guard !runs.isEmpty else { return try print(runs, columns, arguments, context.output) }
            let column = try columns.column(key)
            runs = column.sorted(runs, isLowestFirst: arguments[minimize])
            if arguments[best] != nil { runs = Array(runs.prefix { column.number($0) != nil }.prefix(1)) }
        }
        if let limit = arguments[limit] { runs = Array(runs.prefix(limit)) }
        _ = try print(runs, columns, arguments, context.output)
        return arguments[best] != nil && runs.isEmpty ? .failure : .success
    }

    private struct Row: Encodable {
        let commit: String
        let time: String
        let author: String
        let refs: [String]
        let metrics: [String: JSONValue]
        let parameters: [String: JSONValue]?
    }

    private static func print(
        _ runs: [LoggedRun], _ columns: MetricColumns, _ arguments: ParsedArguments, _ output: Output
    ) throws -> ExitCode {
        if arguments[CommonOptions.json] {
            output.write(
                json: CanonicalJSON.text(
                    runs.map { run in
                        Row(
                            commit: run.commit.name.description, time: RunRecord.text(ofTime: run.commit.time), author: run.commit.author,
                            refs: run.commit.refs, metrics: columns.values(of: run, isMetric: true),
                            parameters: arguments[ValueOptions.params] ? columns.values(of: run, isMetric: false) : nil)
                    }))
            return .success
        }
        // A column in which nothing stands any more says nothing.
        let shown = columns.columns.filter { column in runs.contains { column.value($0) != nil } }
        let isCSV = arguments[ValueOptions.csv]
        var table = TextTable(["commit", "date", "author", "refs"] + shown.map(\.title))
        for run in runs {
            let time = RunRecord.text(ofTime: run.commit.time)
            let name = run.commit.name.description
            let words = [
                isCSV ? name : String(name.prefix(8)), isCSV ? time : String(time.prefix(10)), run.commit.author,
                run.commit.refs.joined(separator: isCSV ? " " : ", "),
            ]
            table.add(words.map { TextTable.Cell($0) } + shown.map { TextTable.Cell($0.value(run)) })
        }
        if isCSV { output.write(table.csv) } else if !runs.isEmpty { table.print(output) }
        return .success
    }
}
