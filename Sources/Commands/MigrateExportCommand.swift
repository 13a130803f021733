import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// `git data migrate export`: data files become files that Git has in full, in old commits too.
struct MigrateExportCommand: Command {
    static let declaration = Declaration(
        "export", group: .start, summary: "give data files back to Git, in all of history",
        description: """
            Writes the commits of the branches and tags anew, so that the selected data files, or all where none is \
            selected, are ordinary files in each of them, whether git data or Git LFS stored them, and no `.gitattributes` names them as data. \
            Every blob of theirs must be on this machine. All else is as with `git data migrate import`, the backup of the old \
            refs and the way back to it included.
            """,
        options: [
            MigrateOptions.include, MigrateOptions.everything, MigrateOptions.excludeRef, MigrateOptions.objectMap,
            MigrateOptions.force, CommonOptions.dryRun,
        ],
        operands: [MigrateOptions.refs],
        exitCodes: [ExitMeaning(.failure, "blobs are missing on this machine")],
        examples: [Example("git data fetch --all && git data migrate export --everything", "everything back to plain Git")],
        seeAlso: ["untrack", "fetch"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let run = try MigrationRun(arguments, context)
        let export = try MigrateExport(MigratePatterns(arguments), run.migration)
        if run.isDryRun {
            for line in TypeTable.lines(export.table.sorted) { context.output.line("would convert \(line)") }
            return .success
        }
        try run.complete(
            export.editor(), sizes: export.sizes, isData: false, name: "export",
            publishing: "git push --force --all && git push --force --tags")
        return .success
    }
}

/// The pointers of a history that become contents again.
struct MigrateExport {
    private let migration: Migration
    private let patterns: [AttributePattern]?
    private let isSelected: [Bool]
    /// The Git blobs that are pointers.
    private let pointers: [GitObjectName: Pointer]
    /// What there is to convert.
    let table: TypeTable

    /// How long the content is that each of the pointers stands for.
    var sizes: [GitObjectName: Int64] { pointers.mapValues(\.byteCount) }

    init(_ patterns: MigratePatterns, _ migration: Migration) throws {
        self.migration = migration
        self.patterns = patterns.included.isEmpty ? nil : patterns.included
        let catalogue = migration.catalogue
        let matching = try patterns.selected(catalogue.files.map(\.path), in: migration.repository)
        let isSelected = catalogue.files.map { matching.contains($0.path) }
        let versions = catalogue.versions.filter { isSelected[$0.file] }
        let names = Array(Set(versions.map(\.blob)))
        var pointers: [GitObjectName: Pointer] = [:]
        try migration.git.forEachBlob(names, shorterThan: Pointer.maximumTextByteCount) { name, text throws(GitError) in
            // What programs of Git LFS's settings have made of a content cannot be undone here.
            guard case .pointer(let pointer) = Pointer.recognize(text), !pointer.isExtended else { return }
            pointers[name] = pointer
        }
        var table = TypeTable()
        var seen: Set<GitObjectName> = []
        for version in versions {
            guard let pointer = pointers[version.blob] else { continue }
            table.add(catalogue.files[version.file].path, byteCount: seen.insert(version.blob).inserted ? pointer.byteCount : nil)
        }
        self.table = table
        self.pointers = pointers
        self.isSelected = isSelected
    }

    /// Gives the contents to Git, and says what writes the commits.
    func editor() throws -> ExportEditor {
        let removal = AttributesRemoval(patterns: patterns)
        var blobs = try contents()
        var isSelected = isSelected
        // The attributes of folders; that of the top is changed commit by commit.
        for version in migration.catalogue.versions {
            let file = migration.catalogue.files[version.file]
            guard file.folder != 0, file.path.lastComponent == FolderAttributes.name else { continue }
            let old = try migration.reader.read(version.blob, .blob)
            let new = removal.apply(to: old, in: migration.catalogue.folders[file.folder], isNeeded: false)
            guard new != old else { continue }
            blobs[version.blob] = try migration.pack.add(.blob, new)
            isSelected[version.file] = true
        }
        return ExportEditor(Replacements(migration.catalogue, isSelected: isSelected, blobs: blobs), removal)
    }

    /// Writes the blobs into Git's own store.
    private func contents() throws -> [GitObjectName: GitObjectName] {
        let store = try migration.repository.store()
        let wanted = pointers.sorted { $0.value.oid < $1.value.oid }
        try refuseMissing(store)
        var input: [UInt8] = []
        let progress = migration.context.progress("Verifying blobs")
        for (position, entry) in wanted.enumerated() {
            // From here on Git's copy may be the only one.
            if entry.value.byteCount > 0, try store.isIntact(entry.value.oid) == false {
                throw StoreError.damaged(entry.value.oid, kept: try store.setAside(entry.value.oid))
            }
            let path = entry.value.byteCount == 0 ? BytePath("/dev/null") : store.location(of: entry.value.oid) ?? ""
            input += Array(Self.quoted(path)) + [UInt8(ascii: "\n")]
            progress.advance(to: ProgressTick(filesDone: position + 1, filesTotal: wanted.count))
        }
        guard !wanted.isEmpty else { return [:] }
        let answer = try migration.git.query(["hash-object", "-w", "--no-filters", "--stdin-paths"], input: input)
        let names = answer.lines.compactMap { GitObjectName(hex: $0.bytes) }
        guard names.count == wanted.count else { throw GitError.unexpected(command: "git hash-object", answer: "too few names") }
        // Git leaves that to the system.
        let objects = try migration.git.query(["rev-parse", "--git-path", "objects"]).line
            .absolute(from: migration.repository.location.worktree ?? migration.repository.location.gitFolder)
        try Descriptor.open(objects, [.read, .folder]).synchronizeFileSystem()
        return Dictionary(uniqueKeysWithValues: zip(wanted.map(\.key), names))
    }

    /// As Git reads a path that begins with a quote.
    private static func quoted(_ path: BytePath) -> [UInt8] {
        Array(path.description.utf8)
    }

    private func refuseMissing(_ store: ObjectStore) throws {
        var missing: [(name: String, cause: String)] = []
        var seen: Set<Int> = []
        for version in migration.catalogue.versions where isSelected[version.file] {
            guard let pointer = pointers[version.blob], pointer.byteCount > 0, !store.contains(pointer.oid),
                seen.insert(version.file).inserted
            else { continue }
            missing.append(("\(migration.catalogue.files[version.file].path)", "not in the local store"))
        }
        guard !missing.isEmpty else { return }
        throw CommandFailure(
            "\(Count.files(missing.count)) without data:\n" + Causes.list(missing, limit: 20), kept: "all refs, unchanged",
            hints: ["git data fetch --all"], exitCode: .failure)
    }
}
