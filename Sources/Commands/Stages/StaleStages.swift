import Lineage
import Platform
import Repository

/// What `git data status` says of stages.
struct StaleStages {
    let repository: Repository

    /// Names the stages that are not fresh, and why. A recipe that makes no sense is said, and keeps nothing else from
    /// being said.
    func describe(_ output: Output) {
        do {
            let files = try StageFiles(in: repository.worktree())
            guard !files.stages.isEmpty else { return }
            let graph = try files.graph()
            var observer = try StageObserver(repository)
            let observations = try observer.look(at: graph.stages.values)
            var records: [StageName: RunRecord] = [:]
            for name in graph.order {
                do { records[name] = try files.record(of: name) } catch {
                    output.flush()
                    output.warning(Words.explain(error).0.what)
                }
            }
            let conditions = StageConditions(graph, observations, records)
            let stale = graph.order.filter { !conditions[$0].isFresh }
            output.line("Stages: \(graph.stages.count)" + (stale.isEmpty ? ", all up to date" : ""))
            let sources = stale.filter { graph.stages[$0]?.command == nil }
            if !sources.isEmpty {
                output.line()
                output.line("Not as imported (git restore, or git data import --update):")
                for name in sources { output.line("\t\(graph.stages[name]?.outputs.first?.value ?? ""): \(StageWords.causes(conditions[name]).joined(separator: "; "))") }
            }
            guard stale.count > sources.count else { return }
            output.line()
            output.line("Stale (git data repro):")
            let origins = ChangeOrigins(repository)
            for name in stale where graph.stages[name]?.command != nil {
                output.line("\t\(name): \(StageWords.causes(conditions[name]).joined(separator: "; "))")
                if let record = records[name] {
                    for line in origins.of(conditions[name], since: record) { output.line("\t\t\(line)") }
                }
            }
        } catch {
            output.flush()
            output.warning(Words.explain(error).0.what)
        }
    }
}
