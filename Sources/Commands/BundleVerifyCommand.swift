import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Repository

/// `git data bundle verify`: whether a bundle is whole and sound.
struct BundleVerifyCommand: Command {
    static let declaration = Declaration(
        "verify", group: .sharing, summary: "read a whole bundle and say whether it is sound",
        description: """
            Prints what is in the bundle, compares the bytes of each blob with its oid, lets Git take its part into an empty \
            repository, and looks whether each data file of each ref has its blob. An update, made of a range, is verified \
            in a repository that has the commits before it.
            """,
        operands: [BundleCommand.file], exitCodes: [ExitMeaning(.failure, "something is wrong with it")])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let file = try BundleFile(try arguments[BundleCommand.file])
        let folder = try TemporaryFolder()
        do {
            let problems = try problems(of: file, in: folder.path, context)
            for problem in problems { context.output.error(problem) }
            guard problems.isEmpty else { return .failure }
        } catch let failure as CommandFailure {
            context.output.error(failure.explanation)
            return .failure
        }
        context.output.message("\(file.name) is sound.")
        return .success
    }

    private static func problems(of file: BundleFile, in folder: BytePath, _ context: CommandContext) throws -> [Explanation] {
        let intake = BundleIntake(file, scratch: ObjectStore(folder: folder / "scratch"))
        let path = folder / "repository.bundle"
        let head = try intake.readRepository(into: Descriptor.open(path, [.write, .create, .exclusive]))
        let blobs = try intake.checkBlobs(context.progress("Verifying data"))
        print(head, blobs, context.output)
        var problems: [Explanation] = []
        var needs: BundleNeeds?
        do {
            let part = BundleGitPart(path: path, head: head)
            needs = try part.tryOut(in: folder / "repository", beside: try? context.repository(), file)
        } catch let failure as CommandFailure {
            problems.append(failure.explanation)
        }
        let report = try BundleReport(file, intake, blobs, needed: needs?.blobs)
        if !report.isSound { problems.insert(Explanation(report.words(try needs?.names(of: report.lost) ?? [:])), at: 0) }
        return problems
    }

    private static func print(_ head: BundleHead, _ blobs: BundleIntake.Blobs, _ output: Output) {
        output.line("\(Count.noun(head.refs.count, "ref")):")
        BundleCommand.printRefs(head, output)
        output.line("\(Count.blobs(blobs.soundCount)), \(ByteCountText.format(blobs.byteCount))")
        if head.prerequisites.isEmpty {
            output.line("the whole history, from the first commit on")
        } else {
            output.line("an update, for a repository that has:")
            for commit in head.prerequisites { output.line("\(commit)") }
        }
    }
}
