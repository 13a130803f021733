import Diagnostics
import Lineage
import Platform
import Repository

/// `git data environment`: what runs were made with.
struct EnvironmentCommand: Command {
    static let declaration = Declaration(
        "environment", group: .lineage, summary: "show and compare the environments in which stages ran",
        description: """
            The record of a run names the environment in which it ran: system, processor, GPUs and drivers, \
            interpreters with their packages, lock files, container, and the variables on which results may depend. \
            It stands in `lineage/environments/`, once for all runs that have the same, and has no secrets in it.

            An environment is named by the first digits of its id (four at least), by a stage, whose last run it is, by \
            `REV:STAGE`, or `now` for what is here.
            """,
        examples: [
            Example("git data environment diff train", "what has changed here since stage 'train' ran"),
            Example("git data environment diff v1.0:train v2.0:train", "between two versions of the project"),
        ],
        subcommands: [EnvironmentShowCommand.self, EnvironmentDiffCommand.self], needsSubcommand: true,
        seeAlso: ["status", "diff"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        .usage
    }

    /// What a group of a record is called for people.
    static func title(_ group: String) -> String {
        switch group {
        case "memory": "memory, GiB"
        case "acceleratorSoftware": "accelerator software"
        case "lockFiles": "lock files"
        default: shown(group)
        }
    }

    /// Text of a record, which anybody may have written, as it may go to a terminal.
    static func shown(_ text: String) -> String {
        BytePath(text).description
    }
}

/// `git data environment show`: all that a record says.
struct EnvironmentShowCommand: Command {
    static let what = OptionalOperand<BytePath>("REV|STAGE|ID", "which one; what is here now without it", parse: .revision)
    static let declaration = Declaration(
        "show", group: .lineage, summary: "print an environment",
        description: """
            Of a revision, those of all its stages, each once. Without an operand, what is here now, with the Python, \
            R and Julia that a shell would start.

            With `--json`, an array with one object for each environment: `id`, `stages`, and `environment`, the \
            record as it is kept.
            """,
        options: [CommonOptions.json], operands: [what])

    private struct Report: Encodable {
        let id: String
        let stages: [String]
        let environment: JSONValue
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let source = EnvironmentSource(repository: try context.repository())
        let found = try arguments[what].map { try source.environments($0) } ?? [.init(record: try source.present(), stages: [])]
        if arguments[CommonOptions.json] {
            try context.output.json(
                found.map { Report(id: $0.record.id.hex, stages: $0.stages.map(\.text), environment: $0.record.json) })
            return .success
        }
        for (number, environment) in found.enumerated() {
            if number > 0 { context.output.line() }
            print(environment, context.output)
        }
        return .success
    }

    private static func print(_ environment: EnvironmentSource.Found, _ output: Output) {
        let stages = environment.stages.isEmpty ? "" : " (\(environment.stages.map(\.text).joined(separator: ", ")))"
        output.line("environment \(environment.record.id.hex.prefix(12))\(stages)")
        var rest = environment.record.lines[...]
        while let group = rest.first?.group {
            let lines = rest.prefix { $0.group == group }
            rest = rest.dropFirst(lines.count)
            output.line()
            output.line(EnvironmentCommand.title(group))
            let width = min(32, lines.map(\.name.count).max() ?? 0)
            for line in lines {
                let name = EnvironmentCommand.shown(line.name)
                let gap = name.isEmpty ? "" : String(repeating: " ", count: max(0, width - name.count) + 2)
                output.line("  \(name)\(gap)\(line.value == .null ? "not known" : EnvironmentCommand.shown(line.value.description))")
            }
        }
    }
}

/// `git data environment diff`: what differs between two environments.
struct EnvironmentDiffCommand: Command {
    static let old = Operand<BytePath>("A", "an id, a stage, `REV:STAGE`, or `now`", parse: .revision)
    static let new = OptionalOperand<BytePath>("B", "the same; what is here now without it", parse: .revision)
    static let exitCode = Flag("exit-code", "exit with 1 where they differ; `--quiet` does so too")
    static let declaration = Declaration(
        "diff", group: .lineage, summary: "print what differs between two environments",
        description: """
            `~` is before what changed, `+` before what is only in B, `-` before what is only in A. What is here now is \
            asked of the interpreters and variables that the other environment names.

            With `--json`, an object with `old` and `new`, the ids, and `differences`, an array of objects with \
            `group`, `name`, `old` and `new`.
            """,
        options: [exitCode, CommonOptions.json], operands: [old, new],
        exitCodes: [ExitMeaning(.failure, "with `--exit-code` or `--quiet`: they differ")])

    private struct Report: Encodable {
        struct Difference: Encodable {
            let group: String
            let name: String
            let old: JSONValue
            let new: JSONValue
        }

        let old: String
        let new: String
        let differences: [Difference]
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let source = EnvironmentSource(repository: try context.repository())
        let (before, after) = try source.pair(try arguments[old], arguments[new])
        let differences = before.differences(to: after)
        if arguments[CommonOptions.json] {
            try context.output.json(
                Report(
                    old: before.id.hex, new: after.id.hex,
                    differences: differences.map { .init(group: $0.group, name: $0.name, old: $0.old ?? .null, new: $0.new ?? .null) }))
        } else if !context.output.isQuiet {
            var group: String?
            for difference in differences {
                if difference.group != group { context.output.line(EnvironmentCommand.title(difference.group)) }
                group = difference.group
                context.output.line("  " + words(difference))
            }
        }
        let asks = arguments[exitCode] || context.output.isQuiet
        return asks && !differences.isEmpty ? .failure : .success
    }

    private static func words(_ difference: EnvironmentRecord.Difference) -> String {
        let name = difference.name.isEmpty ? "" : EnvironmentCommand.shown(difference.name) + ": "
        let text = { (value: JSONValue) in EnvironmentCommand.shown(value.description) }
        switch (difference.old, difference.new) {
        case (let old?, let new?): return "~ \(name)\(text(old)) → \(text(new))"
        case (let old?, nil): return "- \(name)\(text(old))"
        case (nil, let new): return "+ \(name)\(text(new ?? .null))"
        }
    }
}
