/// One command as the completion scripts see it, with the words that call it.
struct CompletedCommand {
    /// `remote`, `add`; empty for git data itself.
    let words: [String]
    let summary: String
    let subcommands: [Declaration]
    let options: [OptionDeclaration]
    let operands: [OperandDeclaration]
    let optionOrder: OptionOrder

    private init(_ declaration: Declaration, words: [String]) {
        self.words = words
        summary = declaration.summary
        subcommands = declaration.subcommands.map { $0.declaration }
        options = declaration.options
        operands = declaration.operands
        optionOrder = declaration.optionOrder
    }

    private init(_ table: CommandTable) {
        words = []
        summary = "version data files with Git"
        // What only Git and scripts call is completed behind its name, and not offered.
        subcommands = CommandGroup.allCases.filter { $0 != .plumbing }.flatMap { table.declarations(in: $0) }
        options = [Flag("version", "print the version").declaration]
        operands = []
        optionOrder = .beforeOperands
    }

    /// Git data itself, then every command, each before its subcommands.
    static func all(of table: CommandTable) -> [CompletedCommand] {
        [CompletedCommand(table)] + table.commands.flatMap { below($0.declaration, words: [$0.declaration.name]) }
    }

    private static func below(_ declaration: Declaration, words: [String]) -> [CompletedCommand] {
        [CompletedCommand(declaration, words: words)]
            + declaration.subcommands.flatMap { below($0.declaration, words: words + [$0.declaration.name]) }
    }

    /// `--dry-run`, `-n`; with a flag's negation.
    static func spellings(of option: OptionDeclaration) -> [String] {
        (option.isNegatable ? ["--\(option.name)", "--no-\(option.name)"] : ["--\(option.name)"])
            + (option.short.map { ["-\($0)"] } ?? [])
    }

    /// Every option that `-h` and `--help` answer beside.
    static let helpSummary = "show help"

    /// A summary as one line of plain text.
    static func plain(_ summary: String) -> String {
        summary.replacing("`", with: "")
    }
}

extension OptionDeclaration {
    /// Whether the next argument is the value, where none is attached.
    var takesNextArgument: Bool {
        if case .required = argument { return true }
        return false
    }
}
