import Git
import Platform
import Pointer
import Repository

/// What is known of the nodes of a map: what the files are, whether the stages are fresh, what their runs have recorded,
/// and who added the data that no stage makes.
package struct LineageFacts: Sendable {
    /// Who brought a file as it is, and with which commit.
    package struct Origin: Sendable {
        package let commit: GitObjectName
        /// Seconds since 1970.
        package let seconds: Int64
        package let author: String
    }

    /// Those that are there.
    package private(set) var files: [BytePath: PresentFile] = [:]
    package private(set) var conditions: [StageName: StageCondition] = [:]
    package private(set) var records: [StageName: RunRecord] = [:]
    /// Of data files that no stage makes, where they are as a commit has brought them.
    package private(set) var origins: [BytePath: Origin] = [:]

    /// - Parameters:
    ///   - nodes: of the map.
    ///   - revision: a commit; nil for the worktree.
    /// - Throws: also where a record cannot be read.
    package init(
        _ repository: Repository, _ map: LineageMap, _ nodes: Set<LineageMap.Node>, records: StageFiles, revision: GitObjectName?
    ) throws(LineageError) {
        var names: [StageName] = []
        var paths: Set<BytePath> = []
        for node in nodes {
            switch node {
            case .file(let path): paths.insert(path)
            case .stage(let name): names.append(name)
            }
        }
        // Whether a stage waits is told by those before it.
        let closure = map.graph.closure(upstreamOf: names)
        for name in closure { self.records[name] = try records.record(of: name) }
        var observer: StageObserver
        if let revision {
            observer = StageObserver(repository, revision: BytePath(bytes: revision.hex))
        } else {
            observer = try StageObserver(repository)
        }
        var (observations, files) = try observer.look(at: closure.compactMap { map.graph.stages[$0] }, and: paths)
        if revision != nil {
            for (name, observation) in observations { observations[name] = observation.supposing(self.records[name]) }
        }
        let conditions = StageConditions(map.graph, observations, self.records)
        for name in closure { self.conditions[name] = conditions[name] }
        self.files = files
        try findOrigins(repository, map, paths, revision)
    }

    /// So many paths Git tells apart as fast as it walks.
    private static let fewPaths = 50

    private mutating func findOrigins(
        _ repository: Repository, _ map: LineageMap, _ paths: Set<BytePath>, _ revision: GitObjectName?
    ) throws(LineageError) {
        let waiting = paths.filter { path in
            guard let file = files[path], file.isStaged, file.pointerCount > 0 else { return false }
            return map.edges(into: .file(path)).isEmpty && !path.isEmpty
        }
        guard !waiting.isEmpty else { return }
        var start = revision
        if start == nil { start = try git { () throws(GitError) in try repository.git().resolve("HEAD") } }
        guard let start else { return }
        let hasFolders = waiting.contains { files[$0]?.isFolder ?? false }
        var rest = waiting
        var origins: [BytePath: Origin] = [:]
        let arguments = ["--no-renames", BytePath(bytes: start.hex), "--"] + (waiting.count <= Self.fewPaths ? waiting.sorted() : [])
        try ChangeLog.forEach(repository, merges: .own, arguments) { commit throws(LineageError) in
            for change in commit.changes {
                for path in [change.path] + (hasFolders ? change.path.foldersAround : []) where rest.remove(path) != nil {
                    // What the index has may be staged only.
                    guard let file = files[path], file.isFolder || file.pointer?.entry.name == change.blob else { continue }
                    origins[path] = Origin(commit: commit.name, seconds: commit.seconds, author: commit.author)
                }
            }
            return !rest.isEmpty
        }
        self.origins = origins
    }
}

extension StageObservation {
    /// With what a revision does not tell as the record has it.
    fileprivate func supposing(_ record: RunRecord?) -> StageObservation {
        guard let record else { return self }
        var causes = self.causes
        for item in stage.environment {
            if case .file = EnvironmentDependency(item.value) { continue }
            causes.environment[item.value] = record.causes.environment[item.value]
        }
        for variable in stage.variables { causes.variables[variable.value] = record.causes.variables[variable.value] }
        return StageObservation(stage: stage, causes: causes, inputs: inputs, products: products, missing: missing, missingKeys: [])
    }
}
