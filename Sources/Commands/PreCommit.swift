import Diagnostics
import Digest
import Git
import Platform
import Pointer
import Repository

/// The pre-commit hook: what is staged under a data attribute is a pointer, and a whole one; and pointers are
/// staged under one, without which a clone would take them for files like any other.
struct PreCommit {
    let context: CommandContext
    let repository: Repository
    /// Files of other kinds above this are pointed out.
    private static let largeByteCount = 10 << 20
    /// To bring so much to a disk takes a while.
    private static let noticeableByteCount = 1 << 30

    func run() throws -> ExitCode {
        Process.returnLargeMemory()
        try settle()
        guard try StaleResults(context: context, repository: repository).allowCommit() else { return .failure }
        let lost = Set(try repository.store().unsoundPendingBlobs())
        if !lost.isEmpty {
            var needed: Set<BytePath> = []
            try forEachStagedPortion { data, _ in needed.formUnion(data.map(\.path)) }
            try rescue(lost, needed)
        }
        var (raw, merged): ([(BytePath, String)], [(BytePath, String)]) = ([], [])
        var stray: [BytePath] = []
        try forEachStagedPortion { data, others in
            let sizes = try repository.git().byteCounts(of: Array(Set(others.map(\.name))))
            warnOfLarge(others.filter { sizes[$0.name, default: 0] >= Self.largeByteCount }, sizes)
            raw += try repository.rawFiles(among: data).map { ($0.path, Self.problem($0)) }
            merged += try mergedPointers(among: data)
            stray += try ChangedFiles(repository: repository).pointers(among: others)
        }
        raw += merged
        if !raw.isEmpty { refuse(raw) }
        if !stray.isEmpty { try refuse(stray: stray) }
        return raw.isEmpty && stray.isEmpty ? .success : .failure
    }

    private static let kept = "the files and what is staged; nothing was committed"

    private func refuse(_ raw: [(BytePath, String)]) {
        context.output.error(
            Explanation(
                "\(Count.files(raw.count)) of data staged without the filter:\n"
                    + raw.map { path, problem in "\t\(path) (\(problem))" }.joined(separator: "\n"),
                kept: Self.kept,
                hints: ["git data fix, or: git add --renormalize \(raw.map { path, _ in ShellWord.quoted(path) }.joined(separator: " "))"]))
    }

    /// Mostly the `.gitattributes` was not staged, or the file has another name now.
    private func refuse(stray: [BytePath]) throws {
        let filters = try repository.git().beginAttribute("filter", of: stray).values()
        var hints: [String] = []
        if filters.contains("data"), let words = try repository.unstagedAttributes() { hints.append("git add \(words) && git commit") }
        if hints.isEmpty || filters.contains(nil) { hints.append("git data fix && git commit") }
        hints.append("where it is to stay a pointer: '-filter' in .gitattributes")
        let first = stray.prefix(UndoneFiles.nameLimit).map { "\t\($0)" }
        let more = stray.count > first.count ? ["\t… and \(stray.count - first.count) more"] : []
        context.output.error(
            Explanation(
                "\(Count.files(stray.count)) staged as \(stray.count == 1 ? "a pointer" : "pointers"), without a .gitattributes that says so to a clone:\n"
                    + (first + more).joined(separator: "\n"),
                kept: Self.kept, hints: hints))
    }

    /// Waits until what `git add` has stored is on the disk.
    private func settle() throws {
        let store = try repository.store()
        let waiting = store.unsettledByteCount()
        if waiting >= Self.noticeableByteCount {
            context.output.message("git data: writing \(ByteCountText.format(waiting)) to the disk ...")
        }
        try store.settle()
    }

    /// What a crash of the system has taken from blobs that `git add` had stored, and that were not on the disk yet, is
    /// taken from the worktree once more: a commit must not name what is nowhere.
    /// - Parameters:
    ///   - lost: the blobs that it has taken.
    ///   - needed: the paths of the data that the commit adds or changes.
    private func rescue(_ lost: Set<ObjectID>, _ needed: Set<BytePath>) throws {
        let store = try repository.store()
        var staged: [PointerFile] = []
        try repository.forEachIndexPointers { files throws(RepositoryError) in
            staged += files.filter {
                lost.contains($0.pointer.oid) && $0.entry.stage == 0 && needed.contains($0.path) && !store.contains($0.pointer.oid)
            }
        }
        var rescue = Rescue(repository: repository, store: store, wanted: Set(staged.map(\.pointer.oid)))
        try rescue.takeFromWorktree()
        let gone = staged.filter { rescue.wanted.contains($0.pointer.oid) }
        guard !gone.isEmpty else { return }
        throw CommandFailure(
            "\(Count.files(gone.count)) of data were staged, and what was stored of them did not come to the disk before the system ended:\n"
                + gone.map { "\t\($0.path)" }.joined(separator: "\n"),
            kept: "the files in the worktree; nothing was committed",
            hints: ["git add --renormalize \(gone.map { ShellWord.quoted($0.path) }.joined(separator: " "))"], exitCode: .failure)
    }

    private static let markers = "conflict markers inside a pointer"

    private static func problem(_ file: RawFile) -> String {
        if let content = file.shortContent, hasConflictMarkers(content) { return markers }
        return "\(ByteCountText.format(file.byteCount)) of raw content"
    }

    static func hasConflictMarkers(_ content: [UInt8]) -> Bool {
        let lines = content.split(separator: UInt8(ascii: "\n"))
        return lines.contains { $0.starts(with: "<<<<<<<".utf8) } && lines.contains { $0.starts(with: ">>>>>>>".utf8) }
            && lines.contains { $0.starts(with: "oid sha256:".utf8) }
    }

    /// Where Git merged pointers line by line: their first line is the same, so that they pass for pointers of an
    /// unknown kind.
    private func mergedPointers(among entries: [IndexEntry]) throws -> [(BytePath, String)] {
        var merged: Set<GitObjectName> = []
        try repository.git().forEachBlob(Array(Set(entries.map(\.name))), shorterThan: Pointer.maximumTextByteCount) { name, content in
            if case .foreignPointer = Pointer.recognize(content), Self.hasConflictMarkers(content) { merged.insert(name) }
        }
        return entries.filter { merged.contains($0.name) }.map { ($0.path, Self.markers) }
    }

    private func warnOfLarge(_ entries: [IndexEntry], _ sizes: [GitObjectName: Int64]) {
        for entry in entries {
            let size = ByteCountText.format(sizes[entry.name, default: 0])
            context.output.warning("'\(entry.path)' (\(size)) goes into Git itself")
            context.output.message("hint: git data track --filename '\(entry.path)' && git add --renormalize '\(entry.path)'")
        }
    }

    /// Calls `body` with the regular files that the commit adds or changes, as `ChangedFiles` gives them.
    private func forEachStagedPortion(_ body: (_ data: [IndexEntry], _ others: [IndexEntry]) throws -> Void) throws {
        let git = try repository.git()
        let head = try git.resolve("HEAD").map { BytePath(bytes: $0.hex) }
        // Git's empty tree stands in for the parent of a first commit.
        let parent = try head ?? git.query(["hash-object", "-t", "tree", "/dev/null"]).line
        try ChangedFiles(repository: repository).forEachPortion(since: parent, isStaged: true, body)
    }
}
