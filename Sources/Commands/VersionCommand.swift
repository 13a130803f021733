import Diagnostics
import Git
import Platform

/// `git data version`.
struct VersionCommand: Command {
    static let declaration = Declaration(
        "version", group: .help, summary: "print the version",
        description: "With `--verbose` or `--json` also the version of Git, and the system that this was built for.",
        options: [CommonOptions.json], seeAlso: ["doctor"])

    private struct Row: Encodable {
        let version: String
        /// Left out where there is no Git.
        let git: String?
        let system: String
        let architecture: String
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let isJSON = arguments[CommonOptions.json]
        if !isJSON { context.output.line("git data \(Version.current)") }
        guard isJSON || arguments[CommonOptions.verbose] else { return .success }
        let row = Row(version: Version.current, git: gitVersion(), system: system, architecture: architecture)
        if isJSON {
            try context.output.json(row)
        } else {
            context.output.line("git: \(row.git ?? "none")")
            context.output.line("system: \(row.system) \(row.architecture)")
        }
        return .success
    }

    /// `2.39.5` of `git version 2.39.5`.
    private static func gitVersion() -> String? {
        guard let answer = try? Git().run(["version"]), answer.status == 0 else { return nil }
        return answer.line.text.split(separator: " ").dropFirst(2).first.map(String.init)
    }

    private static var system: String {
        #if os(Linux)
            "linux"
        #elseif os(macOS)
            "macos"
        #else
            "unknown"
        #endif
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
