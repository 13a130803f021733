import Diagnostics

/// `git data ci`: what a continuous integration service does with stages.
struct IntegrationCommand: Command {
    static let declaration = Declaration(
        "ci", group: .lineage, summary: "check and make anew in continuous integration what stages have made",
        description: """
            `init` writes a workflow for GitHub or GitLab, which fails where committed results are stale, makes \
            them anew and shows how metrics changed. `key` and `fetch` are what that workflow calls, and what one \
            of your own may call.
            """,
        examples: [
            Example("git data ci init", "write a workflow for the service that the remote's URL names"),
            Example("git data repro --dry-run || git data ci fetch", "bring what stale stages read, and nothing else"),
        ],
        subcommands: [IntegrationInitCommand.self, IntegrationKeyCommand.self, IntegrationFetchCommand.self],
        needsSubcommand: true, seeAlso: ["repro", "report"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        throw UsageError("'ci' needs a subcommand")
    }
}

/// `git data ci key`: a name for the data that the next `git data repro` reads.
struct IntegrationKeyCommand: Command {
    static let declaration = Declaration(
        "key", group: .lineage, summary: "print a key for a cache of the data that stale stages read",
        description: """
            One word of hexadecimal digits: the SHA-256 of the oids of the data that `git data ci fetch` would \
            bring. It is the same wherever the same data is needed.
            """)

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        context.output.line(try StageNeeds(repository).key.hex)
        return .success
    }
}

/// `git data ci fetch`: the data that the next `git data repro` reads.
struct IntegrationFetchCommand: Command {
    static let declaration = Declaration(
        "fetch", group: .lineage, summary: "fetch the data that stale stages read, and write it into the worktree",
        description: """
            So that `git data repro` needs no credentials, and the commands that it runs can see none. What a \
            stale stage will make anew is not fetched, nor what only fresh stages read.
            """,
        options: [DownloadOptions.remote, CommonOptions.dryRun], exitCodes: [DownloadOptions.incomplete])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let files = try repository.standing(among: StageNeeds(repository).files)
        if arguments[CommonOptions.dryRun] {
            for file in files { context.output.line("\(file.path)") }
            return .success
        }
        let download = DownloadOptions.download(arguments, context, repository)
        let (fetched, written, shortfalls) = try download.fill(files)
        DownloadOptions.sayFetched(fetched, context.output)
        if written > 0 { context.output.message("\(Count.files(written)) written") }
        download.report(shortfalls, after: fetched.failure, hint: "git data remote check")
        return shortfalls.isEmpty ? .success : .failure
    }
}
