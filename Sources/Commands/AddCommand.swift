import Diagnostics
import Git
import Platform
import Repository

/// `git data add`: `git add`, where much data is added at once.
struct AddCommand: Command {
    static let all = Flag("all", short: "A", "also stage what was deleted, and everything where no PATHSPEC is given")
    static let update = Flag("update", short: "u", "only files that Git knows")
    static let force = Flag("force", short: "f", "also files that are ignored")
    static let pathspecs = Operands("PATHSPEC", "what to add, as for git-add(1)")
    static let declaration = Declaration(
        "add", group: .files, summary: "stage files as git add does, hashing data in parallel",
        description: """
            The outcome is that of `git add` with the same options. Git gives a filter one file after the other, \
            through a pipe; this reads data files itself, several at once, and then has `git add` do the rest.
            """,
        options: [all, update, force, CommonOptions.dryRun], operands: [pathspecs],
        exitCodes: [ExitMeaning(.failure, "as git add: some files were ignored, or could not be added")],
        examples: [Example("git data add data/", "the files below a folder")], seeAlso: ["track", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let top = try repository.worktree()
        // Pathspecs are seen from where the user stands.
        let here = try Git(worktree: top)
        let pathspecs = arguments[self.pathspecs]
        var options: [BytePath] = []
        if arguments[all] { options.append("--all") }
        if arguments[update] { options.append("--update") }
        if arguments[force] { options.append("--force") }
        let command = ["add"] + options + (context.output.isVerbose ? ["--verbose"] : []) + ["--"] + pathspecs
        if arguments[CommonOptions.dryRun] { return try end(here.passThrough(["add", "--dry-run"] + command.dropFirst())) }
        // What Git would refuse is refused before anything is changed. (Without the intent, even a dry run would hash.)
        if try here.run(["add", "--dry-run", "--intent-to-add"] + options + ["--"] + pathspecs).status == 0 {
            let staging = try DataStaging(context: context, repository: repository)
            let wanted = try staging.candidates(
                here, pathspecs: pathspecs.isEmpty ? [":/"] : pathspecs, isUpdate: arguments[update],
                isForced: arguments[force])
            let staged = try staging.stage(wanted)
            if context.output.isVerbose { try staged?.forEach { context.output.line("add '\($0.path)'") } }
            context.output.flush()
        }
        return try end(here.passThrough(Array(command)))
    }

    private static func end(_ ending: ChildProcess.Ending) -> ExitCode {
        switch ending {
        case .exited(let status): ExitCode(status)
        case .killed(let signal): ExitCode(128 + signal)
        }
    }
}
