import Diagnostics
import Digest
import Git
import Lineage
import Platform
import Pointer
import Repository

/// All that a report tells, read from the repository.
struct ReportContent {
    /// The name of the worktree's folder.
    let name: String
    let head: Head?
    /// The branch that is checked out.
    let branch: String?
    /// What of history was asked for, as it was typed.
    let range: String?
    /// In seconds since 1970.
    let time: Int64
    let graph: StageGraph
    let conditions: StageConditions
    /// The records in the worktree.
    let records: [StageName: RunRecord]
    let history: LineageHistory
    /// Data files, and whatever stages make, in the order of paths.
    let files: [File]
    /// Data files that are left out, as there are too many.
    let omittedFiles: Int
    private let positions: [BytePath: Int]

    struct Head {
        let name: String
        let subject: String
    }

    /// A file or folder.
    struct File {
        let path: BytePath
        /// Of a single data file.
        let pointer: Pointer?
        /// Of a folder: how many data files are in it, and their bytes.
        var folder: (files: Int, byteCount: Int64)?
        let makers: [StageName]
    }

    /// So many files are listed at most, and their histories asked for.
    private static let fileLimit = 1000

    init(_ repository: Repository, range: BytePath?, time: Int64) throws {
        let top = try repository.worktree()
        let git = try repository.git()
        name = top.lastComponent.text
        self.time = time
        self.range = range?.text
        head = try git.resolve("HEAD").map { head in
            let subject = try git.query(["log", "-1", "--no-show-signature", "--format=%s", BytePath(bytes: head.hex)]).line
            return Head(name: head.description, subject: subject.text)
        }
        let branch = try git.run(["symbolic-ref", "--quiet", "--short", "HEAD"])
        self.branch = branch.status == 0 ? branch.line.text : nil
        let stages = try StageFiles(in: top)
        graph = try stages.graph()
        var observer = try StageObserver(repository)
        records = try stages.readRecords()
        conditions = try StageConditions(graph, observer.look(at: graph.stages.values), records)
        var gathering = FileGathering(graph, limit: Self.fileLimit)
        try repository.forEachIndexPointers { for file in $0 where file.entry.stage == 0 { gathering.add(file) } }
        (files, omittedFiles) = gathering.finish()
        positions = Dictionary(files.enumerated().map { ($1.path, $0) }) { first, _ in first }
        history = try LineageHistory(
            repository, revisions: Self.revisions(range, head, git), files: files.filter { $0.pointer != nil }.map(\.path))
    }

    private static func revisions(_ range: BytePath?, _ head: Head?, _ git: Git) throws -> [BytePath] {
        guard let range else { return head.map { [BytePath($0.name)] } ?? [] }
        let answer = try git.run(["rev-parse", "--revs-only", "--end-of-options", range])
        guard answer.status == 0, !answer.lines.isEmpty else {
            throw CommandFailure("'\(range)' is no revision or range of commits of this repository")
        }
        return answer.lines
    }

    // MARK: names of places in the page

    /// Positions in the order of the graph and of `files`, which are safe in any attribute.
    func anchor(of stage: StageName) -> String {
        "stage-\(graph.order.firstIndex(of: stage) ?? 0)"
    }

    func anchor(of file: BytePath) -> String? {
        positions[file].map { "file-\($0)" }
    }

    /// The runs of a stage, oldest first; the last may be one that is not committed.
    func runs(of stage: StageName) -> [(commit: LineageHistory.Commit?, record: RunRecord)] {
        var runs = (history.records[stage] ?? []).reversed().map { (commit: Optional(history.commits[$0.commit]), record: $0.record) }
        if let present = records[stage], range == nil, runs.last?.record != present { runs.append((nil, present)) }
        return runs
    }
}

/// Gathers the files of a report. What stages name comes first where there is too much; of the rest no more is held.
private struct FileGathering {
    private let graph: StageGraph
    private let named: Set<BytePath>
    private let limit: Int
    private var found: [BytePath: ReportContent.File] = [:]
    private var others: [ReportContent.File] = []
    private var otherCount = 0

    /// - Parameter limit: so many files are in the report.
    init(_ graph: StageGraph, limit: Int) {
        self.graph = graph
        self.limit = limit
        named = graph.stages.values.reduce(into: []) { $0.formUnion(($1.products + $1.reads).map(\.value)) }
    }

    /// - Parameter file: which comes after those added before.
    mutating func add(_ file: PointerFile) {
        if named.contains(file.path) {
            found[file.path] = entry(file)
        } else {
            otherCount += 1
            if others.count < limit { others.append(entry(file)) }
        }
        var folder = file.path.parent
        while folder != "." {
            if named.contains(folder) {
                var entry = found[folder] ?? .init(path: folder, pointer: nil, folder: (0, 0), makers: graph.makers(of: folder))
                entry.folder = ((entry.folder?.files ?? 0) + 1, (entry.folder?.byteCount ?? 0).adding(byteCount: file.pointer.byteCount))
                found[folder] = entry
            }
            folder = folder.parent
        }
    }

    private func entry(_ file: PointerFile) -> ReportContent.File {
        .init(path: file.path, pointer: file.pointer, makers: graph.makers(of: file.path))
    }

    /// - Returns: as many files as the limit allows, and how many are left out.
    func finish() -> (files: [ReportContent.File], omittedCount: Int) {
        var found = self.found
        for product in graph.stages.values.flatMap({ $0.products.map(\.value) }) where found[product] == nil {
            found[product] = .init(path: product, pointer: nil, makers: graph.makers(of: product))
        }
        let count = found.count + otherCount
        let first = found.values.sorted { $0.path < $1.path }
        let all = count > limit ? first + others : (first + others).sorted { $0.path < $1.path }
        return (Array(all.prefix(limit)), count - min(count, limit))
    }
}
