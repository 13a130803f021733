// Commands: what a person types and reads. Each command is one file; options, help, manual pages and
// completions come from its declaration. Only here do errors become words and exit codes.

import Diagnostics
import Platform

/// The program `git-data`, from its arguments to its exit status.
package enum Interface {
    /// All commands, in the order of the help.
    static let table = CommandTable([
        InstallCommand.self, UninstallCommand.self, InitCommand.self, CloneCommand.self,
        TrackCommand.self, UntrackCommand.self, AddCommand.self, StatusCommand.self, ListFilesCommand.self, DiffCommand.self,
        CheckoutCommand.self, ConflictsCommand.self, FixCommand.self, MigrateCommand.self,
        ImportCommand.self, RunCommand.self, ReproCommand.self, VerifyReproCommand.self, LogCommand.self,
        LineageCommand.self, MetricsCommand.self, EnvironmentCommand.self,
        ReportCommand.self, IntegrationCommand.self,
        RemoteCommand.self, FetchCommand.self, PullCommand.self, PushCommand.self, BundleCommand.self,
        DiskUsageCommand.self, DedupCommand.self, PruneCommand.self, CollectCommand.self, FsckCommand.self, DoctorCommand.self,
        VersionCommand.self, HelpCommand.self,
        FilterProcessCommand.self, CleanCommand.self, SmudgeCommand.self, HookCommand.self, MergeDriverCommand.self,
        TextconvCommand.self, SettleCommand.self, LocateCommand.self, CompletionCommand.self, ManualCommand.self,
    ])

    /// Runs the command that the process's arguments name.
    /// - Returns: the status to exit with.
    package static func main() -> Int32 {
        Descriptor.openStandardStreams()
        Interrupts.install()
        switch table.invocation(for: Environment.arguments) {
        case .show(let text, let code):
            let output = Output(isQuiet: false, isVerbose: false)
            output.write(Array(text.utf8))
            output.flush()
            return code.status
        case .refuse(let text, let code):
            Descriptor.writeToStandardError(text)
            return code.status
        case .run(let command, let arguments, let path):
            return run(command, arguments, path).status
        }
    }

    private static func run(_ command: any Command.Type, _ arguments: ParsedArguments, _ path: CommandPath) -> ExitCode {
        let output = Output(isQuiet: arguments[CommonOptions.quiet], isVerbose: arguments[CommonOptions.verbose])
        defer { output.flush() }
        do {
            return try command.run(arguments, CommandContext(output: output, table: table))
        } catch let error as UsageError {
            if case .refuse(let text, let code) = CommandTable.refusal(of: error, command.declaration, at: path) {
                Descriptor.writeToStandardError(text)
                return code
            }
            return .usage
        } catch is SaidAlready {
            return .fatal
        } catch {
            let (explanation, code) = Words.explain(error)
            output.error(explanation)
            return code
        }
    }
}
