import Diagnostics
import Git
import Platform
import Repository

/// `git data untrack`: files that are data files no more.
struct UntrackCommand: Command {
    static let force = Flag("force", short: "f", "also where the worktree has only pointers, which Git will keep as they are")
    static let patterns = Operands("PATTERN", "as 'git data track' lists it", minimum: 1)
    static let declaration = Declaration(
        "untrack", group: .files, summary: "take patterns out of .gitattributes",
        description: """
            Removes the lines of exactly these patterns from the `.gitattributes` of the current folder; other \
            attributes on them stay. Files that Git has as pointers stay pointers until they are added again \
            with `git add --renormalize`, which puts their content into Git.
            """,
        options: [TrackCommand.filename, force, CommonOptions.dryRun], operands: [patterns],
        exitCodes: [ExitMeaning(.failure, "a pattern is not tracked here")],
        examples: [Example("git data untrack '*.csv'", "these files go into Git itself from now on")],
        seeAlso: ["track"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        return try FolderAttributes.exclusively(repository) { try untrack(arguments, context, repository) }
    }

    private static func untrack(_ arguments: ParsedArguments, _ context: CommandContext, _ repository: Repository) throws -> ExitCode {
        var attributes = try FolderAttributes(repository)
        let isDryRun = arguments[CommonOptions.dryRun]
        var removed: [AttributePattern] = []
        var isComplete = true
        for argument in arguments[patterns] {
            let candidates = try candidates(for: argument, isName: arguments[TrackCommand.filename], attributes)
            let found = candidates.filter { attributes.file.untrack($0) }
            removed += found
            if found.isEmpty {
                isComplete = false
                try explainAbsent(argument, candidates, attributes, context.output)
            }
        }
        guard !removed.isEmpty else { return .failure }
        let excepted = try attributes.plainNames(matching: attributes.file.dataPatterns)
        attributes.file.removeExceptions(FolderAttributes.plainNames.filter { !excepted.contains($0) })
        let (files, waiting) = try affected(removed, attributes)
        if !arguments[force] { try refusePointers(waiting, attributes) }
        if !isDryRun { try attributes.save() }
        for pattern in removed {
            if isDryRun {
                context.output.line("would no longer track '\(pattern.shown)'")
            } else {
                context.output.message("No longer tracking '\(pattern.shown)'.")
            }
        }
        if !isDryRun { context.output.message("hint: git add .gitattributes") }
        if files.count > 0 {
            context.output.message("\(Count.files(files.count)) that Git has as pointers can be converted:")
            context.output.message("hint: \(attributes.renormalization(of: files))")
        }
        return isComplete ? .success : .failure
    }

    /// What the argument may mean: the pattern itself, or what `track` makes of a folder or of a file's name.
    private static func candidates(
        for argument: BytePath, isName: Bool, _ attributes: FolderAttributes
    ) throws -> [AttributePattern] {
        if isName { return [try TypedPattern.exact(argument, in: attributes)] }
        var bytes = argument.bytes[...]
        while bytes.starts(with: Array("./".utf8)) { bytes = bytes.dropFirst(2) }
        guard bytes.last == UInt8(ascii: "/") else { return [AttributePattern(bytes: bytes)] }
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return [AttributePattern(bytes: bytes + Array("/**".utf8))]
    }

    private static func explainAbsent(
        _ argument: BytePath, _ candidates: [AttributePattern], _ attributes: FolderAttributes, _ output: Output
    ) throws {
        let keys = candidates.map(\.key)
        let places = try TrackedPatterns(repository: attributes.repository).all()
            .filter { keys.contains($0.pattern.key) && $0.file != attributes.path }.map(\.file)
        output.error(
            Explanation(
                "'\(argument)' is not tracked by '\(attributes.path)'",
                hints: places.isEmpty ? ["to list what is tracked: git data track"] : places.map { "it stands in '\($0)'" }))
    }

    /// The files that lose the filter: what the patterns match, and those that stay do not; and those of them that stand as
    /// pointers in the worktree.
    private static func affected(
        _ removed: [AttributePattern], _ attributes: FolderAttributes
    ) throws -> (files: CountedFiles, waiting: CountedFiles) {
        let repository = attributes.repository
        let probe = AttributeProbe(repository: repository)
        var (files, waiting) = (CountedFiles(), CountedFiles())
        try attributes.forEachPortion(matching: removed) { entries in
            let kept = try probe.paths(
                matching: attributes.file.dataPatterns, of: attributes.folder, among: entries.map(\.path))
            for file in try repository.pointers(among: entries.filter { !kept.contains($0.path) }) {
                files.add(file.path)
                if try repository.worktreeState(of: file) == .pointer { waiting.add(file.path) }
            }
        }
        return (files, waiting)
    }

    private static func refusePointers(_ waiting: CountedFiles, _ attributes: FolderAttributes) throws {
        guard let first = waiting.first.first else { return }
        throw CommandFailure(
            "the worktree has only pointers for \(Count.files(waiting.count)), such as '\(first)', which would stay what they are",
            kept: "'\(attributes.path)', unchanged", hints: ["git data pull", "or, to leave them so: git data untrack --force"])
    }
}
