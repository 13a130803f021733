import Git
import ObjectStore
import Platform
import Repository

/// What a stage has made, on its way into the index.
struct StageOutputs {
    let context: CommandContext
    let repository: Repository

    /// So many files at once are few questions to Git, and little memory.
    private static let portionCount = 4096

    /// Stages files and folders. What is large or no text, and that no pattern speaks of, becomes data first.
    /// - Parameter plain: what stays in Git whatever it is: metrics, recipes and records.
    func stage(_ paths: [BytePath], plain: [BytePath] = []) throws {
        let tracking = OutputTracking(context: context, repository: repository, of: paths)
        try forEachPortion(at: paths) { try tracking.look(at: $0) }
        try tracking.track()
        let all = paths + plain
        guard !all.isEmpty else { return }
        try DataStaging.add(all, context, repository)
    }

    /// Calls `body` with the files at or below paths, without those that Git ignores, many at once.
    private func forEachPortion(at paths: [BytePath], _ body: ([BytePath]) throws -> Void) throws {
        guard !paths.isEmpty else { return }
        let listing: [BytePath] = [
            "--literal-pathspecs", "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--",
        ]
        let found = RecordSpool(in: try repository.store())
        try repository.git().forEachRecord(of: listing + paths, endingWith: 0) { found.add($0) }
        var reader = found.reader()
        var portion: [BytePath] = []
        while let path = try reader.next() {
            portion.append(BytePath(bytes: path))
            guard portion.count >= Self.portionCount else { continue }
            try body(portion)
            portion.removeAll(keepingCapacity: true)
        }
        if !portion.isEmpty { try body(portion) }
    }

    /// Those of the paths that Git ignores, so that they could not be added.
    func ignored(among paths: [BytePath]) throws -> [BytePath] {
        guard !paths.isEmpty else { return [] }
        let answer = try repository.git().run(["check-ignore", "-z", "--stdin"], input: paths.flatMap { $0.bytes + [0] })
        return answer.status == 0 ? answer.records : []
    }
}
