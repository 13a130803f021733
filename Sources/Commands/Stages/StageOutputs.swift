import Git
import Platform
import Repository

/// What a stage has made, on its way into the index.
struct StageOutputs {
    let context: CommandContext
    let repository: Repository

    /// Stages files and folders. What is large or no text, and that no pattern speaks of, becomes data first.
    /// - Parameter plain: what stays in Git whatever it is: metrics, recipes and records.
    func stage(_ paths: [BytePath], plain: [BytePath] = []) throws {
        try OutputTracking(context: context, repository: repository).track(files(at: paths), of: paths)
        let all = paths + plain
        guard !all.isEmpty else { return }
        try DataStaging.add(all, context, repository)
    }

    /// The files at or below paths, without those that Git ignores.
    private func files(at paths: [BytePath]) throws -> [BytePath] {
        guard !paths.isEmpty else { return [] }
        let listing: [BytePath] = [
            "--literal-pathspecs", "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--",
        ]
        return Set(try repository.git().query(listing + paths).records).sorted()
    }

    /// Those of the paths that Git ignores, so that they could not be added.
    func ignored(among paths: [BytePath]) throws -> [BytePath] {
        guard !paths.isEmpty else { return [] }
        let answer = try repository.git().run(["check-ignore", "-z", "--stdin"], input: paths.flatMap { $0.bytes + [0] })
        return answer.status == 0 ? answer.records : []
    }
}
