import Platform

/// The interpreters that a shell command starts, as far as its words show.
struct CommandPrograms {
    enum Language: String, CaseIterable {
        case python, r, julia
    }

    struct Interpreter: Equatable {
        let language: Language
        /// As `EnvironmentDependency` names it; nil for the one that a shell starts by the language's own name.
        let name: BytePath?
        /// What starts it, where that is a tool with a lock file of its own: `uv`, `poetry`.
        var launcher: String?
        /// Whether it is really the one that runs, and not one that its launcher keeps where only that finds it.
        var isFound = true
    }

    /// Each once, in the order of the command.
    private(set) var interpreters: [Interpreter] = []

    private let folder: BytePath
    private let variables: ProcessVariables

    init(_ command: String, in folder: BytePath, _ variables: ProcessVariables) {
        self.folder = folder
        self.variables = variables
        for words in Self.simpleCommands(command) {
            if let found = interpreter(words[...], launcher: nil), !interpreters.contains(found) { interpreters.append(found) }
        }
    }

    /// The words of each simple command, without quotes and assignments.
    ///
    /// Source: POSIX, "Shell Command Language", 2.2 and 2.9. Substitutions stay as they are.
    static func simpleCommands(_ command: String) -> [[String]] {
        var commands: [[String]] = [[]]
        var word: String?
        var quote: Character?
        var isEscaped = false
        func endWord() {
            if let found = word { commands[commands.count - 1].append(found) }
            word = nil
        }
        for character in command {
            if isEscaped {
                word = (word ?? "") + (character == "\n" ? "" : String(character))
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote != nil {
                word = (word ?? "") + String(character)
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == " " || character == "\t" {
                endWord()
            } else if "&|;()\n".contains(character) {
                endWord()
                commands.append([])
            } else {
                word = (word ?? "") + String(character)
            }
        }
        endWord()
        let keywords: Set<String> = ["if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"]
        return commands.map { words in Array(words.drop { keywords.contains($0) || isAssignment($0) }) }.filter { !$0.isEmpty }
    }

    private static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "="), equals != word.startIndex, word.utf8.first?.isDigit == false else { return false }
        return word[..<equals].utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") }
    }

    /// Programs that start another with the words behind their own options. Options that take a value, where there are any.
    private static let wrappers: [String: Set<String>] = [
        "env": ["-u", "-C"], "nice": ["-n"], "nohup": [], "exec": [], "command": [], "stdbuf": ["-i", "-o", "-e"],
        "timeout": ["-s", "-k"], "ionice": ["-c", "-n"], "numactl": [], "taskset": [], "xvfb-run": [], "srun": [], "mpirun": ["-n", "-np"],
    ]
    /// Tools that start a program in the environment of a project: `uv run python …`.
    private static let launchers: Set<String> = ["uv", "poetry", "pdm", "pipenv", "pixi", "rye", "hatch"]
    private static let shells: Set<String> = ["sh", "bash", "dash", "zsh", "ksh"]
    /// Programs that are written in Python, for when they are not installed yet.
    private static let pythonPrograms: Set<String> = ["jupyter", "papermill", "torchrun", "accelerate", "deepspeed"]

    private func interpreter(_ words: ArraySlice<String>, launcher: String?) -> Interpreter? {
        guard let program = words.first else { return nil }
        let name = BytePath(program).lastComponent.text
        if let valued = Self.wrappers[name] {
            var rest = words.dropFirst()
            while let word = rest.first, word.hasPrefix("-") || Self.isAssignment(word) {
                rest = rest.dropFirst(valued.contains(word) ? 2 : 1)
            }
            if name == "timeout" || name == "taskset" { rest = rest.dropFirst() }
            return interpreter(rest, launcher: launcher)
        }
        if Self.shells.contains(name), let option = words.dropFirst().firstIndex(where: { $0.hasPrefix("-") && $0.hasSuffix("c") }) {
            return words[(option + 1)...].first.flatMap { CommandPrograms($0, in: folder, variables).interpreters.first }
        }
        if Self.launchers.contains(name) {
            guard let run = words.firstIndex(of: "run") else { return nil }
            // Options of the launcher may take values: what stands behind them is Python, but where it is clearly something else.
            let rest = words[(run + 1)...].drop { $0.hasPrefix("-") }
            if let found = interpreter(rest, launcher: name), found.language != .python { return found }
            return Interpreter(language: .python, name: projectPython, launcher: name, isFound: projectPython != nil || variables["VIRTUAL_ENV"] != nil)
        }
        if let language = Self.language(name) { return Interpreter(language: language, name: given(program, language), launcher: launcher) }
        if let script = script(BytePath(program)), let found = shebang(of: script) { return found }
        return Self.pythonPrograms.contains(name) ? Interpreter(language: .python, name: nil, launcher: launcher) : nil
    }

    private func script(_ program: BytePath) -> BytePath? {
        guard let file = variables.programs(program, from: folder).first else { return nil }
        return PyenvShims(file).map { $0.program(program, in: folder, variables) } ?? file
    }

    /// The language of an interpreter's name: `python3.11`, `Rscript`.
    static func language(_ name: String) -> Language? {
        switch name {
        case "Rscript", "R", "littler": return .r
        case "julia": return .julia
        case "pypy", "pypy3", "ipython": return .python
        default:
            guard name.hasPrefix("python") else { return nil }
            return name.dropFirst("python".count).utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") } ? .python : nil
        }
    }

    /// The interpreter's name for a recipe: none for the one that is meant without a name, and no path of this machine.
    private func given(_ program: String, _ language: Language) -> BytePath? {
        guard language == .python else { return nil }
        let path = BytePath(program)
        guard let found = PythonInstallation.find(path, in: folder, variables) else { return nil }
        if let usual = PythonInstallation.find(nil, in: folder, variables), usual.executable == found.executable
            || usual.executable.resolvedOrSame == found.executable.resolvedOrSame && usual.prefix == found.prefix
        {
            return nil
        }
        guard program.contains("/") else { return path }
        return path.absolute(from: folder).normalized.relative(to: folder) ?? path
    }

    /// The interpreter of the environment that uv and others keep in the project.
    private var projectPython: BytePath? {
        let path: BytePath = ".venv/bin/python"
        return (folder / path).exists ? path : nil
    }

    private func shebang(of script: BytePath) -> Interpreter? {
        guard let text = script.textContents(limit: 256), text.hasPrefix("#!") else { return nil }
        var words = text.dropFirst(2).prefix { $0 != "\n" && $0 != "\r\n" }.split(separator: " ").map(String.init)[...]
        if let first = words.first, BytePath(first).lastComponent == "env" { words = words.dropFirst().drop { $0.hasPrefix("-") } }
        guard let program = words.first, let language = Self.language(BytePath(program).lastComponent.text) else { return nil }
        return Interpreter(language: language, name: given(program, language))
    }
}
