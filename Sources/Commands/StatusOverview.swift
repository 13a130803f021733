import Diagnostics
import Git
import ObjectStore
import Platform
import Pointer
import Repository

/// What `git data status` says to a person. Of the files that are just as they should be there are only sums; of the others
/// memory is for some, however many there are.
struct StatusOverview {
    /// All data files.
    private(set) var files = SpaceShare()
    /// Those of which there is something to say.
    private let items: StatusItems
    private let raw: RecordSpool
    private let stray: RecordSpool
    private var unpushed = SpaceShare()

    /// - Parameter gitStates: what Git's own status says, which is waited for as late as can be.
    init(_ selection: FileSelection, _ repository: Repository, gitStates: PendingAnswer) throws {
        let store = try repository.store()
        let (items, raw, stray) = (StatusItems(in: store), RecordSpool(in: store), RecordSpool(in: store))
        (self.items, self.raw, self.stray) = (items, raw, stray)
        try StatusCommand.forEachDataFile(selection, repository, [:]) { scan in
            for file in scan.raw where selection.contains(file.path) { raw.add(Self.record(file.path, file.byteCount)) }
            for file in scan.stray where selection.contains(file.path) {
                stray.add(Self.record(file.path, file.pointer.byteCount))
            }
        } _: { data in
            files.add(data.file.pointer.byteCount)
            if data.state != .content || data.file.entry.stage != 0 { items.add(data) }
        }
        try items.add(StatusCommand.changes(in: gitStates.query())) { paths in
            selection.selected(try repository.indexPointers(at: paths))
        }
        try StatusCommand.forEachUnpushed(repository) { unpushed.add($0.byteCount) }
    }

    private static func record(_ path: BytePath, _ byteCount: Int64) -> RecordBytes {
        var record = RecordBytes()
        record.add(byteCount)
        record.add(text: path.bytes)
        return record
    }

    func describe(_ repository: Repository, _ output: Output) throws {
        if let remote = try? repository.dataRemote() {
            output.line("Data remote: \(remote.name) (\(URLText.withoutSecrets(remote.url)))")
        } else {
            output.line("Data remote: none")
        }
        output.line("Data files: \(files.files) (\(ByteCountText.format(files.bytes)))")
        let sections: [(title: String, isIn: (StatusItems.Item) -> Bool)] = [
            ("In conflict (git data conflicts):", { $0.isInConflict }),
            ("Staged for commit:", { !$0.isInConflict && $0.git.first != " " }),
            ("Modified, not staged (git add):", { !$0.isInConflict && $0.git.last == "M" }),
            ("Deleted from the worktree (git restore):", { !$0.isInConflict && $0.git.last == "D" }),
            ("Only a pointer, data is on this machine (git data checkout):", { !$0.isInConflict && $0.mark == "-" }),
            ("Only a pointer, data must be fetched (git data pull):", { !$0.isInConflict && $0.mark == "?" }),
        ]
        for (title, isIn) in sections {
            try list(title, output) { line in
                try items.forEach { if isIn($0) { line($0.path, $0.byteCount) } }
            }
        }
        if unpushed.files > 0 {
            output.line()
            output.line("Waiting to be pushed (git push): \(Count.blobs(unpushed.files)), \(ByteCountText.format(unpushed.bytes))")
        }
        try list("In Git itself, though a data pattern matches (git data fix):", raw, output)
        try list("Pointers that no data pattern matches (git data fix):", stray, output)
    }

    private func list(_ title: String, _ files: RecordSpool, _ output: Output) throws {
        try list(title, output) { line in
            var reader = files.reader()
            while let record = try reader.next() {
                var fields = RecordFields(record)
                let byteCount = fields.next(Int64.self)
                line(BytePath(bytes: fields.nextText()), byteCount)
            }
        }
    }

    /// Prints files below a title, which is printed where there is one.
    /// - Parameter fill: gives each file to the function that it is called with.
    private func list(_ title: String, _ output: Output, _ fill: ((BytePath, Int64) -> Void) throws -> Void) throws {
        var isEmpty = true
        try fill { path, byteCount in
            if isEmpty {
                output.line()
                output.line(title)
            }
            isEmpty = false
            output.line("\t\(path) (\(ByteCountText.format(byteCount)))")
        }
    }
}

/// Data files of which `git data status` has something to say, in the order of their paths.
private final class StatusItems {
    struct Item {
        let path: BytePath
        let byteCount: Int64
        /// Two letters, as `git status --porcelain` has them.
        var git: String
        let mark: String
        let isInConflict: Bool
    }

    /// What is not content, or in conflict.
    private let spool: RecordSpool
    /// What Git says of some of them, and of files that have their content.
    private var changes: [BytePath: String] = [:]
    private var others: [Item] = []

    init(in store: ObjectStore) {
        spool = RecordSpool(in: store)
    }

    /// Adds a file, whose path is not before the last one's.
    func add(_ data: DataFile) {
        var record = RecordBytes()
        record.add(data.file.pointer.byteCount)
        record.add(data.file.entry.stage != 0)
        record.add(text: Array(data.mark.utf8))
        record.add(text: data.file.path.bytes)
        spool.add(record)
    }

    /// Adds what Git says.
    /// - Parameter pointers: gives the pointers that the index has at some paths.
    func add(_ changes: [BytePath: String], _ pointers: (Set<BytePath>) throws -> [PointerFile]) throws {
        guard !changes.isEmpty else { return }
        self.changes = changes
        var left = Set(changes.keys)
        try forEach { left.remove($0.path) }
        guard !left.isEmpty else { return }
        others = try pointers(left).sorted { $0.path < $1.path }.map { file in
            Item(path: file.path, byteCount: file.pointer.byteCount, git: changes[file.path] ?? "  ", mark: "*", isInConflict: false)
        }
    }

    func forEach(_ body: (Item) throws -> Void) throws {
        var others = others[...]
        var reader = spool.reader()
        while let record = try reader.next() {
            let item = item(record)
            while let other = others.first, other.path < item.path { try body(others.removeFirst()) }
            try body(item)
        }
        for other in others { try body(other) }
    }

    private func item(_ record: [UInt8]) -> Item {
        var fields = RecordFields(record)
        let (byteCount, isInConflict) = (fields.next(Int64.self), fields.next(Bool.self))
        let mark = String(decoding: fields.nextText(), as: UTF8.self)
        let path = BytePath(bytes: fields.nextText())
        return Item(path: path, byteCount: byteCount, git: changes[path] ?? "  ", mark: mark, isInConflict: isInConflict)
    }
}
