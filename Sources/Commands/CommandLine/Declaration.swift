import Diagnostics

/// Under which heading a command is listed.
package enum CommandGroup: String, CaseIterable, Sendable {
    case start = "set up a repository"
    case files = "work with data files"
    case sharing = "share data with others"
    case lineage = "know where data comes from"
    case keeping = "look after what is stored"
    case help = "find out more"
    /// What Git, hooks and scripts call.
    case plumbing = "called by Git and scripts"
}

/// Where a command's options may be.
package enum OptionOrder: Sendable {
    /// In any order with the operands, up to `--`.
    case anywhere
    /// Before the first operand; what follows that belongs to somebody else.
    case beforeOperands
    /// Nowhere: each argument is an operand, whatever it begins with. A lone `-h` or `--help` is still answered.
    case nowhere
}

/// Which options of another program a command takes and hands on as they are.
package struct PassedOptions: Sendable {
    /// What the options are, for the texts: `any option of git clone`.
    let summary: String
    /// Those whose value may stand in the next argument, with their dashes: `--branch`, `-b`.
    let takingValues: Set<String>

    package init(_ summary: String, takingValues: Set<String>) {
        self.summary = summary
        self.takingValues = takingValues
    }
}

/// What an exit status of a command means.
package struct ExitMeaning: Sendable {
    let code: ExitCode
    let summary: String

    package init(_ code: ExitCode, _ summary: String) {
        self.code = code
        self.summary = summary
    }
}

/// A command line to learn from.
package struct Example: Sendable {
    let command: String
    let summary: String

    package init(_ command: String, _ summary: String) {
        self.command = command
        self.summary = summary
    }
}

/// All that is to be said of one command. Parsing, usage, help, manual pages and completions are
/// made from this and from nothing else.
package struct Declaration: Sendable {
    /// As it is typed; of a subcommand, its own word alone.
    package let name: String
    package let group: CommandGroup
    /// What it does, in a few words of lower case without a full stop.
    package let summary: String
    /// Paragraphs with empty lines between them. Lines indented by four spaces are shown as they
    /// are; `code` stands between backticks.
    package let description: String
    package let options: [OptionDeclaration]
    package let operands: [OperandDeclaration]
    package let subcommands: [any Command.Type]
    /// Whether a command with subcommands does nothing without one.
    package let needsSubcommand: Bool
    package let optionOrder: OptionOrder
    package let passedOptions: PassedOptions?
    package let examples: [Example]
    /// Other commands' names.
    package let seeAlso: [String]
    private let ownExitCodes: [ExitMeaning]

    /// - Parameter exitCodes: what is to be said beyond, or instead of, the usual 0, 128 and 129.
    package init(
        _ name: String, group: CommandGroup, summary: String, description: String = "",
        options: [any OptionKey] = [], operands: [any OperandKey] = [], exitCodes: [ExitMeaning] = [],
        examples: [Example] = [], subcommands: [any Command.Type] = [], needsSubcommand: Bool = false,
        optionOrder: OptionOrder = .anywhere, passedOptions: PassedOptions? = nil, seeAlso: [String] = []
    ) {
        self.name = name
        self.group = group
        self.summary = summary
        self.description = description
        self.operands = operands.map(\.declaration)
        self.subcommands = subcommands
        self.needsSubcommand = needsSubcommand
        self.optionOrder = subcommands.isEmpty ? optionOrder : .beforeOperands
        self.passedOptions = passedOptions
        self.examples = examples
        self.seeAlso = seeAlso
        ownExitCodes = exitCodes
        if case .nowhere = optionOrder {
            self.options = []
        } else {
            self.options = options.map(\.declaration) + CommonOptions.everywhere
        }
    }

    /// The options without those that every command has.
    var ownOptions: ArraySlice<OptionDeclaration> {
        options.dropLast(min(options.count, CommonOptions.everywhere.count))
    }

    /// Every exit status, in rising order.
    package var exitCodes: [ExitMeaning] {
        let usual = [
            ExitMeaning(.success, "all was done"),
            ExitMeaning(.fatal, "the command could not do its work"),
            ExitMeaning(.usage, "the command line was not understood"),
        ]
        let kept = usual.filter { meaning in !ownExitCodes.contains { $0.code == meaning.code } }
        return (kept + ownExitCodes).sorted { $0.code.status < $1.code.status }
    }
}
