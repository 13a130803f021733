import Diagnostics
import Platform

/// All commands, and what a command line asks of them.
package struct CommandTable: Sendable {
    package let commands: [any Command.Type]

    package init(_ commands: [any Command.Type]) {
        self.commands = commands
    }

    /// What is to be done about a command line.
    package enum Invocation {
        case run(any Command.Type, ParsedArguments, path: CommandPath)
        /// The text goes to standard output.
        case show(String, ExitCode)
        /// The text goes to standard error.
        case refuse(String, ExitCode)
    }

    /// The declaration of a top-level command.
    package func declaration(named name: String) -> Declaration? {
        commands.first { $0.declaration.name == name }?.declaration
    }

    /// The top-level declarations under one heading, in the table's order.
    package func declarations(in group: CommandGroup) -> [Declaration] {
        commands.map { $0.declaration }.filter { $0.group == group }
    }

    /// Understands a whole command line, without the program's name.
    package func invocation(for arguments: [BytePath]) -> Invocation {
        guard let first = arguments.first else { return .show(Overview.usage(self), .failure) }
        let rest = arguments.dropFirst()
        switch first {
        case "-h": return .show(Overview.usage(self), .usage)
        case "--help": return .show(Overview.help(self), .success)
        case "--version": return invocation(for: ["version"] + rest)
        default: break
        }
        if first.bytes.first == UInt8(ascii: "-") {
            return .refuse("error: unknown option '\(first)'\n" + Overview.usageLine + "\n", .usage)
        }
        guard let command = commands.first(where: { BytePath($0.declaration.name) == first }) else {
            return .refuse(unknownCommand(first), .failure)
        }
        return Self.invocation(of: command, rest, path: CommandPath(command.declaration.name), inherited: [:])
    }

    private static func invocation(
        of command: any Command.Type, _ arguments: ArraySlice<BytePath>, path: CommandPath, inherited: [String: Bool]
    ) -> Invocation {
        let declaration = command.declaration
        do throws(UsageError) {
            switch try ArgumentParser.parse(arguments, for: declaration) {
            case .usageWanted: return .show(Usage.text(of: declaration, at: path), .usage)
            case .helpWanted:
                return .show(PlainManual.text(ManualPage.sections(of: declaration, at: path)), .success)
            case .parsed(var parsed, let rest):
                parsed.flags.merge(inherited) { own, _ in own }
                guard !declaration.subcommands.isEmpty else { return .run(command, parsed, path: path) }
                guard let word = rest.first else {
                    if declaration.needsSubcommand { throw UsageError("a subcommand is missing") }
                    return .run(command, parsed, path: path)
                }
                guard let next = declaration.subcommands.first(where: { BytePath($0.declaration.name) == word }) else {
                    throw unknownSubcommand(word, of: declaration)
                }
                // What was said before the subcommand's name is meant for it, where it is said everywhere.
                let common = parsed.flags.filter { flag in CommonOptions.everywhere.contains { $0.name == flag.key } }
                return invocation(
                    of: next, rest.dropFirst(), path: path.appending(next.declaration.name), inherited: common)
            }
        } catch {
            return refusal(of: error, declaration, at: path)
        }
    }

    /// The answer to arguments that were not understood, or that the command itself found not to go together.
    package static func refusal(of error: UsageError, _ declaration: Declaration, at path: CommandPath) -> Invocation {
        .refuse("error: \(error.message)\n" + Usage.text(of: declaration, at: path), .usage)
    }

    private static func unknownSubcommand(_ word: BytePath, of declaration: Declaration) -> UsageError {
        let names = declaration.subcommands.map { $0.declaration.name }
        let likely = Similarity.closest(to: word.text, among: names).first
        return UsageError("unknown subcommand '\(word)'" + (likely.map { "; did you mean '\($0)'?" } ?? ""))
    }

    private func unknownCommand(_ word: BytePath) -> String {
        var text = "git data: '\(word)' is not a git data command. See 'git data --help'.\n"
        let names = commands.map { $0.declaration }.filter { $0.group != .plumbing }.map(\.name)
        let likely = Similarity.closest(to: word.text, among: names)
        guard !likely.isEmpty else { return text }
        text += likely.count == 1 ? "\nThe most similar command is\n" : "\nThe most similar commands are\n"
        for name in likely { text += "\t\(name)\n" }
        return text
    }
}

/// The words that call a command: `remote add`.
package struct CommandPath: Equatable, Sendable {
    package let words: [String]

    package init(_ word: String) {
        words = [word]
    }

    private init(words: [String]) {
        self.words = words
    }

    package func appending(_ word: String) -> CommandPath {
        CommandPath(words: words + [word])
    }

    /// As a person types it: `git data remote add`.
    package var typed: String { "git data " + words.joined(separator: " ") }
}
