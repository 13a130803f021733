import Diagnostics
import Git
import Platform
import Repository

/// `git data clone`: a clone with its data.
struct CloneCommand: Command {
    static let lazy = Flag("lazy", "leave pointers in the worktree until they are asked for")
    static let url = Operand<BytePath>("REPOSITORY", "what to clone", parse: .bytes)
    static let folder = OptionalOperand("DIRECTORY", "where to", parse: .folder)
    static let declaration = Declaration(
        "clone", group: .start, summary: "clone a repository and fetch its data",
        description: """
            Clones with Git, sets the repository up, and fetches the data that is checked out in parallel, outside \
            Git's filter, which is faster for large files. The options of `git clone` may be given as well.
            """,
        options: [lazy], operands: [url, folder], exitCodes: [DownloadOptions.incomplete],
        examples: [Example("git data clone /srv/churn.git", "clone and fill")],
        passedOptions: PassedOptions(
            "any option of git clone",
            takingValues: [
                "--branch", "-b", "--depth", "--origin", "-o", "--reference", "--reference-if-able", "--config", "-c",
                "--jobs", "-j", "--filter", "--template", "--separate-git-dir", "--upload-pack", "-u",
                "--shallow-since", "--shallow-exclude", "--server-option",
            ]),
        seeAlso: ["pull", "init"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let url = try arguments[url]
        let folder = arguments[folder] ?? Self.folderName(for: url)
        // Pointers stay pointers while Git checks out; what follows replaces them in parallel.
        let git = try Git(adding: [("GIT_DATA_LAZY", "1")])
        var call: [BytePath] = ["clone"]
        if arguments[CommonOptions.quiet] { call.append("--quiet") }
        if arguments[CommonOptions.verbose] { call.append("--verbose") }
        switch try git.passThrough(call + arguments.passedOn + ["--", url, folder]) {
        case .exited(0): break
        case .exited(let status): return ExitCode(status)
        case .killed(let signal): return ExitCode(128 + signal)
        }
        try folder.makeCurrentFolder()
        let repository = try context.repository()
        try InitCommand.setUp(repository, isLazy: arguments[lazy], context)
        guard repository.location.worktree != nil, !arguments[lazy] else { return .success }
        return try PullCommand.run(ParsedArguments(), context)
    }

    /// The folder that `git clone` would choose.
    static func folderName(for url: BytePath) -> BytePath {
        var bytes = url.bytes[...]
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        for suffix in ["/.git", ".git", ".bundle"] where bytes.count > suffix.utf8.count {
            if bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
                bytes = bytes.dropLast(suffix.utf8.count)
                break
            }
        }
        let name = bytes.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }.last ?? bytes
        return BytePath(bytes: name)
    }
}
