import Diagnostics
import Lineage
import Platform

/// `git data metrics diff`: what became of the results.
struct MetricsDiffCommand: Command {
    static let all = Flag("all", "what did not change too")
    static let exitCode = Flag("exit-code", "exit with 1 where something changed; `--quiet` does so too")
    static let old = OptionalOperand<BytePath>("A", "the old commit; HEAD if none is given", parse: .revision)
    static let new = OptionalOperand<BytePath>("B", "the new commit; the worktree if none is given", parse: .revision)
    static let declaration = Declaration(
        "diff", group: .lineage, summary: "compare the metrics of two versions of the project",
        description: """
            With `--json`, an array with one object for each value that changed: `kind` (`metric` or `parameter`), \
            `of` (the stage, or the parameter's file), `key`, `old`, `new` and, of numbers, `change`.
            """,
        options: [
            all, ValueOptions.params, ValueOptions.stage, ValueOptions.metric, exitCode, CommonOptions.json, ValueOptions.csv,
        ], operands: [old, new],
        exitCodes: [ExitMeaning(.failure, "with `--exit-code` or `--quiet`: something changed")],
        examples: [
            Example("git data metrics diff", "the worktree, compared with HEAD"),
            Example("git data metrics diff v1.0 main --params", "what changed since a release"),
        ])

    private struct Row: Encodable {
        let kind: String
        let of: String
        let key: String
        let old: JSONValue?
        let new: JSONValue?
        let change: JSONValue?

        init(_ kind: String, _ difference: ValueDifference) {
            self.kind = kind
            (of, key) = (difference.name.scope, difference.name.key)
            (old, new, change) = (difference.old, difference.new, difference.growth)
        }
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let project = try ProjectValues(arguments, context)
        let output = context.output
        var before: VersionValues?
        if let old = arguments[old] {
            before = try project.ofCommit(try project.commit(old))
        } else if let head = try project.repository.git().resolve("HEAD^{commit}") {
            // Before the first commit there is nothing to compare with.
            before = try project.ofCommit(head)
        }
        ProjectValues.warn(before?.problems ?? [], at: arguments[old]?.text ?? "HEAD", output)
        let after: VersionValues?
        if let new = arguments[new] {
            after = try project.ofCommit(try project.commit(new))
            ProjectValues.warn(after?.problems ?? [], at: new.text, output)
        } else {
            after = try project.ofWorktree()
            ProjectValues.warn(after?.problems ?? [], output)
        }
        var metrics = ValueDifference.between(before?.metrics ?? [], after?.metrics ?? [])
        var parameters = arguments[ValueOptions.params] ? ValueDifference.between(before?.parameters ?? [], after?.parameters ?? []) : []
        let isChanged = (metrics + parameters).contains { $0.isChange }
        if !arguments[all] {
            metrics.removeAll { !$0.isChange }
            parameters.removeAll { !$0.isChange }
        }
        if !output.isQuiet { print(metrics, parameters, arguments, output) }
        return isChanged && (arguments[exitCode] || output.isQuiet) ? .failure : .success
    }

    private static func print(
        _ metrics: [ValueDifference], _ parameters: [ValueDifference], _ arguments: ParsedArguments, _ output: Output
    ) {
        if arguments[CommonOptions.json] {
            output.write(json: CanonicalJSON.text(metrics.map { Row("metric", $0) } + parameters.map { Row("parameter", $0) }))
            return
        }
        func cells(_ difference: ValueDifference) -> [TextTable.Cell] {
            [
                TextTable.Cell(difference.name.scope), TextTable.Cell(difference.name.key), TextTable.Cell(difference.old),
                TextTable.Cell(difference.new), TextTable.Cell(growth: difference.isChange ? difference.growth : nil),
            ]
        }
        if arguments[ValueOptions.csv] {
            var table = TextTable(["kind", "of", "key", "old", "new", "change"])
            for difference in metrics { table.add([TextTable.Cell("metric")] + cells(difference)) }
            for difference in parameters { table.add([TextTable.Cell("parameter")] + cells(difference)) }
            output.write(table.csv)
            return
        }
        var isFirst = true
        for (title, differences) in [(["stage", "metric"], metrics), (["file", "parameter"], parameters)] where !differences.isEmpty {
            var table = TextTable(title + ["old", "new", "change"])
            for difference in differences { table.add(cells(difference)) }
            if !isFirst { output.line() }
            table.print(output)
            isFirst = false
        }
    }
}
