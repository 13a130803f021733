import Diagnostics
import Platform

/// `git data bundle clone`: a repository with its data out of a bundle.
struct BundleCloneCommand: Command {
    static let folder = OptionalOperand("DIRECTORY", "where to; named after the file if none is given", parse: .folder)
    static let declaration = Declaration(
        "clone", group: .sharing, summary: "make a repository with its data out of a bundle",
        description: """
            Needs no network. The branches and tags are those of the bundle, HEAD's branch or else the first is checked out, \
            with its data, and the repository has no remote. Where the bundle is damaged, everything that is sound is taken, \
            and the files without data are named.
            """,
        operands: [BundleCommand.file, folder], exitCodes: [DownloadOptions.incomplete],
        examples: [Example("git data bundle clone churn.tar", "into the folder `churn`")], seeAlso: ["init", "pull"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let path = try arguments[BundleCommand.file]
        guard let folder = arguments[folder] ?? (path == BundleFile.standardStream ? nil : BundleClone.folderName(for: path)) else {
            throw UsageError("DIRECTORY is missing")
        }
        return try BundleClone(file: BundleFile(path), folder: folder, context: context).run()
    }
}
