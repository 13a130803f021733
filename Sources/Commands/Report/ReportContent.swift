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
        let pointers = try repository.indexPointers().filter { $0.entry.stage == 0 }
        let all = Self.files(pointers, graph)
        files = Array(all.prefix(Self.fileLimit))
        omittedFiles = all.count - files.count
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

    /// What stages name comes first where there is too much.
    private static func files(_ pointers: [PointerFile], _ graph: StageGraph) -> [File] {
        var named: Set<BytePath> = []
        for stage in graph.stages.values { named.formUnion((stage.products + stage.reads).map(\.value)) }
        var found: [BytePath: File] = [:]
        for file in pointers {
            found[file.path] = File(path: file.path, pointer: file.pointer, makers: graph.makers(of: file.path))
            var folder = file.path.parent
            while folder != "." {
                if named.contains(folder) {
                    var entry = found[folder] ?? File(path: folder, pointer: nil, folder: (0, 0), makers: graph.makers(of: folder))
                    entry.folder = ((entry.folder?.files ?? 0) + 1, (entry.folder?.byteCount ?? 0).adding(byteCount: file.pointer.byteCount))
                    found[folder] = entry
                }
                folder = folder.parent
            }
        }
        for product in graph.stages.values.flatMap({ $0.products.map(\.value) }) where found[product] == nil {
            found[product] = File(path: product, pointer: nil, makers: graph.makers(of: product))
        }
        let isFirst = { (file: File) in named.contains(file.path) }
        let sorted = found.values.sorted { $0.path < $1.path }
        guard sorted.count > fileLimit else { return sorted }
        return sorted.filter(isFirst) + sorted.filter { !isFirst($0) }
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
