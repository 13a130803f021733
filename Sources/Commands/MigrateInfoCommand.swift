import Diagnostics
import Git
import Platform
import Pointer
import Repository

/// `git data migrate info`: what in history is large.
struct MigrateInfoCommand: Command {
    static let above = Value<Int64>("above", "SIZE", "count only contents of SIZE or more", parse: .byteCount)
    static let top = Value<Int>("top", "N", "show the N largest types; 10 unless told", parse: .wholeNumber)
    static let everything = Flag("everything", "every ref, those of remotes and the stash too")
    static let revisions = Operands("REV", "commits to start from; all branches and tags where none is given", completion: .revisions)
    static let declaration = Declaration(
        "info", group: .start, summary: "what in history is large, by type",
        description: """
            One line for each ending of file names: the pattern for `import`, how many files there are, how many contents they \
            have had, and how much all of these are together. Each content is counted once, with one of the names that it has, \
            and as large as it is in the worktree; links count as files. What is a pointer already is counted apart.
            """,
        options: [above, MigrateOptions.include, MigrateOptions.exclude, top, everything, CommonOptions.json],
        operands: [revisions], examples: [Example("git data migrate info --above 1m", "single contents of a megabyte or more")],
        seeAlso: ["track"])

    private struct Report: Encodable {
        struct Row: Encodable {
            let pattern: String
            let files: Int
            let versions: Int
            let bytes: Int64
        }

        var types: [Row] = []
        var pointers = ContentInventory.Pointers()
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        Process.returnLargeMemory()
        let repository = try context.repository()
        let git = try repository.git()
        let patterns = try MigratePatterns(arguments)
        try MigrationGround(repository).refusePartialClone()
        let given = arguments[revisions]
        if let unknown = try given.first(where: { try git.resolve($0) == nil }) {
            throw CommandFailure("'\(unknown)' is no revision of this repository")
        }
        let start: [BytePath] = arguments[everything] ? ["--all"] : given.isEmpty ? ["--branches", "--tags"] : given
        var inventory = try ContentInventory(repository: repository, git: git, patterns: patterns, minimum: arguments[above] ?? 1)
        try inventory.read(from: start)
        let (types, pointers) = (try inventory.table.counted(), inventory.pointers)
        let rows = Array(types.prefix(arguments[top] ?? 10))
        if arguments[CommonOptions.json] {
            let types = rows.map { Report.Row(pattern: $0.pattern.shown, files: $0.files, versions: $0.versions, bytes: $0.byteCount) }
            try context.output.json(Report(types: types, pointers: pointers))
            return .success
        }
        for line in TypeTable.lines(rows) { context.output.line(line) }
        if rows.count < types.count {
            context.output.message("\(Count.noun(types.count - rows.count, "smaller type")) not shown: --top")
        }
        if pointers.versions > 0 {
            context.output.message(
                "\(Count.noun(pointers.versions, "version")) are pointers already (\(ByteCountText.format(pointers.bytes))).")
        }
        if let first = rows.first {
            context.output.message("hint: git data migrate import --everything --include \(ShellWord.quoted(first.pattern.path))")
        } else {
            context.output.message("No such files.")
        }
        return .success
    }
}

/// The contents of a history by type, counted portion by portion while Git walks.
private struct ContentInventory {
    /// What is a pointer already.
    struct Pointers: Encodable {
        var versions = 0
        /// Of the blobs that they stand for.
        var bytes: Int64 = 0
    }

    /// So many contents are few questions to Git, and little memory.
    private static let portionCount = 16_384
    private static let plainNames = FolderAttributes.plainNames.map { BytePath($0) }

    let repository: Repository
    let git: Git
    let patterns: MigratePatterns
    /// The length from which on contents are counted.
    let minimum: Int64
    let table: TypeTable
    private(set) var pointers = Pointers()

    init(repository: Repository, git: Git, patterns: MigratePatterns, minimum: Int64) throws {
        table = TypeTable(in: try repository.store())
        (self.repository, self.git, self.patterns, self.minimum) = (repository, git, patterns, minimum)
    }

    mutating func read(from start: [BytePath]) throws {
        var portion: [ReachedContent] = []
        portion.reserveCapacity(Self.portionCount)
        var failure: (any Error)?
        try git.forEachReachedContent(from: start) { content in
            guard failure == nil, !Self.plainNames.contains(content.path.lastComponent) else { return }
            portion.append(content)
            if portion.count == Self.portionCount {
                do { try count(portion) } catch { failure = error }
                portion.removeAll(keepingCapacity: true)
            }
        }
        if let failure { throw failure }
        try count(portion)
    }

    private mutating func count(_ portion: [ReachedContent]) throws {
        var contents = portion
        if !patterns.included.isEmpty || !patterns.excluded.isEmpty {
            let selected = try patterns.selected(Array(Set(contents.map(\.path))), in: repository)
            contents.removeAll { !selected.contains($0.path) }
        }
        let small = contents.filter { $0.byteCount > 0 && $0.byteCount < Pointer.maximumTextByteCount }
        let known = try git.pointers(among: Set(small.map(\.blob)))
        for content in contents {
            if let pointer = known[content.blob] {
                pointers.versions += 1
                pointers.bytes = pointers.bytes.adding(byteCount: pointer.byteCount)
            } else if content.byteCount >= minimum {
                table.addFile(content.path)
                table.addContent(of: content.path, byteCount: content.byteCount)
            }
        }
    }
}

extension Git {
    /// The pointers among Git blobs.
    func pointers(among names: Set<GitObjectName>) throws(GitError) -> [GitObjectName: Pointer] {
        var pointers: [GitObjectName: Pointer] = [:]
        try forEachBlob(Array(names), shorterThan: Pointer.maximumTextByteCount) { name, text throws(GitError) in
            if case .pointer(let pointer) = Pointer.recognize(text) { pointers[name] = pointer }
        }
        return pointers
    }
}
