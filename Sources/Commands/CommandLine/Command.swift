import Diagnostics

/// One command: what it is called and takes, and what it does.
package protocol Command: Sendable {
    static var declaration: Declaration { get }

    /// Does the work.
    /// - Throws: `UsageError` for arguments that do not go together; any other error is put into
    ///   words where the command was called from, with the exit status that it brings.
    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode
}
