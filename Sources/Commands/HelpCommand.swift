import Diagnostics
import Platform

/// `git data help`.
struct HelpCommand: Command {
    static let command = OptionalOperand<String>("COMMAND", "the command to tell about", parse: .text(.commands))
    static let declaration = Declaration(
        "help", group: .help, summary: "list the commands, or tell all about one", operands: [command],
        exitCodes: [ExitMeaning(.failure, "there is no such command")],
        examples: [Example("git data help track", "the same as `git data track --help`")])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        guard let name = arguments[command] else {
            context.output.write(Array(Overview.usage(context.table).utf8))
            return .success
        }
        guard let text = context.table.helpText(for: name) else { throw unknown(name, context.table) }
        context.output.write(Array(text.utf8))
        return .success
    }

    /// What is said of a name that no command has.
    static func unknown(_ name: String, _ table: CommandTable) -> CommandFailure {
        let names = table.commands.map { $0.declaration.name }
        let likely = Similarity.closest(to: name, among: names).map { "git data help \($0)" }
        return CommandFailure(
            "there is no command 'git data \(BytePath(name))'", hints: likely.isEmpty ? ["git data help"] : likely,
            exitCode: .failure)
    }
}
