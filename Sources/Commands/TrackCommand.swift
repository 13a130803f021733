import Diagnostics
import Git
import Platform
import Pointer
import Repository

/// `git data track`: which files are data files.
struct TrackCommand: Command {
    static let above = Value<Int64>(
        "above", "SIZE", "track each file below the current folder that has SIZE or more and is not tracked yet",
        parse: .byteCount)
    static let filename = Flag("filename", "take the arguments as names of files, in which no byte is a wildcard")
    static let patterns = Operands("PATTERN", "as in gitattributes(5), from the current folder; in quotes, so that the shell leaves it")
    static let declaration = Declaration(
        "track", group: .files, summary: "say which files are data files, or list the patterns that do",
        description: """
            Adds a line for each pattern to the `.gitattributes` of the current folder; what else stands there \
            stays as it is. A pattern without a slash matches names in this folder and all below it; a folder's \
            name stands for all that is in it. Patterns of Git LFS are taken over in their place.

            Files that Git has already stay as they are until they are added again with `git add --renormalize`.
            """,
        options: [above, filename, CommonOptions.dryRun, CommonOptions.json], operands: [patterns],
        examples: [
            Example("git data track '*.parquet' '*.bin'", "all files with these endings"),
            Example("git data track models/", "a folder with all that will be in it"),
            Example("git data track --above 10M", "what is large now, file by file"),
            Example("git data track", "what is tracked"),
        ],
        seeAlso: ["untrack", "ls-files", "status"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let tracking = Tracking(context: context, isDryRun: arguments[CommonOptions.dryRun], isJSON: arguments[CommonOptions.json])
        if let size = arguments[above] {
            guard arguments[patterns].isEmpty else { throw UsageError("--above takes no patterns") }
            return try FolderAttributes.exclusively(repository) { try tracking.trackFiles(above: size, FolderAttributes(repository)) }
        }
        guard !arguments[patterns].isEmpty else {
            try TrackedPatterns(repository: repository).list(asJSON: arguments[CommonOptions.json], context.output)
            return .success
        }
        return try FolderAttributes.exclusively(repository) {
            try tracking.track(arguments[patterns], areNames: arguments[filename], FolderAttributes(repository))
        }
    }
}

/// One run of `git data track` with something to track.
private struct Tracking {
    let context: CommandContext
    let isDryRun: Bool
    let isJSON: Bool

    private struct Row: Encodable {
        let pattern: String
        let patternBytes: String?
        let file: String
        let change: String
    }

    private typealias Change = (pattern: AttributePattern, change: AttributesFile.Change)

    func track(_ given: [BytePath], areNames: Bool, _ attributes: FolderAttributes) throws -> ExitCode {
        let patterns = try given.map { argument in
            areNames
                ? try TypedPattern.exact(argument, in: attributes)
                : try TypedPattern.pattern(argument, in: attributes, context.output)
        }
        var attributes = attributes
        let changes = try apply(patterns, to: &attributes)
        for (pattern, change) in changes where !isJSON {
            let shown = "'\(pattern.shown)'"
            switch (change, isDryRun) {
            case (.present, _): context.output.message("\(shown) is tracked already.")
            case (.added, false): context.output.message("Tracking \(shown).")
            case (.switched, false): context.output.message("Tracking \(shown), which was Git LFS's.")
            case (.added, true): context.output.line("would track \(shown)")
            case (.switched, true): context.output.line("would take \(shown) over from Git LFS")
            }
        }
        return try finish(attributes, changes)
    }

    func trackFiles(above byteCount: Int64, _ attributes: FolderAttributes) throws -> ExitCode {
        let large = try LargeFiles(repository: attributes.repository, folder: attributes.folder).find(above: byteCount, context.output)
        var attributes = attributes
        let changes = try apply(
            large.compactMap { file in file.path.relative(to: attributes.folder).map { AttributePattern(exactly: $0) } },
            to: &attributes)
        if !isJSON {
            for file in large { context.output.line("\(file.path) (\(ByteCountText.format(file.byteCount)))") }
        }
        if large.isEmpty { context.output.message("No file of \(ByteCountText.format(byteCount)) or more is untracked.") }
        return try finish(attributes, changes)
    }

    private func apply(_ patterns: [AttributePattern], to attributes: inout FolderAttributes) throws -> [Change] {
        let changes = try patterns.map { pattern -> Change in
            guard AttributesFile.line(for: pattern).count < AttributeLine.byteLimit else {
                throw CommandFailure("'\(pattern.shown)' is too long for a line of .gitattributes")
            }
            return (pattern, attributes.file.track(pattern))
        }
        let new = changes.filter { $0.change != .present }.map(\.pattern)
        try exceptPlainFiles(new, &attributes)
        return changes
    }

    /// Wide patterns cover the files that Git itself reads from the worktree, which must not be pointers.
    private func exceptPlainFiles(_ patterns: [AttributePattern], _ attributes: inout FolderAttributes) throws {
        let names = try attributes.plainNames(matching: patterns)
        guard !names.isEmpty else { return }
        attributes.file.except(names)
        context.output.message("\(names.joined(separator: ", ")) stay\(names.count == 1 ? "s" : "") out of it, as Git must be able to read them.")
    }

    private func finish(_ attributes: FolderAttributes, _ changes: [Change]) throws -> ExitCode {
        if isJSON {
            let file = JSONPath(attributes.path).path
            try context.output.json(
                changes.map { pattern, change in
                    let text = JSONPath(pattern.path)
                    return Row(pattern: text.path, patternBytes: text.pathBytes, file: file, change: change.rawValue)
                })
        }
        let new = changes.filter { $0.change != .present }.map(\.pattern)
        guard !new.isEmpty else { return .success }
        context.output.flush()
        if !isDryRun { try attributes.save() }
        let raw = try rawFiles(matching: new, attributes)
        if !isDryRun { context.output.message("hint: git add .gitattributes") }
        if raw.count > 0 {
            context.output.message("\(Count.files(raw.count)) that Git has in full already can be converted:")
            context.output.message("hint: \(attributes.renormalization(of: raw))")
        }
        return .success
    }

    /// Files of the index that Git has with their content.
    private func rawFiles(matching patterns: [AttributePattern], _ attributes: FolderAttributes) throws -> CountedFiles {
        var raw = CountedFiles()
        try attributes.forEachPortion(matching: patterns) { entries in
            let candidates = entries.filter { entry in
                !FolderAttributes.plainNames.contains { entry.path.lastComponent == BytePath($0) }
            }
            let pointers = Set(try attributes.repository.pointers(among: candidates).map(\.path))
            for entry in candidates where !pointers.contains(entry.path) && !entry.isEmptyFile { raw.add(entry.path) }
        }
        return raw
    }
}

extension IndexEntry {
    /// Whether Git knows the file as empty: its own pointer.
    fileprivate var isEmptyFile: Bool {
        ["e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"]
            .contains(name.description)
    }
}
