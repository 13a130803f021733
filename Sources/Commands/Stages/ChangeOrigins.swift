import Git
import Lineage
import Platform
import Repository

/// Who has changed what a stage reads, and when.
struct ChangeOrigins {
    private let repository: Repository

    init(_ repository: Repository) {
        self.repository = repository
    }

    /// A line for each input and file of parameters that changed since a run.
    func of(_ condition: StageCondition, since record: RunRecord) -> [String] {
        guard case .stale(let changes) = condition, let commit = record.commit else { return [] }
        var paths: [String] = []
        for change in changes {
            switch change {
            case .input(let path, _, _): paths.append(path)
            case .parameter(let name, _, _): paths.append(String(name.prefix { $0 != ":" }))
            default: break
            }
        }
        var lines: [String] = []
        // Each costs a walk of Git.
        for path in paths.prefix(10) where !lines.contains(where: { $0.hasPrefix("\(BytePath(path)): ") }) {
            guard let git = try? repository.git(),
                let answer = try? git.run([
                    "log", "-1", "--no-show-signature", "--format=%h by %an, %ar", BytePath("\(commit)..HEAD"), "--",
                    BytePath(bytes: Array(":(top,literal)".utf8) + path.utf8),
                ])
            else { continue }
            let text = answer.status == 0 ? answer.line.text : ""
            lines.append("\(BytePath(path)): " + (text.isEmpty ? "not committed yet" : BytePath(text).description))
        }
        return lines
    }
}
