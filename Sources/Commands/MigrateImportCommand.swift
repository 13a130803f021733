import Diagnostics
import Git
import Platform
import Pointer
import Repository

/// `git data migrate import`: files that Git has in full become data files, in old commits too.
struct MigrateImportCommand: Command {
    static let above = Value<Int64>(
        "above", "SIZE", "only contents of SIZE or more; without --include, of any file", parse: .byteCount)
    static let rewrite = Flag(
        "rewrite", "write history anew; --no-rewrite converts the files REF of HEAD by a new commit instead", negatable: true)
    static let message = Value<BytePath>("message", short: "m", "TEXT", "of the commit that --no-rewrite makes", parse: .bytes)
    static let declaration = Declaration(
        "import", group: .start, summary: "make files that Git has in full data files, in all of history",
        description: """
            Writes the commits of the branches and tags anew, so that the selected files are pointers in each of them, and \
            `.gitattributes` says so from the first such commit on. With `--above` it names each file by itself, in \
            the commits in which its content is that large. Commits before the first one that changes keep their names, and names, \
            dates, messages, merges, modes, links and submodules stay as they are everywhere.

            Branches and tags that name one of these commits move with it, in one transaction. Signatures of commits and tags that \
            are written anew would not hold, and are dropped, as by `git fast-export --signed-tags=strip`. Notes, the stash \
            and remote-tracking branches stay with the old commits, and names of commits in messages stay what they are. The \
            worktree must be clean and stays as it is.

            The old refs are kept below `refs/original`, as by git-filter-branch; `git data migrate undo` goes back to them. \
            `.git/data/commit-map` has the old and the new name of each commit. A run that is killed leaves the old refs, or the new \
            ones, and then `git reset --hard` completes it; from between, as far as Git can be killed there, `undo` goes back.
            """,
        options: [
            MigrateOptions.include, MigrateOptions.exclude, above, MigrateOptions.everything, MigrateOptions.excludeRef,
            MigrateOptions.objectMap, rewrite, message, MigrateOptions.force, CommonOptions.dryRun,
        ],
        operands: [MigrateOptions.refs],
        examples: [
            Example("git data migrate import --everything --include '*.parquet' --include 'models/'", "all branches and tags"),
            Example("git data migrate import --above 50m --exclude-ref origin/main", "what is not pushed yet"),
            Example("git data migrate import --no-rewrite data/train.csv", "from now on, and no rewriting"),
        ],
        seeAlso: ["track"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        if arguments[ifGiven: rewrite] == false {
            return try MigrateNoRewrite(context: context, repository: context.repository()).run(arguments)
        }
        let patterns = try MigratePatterns(arguments)
        let above = arguments[above]
        guard !patterns.included.isEmpty || above != nil else {
            throw UsageError("which files? --include PATTERN, or --above SIZE; git data migrate info shows what is large")
        }
        let run = try MigrationRun(arguments, context)
        let selection = try ImportSelection(patterns, above: above, run)
        try selection.show(isDryRun: run.isDryRun, context.output)
        let contents = selection.contents
        guard contents.count > 0, !run.isDryRun else { return .success }
        let conversion = try MigrateConversion(
            run.migration.repository, count: contents.count, byteCount: contents.byteCount,
            progress: context.progress("Converting contents"))
        let converted = try conversion.run(contents)
        try run.complete(
            selection.editor(converted, patterns, run.migration), converted, isData: true, name: "import",
            publishing: "git data push --all && git push --force --all && git push --force --tags")
        return .success
    }
}

/// The files of a history that become data files.
struct ImportSelection {
    /// What is to be converted.
    let contents: MigrationContents
    private let isByFile: Bool
    /// The names that wide patterns match, and that stay ordinary files.
    private let plainNames: [String]

    init(_ patterns: MigratePatterns, above: Int64?, _ run: MigrationRun) throws {
        let repository = run.migration.repository
        let plain = Set(FolderAttributes.plainNames.map { BytePath($0) })
        var matchingPlain = try patterns.selected(Array(plain), in: repository)
        let contents = MigrationContents(in: try repository.store())
        let minimum = max(1, above ?? 1)
        let settings = try repository.settings()
        try run.forEachVersionPortion { versions in
            let matching = try patterns.selected(Array(Set(versions.map(\.path))), in: repository)
            let selected = versions.filter { version in
                guard matching.contains(version.path) else { return false }
                let name = version.path.lastComponent
                guard plain.contains(name) else { return true }
                matchingPlain.insert(name)
                return false
            }
            let sizes = try run.migration.git.blobByteCounts(Set(selected.map(\.blob)))
            let small = sizes.filter { $0.value >= minimum && $0.value < Pointer.maximumTextByteCount }
            let pointers = try run.migration.git.pointers(among: Set(small.keys))
            var texts: Set<GitObjectName> = []
            let short = sizes.filter { $0.value >= minimum && $0.value < settings.minimumByteCount && pointers[$0.key] == nil }
            try run.migration.git.forEachBlob(Array(short.keys), shorterThan: Int(settings.minimumByteCount)) { blob, content in
                if settings.isShortText(content) { texts.insert(blob) }
            }
            for version in selected where pointers[version.blob] == nil && !texts.contains(version.blob) {
                guard let size = sizes[version.blob] else {
                    throw CommandFailure("the content of '\(version.path)' is missing", hints: ["git fsck"])
                }
                guard size >= minimum else { continue }
                guard above == nil || AttributesFile.line(for: AttributePattern(exactly: version.path)).count < AttributeLine.byteLimit
                else { throw CommandFailure("'\(version.path)' is too long for a line of .gitattributes") }
                contents.add(version, byteCount: size)
            }
        }
        try contents.seal()
        self.contents = contents
        isByFile = above != nil
        plainNames = isByFile ? [] : FolderAttributes.plainNames.filter { matchingPlain.contains(BytePath($0)) }
    }

    func show(isDryRun: Bool, _ output: Output) throws {
        if isDryRun {
            for line in TypeTable.lines(try contents.types.counted()) { output.line("would convert \(line)") }
        }
        if contents.count == 0 { output.message("Nothing to convert: of these commits, no file is selected that is not a pointer already.") }
    }

    /// What writes the commits.
    func editor(_ converted: MigratedBlobs, _ patterns: MigratePatterns, _ migration: Migration) throws -> ImportEditor {
        let files = try contents.types.counted().reduce(0) { $0 + $1.files }
        migration.context.output.message(
            "Stored \(Count.noun(converted.count, "content")) of \(Count.files(files)), \(ByteCountText.format(converted.byteCount)).")
        return ImportEditor(
            try Replacements(migration.catalogue, contents, converted),
            isByFile ? .files : .patterns(patterns.included, excluded: patterns.excluded, plainNames: plainNames))
    }
}
