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
        let export = try MigrateExport(MigratePatterns(arguments), run)
        if run.isDryRun {
            for line in TypeTable.lines(try export.contents.types.counted()) { context.output.line("would convert \(line)") }
            return .success
        }
        let exported = try export.giveContents()
        try run.complete(
            export.editor(exported), exported, isData: false, name: "export",
            publishing: "git push --force --all && git push --force --tags")
        return .success
    }
}

/// The pointers of a history that become contents again.
struct MigrateExport {
    private let migration: Migration
    private let patterns: [AttributePattern]?
    /// What there is to convert: of each content the length, and not that of the pointer.
    let contents: MigrationContents
    /// Every `.gitattributes` in a folder; that of the top is changed commit by commit.
    private let attributes: Set<Replacements.FolderBlob>

    /// So many blobs are few processes of Git, and little memory.
    private static let portionCount = 4096
    /// So many files without data are named.
    private static let namedCount = 20

    init(_ patterns: MigratePatterns, _ run: MigrationRun) throws {
        migration = run.migration
        self.patterns = patterns.included.isEmpty ? nil : patterns.included
        let repository = run.migration.repository
        let contents = MigrationContents(in: try repository.store())
        var attributes: Set<Replacements.FolderBlob> = []
        try run.forEachVersionPortion { versions in
            for version in versions where version.folder != 0 && version.path.lastComponent == FolderAttributes.name {
                attributes.insert(.init(folder: version.folder, blob: version.blob))
            }
            let matching = try patterns.selected(Array(Set(versions.map(\.path))), in: repository)
            let selected = versions.filter { matching.contains($0.path) }
            let pointers = try run.migration.git.pointers(among: Set(selected.map(\.blob)))
            for version in selected {
                // What programs of Git LFS's settings have made of a content cannot be undone here.
                guard let pointer = pointers[version.blob], !pointer.isExtended else { continue }
                contents.add(version, byteCount: pointer.byteCount, oid: pointer.oid)
            }
        }
        try contents.seal()
        self.contents = contents
        self.attributes = attributes
    }

    /// Says what writes the commits.
    func editor(_ exported: MigratedBlobs) throws -> ExportEditor {
        let removal = AttributesRemoval(patterns: patterns)
        var changed: [Replacements.FolderBlob: GitObjectName] = [:]
        for place in attributes {
            let old = try migration.reader.read(place.blob, .blob)
            let new = removal.apply(to: old, in: migration.catalogue.folders[place.folder], isNeeded: false)
            if new != old { changed[place] = try migration.pack.add(.blob, new) }
        }
        return ExportEditor(try Replacements(migration.catalogue, contents, exported, attributes: changed), removal)
    }

    /// Writes the contents into Git's own store. When this returns they are durable.
    func giveContents() throws -> MigratedBlobs {
        let store = try migration.repository.store()
        let exported = MigratedBlobs(in: store)
        try refuseMissing(store)
        let progress = migration.context.progress("Verifying blobs")
        try contents.forEachPortion(of: Self.portionCount) { portion in
            var input: [UInt8] = []
            for (position, content) in portion.enumerated() {
                // From here on Git's copy may be the only one.
                if let oid = content.oid, content.byteCount > 0, try store.isIntact(oid) == false {
                    throw StoreError.damaged(oid, kept: try store.setAside(oid))
                }
                let path = content.byteCount == 0 ? BytePath("/dev/null") : content.oid.flatMap { store.location(of: $0) } ?? ""
                input += Array(Self.quoted(path)) + [UInt8(ascii: "\n")]
                progress.advance(to: ProgressTick(filesDone: exported.count + position + 1, filesTotal: contents.count))
            }
            let answer = try migration.git.query(["hash-object", "-w", "--no-filters", "--stdin-paths"], input: input)
            let names = answer.lines.compactMap { GitObjectName(hex: $0.bytes) }
            guard names.count == portion.count else { throw GitError.unexpected(command: "git hash-object", answer: "too few names") }
            for (content, name) in zip(portion, names) { exported.add(content.blob, name, byteCount: content.byteCount) }
        }
        try exported.seal()
        guard exported.count > 0 else { return exported }
        // Git leaves that to the system.
        let objects = try migration.git.query(["rev-parse", "--git-path", "objects"]).line
            .absolute(from: migration.repository.location.worktree ?? migration.repository.location.gitFolder)
        try Descriptor.open(objects, [.read, .folder]).synchronizeFileSystem()
        return exported
    }

    /// As Git reads a path that begins with a quote.
    private static func quoted(_ path: BytePath) -> [UInt8] {
        Array(path.description.utf8)
    }

    private func refuseMissing(_ store: ObjectStore) throws {
        let missing = SortedBlobs(in: store)
        var named: [BytePath] = []
        try contents.forEach { content in
            guard let oid = content.oid, content.byteCount > 0, !store.contains(oid) else { return }
            missing.add(content.path.key)
            if named.count < Self.namedCount, !named.contains(content.path) { named.append(content.path) }
        }
        var count = 0
        var reader = try missing.reader()
        while try reader.next() != nil { count += 1 }
        guard count > 0 else { return }
        let names = Causes.list(named.map { ("\($0)", "not in the local store") }, total: count)
        throw CommandFailure(
            "\(Count.files(count)) without data:\n" + names, kept: "all refs, unchanged",
            hints: ["git data fetch --all"], exitCode: .failure)
    }
}
