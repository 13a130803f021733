import Diagnostics
import Git
import Platform
import Repository

/// `git data migrate import --no-rewrite`: files of HEAD become data files by a new commit.
struct MigrateNoRewrite {
    let context: CommandContext
    let repository: Repository

    /// Does what the command line asks for.
    func run(_ arguments: ParsedArguments) throws -> ExitCode {
        let isDryRun = arguments[CommonOptions.dryRun]
        let paths = try context.paths(arguments[MigrateOptions.refs], in: repository)
        guard !paths.isEmpty else { throw UsageError("--no-rewrite needs the names of files") }
        let ground = try MigrationGround(repository)
        try ground.check()
        let branch = try ground.currentBranch()
        guard let worktree = try MigrationWorktree(repository), let head = try ground.git.resolve("HEAD"),
            let tree = try ground.git.resolve("HEAD^{tree}")
        else { throw RepositoryError.bare }
        let migration = try Migration(repository, ground, context)
        try migration.catalogue.add(tree)
        let files = try files(paths, migration.catalogue)
        if isDryRun {
            for file in files { context.output.line("would convert \(migration.catalogue.files[file].path)") }
            return .success
        }
        let sizes = try convert(files, tree, head, branch, migration, arguments[MigrateImportCommand.message])
        guard let sizes else {
            context.output.message("Nothing to convert: these files are pointers already.")
            return .success
        }
        try worktree.follow(from: head, sizes: sizes, context.output)
        try worktree.warnOfContradictions(from: head, sizes: sizes, isData: true, context.output)
        context.output.message("Converted \(Count.files(files.count)) by a new commit.")
        context.output.message("hint: git push")
        return .success
    }

    /// The numbers of the files; a folder stands for those in it.
    private func files(_ paths: [BytePath], _ catalogue: HistoryCatalogue) throws -> [Int] {
        let plain = Set(FolderAttributes.plainNames.map { BytePath($0) })
        var files: [Int] = []
        for path in paths {
            let found = catalogue.files.indices.filter { number in
                catalogue.files[number].path.isInside(path) && !plain.contains(catalogue.files[number].path.lastComponent)
            }
            guard !found.isEmpty else {
                throw CommandFailure("HEAD has no file '\(path)' that could be a data file", exitCode: .failure)
            }
            files += found
        }
        return Array(Set(files)).sorted()
    }

    /// Makes the commit and moves the branch.
    /// - Returns: how long the contents are that became pointers; nil where none did.
    private func convert(
        _ files: [Int], _ tree: GitObjectName, _ head: GitObjectName, _ branch: BytePath,
        _ migration: Migration, _ message: BytePath?
    ) throws -> [GitObjectName: Int64]? {
        let catalogue = migration.catalogue
        var isSelected = [Bool](repeating: false, count: catalogue.files.count)
        for file in files { isSelected[file] = true }
        let lengths = try migration.git.blobByteCounts(catalogue.versions.filter { isSelected[$0.file] }.map(\.blob))
        let conversion = try MigrateConversion(
            lengths.filter { $0.value > 0 }.map { ($0.key, $0.value) }, in: repository, progress: context.progress("Converting contents"))
        let converted = try conversion.run()
        guard !converted.isEmpty else { return nil }
        var names: [GitObjectName: GitObjectName] = [:]
        for (blob, content) in converted { names[blob] = try migration.pack.add(.blob, content.pointer) }
        let paths = files.map { catalogue.files[$0].path }
        let filters = try migration.git.attribute("filter", of: paths, cached: true)
        let editor = NoRewriteEditor(
            Replacements(catalogue, isSelected: isSelected, blobs: names), adding: paths.filter { filters[$0] != "data" && filters[$0] != "lfs" })
        let rewriter = HistoryRewriter(migration.reader, migration.pack, catalogue, editor)
        let new = try rewriter.rewriteRoot(tree, isDescendant: false)
        try migration.pack.install(migration.git)
        let text = message ?? BytePath("Keep \(Count.files(files.count)) as data")
        let commit = try migration.git.query(["commit-tree", BytePath(bytes: new.hex), "-p", BytePath(bytes: head.hex), "-m", text]).line
        guard let name = GitObjectName(hex: commit.bytes) else {
            throw GitError.unexpected(command: "git commit-tree", answer: commit.description)
        }
        try migration.git.change([.set(branch, to: name, from: head)], reason: "git data migrate import --no-rewrite")
        return converted.mapValues(\.byteCount)
    }
}

/// Some files of one tree become pointers, and each gets a line of its own where no pattern has it.
private final class NoRewriteEditor: HistoryEditor {
    private let replacements: Replacements
    private let paths: [BytePath]
    let needsListOfReplaced = false

    init(_ replacements: Replacements, adding paths: [BytePath]) {
        self.replacements = replacements
        self.paths = paths
    }

    func touches(folder: Int) -> Bool { replacements.touches(folder: folder) }

    func replacement(of blob: GitObjectName, named name: ArraySlice<UInt8>, in folder: Int) -> GitObjectName? {
        replacements.replacement(of: blob, named: name, in: folder)
    }

    func attributes(_ attributes: [UInt8]?, in commit: HistoryEdit) throws -> [UInt8]? {
        commit.replacesFiles ? ImportEditor.adding(paths, to: attributes) : attributes
    }
}
