import Diagnostics
import Git
import Platform
import Repository

/// The options that `install` and `uninstall` share.
enum InstallOptions {
    static let local = Flag("local", "this repository's configuration alone")
    static let system = Flag("system", "the configuration of all users of this machine")
    static let hooks = Flag("hooks", "also the hooks of this repository")
    static let force = Flag("force", short: "f", "replace entries that somebody has changed")

    static func configuration(_ arguments: ParsedArguments) throws -> FilterConfiguration {
        if arguments[local], arguments[system] { throw UsageError("--local and --system exclude each other") }
        if arguments[local] { return FilterConfiguration(git: try Repository.find().git(), scope: .repository) }
        return FilterConfiguration(git: try Git(), scope: arguments[system] ? .system : .user)
    }
}

/// `git data install`: makes Git call git data.
struct InstallCommand: Command {
    static let declaration = Declaration(
        "install", group: .start, summary: "register the filter, merge and diff drivers with Git",
        description: "Once for each user; `install.sh` does it. What is registered is used only for files that `git data track` has marked in `.gitattributes`.",
        options: [InstallOptions.local, InstallOptions.system, InstallOptions.hooks, InstallOptions.force],
        seeAlso: ["init", "uninstall", "doctor"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let configuration = try InstallOptions.configuration(arguments)
        let (written, kept) = try configuration.install(overwriting: arguments[InstallOptions.force])
        if !kept.isEmpty {
            context.output.error(
                Explanation(
                    "\(configuration.scope.words) has other values for \(kept.joined(separator: ", "))",
                    kept: "those values", hints: ["git data install --force"]))
            return .failure
        }
        context.output.message(
            written.isEmpty
                ? "Git knows git data already (\(configuration.scope.words))."
                : "Registered git data in \(configuration.scope.words).")
        if arguments[InstallOptions.hooks] {
            try HookInstallation(context.repository()).install(context.output)
        }
        return .success
    }
}

/// `git data uninstall`: takes back what `install` did.
struct UninstallCommand: Command {
    static let declaration = Declaration(
        "uninstall", group: .start, summary: "take the filter and the drivers out of Git's configuration",
        description: "Entries that you have changed stay. Data and repositories are not touched.",
        options: [InstallOptions.local, InstallOptions.system, InstallOptions.hooks], seeAlso: ["install"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let configuration = try InstallOptions.configuration(arguments)
        let removed = try configuration.uninstall()
        context.output.message(
            removed.isEmpty
                ? "Nothing of git data is registered in \(configuration.scope.words)."
                : "Removed git data from \(configuration.scope.words).")
        if arguments[InstallOptions.hooks] {
            try HookInstallation(context.repository()).uninstall(context.output)
        }
        return .success
    }
}
