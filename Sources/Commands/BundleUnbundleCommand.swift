import Diagnostics
import Git
import ObjectStore
import Platform
import Repository

/// `git data bundle unbundle`: a bundle's commits and data into a repository that is there.
struct BundleUnbundleCommand: Command {
    static let declaration = Declaration(
        "unbundle", group: .sharing, summary: "take the commits and the data of a bundle into this repository",
        description: """
            Stores each blob that is sound in the local store, then lets Git take the commits, and prints the bundle's refs as \
            `git bundle unbundle` does. No branch is moved: merge what is printed, or give it a name, before Git's garbage \
            collection comes to it in some weeks.
            """,
        operands: [BundleCommand.file],
        exitCodes: [ExitMeaning(.failure, "the bundle is damaged; the blobs that are sound were stored")],
        examples: [
            Example("git data bundle unbundle week.tar && git merge 1a2b3c4", "what it brings, into the current branch")
        ])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let file = try BundleFile(try arguments[BundleCommand.file])
        let repository = try context.repository()
        let git = try repository.git()
        let store = try repository.store()
        try store.prepare()
        let intake = BundleIntake(file, scratch: store)
        let temporary = try TemporaryFile(in: store.incoming.resolved(), prefix: "bundle-")
        let part = BundleGitPart(path: temporary.path, head: try intake.readRepository(into: temporary.descriptor))
        // Before gigabytes are read.
        try part.refuseMissingPrerequisites(git, file)
        let blobs = try intake.storeBlobs(in: BlobBatch(store: store), context.progress("Storing data"))
        let kept = blobs.soundCount == 0 ? nil : "what is sound, in the local store: \(Count.blobs(blobs.soundCount))"
        let answer = try git.run(["bundle", "unbundle", part.path])
        guard answer.status == 0 else {
            let message = BytePath(answer.message.split(separator: "\n").first.map(String.init) ?? "")
            throw CommandFailure("Git does not take what is in '\(BundleMember.repository.name)': \(message)", kept: kept)
        }
        BundleCommand.printRefs(part.head, context.output)
        let report = try BundleReport(file, intake, blobs)
        guard report.isSound else {
            let names = try report.lost.isEmpty ? [:] : BundleNeeds(part.head, in: repository).names(of: report.lost)
            context.output.error(
                Explanation(report.words(names), kept: kept, hints: ["with a sound copy, unbundle once more"]))
            return .failure
        }
        context.output.message(
            "Stored \(Count.blobs(blobs.soundCount)) (\(ByteCountText.format(blobs.byteCount))).")
        if let ref = part.head.refs.first { context.output.message("hint: git merge \("\(ref.object)".prefix(12))") }
        return .success
    }
}
