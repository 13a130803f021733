import Diagnostics
import Git
import Platform

/// `git data bundle`: a repository and its data as one file, and back.
struct BundleCommand: Command {
    static let declaration = Declaration(
        "bundle", group: .sharing, summary: "carry a repository and its data as one file",
        description: """
            A bundle is a tar archive that every tool can open: the repository as `git bundle` makes it, each blob as a plain \
            file below `objects/`, a list of the data files, checksums, and a README that says how to get everything back \
            without git data. It is for machines without a network, for archives, and to go with a publication. The \
            folder in which it is unpacked can be a data remote.

            FILE may be `-` for standard input or output.
            """,
        examples: [
            Example("git data bundle create churn.tar", "the current branch, its history, and the data of its last commit"),
            Example("git data bundle create paper.tar v1.0", "what a tag names"),
            Example("git data bundle create week.tar main~20..main", "what twenty commits have brought"),
            Example("git data bundle clone churn.tar", "everything back, on any machine"),
        ],
        subcommands: [
            BundleCreateCommand.self, BundleVerifyCommand.self, BundleListHeadsCommand.self, BundleUnbundleCommand.self,
            BundleCloneCommand.self,
        ],
        needsSubcommand: true, seeAlso: ["clone", "remote"])

    static let file = Operand<BytePath>("FILE", "the bundle", parse: .path)

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        throw UsageError("bundle needs one of its commands")
    }

    /// A line for each ref, as `git bundle list-heads` has it.
    static func printRefs(_ head: BundleHead, _ output: Output) {
        for ref in head.refs { output.line("\(ref.object) \(ref.name)") }
    }
}

/// `git data bundle list-heads`: the refs.
struct BundleListHeadsCommand: Command {
    static let declaration = Declaration(
        "list-heads", group: .sharing, summary: "print the refs that a bundle holds",
        description: "One line for each: what it names, and its name. Nothing is verified.", operands: [BundleCommand.file])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let file = try BundleFile(try arguments[BundleCommand.file])
        let head = try BundleIntake.readHead(of: file)
        BundleCommand.printRefs(head, context.output)
        return .success
    }
}
