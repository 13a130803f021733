import Platform

/// What a recipe's `environment =` names: something outside of the inputs that, changed, makes a stage stale.
///
/// A path in the worktree (`uv.lock`) stands for that file. `python`, `r`, `julia` and `conda` stand for what is installed
/// there: the interpreter's version and every package, or, behind a colon, the packages named and all that they require
/// (`python:numpy,pandas`). Where scripts are among a stage's inputs, `python` alone counts the packages that they import,
/// and what those require; `python:*` counts all. Between, `@` names another interpreter than the one that a shell would start
/// (`python@.venv/bin/python:numpy`). `container` stands for the image that the process runs in. A file of one of these
/// names is written `./python`.
package enum EnvironmentDependency: Hashable, Sendable {
    /// From the top of the worktree.
    case file(BytePath)
    /// - Parameters:
    ///   - interpreter: a name on `PATH`, or a path from the top of the worktree; nil for the one that a shell starts.
    ///   - packages: those that count, with what they require; empty for all.
    case python(interpreter: BytePath?, packages: [String])
    /// As `python`.
    case r(interpreter: BytePath?, packages: [String])
    /// The packages are those of the active project's manifest.
    case julia(interpreter: BytePath?, packages: [String])
    /// The packages of the active conda environment, with their builds.
    case conda(packages: [String])
    case container

    /// - Parameter text: a value of `environment =`.
    /// - Returns: nil for what is neither a path inside the worktree nor one of the forms above.
    package init?(_ text: String) {
        let kind = String(text.prefix { $0 != "@" && $0 != ":" })
        guard let parts = Self.parts(text.dropFirst(kind.count)) else {
            if Self.kinds.contains(kind) { return nil }
            self.init(file: text)
            return
        }
        switch kind {
        case "python": self = .python(interpreter: parts.interpreter, packages: parts.packages)
        case "r": self = .r(interpreter: parts.interpreter, packages: parts.packages)
        case "julia": self = .julia(interpreter: parts.interpreter, packages: parts.packages)
        case "conda" where parts.interpreter == nil: self = .conda(packages: parts.packages)
        case "container" where parts.interpreter == nil && parts.packages.isEmpty: self = .container
        case "conda", "container": return nil
        default: self.init(file: text)
        }
    }

    private static let kinds: Set<String> = ["python", "r", "julia", "conda", "container"]

    private init?(file text: String) {
        guard let path = Stage.stagePath(BytePath(text)), !path.isEmpty else { return nil }
        self = .file(path)
    }

    /// Reads `[@INTERPRETER][:NAME[,NAME]…]`.
    private static func parts(_ text: Substring) -> (interpreter: BytePath?, packages: [String])? {
        var interpreter: BytePath?
        var rest = text
        if rest.first == "@" {
            let name = rest.dropFirst().prefix { $0 != ":" }
            guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
            interpreter = BytePath(String(name))
            rest = rest.dropFirst(1 + name.count)
        }
        guard rest.first == ":" else { return rest.isEmpty ? (interpreter, []) : nil }
        let names = rest.dropFirst().split(separator: ",", omittingEmptySubsequences: false)
            .map { String($0).trimmingSpaces }
        guard names.allSatisfy(isPackage) || names == ["*"] else { return nil }
        return (interpreter, Array(Set(names)).sorted())
    }

    private static func isPackage(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0.isLetterOrDigit || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0) }
    }

    /// As a recipe has it.
    package var text: String {
        switch self {
        // A file that would be read as something else is named from the folder that it is in.
        case .file(let path): EnvironmentDependency(path.text) == self ? path.text : "./\(path.text)"
        case .python(let interpreter, let packages): Self.text("python", interpreter, packages)
        case .r(let interpreter, let packages): Self.text("r", interpreter, packages)
        case .julia(let interpreter, let packages): Self.text("julia", interpreter, packages)
        case .conda(let packages): Self.text("conda", nil, packages)
        case .container: "container"
        }
    }

    private static func text(_ kind: String, _ interpreter: BytePath?, _ packages: [String]) -> String {
        kind + (interpreter.map { "@\($0.text)" } ?? "") + (packages.isEmpty ? "" : ":" + packages.joined(separator: ","))
    }

    /// What is there now, read from files alone: no process is started.
    ///
    /// An object of the interpreter's version and each package's, by name: `{"python": "3.11.2", "numpy": "2.1.0"}`. null
    /// stands for what is not there. Of a package that was not installed from an index, the version says so:
    /// `1.0 (editable)`, `1.0 (git 3f2a…)`. For `container` it is the image's digest or id, or null where that cannot be known.
    ///
    /// - Parameters:
    ///   - folder: the top of the worktree.
    ///   - environment: what the command gets, `NAME=value` each.
    ///   - modules: what the stage's Python scripts import; nil where none are known. `python` alone counts their packages.
    /// - Throws: `LineageError.values` for `file`, which has no state but its content.
    package func state(
        in folder: BytePath, environment: [[UInt8]] = Environment.all, imports modules: Set<String>? = nil
    ) throws(LineageError) -> JSONValue {
        let variables = ProcessVariables(environment)
        switch self {
        case .file(let path): throw .values(path, reason: "a file counts by its content")
        case .python(let interpreter, let packages):
            guard let python = PythonInstallation.find(interpreter, in: folder, variables) else {
                return Self.object("python", nil, packages.map { (PythonPackages.normalized($0), nil) })
            }
            let installed = PythonPackages(of: python)
            let names: [String]
            switch (packages, modules) {
            case (["*"], _), ([], nil): names = installed.names
            case ([], let modules?): names = installed.closure(of: installed.distributions(providing: modules))
            default: names = installed.closure(of: packages)
            }
            return Self.object("python", python.version, names.map { ($0, installed.version(of: $0)) })
        case .r(let interpreter, let packages):
            guard let r = RInstallation.find(interpreter, in: folder, variables) else { return Self.object("r", nil, packages.map { ($0, nil) }) }
            return Self.object("r", r.version, r.packages(packages))
        case .julia(let interpreter, let packages):
            guard let julia = JuliaInstallation.find(interpreter, in: folder, variables) else {
                return Self.object("julia", nil, packages.map { ($0, nil) })
            }
            return Self.object("julia", julia.version, julia.packages(packages))
        case .conda(let packages):
            guard let conda = CondaEnvironment.find(in: folder, variables) else { return Self.object("conda", nil, packages.map { ($0, nil) }) }
            return Self.object(nil, nil, conda.packages(packages))
        case .container: return ContainerImage.current(variables).map { .text($0) } ?? .null
        }
    }

    private static func object(_ interpreter: String?, _ version: String?, _ packages: [(String, String?)]) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for (name, version) in packages { members[name] = version.map { .text($0) } ?? .null }
        // A package of the interpreter's name would be in its place.
        if let interpreter { members[interpreter] = version.map { .text($0) } ?? .null }
        return .object(members)
    }
}

extension UInt8 {
    var isLetterOrDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}

extension StringProtocol {
    /// Without spaces, tabs and line ends at both ends.
    var trimmingSpaces: String {
        let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || (0x09...0x0d).contains($0) }
        var rest = Array(utf8)[...]
        while let first = rest.first, isSpace(first) { rest = rest.dropFirst() }
        while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
        return String(decoding: rest, as: UTF8.self)
    }
}
