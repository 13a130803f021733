import Diagnostics
import Git
import Platform
import Repository

/// `git data clone`: a clone with its data.
struct CloneCommand: Command {
    static let revision = Value<BytePath>(
        "revision", "REV", "check out this branch, tag or commit instead of the remote's HEAD", parse: .revision)
    static let lazy = Flag("lazy", "leave pointers in the worktree until they are asked for")
    static let url = Operand<BytePath>("REPOSITORY", "what to clone", parse: .bytes)
    static let folder = OptionalOperand("DIRECTORY", "where to", parse: .folder)
    static let declaration = Declaration(
        "clone", group: .start, summary: "clone a repository and fetch its data",
        description: """
            Clones with Git, sets the repository up, and fetches the data that is checked out in parallel, outside \
            Git's filter, which is faster for large files. Nothing need be installed in Git's configuration before, \
            and the options of `git clone` may be given as well. A file that `git data bundle create` has made is a repository \
            too. Submodules get their data with \
            `--recurse-submodules`; `--no-checkout`, `--bare` and `--mirror` fetch no data.

            `--revision` takes a branch, which then follows its upstream; a tag; or a commit, by its name or by an \
            expression such as `main~3`. A commit's full name is asked of the server even where no branch reaches it.

            `--include` and `--exclude` choose the data files that are filled, in submodules from their own tops. The \
            clone is lazy from then on (`data.lazy`), so that later checkouts fetch nothing by themselves; the patterns \
            are not remembered.

            A clone that was interrupted, or that lacks some data, is completed by the same command. It goes on only in \
            a folder that has its own unfinished clone, in which nobody has worked; `data.clonePending` in that \
            repository's configuration says so until all is done. (One without a worktree is begun anew by hand.)
            """,
        options: [revision, lazy, FileSelection.include, FileSelection.exclude], operands: [url, folder],
        exitCodes: [DownloadOptions.incomplete],
        examples: [
            Example("git data clone /srv/churn.git", "clone and fill"),
            Example("git data clone --revision v1.2 --depth 1 URL", "one release, without its history"),
            Example("git data clone --include 'data/test/**' URL", "the data that a test needs"),
        ],
        passedOptions: PassedOptions("any option of git clone", takingValues: CloneOptions.takingValues),
        seeAlso: ["pull", "init"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        // As in `git clone`, the environment's repository (that of a hook, for instance) is not the one that is made.
        Environment.forget(Git.localVariables.filter { !$0.hasPrefix("GIT_CONFIG") })
        let here = try BytePath.currentFolder()
        let address = CloneAddress(try arguments[url], from: here)
        let options = CloneOptions(arguments.passedOn)
        if BundleClone.isBundle(try arguments[url]) { return try cloneBundle(arguments, context) }
        let choosesData = !arguments[FileSelection.include].isEmpty || !arguments[FileSelection.exclude].isEmpty
        if options.isBare || options.isWithoutCheckout {
            if choosesData { throw UsageError("--include and --exclude are of no use without a checkout") }
            if options.isBare, arguments[revision] != nil {
                throw UsageError("--revision is of no use without a worktree; --branch chooses the HEAD of a bare clone")
            }
        }
        return try CloneRun(
            arguments: arguments, context: context, address: address, options: options, here: here,
            shown: arguments[folder] ?? address.folderName(isBare: options.isBare), choosesData: choosesData
        ).run()
    }

    /// A file that `git data bundle create` has made.
    private static func cloneBundle(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let isPlain = arguments.passedOn.isEmpty && arguments[revision] == nil && arguments[FileSelection.include].isEmpty
            && arguments[FileSelection.exclude].isEmpty
        guard isPlain else { throw UsageError("of the options, a bundle of git data knows --lazy alone") }
        let path = try arguments[url]
        return try BundleClone(
            file: BundleFile(path), folder: arguments[folder] ?? BundleClone.folderName(for: path), context: context
        ).run(isLazy: arguments[lazy])
    }
}
