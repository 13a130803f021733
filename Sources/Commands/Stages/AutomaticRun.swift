import Lineage
import Platform
import Repository

/// `git data run --auto`: finds a stage's inputs and outputs by watching which files its command uses.
struct AutomaticRun {
    let context: CommandContext
    let repository: Repository
    /// What the options say.
    let stage: Stage
    let products: [BytePath]
    /// Those of the stage's products that only its run before has made.
    let carried: Set<BytePath>
    /// Refuses what does not go together with the other stages.
    let check: (Stage) throws -> Void

    /// A folder of which a command reads so many files is an input as a whole.
    private static let manyFiles = 20

    /// - Returns: the stage with all that was found, and its record.
    func run() throws -> (stage: Stage, record: RunRecord) {
        // A command that reads a pointer has read no data: what it asked for is fetched, and it begins again.
        for _ in 0..<20 {
            let execution = StageExecution(context: context, repository: repository, stage: stage, products: products)
            var found: Stage?
            let record = try execution.run { files in
                found = try complete(files)
                return found
            }
            if let found, let record { return (found, record) }
        }
        throw CommandFailure("the command of stage '\(stage.name)' reads other data each time, which is not here", hints: ["git data pull"])
    }

    /// The stage with what the command has used.
    /// - Returns: nil where it has read pointers, whose content is here now.
    private func complete(_ files: OpenedFiles) throws -> Stage? {
        switch files.road {
        case .calls: break
        case .byAnyProcess: context.output.warning("this system only tells that files were used, not by whom: look at what '\(stage.file)' names")
        case .comparison: context.output.warning("this system does not tell which files are read: name the inputs with -i")
        }
        if !files.isComplete { context.output.warning("not every use of a file was seen: look at what '\(stage.file)' names") }
        let known = try visible(files.read.union(files.written))
        let written = files.written.filter { known.contains($0) }
        let read = files.read.filter { known.contains($0) }
        if try fetchPointers(among: read) { return nil }
        var stage = stage
        // What this run has not made is not its output any more.
        let top = try repository.worktree()
        stage.outputs.removeAll { carried.contains($0.value) && !top.appending($0.value).isPresent }
        stage.metrics.removeAll { carried.contains($0.value) && !top.appending($0.value).isPresent }
        let outputs = stage.products.map(\.value)
        for path in written.sorted() where !outputs.contains(where: { path.isInside($0) }) {
            guard !read.contains(path) else {
                throw CommandFailure(
                    "the command of stage '\(stage.name)' reads '\(path)' and changes it, so that it is neither input nor output",
                    kept: "'\(path)' as the command left it", hints: ["git data run -i … -o … without --auto, and with copies"], exitCode: .failure)
            }
            stage.outputs.append(Stage.Path(path))
        }
        let others = Set(stage.parameters.map(\.value.file)).union(stage.environmentFiles.map(\.value))
        let new = read.subtracting(others).filter { path in
            !stage.inputs.contains { path.isInside($0.value) } && !stage.products.contains { path.isInside($0.value) }
        }
        stage.inputs += Self.summarised(new, listed: files.listed, avoiding: stage.products.map(\.value)).map { Stage.Path($0) }
        guard !stage.products.isEmpty else {
            throw CommandFailure("the command of stage '\(stage.name)' has made no file of this repository", kept: "nothing was recorded", exitCode: .failure)
        }
        for input in stage.inputs.map(\.value) { context.output.detail("input '\(input)'") }
        for output in stage.products.map(\.value) { context.output.detail("output '\(output)'") }
        // What a file could not say, watching cannot either.
        let whole: Stage
        do { whole = try Stage(stage.text, name: stage.name) } catch { throw CommandFailure(error.reason) }
        try check(whole)
        return whole
    }

    /// Those of the paths that Git would see, without what Python and Jupyter keep for themselves.
    private func visible(_ paths: Set<BytePath>) throws -> Set<BytePath> {
        let noise: Set<BytePath> = ["__pycache__", ".ipynb_checkpoints", ".git"]
        let candidates = paths.filter { path in
            path.isUTF8 && !path.isInside(StageName.folder) && !FolderAttributes.plainNames.contains { path == BytePath($0) }
                && !path.components.contains { noise.contains($0) } && !path.text.hasSuffix(".pyc")
        }
        return candidates.subtracting(try StageOutputs(context: context, repository: repository).ignored(among: candidates.sorted()))
    }

    /// - Returns: whether any stood as pointers.
    private func fetchPointers(among paths: Set<BytePath>) throws -> Bool {
        var standing: [PointerFile] = []
        _ = try PresentContents(repository).look(at: paths) { pointers throws(RepositoryError) in
            standing += try repository.standing(among: pointers)
        }
        guard !standing.isEmpty else { return false }
        context.output.message("It read \(Count.files(standing.count)) whose data is not here; fetching, then it runs again.")
        var reading = Stage(stage.name)
        reading.inputs = standing.map { Stage.Path($0.path) }
        try StageExecution(context: context, repository: repository, stage: reading, products: products).fetchInputs()
        return true
    }

    /// Files, or the folder in place of many of its files.
    private static func summarised(_ files: Set<BytePath>, listed: Set<BytePath>, avoiding products: [BytePath]) -> [BytePath] {
        var result: [BytePath] = []
        for (folder, inside) in Dictionary(grouping: files, by: \.parent).sorted(by: { $0.key < $1.key }) {
            let isWhole = inside.count >= manyFiles && listed.contains(folder) && folder != "." && !products.contains { $0.isInside(folder) || folder.isInside($0) }
            result += isWhole ? [folder] : inside.sorted()
        }
        return result.filter { path in !result.contains { $0 != path && path.isInside($0) } }
    }
}
