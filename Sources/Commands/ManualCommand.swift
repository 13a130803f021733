import Diagnostics
import Platform

/// `git data manual`: the pages for man(1).
struct ManualCommand: Command {
    static let output = Value<BytePath>("output", short: "o", "FOLDER", "write the pages into that folder", parse: .folder)
    static let command = OptionalOperand<String>("COMMAND", "the command whose page is wanted", parse: .text(.commands))
    static let declaration = Declaration(
        "manual", group: .plumbing, summary: "print manual pages for man(1)",
        description: """
            Without `--output`, prints one page: that of the command, or of git data itself. With it, writes \
            that page, or all pages where no command is named, as `git-data.1`, `git-data-track.1` and so on.
            """,
        options: [output], operands: [command],
        exitCodes: [ExitMeaning(.failure, "there is no such command")],
        examples: [Example("git data manual --output ~/.local/share/man/man1", "install them all")],
        seeAlso: ["help"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        var pages = context.table.manualPages(version: Version.current)
        if let name = arguments[command] {
            pages = pages.filter { $0.fileName == "git-data-\(name).1" }
            if pages.isEmpty { throw HelpCommand.unknown(name, context.table) }
        }
        guard let folder = arguments[output] else {
            if let page = pages.first { context.output.write(Array(page.text.utf8)) }
            return .success
        }
        try folder.makeFolders()
        for page in pages { try (folder / page.fileName).replaceContents(with: Array(page.text.utf8)) }
        return .success
    }
}
