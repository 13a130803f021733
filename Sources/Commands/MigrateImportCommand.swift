import Diagnostics
import Git
import Platform
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
        let selection = try ImportSelection(patterns, above: above, run.migration)
        selection.show(isDryRun: run.isDryRun, context.output)
        guard !selection.blobs.isEmpty, !run.isDryRun else { return .success }
        let conversion = try MigrateConversion(
            selection.blobs, in: run.migration.repository, progress: context.progress("Converting contents"))
        let converted = try conversion.run()
        try run.complete(
            selection.editor(converted, patterns, run.migration), sizes: converted.mapValues(\.byteCount), isData: true,
            name: "import", publishing: "git data push --all && git push --force --all && git push --force --tags")
        return .success
    }
}

/// The files of a history that become data files.
struct ImportSelection {
    private let isSelected: [Bool]
    /// Their contents that are to be converted, in the order in which they turn up, and how long they are.
    let blobs: [(blob: GitObjectName, byteCount: Int64)]
    private let table: TypeTable
    private let isByFile: Bool
    /// The names that wide patterns match, and that stay ordinary files.
    private let plainNames: [String]

    init(_ patterns: MigratePatterns, above: Int64?, _ migration: Migration) throws {
        let catalogue = migration.catalogue
        let plain = FolderAttributes.plainNames.map { BytePath($0) }
        let matching = try patterns.selected(catalogue.files.map(\.path) + plain, in: migration.repository)
        plainNames = above == nil
            ? FolderAttributes.plainNames.filter { name in matching.contains { $0.lastComponent == BytePath(name) } } : []
        isSelected = catalogue.files.map { matching.contains($0.path) && !plain.contains($0.path.lastComponent) }
        isByFile = above != nil
        let versions = catalogue.versions.filter { [isSelected] in isSelected[$0.file] }
        let sizes = try migration.git.blobByteCounts(Set(versions.map(\.blob)))
        var blobs: [(GitObjectName, Int64)] = []
        var table = TypeTable()
        var seen: Set<GitObjectName> = []
        for version in versions {
            guard let size = sizes[version.blob] else {
                throw CommandFailure("the content of '\(catalogue.files[version.file].path)' is missing", hints: ["git fsck"])
            }
            guard size >= max(1, above ?? 1) else { continue }
            let isNew = seen.insert(version.blob).inserted
            if isNew { blobs.append((version.blob, size)) }
            table.add(catalogue.files[version.file].path, byteCount: isNew ? size : nil)
        }
        self.blobs = blobs
        self.table = table
        if isByFile {
            let long = versions.first { version in
                sizes[version.blob, default: 0] >= max(1, above ?? 1)
                    && AttributesFile.line(for: AttributePattern(exactly: catalogue.files[version.file].path)).count >= AttributeLine.byteLimit
            }
            if let long { throw CommandFailure("'\(catalogue.files[long.file].path)' is too long for a line of .gitattributes") }
        }
    }

    func show(isDryRun: Bool, _ output: Output) {
        for line in TypeTable.lines(table.sorted) where isDryRun { output.line("would convert \(line)") }
        if blobs.isEmpty { output.message("Nothing to convert: no file of these commits is selected.") }
    }

    /// What writes the commits.
    func editor(
        _ converted: [GitObjectName: MigrateConversion.Converted], _ patterns: MigratePatterns, _ migration: Migration
    ) throws -> ImportEditor {
        var names: [GitObjectName: GitObjectName] = [:]
        for (blob, content) in converted { names[blob] = try migration.pack.add(.blob, content.pointer) }
        let byteCount = converted.values.totalByteCount { $0.byteCount }
        migration.context.output.message(
            "Stored \(Count.noun(converted.count, "content")) of \(Count.files(table.fileCount)), \(ByteCountText.format(byteCount)).")
        return ImportEditor(
            migration.catalogue, Replacements(migration.catalogue, isSelected: isSelected, blobs: names),
            isByFile ? .files : .patterns(patterns.included, excluded: patterns.excluded, plainNames: plainNames))
    }
}
