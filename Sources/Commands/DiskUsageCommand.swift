import Diagnostics
import Digest
import ObjectStore
import Platform
import Pointer
import Repository

/// `git data du`: what the data takes on this machine.
struct DiskUsageCommand: Command {
    static let declaration = Declaration(
        "du", group: .keeping, summary: "show what the data takes on this machine, and what could go",
        description: """
            The data files of the worktree, and the blobs of the local store by what they are needed for. What \
            "may go" is deleted by `git data prune` once the data remote, asked then, says that it has it.
            """,
        options: [CommonOptions.json], seeAlso: ["prune", "status"])

    private struct Report: Encodable {
        var worktree = SpaceShare()
        var store = SpaceShare()
        var inUse = SpaceShare()
        var unpushed = SpaceShare()
        var recent = SpaceShare()
        var mayGo = SpaceShare()
        /// Downloads and uploads that were cut off, and what waits for a flush.
        var incoming = SpaceShare()
        /// Blobs that failed verification.
        var damaged = SpaceShare()
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let store = try repository.store()
        var report = Report()
        if repository.location.worktree != nil {
            try repository.forEachIndexPointers { portion throws(RepositoryError) in
                let files = portion.filter { $0.entry.stage == 0 }
                for (file, state) in zip(files, try repository.worktreeStates(of: files)) where state == .content {
                    report.worktree.add(file.pointer.byteCount)
                }
            }
        }
        let days = try repository.settings().pruneRecentDays
        try StoreUse(context: context, repository: repository, recentDays: days).forEachEntry { entry, need in
            report.store.add(entry.byteCount)
            switch need {
            case .inUse: report.inUse.add(entry.byteCount)
            case .unpushed: report.unpushed.add(entry.byteCount)
            case .recent: report.recent.add(entry.byteCount)
            case nil: report.mayGo.add(entry.byteCount)
            }
        }
        report.incoming = try share(of: store.incoming)
        report.damaged = try share(of: store.damaged)
        if arguments[CommonOptions.json] { try context.output.json(report) } else { say(report, context.output) }
        return .success
    }

    private static func share(of folder: BytePath) throws -> SpaceShare {
        var share = SpaceShare()
        guard folder.isFolder else { return share }
        for name in try folder.entries() {
            if let status = try (folder / name).status(), status.kind == .regular { share.add(status.byteCount) }
        }
        return share
    }

    private static func say(_ report: Report, _ output: Output) {
        line(report.worktree, "data in the worktree, \(Count.files(report.worktree.files))", output)
        line(report.store, "local store, \(Count.blobs(report.store.files))", output)
        line(report.inUse, "  in use", output)
        line(report.unpushed, "  not pushed", output)
        line(report.recent, "  recent", output)
        line(report.mayGo, "  may go (git data prune)", output)
        if report.incoming.files > 0 { line(report.incoming, "not complete: pulls go on with it", output) }
        if report.damaged.files > 0 { line(report.damaged, "damaged, kept for rescue", output) }
    }

    private static func line(_ share: SpaceShare, _ title: String, _ output: Output) {
        let size = ByteCountText.format(share.bytes)
        output.line(String(repeating: " ", count: max(0, 12 - size.count)) + "\(size)  \(title)")
    }
}

/// How many files of a kind there are, and what they take; as JSON it is `files` and `bytes`.
struct SpaceShare: Encodable {
    private(set) var files = 0
    private(set) var bytes: Int64 = 0

    mutating func add(_ byteCount: Int64) {
        files += 1
        bytes = bytes.adding(byteCount: byteCount)
    }
}
