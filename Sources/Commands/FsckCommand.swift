import Diagnostics
import Platform
import Repository

/// `git data fsck`: reads every local blob, and asks whether each can be had.
struct FsckCommand: Command {
    static let remoteCheck = OptionalValue<String>(
        "remote", "NAME", "also ask the data remote for every blob that any ref reaches", parse: .text(.dataRemotes))
    static let worktreeCheck = Flag("worktree", "also read the data files of the worktree that Git calls unchanged")
    static let repair = Flag(
        "repair", "bring back what is damaged or missing, from the worktree, from other clones or from the data remote")
    static let from = Values<BytePath>("from", "FOLDER", "with `--repair`: another clone, or a store, to look in", parse: .folder)
    static let declaration = Declaration(
        "fsck", group: .keeping, summary: "verify the local blobs, and that the remote has what commits name",
        description: """
            Reads every blob of the local store and compares it with its oid, and the sizes in pointers with \
            those of the blobs. A damaged blob is moved to `.git/data/damaged`, never deleted. With `--remote`, \
            names every blob that some ref reaches and that is neither on the data remote nor here, and the \
            uploads that were begun there and never finished: they take room, and the next push of the same \
            blobs goes on with them.

            `--repair` takes what is damaged, or missing everywhere, from the worktree's own files, from the \
            folders that `--from` names, or from the data remote, and believes nothing that does not have the oid.
            """,
        options: [remoteCheck, worktreeCheck, repair, from, CommonOptions.json],
        exitCodes: [ExitMeaning(.failure, "something is damaged or missing, and was not repaired")],
        seeAlso: ["doctor", "prune"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        var fsck = try Fsck(context: context, repository: repository)
        try fsck.verifyStore()
        if arguments[worktreeCheck] { try fsck.verifyWorktree() }
        if let given = arguments[remoteCheck] {
            switch given {
            case .bare: try fsck.askRemote(repository.dataRemote())
            case .value(let name): try fsck.askRemote(repository.dataRemote(named: name))
            }
        }
        if arguments[repair] { try fsck.repair(from: arguments[from]) }
        let report = fsck.report
        if arguments[CommonOptions.json] { try context.output.json(report) } else { say(report, isRepaired: arguments[repair], context.output) }
        return report.problems.allSatisfy { $0.repairedFrom != nil } ? .success : .failure
    }

    /// - Parameter isRepaired: whether what could be brought back has been.
    private static func say(_ report: FsckReport, isRepaired: Bool, _ output: Output) {
        for problem in report.problems {
            let path = problem.path.map { " \($0)" } ?? ""
            let repaired = problem.repairedFrom.map { " (repaired from \($0))" } ?? ""
            output.line("\(problem.kind.rawValue) \(problem.oid)\(path)\(repaired)")
        }
        for upload in report.unfinished {
            let begun = upload.begun.map { " begun \($0)" } ?? ""
            output.line("unfinished \(upload.oid ?? "-")\(begun)\(upload.path.map { " \($0)" } ?? "")")
        }
        let open = Set(report.problems.filter { $0.repairedFrom == nil }.map(\.kind))
        output.message(
            "\(Count.blobs(report.verified)) verified (\(ByteCountText.format(report.verifiedBytes)))"
                + (open.isEmpty ? ", all well." : "."))
        if open.contains(.damaged) {
            output.message("kept: what is left of the damaged blobs, in '.git/data/damaged'")
            output.message(
                isRepaired
                    ? "hint: another clone or a backup may have the data: git data fsck --repair --from FOLDER" : "hint: git data fsck --repair")
        }
        if open.contains(.size) { output.message("hint: the commit that made such a pointer was damaged: git log --find-object=BLOB") }
        if open.contains(.worktree) { output.message("hint: so that Git looks again: touch PATH") }
        if open.contains(.unpushed) { output.message("hint: git data push --all") }
        if open.contains(.missing) {
            output.message("hint: another clone may have the data: git data push --all, there, or: git data fsck --remote --repair --from FOLDER")
        }
    }
}

/// What `git data fsck` found.
struct FsckReport: Encodable {
    enum Kind: String, Encodable {
        /// A local blob has other bytes than its oid says.
        case damaged
        /// A pointer names another length than its blob has.
        case size
        /// A file of the worktree that Git calls unchanged has other bytes than its blob.
        case worktree
        /// Here, and not on the remote.
        case unpushed
        /// Neither here nor on the remote.
        case missing
    }

    struct Problem: Encodable {
        let kind: Kind
        let oid: String
        var path: String?
        /// Where what is left of a damaged blob is.
        var kept: String?
        /// `worktree`, a folder, or a remote's name.
        var repairedFrom: String?
    }

    struct Unfinished: Encodable {
        let oid: String?
        var path: String?
        /// As in `2026-05-01T10:00:00Z`.
        let begun: String?
    }

    var verified = 0
    var verifiedBytes: Int64 = 0
    var problems: [Problem] = []
    /// Uploads to the remote that nobody has finished; no problem, but they take room.
    var unfinished: [Unfinished] = []
}
