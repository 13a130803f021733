import Digest
import Git
import Platform
import Pointer
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
    private let entries: [IndexEntry]
    private let pointers: [BytePath: PointerFile]
    /// Of files of parameters; nil for what is no file of values.
    private let values: [BytePath: JSONValue]

    init(_ repository: Repository, tree: BytePath, _ stages: some Sequence<Stage>) throws(LineageError) {
        var paths: Set<BytePath> = []
        var valueFiles: Set<BytePath> = []
        for stage in stages {
            paths.formUnion((stage.reads + stage.products + stage.environmentFiles).map(\.value))
            valueFiles.formUnion(stage.parameters.filter { !$0.value.key.isEmpty }.map(\.value.file))
        }
        guard !paths.isEmpty else {
            (entries, pointers, values) = ([], [:], [:])
            return
        }
        let entries = try Lineage.git { () throws(GitError) in
            // Of very many it is cheaper to look at all.
            try repository.git().treeEntries(tree, paths.count > 1000 || paths.contains("") ? [] : paths.sorted())
        }
        let found = try asking { () throws(RepositoryError) in try repository.pointers(among: entries.filter(\.isRegularFile)) }
        var names: [GitObjectName: [BytePath]] = [:]
        for entry in entries where valueFiles.contains(entry.path) { names[entry.name, default: []].append(entry.path) }
        var values: [BytePath: JSONValue] = [:]
        try Lineage.git { () throws(GitError) in
            try repository.git().forEachBlob(Array(names.keys), shorterThan: 16 << 20) { name, content in
                for path in names[name] ?? [] { values[path] = try? ValueFile.parse(content, path: path) }
            }
        }
        self.entries = entries.sorted { $0.path < $1.path }
        self.values = values
        pointers = Dictionary(found.map { ($0.path, $0) }) { first, _ in first }
    }

    /// - Returns: nil for what the tree does not have.
    private func file(_ path: BytePath) -> PresentFile? {
        let inside = entries(at: path)
        guard let first = inside.first else { return nil }
        let isFolder = first.path != path
        let id = isFolder ? ContentID.folder(inside.map { (path: $0.path.relative(to: path)?.bytes ?? [], id: identity(of: $0)) }) : identity(of: first)
        return PresentFile(id: id, isStaged: true, isFolder: isFolder, pointers: inside.compactMap { pointers[$0.path] })
    }

    private func identity(of entry: IndexEntry) -> ContentID {
        pointers[entry.path].map { .blob($0.pointer.oid) } ?? .git(entry.name)
    }

    /// The entry of that path, or those below it.
    private func entries(at path: BytePath) -> ArraySlice<IndexEntry> {
        if path.isEmpty { return entries[...] }
        func first(notBefore bytes: [UInt8]) -> Int {
            var range = 0..<entries.count
            while !range.isEmpty {
                let middle = range.lowerBound + range.count / 2
                if entries[middle].path.bytes.lexicographicallyPrecedes(bytes) {
                    range = middle + 1..<range.upperBound
                } else {
                    range = range.lowerBound..<middle
                }
            }
            return range.lowerBound
        }
        let own = first(notBefore: path.bytes)
        if own < entries.count, entries[own].path == path { return entries[own...own] }
        let prefix = path.bytes + [UInt8(ascii: "/")]
        return entries[first(notBefore: prefix)...].prefix { $0.path.bytes.starts(with: prefix) }
    }

    func observe(_ stage: Stage, _ record: RunRecord?) -> StageObservation {
        var causes = RunRecord.Causes()
        var missing: [BytePath] = []
        causes.command = stage.command?.value
        if !stage.folder.isEmpty { causes.folder = stage.folder.text }
        var inputs: [BytePath: PresentFile] = [:]
        for input in stage.inputs.map(\.value) {
            guard let file = file(input) else {
                missing.append(input)
                continue
            }
            inputs[input] = file
            causes.inputs[input.text] = file.id
        }
        for parameter in stage.parameters.map(\.value) {
            guard let file = file(parameter.file) else {
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
                causes.environment[item] = file(path).map { .text($0.id.description) }
            } else {
                causes.environment[item] = record?.causes.environment[item]
            }
        }
        for name in stage.variables.map(\.value) { causes.variables[name] = record?.causes.variables[name] }
        causes.source = stage.source?.causes
        let products = stage.products.map(\.value).compactMap { path in file(path).map { (path, $0) } }
        return StageObservation(
            stage: stage, causes: causes, inputs: inputs, products: Dictionary(products) { first, _ in first }, missing: missing, missingKeys: [])
    }
}
