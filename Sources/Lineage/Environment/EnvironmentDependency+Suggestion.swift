import Platform

extension EnvironmentDependency {
    /// What a recipe for a command names as its environment where a person does not say: for each language whose
    /// interpreter the command starts, the lock file at the top of the worktree, or else the interpreter with all its packages.
    ///
    /// - Parameters:
    ///   - command: a line of shell.
    ///   - worktree: its top.
    ///   - environment: what the command gets, `NAME=value` each.
    /// - Returns: values of `environment =`; none for a command that starts no interpreter that is known.
    package static func suggestion(
        forCommand command: String, worktree: BytePath, environment: [[UInt8]] = Environment.all
    ) -> [String] {
        var suggestions: [String] = []
        for interpreter in CommandPrograms(command, in: worktree, ProcessVariables(environment)).interpreters {
            let dependency = lockFile(of: interpreter, in: worktree).map { EnvironmentDependency.file($0) } ?? installed(interpreter)
            if !suggestions.contains(dependency.text) { suggestions.append(dependency.text) }
        }
        return suggestions
    }

    private static func installed(_ interpreter: CommandPrograms.Interpreter) -> EnvironmentDependency {
        switch interpreter.language {
        case .python: .python(interpreter: interpreter.name, packages: [])
        case .r: .r(interpreter: nil, packages: [])
        case .julia: .julia(interpreter: nil, packages: [])
        }
    }

    private static func lockFile(of interpreter: CommandPrograms.Interpreter, in worktree: BytePath) -> BytePath? {
        switch interpreter.language {
        case .r: return first(["renv.lock"], in: worktree)
        case .julia: return first(["Manifest.toml"], in: worktree)
        case .python:
            let own: [String: BytePath] = ["uv": "uv.lock", "poetry": "poetry.lock", "pdm": "pdm.lock", "pipenv": "Pipfile.lock", "pixi": "pixi.lock"]
            let preferred = interpreter.launcher.flatMap { own[$0] }.map { [$0] } ?? []
            let locks: [BytePath] = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml"]
            if let found = first(preferred + locks, in: worktree) { return found }
            return isLock(worktree / "requirements.txt") ? "requirements.txt" : nil
        }
    }

    private static func first(_ names: [BytePath], in worktree: BytePath) -> BytePath? {
        names.first { (worktree / $0).exists }
    }

    /// Whether each requirement of the file names one version. One that leaves the choice to pip says little of what is installed.
    private static func isLock(_ file: BytePath) -> Bool {
        guard let text = file.textContents() else { return false }
        var isContinued = false
        var count = 0
        for line in text.split(whereSeparator: \.isNewline).map(\.trimmingSpaces) {
            defer { isContinued = line.hasSuffix("\\") }
            if isContinued || line.isEmpty || line.hasPrefix("#") || line.hasPrefix("--") { continue }
            guard line.contains("==") || line.contains(" @ ") else { return false }
            count += 1
        }
        return count > 0
    }
}
