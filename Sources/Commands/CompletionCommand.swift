import Diagnostics
import Platform

/// `git data completion`: the scripts that complete commands, options and values in a shell.
struct CompletionCommand: Command {
    enum Shell: String, CaseIterable, Sendable {
        case bash, zsh, fish
    }

    static let shell = Operand<Shell>("SHELL", "bash, zsh or fish", parse: .choice)
    static let declaration = Declaration(
        "completion", group: .plumbing, summary: "print the completion script for a shell",
        description: """
            `install.sh` puts the scripts where the shells look for them, under `share` of the prefix:

                bash-completion/completions/git-data
                zsh/site-functions/_git-data
                fish/vendor_conf.d/git-data.fish

            Elsewhere, in bash: `eval "$(git data completion bash)"`.
            """,
        operands: [shell],
        examples: [
            Example("git data completion fish > ~/.config/fish/conf.d/git-data.fish", "for one user of fish")
        ])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        context.output.write(Array(script(for: try arguments[shell], context.table).utf8))
        return .success
    }

    static func script(for shell: Shell, _ table: CommandTable) -> String {
        switch shell {
        case .bash: BashCompletion.script(table)
        case .zsh: ZshCompletion.script(table)
        case .fish: FishCompletion.script(table)
        }
    }
}
