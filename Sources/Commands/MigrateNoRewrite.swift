import Diagnostics
import Git
import ObjectStore
import Platform
import Repository

/// `git data migrate import --no-rewrite`: files of HEAD become data files by a new commit.
struct MigrateNoRewrite {
    let context: CommandContext
    let repository: Repository

    /// Does what the command line asks for.
    func run(_ arguments: ParsedArguments) throws -> ExitCode {
        Process.returnLargeMemory()
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
        let selection = try NoRewriteSelection(paths, of: tree, migration)
        if isDryRun {
            try selection.files.forEach { context.output.line("would convert \($0)") }
            return .success
        }
        let converted = try convert(selection, tree, head, branch, migration, arguments[MigrateImportCommand.message])
        guard let converted else {
            context.output.message("Nothing to convert: these files are pointers already.")
            return .success
        }
        try worktree.follow(from: head, converted, context.output)
        try worktree.warnOfContradictions(from: head, converted, isData: true, context.output)
        context.output.message("Converted \(Count.files(selection.files.count)) by a new commit.")
        context.output.message("hint: git push")
        return .success
    }

    /// Makes the commit and moves the branch.
    /// - Returns: what became pointers; nil where nothing did.
    private func convert(
        _ selection: NoRewriteSelection, _ tree: GitObjectName, _ head: GitObjectName, _ branch: BytePath,
        _ migration: Migration, _ message: BytePath?
    ) throws -> MigratedBlobs? {
        let contents = selection.contents
        let conversion = try MigrateConversion(
            repository, count: contents.count, byteCount: contents.byteCount, progress: context.progress("Converting contents"))
        let converted = try conversion.run(contents)
        guard converted.count > 0 else { return nil }
        let editor = NoRewriteEditor(
            try Replacements(migration.catalogue, contents, converted), adding: try selection.files.withoutFilter(migration.git))
        let rewriter = HistoryRewriter(migration.reader, migration.pack, migration.catalogue, editor)
        let new = try rewriter.rewriteRoot(tree, isDescendant: false)
        try migration.pack.install(migration.git)
        let text = message ?? BytePath("Keep \(Count.files(selection.files.count)) as data")
        let commit = try migration.git.query(["commit-tree", BytePath(bytes: new.hex), "-p", BytePath(bytes: head.hex), "-m", text]).line
        guard let name = GitObjectName(hex: commit.bytes) else {
            throw GitError.unexpected(command: "git commit-tree", answer: commit.description)
        }
        try migration.refuseGaps(below: [name])
        try migration.git.change([.set(branch, to: name, from: head)], reason: "git data migrate import --no-rewrite")
        return converted
    }
}

/// The files of HEAD that were named; a folder stands for those in it.
private struct NoRewriteSelection {
    let files: FileList
    /// Of those that are not empty.
    let contents: MigrationContents

    init(_ paths: [BytePath], of tree: GitObjectName, _ migration: Migration) throws {
        let store = try migration.repository.store()
        let (files, contents) = (FileList(in: store), MigrationContents(in: store))
        let plain = Set(FolderAttributes.plainNames.map { BytePath($0) })
        var missing = Set(paths)
        try migration.readHistory([(tree, tree)]) { versions in
            let selected = versions.filter { version in
                guard !plain.contains(version.path.lastComponent) else { return false }
                let named = paths.filter { version.path.isInside($0) }
                missing.subtract(named)
                return !named.isEmpty
            }
            let lengths = try migration.git.blobByteCounts(selected.map(\.blob))
            for version in selected {
                files.add(version.path)
                if let length = lengths[version.blob], length > 0 { contents.add(version, byteCount: length) }
            }
        }
        if let path = paths.first(where: missing.contains) {
            throw CommandFailure("HEAD has no file '\(path)' that could be a data file", exitCode: .failure)
        }
        try contents.seal()
        (self.files, self.contents) = (files, contents)
    }
}

/// The paths of files: memory for some of them, however many there are.
private final class FileList {
    private let paths: RecordSpool

    init(in store: ObjectStore) {
        paths = RecordSpool(in: store)
    }

    var count: Int { paths.count }

    func add(_ path: BytePath) { paths.add(path.bytes) }

    func forEach(_ body: (BytePath) throws -> Void) throws {
        var reader = paths.reader()
        while let path = try reader.next() { try body(BytePath(bytes: path)) }
    }

    /// Those that no pattern of HEAD gives to the data filter.
    func withoutFilter(_ git: Git) throws -> [BytePath] {
        var (found, portion): ([BytePath], [BytePath]) = ([], [])
        func ask() throws {
            let filters = try git.attribute("filter", of: portion, cached: true)
            found += portion.filter { filters[$0] != "data" && filters[$0] != "lfs" }
            portion.removeAll(keepingCapacity: true)
        }
        try forEach { path in
            portion.append(path)
            if portion.count >= 8192 { try ask() }
        }
        try ask()
        return found
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

    func replacement(of blob: GitObjectName, named name: ArraySlice<UInt8>, in folder: Int) throws(GitError) -> GitObjectName? {
        try replacements.replacement(of: blob, named: name, in: folder)
    }

    func attributes(_ attributes: [UInt8]?, in commit: HistoryEdit) throws -> [UInt8]? {
        commit.replacesFiles ? ImportEditor.adding(paths, to: attributes) : attributes
    }
}
