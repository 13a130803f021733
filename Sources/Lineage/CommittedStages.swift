import Digest
import Git
import Platform
import Repository

/// The stages of a tree that Git has, and how they stand to its records: what is in the worktree does not count.
///
/// What is outside the tree is taken to be as the records have it: interpreters with their packages, and variables.
package struct CommittedStages: Sendable {
    package let graph: StageGraph
    package let conditions: StageConditions

    /// - Parameter tree: the name of a tree, or of a commit.
    /// - Throws: recipes that make no sense, a record that cannot be read.
    package init(_ repository: Repository, tree: GitObjectName) throws(LineageError) {
        let tree = BytePath(bytes: tree.hex)
        let files = try StageFiles(of: tree, repository)
        graph = try files.graph()
        var records: [StageName: RunRecord] = [:]
        for name in graph.order { records[name] = try files.record(of: name) }
        let contents = try TreeContents(repository, tree: tree, graph.stages.values)
        var observations: [StageName: StageObservation] = [:]
        for stage in graph.stages.values { observations[stage.name] = contents.observe(stage, records[stage.name]) }
        conditions = StageConditions(graph, observations, records)
    }
}

/// What a tree has of the files that stages name.
private struct TreeContents {
    private let files: [BytePath: PresentFile]
    /// Of files of parameters; nil for what is no file of values.
    private let values: [BytePath: JSONValue]

    init(_ repository: Repository, tree: BytePath, _ stages: some Sequence<Stage>) throws(LineageError) {
        var paths: Set<BytePath> = []
        var valueFiles: Set<BytePath> = []
        for stage in stages {
            paths.formUnion((stage.reads + stage.products + stage.environmentFiles).map(\.value))
            valueFiles.formUnion(stage.parameters.filter { !$0.value.key.isEmpty }.map(\.value.file))
        }
        files = try RevisionContents(repository, tree).look(at: paths)
        var names: [GitObjectName: [BytePath]] = [:]
        for path in valueFiles { if case .git(let name)? = files[path]?.id { names[name, default: []].append(path) } }
        var values: [BytePath: JSONValue] = [:]
        try Lineage.git { () throws(GitError) in
            try repository.git().forEachBlob(Array(names.keys), shorterThan: 16 << 20) { name, content in
                for path in names[name] ?? [] { values[path] = try? ValueFile.parse(content, path: path) }
            }
        }
        self.values = values
    }

    func observe(_ stage: Stage, _ record: RunRecord?) -> StageObservation {
        var causes = RunRecord.Causes()
        var missing: [BytePath] = []
        causes.command = stage.command?.value
        if !stage.folder.isEmpty { causes.folder = stage.folder.text }
        var inputs: [BytePath: PresentFile] = [:]
        for input in stage.inputs.map(\.value) {
            guard let file = files[input] else {
                missing.append(input)
                continue
            }
            inputs[input] = file
            causes.inputs[input.text] = file.id
        }
        for parameter in stage.parameters.map(\.value) {
            guard let file = files[parameter.file] else {
                missing.append(parameter.file)
                continue
            }
            if parameter.key.isEmpty {
                causes.parameters[parameter.text] = .text(file.id.description)
            } else {
                causes.parameters[parameter.text] = values[parameter.file].flatMap { ValueFile.value(at: parameter.key, in: $0) } ?? .null
            }
        }
        for item in stage.environment.map(\.value) {
            if case .file(let path)? = EnvironmentDependency(item) {
                causes.environment[item] = files[path].map { .text($0.id.description) }
            } else {
                causes.environment[item] = record?.causes.environment[item]
            }
        }
        for name in stage.variables.map(\.value) { causes.variables[name] = record?.causes.variables[name] }
        causes.source = stage.source?.causes
        let products = stage.products.map(\.value).compactMap { path in files[path].map { (path, $0) } }
        return StageObservation(
            stage: stage, causes: causes, inputs: inputs, products: Dictionary(products) { first, _ in first }, missing: missing, missingKeys: [])
    }
}
