import Git
import Platform
import Repository

/// What a stage would run on, and what it has made, as things are now.
package struct StageObservation: Sendable {
    package let stage: Stage
    package let causes: RunRecord.Causes
    /// The inputs, with where they stand; those that are nowhere are missing here.
    package let inputs: [BytePath: PresentFile]
    /// Outputs and metrics likewise.
    package let products: [BytePath: PresentFile]
    /// Inputs, and files of parameters and environment, that are nowhere.
    package let missing: [BytePath]
    /// Parameters, as a record names them, that their files do not have.
    package let missingKeys: [String]

    /// The present identities of the products, as a record has them.
    package var productIDs: [String: ContentID] {
        Dictionary(stage.products.compactMap { path in products[path.value].map { (path.value.text, $0.id) } }) { first, _ in first }
    }
}

/// Looks at many stages at once; what several of them name is looked at once.
package struct StageObserver {
    private let repository: Repository
    /// Empty where a revision is looked at.
    private let top: BytePath
    private let revision: BytePath?
    private let processEnvironment: [[UInt8]]
    private var values: [BytePath: JSONValue] = [:]
    private var environments: [Question: JSONValue] = [:]

    private struct Question: Hashable {
        let text: String
        let modules: Set<String>?
    }

    package init(_ repository: Repository, environment: [[UInt8]] = Environment.all) throws(LineageError) {
        self.repository = repository
        revision = nil
        processEnvironment = environment
        top = try asking { () throws(RepositoryError) in try repository.worktree() }
    }

    /// Looks at a revision instead of the worktree. Of it, neither environment variables nor what an interpreter would
    /// say is known: they are missing in the answers.
    package init(_ repository: Repository, revision: BytePath) {
        self.repository = repository
        self.revision = revision
        processEnvironment = []
        top = ""
    }

    package mutating func look(at stages: some Collection<Stage>) throws(LineageError) -> [StageName: StageObservation] {
        try look(at: stages, and: []).stages
    }

    /// - Parameter files: what else is looked at.
    /// - Returns: the stages, and all files that they name.
    package mutating func look(
        at stages: some Collection<Stage>, and files: some Collection<BytePath>
    ) throws(LineageError) -> (stages: [StageName: StageObservation], files: [BytePath: PresentFile]) {
        var paths = Set(files)
        for stage in stages {
            paths.formUnion(stage.reads.map(\.value))
            paths.formUnion(stage.products.map(\.value))
            paths.formUnion(stage.environmentFiles.map(\.value))
        }
        let present: [BytePath: PresentFile]
        if let revision {
            present = try RevisionContents(repository, revision).look(at: paths)
        } else {
            present = try PresentContents(repository).look(at: paths)
        }
        var found: [StageName: StageObservation] = [:]
        for stage in stages { found[stage.name] = try observe(stage, present) }
        return (found, present)
    }

    private mutating func observe(_ stage: Stage, _ present: [BytePath: PresentFile]) throws(LineageError) -> StageObservation {
        var causes = RunRecord.Causes()
        var missing: [BytePath] = []
        var missingKeys: [String] = []
        causes.command = stage.command?.value
        if !stage.folder.isEmpty { causes.folder = stage.folder.text }
        for input in stage.inputs {
            if let file = present[input.value] { causes.inputs[input.value.text] = file.id } else { missing.append(input.value) }
        }
        for parameter in stage.parameters.map(\.value) {
            guard let file = present[parameter.file] else {
                if !missing.contains(parameter.file) { missing.append(parameter.file) }
                continue
            }
            let value = try value(of: parameter, file)
            if value == nil { missingKeys.append(parameter.text) }
            causes.parameters[parameter.text] = value ?? .null
        }
        for item in stage.environment {
            switch EnvironmentDependency(item.value) {
            case .file(let path)?:
                guard let file = present[path] else {
                    missing.append(path)
                    continue
                }
                causes.environment[item.value] = .text(file.id.description)
            case nil: break
            case _? where revision != nil: break
            case let dependency?:
                let modules: Set<String>? = if case .python(_, []) = dependency { imports(of: stage) } else { nil }
                let question = Question(text: item.value, modules: modules)
                if environments[question] == nil {
                    environments[question] = try dependency.state(in: top, environment: processEnvironment, imports: modules)
                }
                causes.environment[item.value] = environments[question]
            }
        }
        for variable in revision == nil ? stage.variables : [] {
            let prefix = Array("\(variable.value)=".utf8)
            let value = processEnvironment.first { $0.starts(with: prefix) }.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
            causes.variables[variable.value] = value.map { .text($0) } ?? .null
        }
        causes.source = stage.source?.causes
        func files(_ paths: [Stage.Path]) -> [BytePath: PresentFile] {
            Dictionary(paths.compactMap { path in present[path.value].map { (path.value, $0) } }) { first, _ in first }
        }
        return StageObservation(
            stage: stage, causes: causes, inputs: files(stage.inputs), products: files(stage.products), missing: missing, missingKeys: missingKeys)
    }

    /// What the Python scripts among the inputs import, and those in folders that are inputs; nil where there are none.
    private func imports(of stage: Stage) -> Set<String>? {
        var scripts: [BytePath] = []
        var folders: [BytePath] = []
        func sort(_ path: BytePath) {
            if path.text.hasSuffix(".py") || path.text.hasSuffix(".ipynb") { scripts.append(path) }
        }
        for input in stage.inputs.map(\.value) {
            if top.appending(input).isFolder { folders.append(input) } else { sort(input) }
        }
        // A folder of data has no scripts in it, and is not to be searched for ever.
        var count = 0
        while let folder = folders.popLast(), count < 10_000 {
            for name in (try? top.appending(folder).entries()) ?? [] where name.bytes.first != UInt8(ascii: ".") {
                count += 1
                let path = folder.appending(name)
                if (try? top.appending(path).status())?.kind == .folder { folders.append(path) } else { sort(path) }
            }
        }
        guard !scripts.isEmpty else { return nil }
        var modules: Set<String> = []
        for script in scripts {
            guard let source = try? WorktreeEntry.contents(script, under: top, limit: 4 << 20) else { continue }
            modules.formUnion(script.text.hasSuffix(".py") ? PythonImports.modules(ofScript: source) : PythonImports.modules(ofNotebook: source))
        }
        return modules
    }

    /// The value of a parameter now; nil where the file has no such key.
    private mutating func value(of parameter: Stage.Parameter, _ file: PresentFile) throws(LineageError) -> JSONValue? {
        guard !parameter.key.isEmpty else { return .text(file.id.description) }
        if values[parameter.file] == nil {
            values[parameter.file] = try ValueFile.parse(content(of: parameter.file, file), path: parameter.file)
        }
        return values[parameter.file].flatMap { ValueFile.value(at: parameter.key, in: $0) }
    }

    /// What stands at a path of the worktree; nil where nothing does. A link could lead to what is nobody's business, and
    /// values end up in records.
    private func contentWithoutLinks(of path: BytePath) throws(LineageError) -> [UInt8]? {
        do throws(WorktreePathError) {
            return try WorktreeEntry.contents(path, under: top, limit: 16 << 20)
        } catch {
            if case .system(let error) = error { throw .system(error) }
            throw .values(path, reason: "a symbolic link is in its place, or leads to it")
        }
    }

    private func content(of path: BytePath, _ file: PresentFile) throws(LineageError) -> [UInt8] {
        guard !file.isFolder else { throw .values(path, reason: "it is a folder") }
        if let revision {
            let name = BytePath(bytes: revision.bytes + [UInt8(ascii: ":")] + path.bytes)
            return try git { () throws(GitError) in try repository.git().blob(name) } ?? []
        }
        if let found = try contentWithoutLinks(of: path) {
            guard file.pointer?.text != found else {
                throw .values(path, reason: "its data is not here; git data pull")
            }
            return found
        }
        // Left out of a sparse checkout.
        let name = BytePath(bytes: [UInt8(ascii: ":")] + path.bytes)
        return try git { () throws(GitError) in try repository.git().blob(name) } ?? []
    }
}

extension Stage {
    /// Those of the environment's parts that are files.
    package var environmentFiles: [Path] {
        environment.compactMap { item in
            if case .file(let path) = EnvironmentDependency(item.value) { Path(path, line: item.line) } else { nil }
        }
    }
}

extension Stage.Source {
    /// As a record has it.
    package var causes: [String: String] {
        var causes = [kind.rawValue: value]
        causes["revision"] = revision
        causes["path"] = path?.text
        return causes
    }
}
