import Digest
import Lineage
import Platform
import Repository

/// What stages that are not fresh would read of what is data.
struct StageNeeds {
    /// In the order of paths, each once; wherever their content is.
    let files: [PointerFile]

    /// Compares all stages with their records; no data is needed for that.
    init(_ repository: Repository) throws {
        let stages = try StageFiles(in: repository.worktree())
        let graph = try stages.graph()
        var observer = try StageObserver(repository)
        let conditions = try StageConditions(graph, observer.look(at: graph.stages.values), stages.readRecords())
        let stale = graph.order.compactMap { graph.stages[$0] }.filter { $0.command != nil && !conditions[$0.name].isFresh }
        let made = stale.flatMap { $0.products.map(\.value) }
        let read = Set(stale.flatMap { ($0.reads + $0.environmentFiles).map(\.value) })
        var files: [PointerFile] = []
        _ = try PresentContents(repository).look(at: read) { pointers in
            files += pointers.filter { pointer in !made.contains { pointer.path.isInside($0) } }
        }
        self.files = files
    }

    /// The SHA-256 of the oids, one to a line, each once, in their order.
    var key: ObjectID {
        let oids = Set(files.map(\.pointer.oid.hex)).sorted()
        return .of(Array(oids.map { "\($0)\n" }.joined().utf8))
    }
}
