import Diagnostics
import Platform
import Pointer
import Repository

/// `git data ls-files`: the data files and whether their content is here.
struct ListFilesCommand: Command {
    static let long = Flag("long", short: "l", "show the whole oid and the size")
    static let revision = Value<BytePath>("revision", "REV", "the files of that revision", parse: .revision)
    static let declaration = Declaration(
        "ls-files", group: .files, summary: "list the data files",
        description: """
            One line for each file: the oid, whether the worktree has the content (`*`), the pointer (`-`) or \
            nothing (`!`), and the path.
            """,
        options: [long, revision, FileSelection.include, FileSelection.exclude, CommonOptions.json, CommonOptions.null],
        operands: [FileSelection.paths], seeAlso: ["status"])

    private struct Row: Encodable {
        let path: String
        let pathBytes: String?
        let oid: String
        let size: Int64
        let state: String
        let isStored: Bool
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let selection = try FileSelection(arguments, context, repository)
        let store = try repository.store()
        if arguments[CommonOptions.json] {
            try context.output.jsonArray(of: Row.self) { give in
                try forEachFile(selection, arguments, repository) { file, state in
                    let path = JSONPath(file.path)
                    try give(
                        Row(
                            path: path.path, pathBytes: path.pathBytes, oid: file.pointer.oid.hex,
                            size: file.pointer.byteCount, state: "\(state)", isStored: store.contains(file.pointer.oid)))
                }
            }
            return .success
        }
        try forEachFile(selection, arguments, repository) { file, state in
            let mark = switch state {
            case .content: "*"
            case .pointer: "-"
            case .absent: "!"
            }
            let oid = arguments[long] ? file.pointer.oid.hex : String(file.pointer.oid.hex.prefix(12))
            let size = arguments[long] ? " \(file.pointer.byteCount)" : ""
            if arguments[CommonOptions.null] {
                context.output.write(Array("\(oid) \(mark)\(size) ".utf8) + file.path.bytes + [0])
            } else {
                context.output.line("\(oid) \(mark)\(size) \(file.path)")
            }
        }
        return .success
    }

    /// Calls `body` for each file, in the order of the paths.
    private static func forEachFile(
        _ selection: FileSelection, _ arguments: ParsedArguments, _ repository: Repository,
        _ body: (PointerFile, WorktreeState) throws -> Void
    ) throws {
        let hasWorktree = repository.location.worktree != nil
        func list(_ files: [PointerFile]) throws {
            let states = try hasWorktree ? repository.worktreeStates(of: files) : files.map { _ in .absent }
            for (file, state) in zip(files, states) { try body(file, state) }
        }
        var failure: (any Error)?
        if let revision = arguments[revision] {
            guard try repository.git().resolve(revision) != nil else {
                throw CommandFailure("'\(revision)' is no revision of this repository")
            }
            try repository.forEachTreePointers(revision) { portion in
                guard failure == nil else { return }
                do { try list(portion.filter { selection.contains($0.path) }) } catch { failure = error }
            }
        } else {
            try selection.refuseUnknownPaths(repository)
            try repository.forEachIndexPointers { portion throws(RepositoryError) in
                guard failure == nil else { return }
                do { try list(selection.selected(portion)) } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }
}
