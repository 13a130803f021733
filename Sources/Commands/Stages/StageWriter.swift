import Git
import Lineage
import Platform
import Repository

/// Puts recipes and records where they belong.
struct StageWriter {
    let context: CommandContext
    let repository: Repository

    /// Writes recipe, record and environment, and stages them. Where that fails, recipe and record say what they said before:
    /// a record must not tell of outputs that are not there. What a process that is killed in between has not staged,
    /// `recover` stages.
    func write(_ stage: Stage, _ record: RunRecord, environment: EnvironmentRecord? = nil) throws {
        let top = try repository.worktree()
        let files = [stage.file, stage.name.recordFile]
        let before = try files.map { try WorktreeEntry.contents($0, under: top, limit: 64 << 20) }
        do {
            try change(stage, record, environment)
        } catch {
            do {
                for (file, content) in zip(files, before) {
                    if let content { try write(content, to: file) } else { try top.appending(file).removeFile() }
                }
                try note(stage.name).removeFile()
            } catch {
                // A disk that takes nothing any more leaves it to `recover`.
            }
            throw error
        }
    }

    /// What is about to be written, with a NUL behind each path.
    private func note(_ stage: StageName) -> BytePath { repository.runningFile(of: stage, Self.noteSuffix) }
    private static let noteSuffix = "staging"

    /// Stages what processes that were killed have written and not staged: their outputs are staged, and a commit without
    /// the record would not tell where they come from.
    static func recover(_ repository: Repository) throws {
        let folder = repository.location.gitFolder / Repository.runningFolder
        guard let names = try? folder.entries() else { return }
        for name in names where name.text.hasSuffix(".\(noteSuffix)") {
            let note = folder / name
            // Whoever writes has the turn.
            guard let turn = try Turn.ifFree(folder / BytePath("\(name.text.dropLast(noteSuffix.count))turn")) else { continue }
            defer { withExtendedLifetime(turn) {} }
            let top = try repository.worktree()
            let paths = try note.contents()?.split(separator: 0).map { BytePath(bytes: $0) }.filter { top.appending($0).isPresent } ?? []
            if !paths.isEmpty { try stage(paths, repository) }
            try note.removeFile()
        }
    }

    private static func stage(_ paths: [BytePath], _ repository: Repository) throws {
        try repository.git().change(["--literal-pathspecs", "add", "--force", "--"] + paths)
    }

    private func change(_ stage: Stage, _ record: RunRecord, _ environment: EnvironmentRecord?) throws {
        let top = try repository.worktree()
        let attributes = StageName.folder / ".gitattributes"
        var paths = [stage.file, stage.name.recordFile]
        if let environment { paths.append(environment.path) }
        // A run that was killed may have left it for this one to stage.
        let isPresent = top.appending(attributes).isPresent
        if try !isPresent || top.appending(attributes).contents(limit: 1 << 16) == Self.attributes { paths.append(attributes) }
        // What scripts have noted of the data that they use (`git_data.track` in Python).
        let uses = StageName.folder / "uses"
        if top.appending(uses).isFolder { paths.append(uses) }

        let note = note(stage.name)
        try note.parent.makeFolders()
        try note.replaceContents(with: paths.flatMap { $0.bytes + [0] }, permissions: 0o600)
        if try !isWritten(stage) { try write(stage.text, to: stage.file) }
        if let environment, !top.appending(environment.path).exists { try write(environment.text, to: environment.path) }
        try write(record.text, to: stage.name.recordFile)
        if !isPresent { try write(Self.attributes, to: attributes) }
        try Self.stage(paths, repository)
        try note.removeFile()
    }

    /// A link in place of a folder, which a project may have, would lead what is written out of the worktree.
    private func write(_ text: [UInt8], to path: BytePath) throws {
        try WorktreeEntry.find(path, under: repository.worktree(), makingFolders: true)?.replaceContents(with: text)
    }

    /// Records are text of one form on every machine, whatever the project says of JSON files, and are not merged line by line.
    private static let attributes = Array(
        "*.run.json merge=data -filter -text\n*.stage -filter text eol=lf\nenvironments/*.json -filter -text\n".utf8)

    /// Whether the file says the same already, comments and all.
    private func isWritten(_ stage: Stage) throws -> Bool {
        guard let content = try WorktreeEntry.contents(stage.file, under: repository.worktree(), limit: 1 << 20),
            let written = try? Stage(content, name: stage.name)
        else { return false }
        return written.text == stage.text
    }
}
