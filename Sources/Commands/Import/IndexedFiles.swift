import Git
import ObjectStore
import Platform
import Repository

/// What the index has at an import's output and below it, in the order of the paths: memory for some of the files, however
/// many there are.
struct IndexedFiles {
    struct File {
        /// From the top of the worktree.
        let path: BytePath
        let entry: StagingCandidate.Entry
        let isInConflict: Bool
        /// Whether the worktree has another file, or none.
        let isEdited: Bool
    }

    private let spool: RecordSpool

    init(_ repository: Repository, at output: BytePath) throws {
        let store = try repository.store()
        let git = try repository.git()
        let edited = try Self.editedPaths(git, at: output, in: store)
        var paths = edited.reader()
        let spool = RecordSpool(in: store, limit: 1 << 18)
        var head: BytePath?
        var last: BytePath?
        try git.forEachIndexEntry([output]) { entry throws(GitError) in
            // Of a conflict there are several.
            guard entry.path != last else { return }
            last = entry.path
            do throws(SystemError) {
                while head.map({ $0 < entry.path }) ?? true {
                    guard let path = try paths.next() else { break }
                    head = BytePath(bytes: path)
                }
            } catch {
                throw .system(error)
            }
            var record = RecordBytes()
            record.add(text: entry.path.bytes)
            record.add(StagingCandidate.Entry(isExecutable: entry.mode == "100755", name: entry.name))
            record.add(entry.stage != 0)
            record.add(head == entry.path)
            spool.add(record)
        }
        self.spool = spool
    }

    /// The paths of what the worktree has in another form than the index, in their order.
    private static func editedPaths(_ git: Git, at output: BytePath, in store: ObjectStore) throws(GitError) -> RecordSpool {
        let edited = RecordSpool(in: store, limit: 1 << 18)
        let question: [BytePath] = ["--literal-pathspecs", "status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--"]
        var last: BytePath?
        try git.forEachRecord(of: question + [output], endingWith: 0) { record throws(GitError) in
            guard record.count > 3, record[1] != UInt8(ascii: " ") else { return }
            let path = BytePath(bytes: record.dropFirst(3))
            // One that is passed over would be overwritten.
            if let last, path < last { throw .unexpected(command: "git status", answer: "'\(path)' behind '\(last)'") }
            last = path
            edited.add(path.bytes)
        }
        return edited
    }

    func cursor() throws(SystemError) -> Cursor { try Cursor(reader: spool.reader()) }

    /// Goes through the files.
    struct Cursor {
        private var reader: RecordSpool.Reader
        /// The one that is next.
        private var head: File?

        fileprivate init(reader: RecordSpool.Reader) throws(SystemError) {
            self.reader = reader
            head = try self.reader.next().map(File.init)
        }

        /// - Returns: nil behind the last file.
        mutating func next() throws(SystemError) -> File? {
            let file = head
            head = try reader.next().map(File.init)
            return file
        }

        /// The file at a path. To be asked in the order of the paths.
        /// - Parameter body: is called for each file that stands before it and was not asked for.
        mutating func file(at path: BytePath, passing body: (File) throws -> Void = { _ in }) throws -> File? {
            while let file = head, file.path <= path {
                _ = try next()
                if file.path == path { return file }
                try body(file)
            }
            return nil
        }
    }
}

extension IndexedFiles.File {
    fileprivate init(_ record: [UInt8]) {
        var fields = RecordFields(record)
        path = BytePath(bytes: fields.nextText())
        entry = fields.next(StagingCandidate.Entry.self)
        isInConflict = fields.next(Bool.self)
        isEdited = fields.next(Bool.self)
    }
}
