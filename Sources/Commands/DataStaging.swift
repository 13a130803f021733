import Diagnostics
import Filter
import Git
import ObjectStore
import Platform
import Repository

/// Puts pointers of data files into the index, with the stat fields of the files, so that `git add` finds them
/// staged. Memory is for some of the files, however many there are.
struct DataStaging {
    private let context: CommandContext
    private let repository: Repository
    private let store: ObjectStore

    init(context: CommandContext, repository: Repository) throws(RepositoryError) {
        self.context = context
        self.repository = repository
        store = try repository.store()
    }

    /// Stages files and folders, from the top of the worktree, as `git data add` does.
    /// - Throws: what Git would not add.
    static func add(_ paths: [BytePath], _ context: CommandContext, _ repository: Repository) throws {
        let git = try repository.git()
        let staging = try DataStaging(context: context, repository: repository)
        let literal: [BytePath] = paths.map { BytePath(bytes: Array(":(top,literal)".utf8) + $0.bytes) }
        _ = try staging.stage(staging.candidates(git, pathspecs: literal, isUpdate: false, isForced: false))
        try git.change(["add", "--"] + literal)
    }

    /// Stages just these files, whatever is ignored, as `git add --force` does.
    /// - Parameter portion: so many files are looked at at once.
    /// - Throws: what Git would not add.
    func add(_ files: StagingCandidates, portion count: Int = 4096) throws {
        try addRest(of: files, staged: stageData(among: files, portion: count), ["--force"])
    }

    /// Stages pointers for files whose content Git has, as `git add --renormalize` does.
    /// - Throws: what Git would not add.
    func renormalize(_ files: StagingCandidates) throws {
        let staged = try stageData(among: files, portion: Self.questionFileCount)
        do throws(GitError) {
            try addRest(of: files, staged: staged, ["--renormalize"])
        } catch .failed {
            // Since 2.34, Git adds what is there but outside of a sparse checkout only when told to.
            try addRest(of: files, staged: staged, ["--renormalize", "--sparse"])
        }
    }

    private func stageData(among files: StagingCandidates, portion count: Int) throws -> CleanFileList? {
        let (git, top) = (try repository.git(), try repository.worktree())
        let data = StagingCandidates(in: store)
        try files.forEachPortion(of: count) { try Self.addData(among: $0, git, top, to: data) }
        return isEnough(data) ? try stage(data) : nil
    }

    /// Has Git add the files that are not staged yet.
    private func addRest(of files: StagingCandidates, staged: CleanFileList?, _ options: [BytePath]) throws(GitError) {
        guard files.count > 0, staged?.count != files.count else { return }
        let command: [BytePath] = ["--literal-pathspecs", "add"] + options + ["--pathspec-from-file=-", "--pathspec-file-nul"]
        try repository.git().change(command) { input throws(GitError) in
            do throws(SystemError) {
                try files.forEachPath(missingIn: staged) { path throws(SystemError) in try input.write(path.bytes + [0]) }
            } catch {
                throw .system(error)
            }
        }
    }

    /// Fewer, and smaller ones together, are added as fast by Git.
    private static let threshold = (files: 16, byteCount: Int64(8 << 20))
    /// As `transfer.unpackLimit`, which git-config(1) says is 100.
    private static let unpackLimit = 100
    /// Whose names take a few megabytes; so that of a million files come thirty packs.
    private static let packObjectCount = 32_768
    /// So many files at once are few questions to Git, and little memory.
    private static let questionFileCount = 8192
    /// So many files at once: at the end of each portion all threads wait for the last file.
    private static let cleaningFileCount = 2048

    /// The files that `git add` would look into and that the data filter is for; none where they are few.
    /// - Parameter here: works where the pathspecs are seen from.
    func candidates(
        _ here: Git, pathspecs: [BytePath], isUpdate: Bool, isForced: Bool
    ) throws -> StagingCandidates {
        let data = StagingCandidates(in: store)
        let (git, top) = (try repository.git(), try repository.worktree())
        let addData = { (files: [StagingCandidate]) throws(GitError) in try Self.addData(among: files, git, top, to: data) }
        try forEachChange(here, pathspecs, addData)
        if !isUpdate { try forEachNewFile(here, pathspecs, isForced: isForced, addData) }
        return isEnough(data) ? data : StagingCandidates(in: store)
    }

    private func isEnough(_ data: StagingCandidates) -> Bool {
        data.count >= Self.threshold.files || data.byteCount >= Self.threshold.byteCount
    }

    /// Calls `body` with files that are not as their entries are, many at once. Files in conflict, and what is no file any
    /// more, are left to Git.
    private func forEachChange(_ here: Git, _ pathspecs: [BytePath], _ body: ([StagingCandidate]) throws(GitError) -> Void) throws(GitError) {
        // By time and size alone, so that Git does not compare contents.
        let question: [BytePath] = ["diff-files", "-z", "--raw", "--abbrev=64", "--no-renames", "--ignore-submodules=all", "--"]
        var head: [UInt8]?
        try forEachPortion(of: question + pathspecs, here, body) { record in
            // `:<mode> <mode> <name> <name> <letter>`, then the path.
            guard let fields = head.take()?.split(separator: UInt8(ascii: " ")) else {
                head = record
                return nil
            }
            guard fields.count == 5, fields[4] == [UInt8(ascii: "M")], fields[0].dropFirst().starts(with: "100".utf8),
                let name = GitObjectName(hex: fields[2])
            else { return nil }
            let entry = StagingCandidate.Entry(isExecutable: fields[0].dropFirst().elementsEqual("100755".utf8), name: name)
            return StagingCandidate(path: BytePath(bytes: record), entry: entry)
        }
    }

    /// Calls `body` with files that Git does not know, many at once.
    private func forEachNewFile(
        _ here: Git, _ pathspecs: [BytePath], isForced: Bool, _ body: ([StagingCandidate]) throws(GitError) -> Void
    ) throws(GitError) {
        let exclusion: [BytePath] = isForced ? [] : ["--exclude-standard"]
        let question: [BytePath] = ["ls-files", "-z", "--others", "--full-name"] + exclusion + ["--"]
        try forEachPortion(of: question + pathspecs, here, body) { record in
            // What ends in a slash is a repository within this one.
            record.last == UInt8(ascii: "/") ? nil : StagingCandidate(path: BytePath(bytes: record), entry: nil)
        }
    }

    private func forEachPortion(
        of question: [BytePath], _ git: Git, _ body: ([StagingCandidate]) throws(GitError) -> Void,
        reading candidate: ([UInt8]) -> StagingCandidate?
    ) throws(GitError) {
        var portion: [StagingCandidate] = []
        try git.forEachRecord(of: question, endingWith: 0) { record throws(GitError) in
            guard let candidate = candidate(record) else { return }
            portion.append(candidate)
            guard portion.count >= Self.questionFileCount else { return }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }

    private static func addData(
        among files: [StagingCandidate], _ git: Git, _ top: BytePath, to data: StagingCandidates
    ) throws(GitError) {
        let paths = files.map(\.path)
        let filters = git.beginAttribute("filter", of: paths)
        let encodings = git.beginAttribute("working-tree-encoding", of: paths)
        for (file, (filter, encoding)) in zip(files, zip(try filters.values(), try encodings.values())) {
            guard filter == "data", encoding == nil || encoding == PendingAttribute.unset,
                let status = try? top.appending(file.path).status(), status.kind == .regular
            else { continue }
            data.add(file, byteCount: status.byteCount)
        }
    }

    /// - Returns: the files that are staged; nil where there are none.
    func stage(_ candidates: StagingCandidates) throws -> CleanFileList? {
        guard candidates.count > 0 else { return nil }
        let git = try repository.git()
        let top = try repository.worktree()
        let keepsModes = try repository.settings().configuration.boolean("core.filemode") == false
        let batch = BlobBatch(store: store, later: Settling.beforeCommit(repository))
        let cleaning = try WorktreeCleaning(
            repository, batch: batch, count: candidates.count, byteCount: candidates.byteCount,
            observer: context.progress("Adding data"))
        var pack = try PackWriter(git, workingIn: top)
        let staged = CleanFileList(in: store)
        try candidates.forEachPortion(of: Self.cleaningFileCount) { portion in
            let files = try cleaning.run(portion.map { .init(path: $0.path, indexed: $0.entry?.name) })
            for case (let candidate, let file?) in zip(portion, files) {
                let isExecutable = keepsModes ? candidate.entry?.isExecutable ?? false : file.status.permissions & 0o100 != 0
                staged.add(
                    CleanFile(
                        path: candidate.path, name: try pack.add(.blob, file.text), mode: isExecutable ? "100755" : "100644",
                        status: file.status))
            }
            guard pack.objectCount >= Self.packObjectCount else { return }
            try pack.install(git)
            pack = try PackWriter(git, workingIn: top)
        }
        try batch.flush()
        guard staged.count > 0 else { return nil }
        try pack.install(git, unpackLimit: Self.unpackLimit)
        try git.stage(staged.files)
        // Where this fails, `git add` reads the files itself.
        _ = try git.markClean(staged.files, index: repository.location.index, worktree: top)
        return staged
    }
}
