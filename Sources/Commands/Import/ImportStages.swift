import Lineage
import Platform
import Repository

/// The stages of the worktree that are imports, and the records of them.
struct ImportStages {
    let repository: Repository
    /// In the order of their names.
    let stages: [Stage]

    /// - Throws: `CommandFailure` where a recipe makes no sense.
    init(_ repository: Repository) throws {
        self.repository = repository
        let top = try repository.worktree()
        var found: [Stage] = []
        func walk(_ folder: BytePath) throws {
            for name in try (top / folder).entries() {
                let path = folder / name
                guard let status = try (top / path).status() else { continue }
                if status.kind == .folder {
                    try walk(path)
                } else if status.kind == .regular, let stage = StageName(stageFile: path), let content = try (top / path).regularContents(limit: 1 << 20) {
                    do throws(StageError) { found.append(try Stage(content, name: stage)) } catch { throw Self.failure(error) }
                }
            }
        }
        if try (top / StageName.folder).status()?.kind == .folder { try walk(StageName.folder) }
        stages = found.sorted { $0.name < $1.name }
    }

    private static func failure(_ error: StageError) -> CommandFailure {
        CommandFailure("'\(error.file)'" + (error.line.map { ", line \($0)" } ?? "") + ": \(error.reason)")
    }

    /// What the last import has left; nil where there was none.
    func record(of name: StageName) throws -> RunRecord? {
        guard let content = try StageFiles.recordContent(of: name, in: repository.worktree()) else { return nil }
        do throws(LineageError) {
            return try RunRecord(content, file: name.recordFile)
        } catch {
            guard case .record(let file, let reason) = error else { throw error }
            throw CommandFailure("'\(file)': \(reason)", hints: ["git checkout HEAD -- \(ShellWord.quoted(file))"])
        }
    }

    /// Refuses an import whose name or output is another stage's.
    func check(_ order: ImportOrder) throws {
        for stage in stages {
            let outputs = stage.products.map(\.value)
            if stage.name == order.name {
                guard stage.source != nil else {
                    throw CommandFailure("'\(stage.name)' is a stage with a command already", hints: ["choose another name, by --name"])
                }
                guard outputs == [order.output] else {
                    throw CommandFailure("'\(stage.name)' is the stage of '\(outputs[0])' already", hints: ["choose another name, by --name"])
                }
            } else if let shared = outputs.first(where: { $0 == order.output || $0.isInside(order.output) || order.output.isInside($0) }) {
                throw CommandFailure(
                    "'\(shared)' is what the stage '\(stage.name)' makes already",
                    hints: stage.source == nil ? [] : ["git data import --update \(stage.name)"])
            }
        }
    }

    /// The imports that arguments name, by the stage or by a path, which may be a folder with many; all where there are
    /// none.
    func chosen(_ arguments: [BytePath], _ context: CommandContext) throws -> [Stage] {
        let imports = stages.filter { $0.source != nil }
        guard !arguments.isEmpty else { return imports }
        var chosen: [Stage] = []
        for argument in arguments {
            let named = imports.filter { BytePath($0.name.text) == argument || $0.file == argument }
            var found = named
            if named.isEmpty {
                let path = try context.paths([argument], in: repository)[0]
                found = imports.filter { stage in
                    stage.file == path || stage.outputs.contains { $0.value.isInside(path) || path.isInside($0.value) }
                }
            }
            guard !found.isEmpty else { throw CommandFailure("nothing was imported to '\(argument)'") }
            chosen += found.filter { stage in !chosen.contains { $0.name == stage.name } }
        }
        return chosen
    }
}
