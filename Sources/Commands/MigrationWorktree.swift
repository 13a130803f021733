import Diagnostics
import Filter
import Git
import ObjectStore
import Platform
import Repository

/// The worktree and the index of HEAD's branch while that moves to another commit whose files are the same: what is
/// in the worktree stays there, and Git need not read it again. Memory is for some of the files, however many there are.
struct MigrationWorktree {
    private let repository: Repository
    private let git: Git
    private let top: BytePath
    private let store: ObjectStore
    /// What every file was before Git found it clean, in the order of their paths.
    private let statuses: RecordSpool

    /// So many changes at once are few questions to Git, and little memory.
    private static let portionCount = 4096

    /// - Returns: nil in a bare repository.
    /// - Throws: `CommandFailure` where a change is not committed.
    init?(_ repository: Repository) throws {
        guard let top = repository.location.worktree else { return nil }
        self.repository = repository
        self.top = top
        git = try repository.git()
        store = try repository.store()
        let statuses = RecordSpool(in: store)
        var hasAttributes = false
        try git.forEachIndexEntry { entry in
            hasAttributes = hasAttributes || entry.path == FolderAttributes.name
            guard entry.isRegularFile, let status = try? top.appending(entry.path).status() else { return }
            var record = RecordBytes()
            record.add(text: entry.path.bytes)
            record.add(status)
            statuses.add(record)
        }
        self.statuses = statuses
        guard try hasAttributes || !Self.hasOwnAttributes(git, top) else {
            throw CommandFailure(
                "'.gitattributes' is not in Git, and would be overwritten", hints: ["git add .gitattributes && git commit"])
        }
        try refresh()
        guard let head = try git.resolve("HEAD"), try git.indexIs(head), try !hasChanges() else {
            throw CommandFailure("there are changes that are not committed", hints: ["git stash", "or: git commit --all"])
        }
    }

    /// Whether `.gitattributes` is of somebody's making. A migration that was killed may have left that of HEAD's backup.
    private static func hasOwnAttributes(_ git: Git, _ top: BytePath) throws -> Bool {
        guard let content = try top.appending(FolderAttributes.name).contents() else { return false }
        let branch = try git.run(["symbolic-ref", "--quiet", "HEAD"]).line
        let backup = BytePath(bytes: Array("refs/original/".utf8) + branch.bytes + Array(":\(FolderAttributes.name)".utf8))
        let answer = try git.run(["cat-file", "blob", backup])
        return answer.status != 0 || answer.output != content
    }

    private func refresh() throws {
        // Status 1 says that some files differ.
        _ = try git.run(["update-index", "-q", "--ignore-submodules", "--refresh"])
    }

    /// Whether a file is not what Git has. A data file by its attributes that Git has in full is modified for ever, by what
    /// the filter would make of it: to mend that is what this is for.
    private func hasChanges() throws -> Bool {
        var isOther = false
        var statuses = AscendingRecords(statuses)
        try git.forEachWorktreeChangePortion(of: Self.portionCount) { changes throws(GitError) in
            guard !isOther else { return }
            for change in changes where !isOther {
                let status = try statuses.status(of: change.path)
                isOther = !change.isContentAlone || status?.kind != .regular
            }
            if !isOther { isOther = try git.unfilteredNames(of: changes.map(\.path)) != changes.map(\.indexed) }
        }
        return isOther
    }

    /// Makes index and worktree those of the new HEAD.
    /// - Parameter migrated: the Git blobs whose content is the worktree's from now on as well; nil for none.
    func follow(from old: GitObjectName, _ migrated: MigratedBlobs?, _ output: Output) throws {
        let changed = RecordSpool(in: store)
        let clean = CleanFileList(in: store)
        var (attributes, removed): ([BytePath], [BytePath]) = ([], [])
        var statuses = AscendingRecords(statuses)
        let lineEnds = try repository.settings().configuration.string("core.autocrlf")?.lowercased()
        let keepsLineEnds = lineEnds == nil || lineEnds == "false"
        try git.forEachTreeChangePortion(from: old, to: "HEAD", of: Self.portionCount) { changes throws(GitError) in
            var sizes: [BytePath: Int64] = [:]
            for change in changes {
                changed.add(change.path.bytes)
                if change.new == nil { removed.append(change.path) }
                if change.new != nil, change.path.lastComponent == FolderAttributes.name { attributes.append(change.path) }
                if keepsLineEnds, let old = change.old { sizes[change.path] = try migrated?.find(old)?.byteCount }
            }
            let certain = try certainlyUnconverted(Array(sizes.keys))
            for change in changes where certain.contains(change.path) {
                guard let new = change.new, let status = try statuses.status(of: change.path), status.kind == .regular,
                    status.byteCount == sizes[change.path]
                else { continue }
                clean.add(CleanFile(path: change.path, name: new, mode: change.mode, status: status))
            }
        }
        // Entries that stay the same keep what Git knows of their files. Without a look at the worktree, that is.
        try git.query(["read-tree", "-i", "-m", "HEAD"])
        // Every `.gitattributes`, which say what is clean.
        try checkOut(attributes.map(\.bytes))
        for path in removed { try remove(path) }
        let outcome = try git.markClean(clean.files, index: repository.location.index, worktree: top)
        if let message = Self.words(outcome) { output.warning("the index was not refreshed: \(message)") }
        try refresh()
        try checkOutDifferent(among: changed)
    }

    /// What Git was left to compare, and what differs by a conversion of line ends or the like, is written anew: it was
    /// clean before.
    /// - Parameter changed: the paths of what the commits differ in, in their order.
    private func checkOutDifferent(among changed: RecordSpool) throws {
        var changed = AscendingRecords(changed)
        var portion: [[UInt8]] = []
        let question: [BytePath] = ["diff-files", "--name-only", "-z", "--ignore-submodules"]
        try git.forEachRecord(of: question, endingWith: 0) { path throws(GitError) in
            guard try changed.contains(BytePath(bytes: path)) else { return }
            portion.append(path)
            guard portion.count >= Self.portionCount else { return }
            try checkOut(portion)
            portion.removeAll(keepingCapacity: true)
        }
        try checkOut(portion)
    }

    /// Those of the paths whose content in the worktree is that in Git, byte for byte, line ends apart.
    private func certainlyUnconverted(_ paths: [BytePath]) throws(GitError) -> Set<BytePath> {
        var certain = Set(paths)
        for name in ["text", "eol", "crlf", "ident", "working-tree-encoding"] {
            for path in try git.attribute(name, of: Array(certain)).keys { certain.remove(path) }
        }
        // A filter of another name, that is.
        for (path, filter) in try git.attribute("filter", of: Array(certain)) where filter != "data" && filter != "lfs" {
            certain.remove(path)
        }
        return certain
    }

    private func remove(_ path: BytePath) throws {
        do {
            guard let place = try WorktreeEntry.find(path, under: top, makingFolders: false),
                try place.folder.status(ofEntry: place.name)?.kind == .regular
            else { return }
            try place.folder.removeFile(entry: place.name)
        } catch WorktreePathError.link, WorktreePathError.notFolder, WorktreePathError.forbidden {
            // Something else has come into its way, and stays.
        }
    }

    private func checkOut(_ paths: [[UInt8]]) throws(GitError) {
        guard !paths.isEmpty else { return }
        let input = Array(paths.map { $0 + [0] }.joined())
        try git.query(["checkout-index", "--force", "--index", "-q", "-z", "--stdin"], input: input)
    }

    /// Names the files that the attributes do not treat as what they are, because of a `.gitattributes` further down.
    /// - Parameter isData: whether they are to be data files now.
    func warnOfContradictions(from old: GitObjectName, _ migrated: MigratedBlobs, isData: Bool, _ output: Output) throws {
        var (first, count): (BytePath?, Int) = (nil, 0)
        try git.forEachTreeChangePortion(from: old, to: "HEAD", of: Self.portionCount) { changes throws(GitError) in
            var paths: [BytePath] = []
            for change in changes {
                if let old = change.old, try migrated.find(old) != nil { paths.append(change.path) }
            }
            let filters = try git.attribute("filter", of: paths)
            for path in paths where (filters[path] == "data" || filters[path] == "lfs") != isData {
                first = first ?? path
                count += 1
            }
        }
        guard let first else { return }
        output.warning(
            "attributes make \(Count.files(count)), such as '\(first)', \(isData ? "no data file" : "a data file still")"
                + "; see: git check-attr -a \(ShellWord.quoted(first))")
    }

    private static func words(_ outcome: CleanFilesOutcome) -> String? {
        switch outcome {
        case .refreshed, .comparedByGit: nil
        case .locked(let lock): "'\(lock)' is held by another process"
        case .unsound: "it is damaged"
        case .system(let error): Words.explanation(error).what
        }
    }
}

/// Records of paths in their order, found by paths that are asked for in that order too.
private struct AscendingRecords {
    private var reader: RecordSpool.Reader
    private var next: [UInt8]?
    private var isBegun = false

    init(_ spool: RecordSpool) {
        reader = spool.reader()
    }

    /// The status in a record that begins with its path.
    mutating func status(of path: BytePath) throws(GitError) -> FileStatus? {
        try find(path) { record in
            var fields = RecordFields(record)
            return BytePath(bytes: fields.nextText())
        }.map { record in
            var fields = RecordFields(record)
            _ = fields.nextText()
            return fields.next(FileStatus.self)
        }
    }

    /// Whether there is a record that is the path.
    mutating func contains(_ path: BytePath) throws(GitError) -> Bool {
        try find(path) { BytePath(bytes: $0) } != nil
    }

    private mutating func find(_ path: BytePath, _ pathOf: ([UInt8]) -> BytePath) throws(GitError) -> [UInt8]? {
        do throws(SystemError) {
            if !isBegun { next = try reader.next() }
            isBegun = true
            while let record = next {
                let found = pathOf(record)
                if path <= found { return path == found ? record : nil }
                next = try reader.next()
            }
            return nil
        } catch {
            throw .system(error)
        }
    }
}
