import Diagnostics
import Git
import Platform
import Pointer
import Repository

/// What `git data status` says to a person. Of the files that are just as they should be there are only sums.
struct StatusOverview {
    /// A file of which there is something to say.
    private struct Item {
        let path: BytePath
        let byteCount: Int64
        var git: String
        let mark: String
        let isInConflict: Bool
    }

    /// All data files.
    private(set) var files = SpaceShare()
    private var items: [Item] = []
    private var raw: [RawFile] = []
    private var stray: [PointerFile] = []
    private var unpushed = SpaceShare()

    /// - Parameter gitStates: what Git's own status says, which is waited for as late as can be.
    init(_ selection: FileSelection, _ repository: Repository, gitStates: PendingAnswer) throws {
        try StatusCommand.forEachDataFile(selection, repository, [:]) { scan in
            raw += scan.raw.filter { selection.contains($0.path) }
            stray += scan.stray.filter { selection.contains($0.path) }
        } _: { data in
            files.add(data.file.pointer.byteCount)
            if data.state != .content || data.file.entry.stage != 0 { add(data, "  ") }
        }
        let changes = try StatusCommand.changes(in: gitStates.query())
        if !changes.isEmpty { try add(changes, selection, repository) }
        try StatusCommand.forEachUnpushed(repository) { unpushed.add($0.byteCount) }
    }

    private mutating func add(_ data: DataFile, _ git: String) {
        items.append(
            Item(
                path: data.file.path, byteCount: data.file.pointer.byteCount, git: git, mark: data.mark,
                isInConflict: data.file.entry.stage != 0))
    }

    /// Adds what Git says, also of files that have their content.
    private mutating func add(_ changes: [BytePath: String], _ selection: FileSelection, _ repository: Repository) throws {
        var left = changes
        for position in items.indices {
            if let git = left.removeValue(forKey: items[position].path) { items[position].git = git }
        }
        guard !left.isEmpty else { return }
        for file in selection.selected(try repository.indexPointers(at: Set(left.keys))) {
            guard let git = left[file.path] else { continue }
            items.append(Item(path: file.path, byteCount: file.pointer.byteCount, git: git, mark: "*", isInConflict: false))
        }
        items.sort { $0.path < $1.path }
    }

    func describe(_ repository: Repository, _ output: Output) {
        if let remote = try? repository.dataRemote() {
            output.line("Data remote: \(remote.name) (\(URLText.withoutSecrets(remote.url)))")
        } else {
            output.line("Data remote: none")
        }
        output.line("Data files: \(files.files) (\(ByteCountText.format(files.bytes)))")
        section("In conflict (git data conflicts):", output) { $0.isInConflict }
        let sections: [(String, (Item) -> Bool)] = [
            ("Staged for commit:", { $0.git.first != " " }),
            ("Modified, not staged (git add):", { $0.git.last == "M" }),
            ("Deleted from the worktree (git restore):", { $0.git.last == "D" }),
            ("Only a pointer, data is on this machine (git data checkout):", { $0.mark == "-" }),
            ("Only a pointer, data must be fetched (git data pull):", { $0.mark == "?" }),
        ]
        for (title, isIn) in sections { section(title, output) { !$0.isInConflict && isIn($0) } }
        if unpushed.files > 0 {
            output.line()
            output.line("Waiting to be pushed (git push): \(Count.blobs(unpushed.files)), \(ByteCountText.format(unpushed.bytes))")
        }
        list("In Git itself, though a data pattern matches (git data fix):", raw.map { ($0.path, $0.byteCount) }, output)
        list(
            "Pointers that no data pattern matches (git data fix):", stray.map { ($0.path, $0.pointer.byteCount) }, output)
    }

    private func section(_ title: String, _ output: Output, _ isIn: (Item) -> Bool) {
        list(title, items.lazy.filter(isIn).map { ($0.path, $0.byteCount) }, output)
    }

    private func list(_ title: String, _ files: [(path: BytePath, byteCount: Int64)], _ output: Output) {
        guard !files.isEmpty else { return }
        output.line()
        output.line(title)
        for file in files { output.line("\t\(file.path) (\(ByteCountText.format(file.byteCount)))") }
    }
}
