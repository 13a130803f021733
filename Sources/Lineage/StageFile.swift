import Git
import Platform

extension Stage {
    /// Reads a recipe.
    ///
    /// Spec: git-config(1), "Syntax", for the form; `git data run --help` for the keys.
    /// - Throws: with the line of what makes no sense.
    package init(_ content: [UInt8], name: StageName) throws(StageError) {
        self.init(name)
        let file = ConfigurationFile(content)
        if let line = file.malformedLine { throw StageError(name.stageFile, line: line, "this is not Git's configuration syntax") }
        var revision: String?
        var path: BytePath?
        for entry in file.entries {
            let line = entry.line
            let text = entry.value.text
            func refuse(_ reason: String) -> StageError { StageError(name.stageFile, line: line, reason) }
            guard entry.value.isUTF8, entry.key.isUTF8 else { throw refuse("this is not UTF-8") }
            guard !text.isEmpty else { throw refuse("'\(entry.key)' has no value") }
            switch entry.key.text {
            case "stage.command":
                guard command == nil else { throw refuse("a second command; join them with '&&'") }
                command = Listed(text, line: line)
            case "stage.folder": folder = try Self.path(entry)(name)
            case "stage.input": inputs.append(Listed(try Self.path(entry)(name), line: line))
            case "stage.output", "source.output":
                let output = try Self.path(entry)(name)
                outputs.append(Listed(output, line: line))
                if text.hasSuffix("/") { folders.insert(output) }
            case "stage.metrics": metrics.append(Listed(try Self.path(entry)(name), line: line))
            case "stage.parameter": parameters.append(Listed(try Self.parameter(text, line, name), line: line))
            case "stage.environment":
                guard EnvironmentDependency(text) != nil else { throw refuse("'\(text)' is no file of the repository, nor anything that is known of an environment") }
                environment.append(Listed(text, line: line))
            case "stage.variable":
                guard Self.isVariable(text) else { throw refuse("'\(text)' is no name of an environment variable") }
                guard !RecordedVariables.isForbidden(text) else { throw refuse("the value of '\(text)' may be a secret, and would be in the record") }
                variables.append(Listed(text, line: line))
            case "source.revision": revision = text
            case "source.path": path = entry.value
            case let key:
                guard key.hasPrefix("source."), let kind = Source.Kind(rawValue: String(key.dropFirst("source.".count))) else {
                    throw refuse("'\(key)' is no key of a stage")
                }
                guard source == nil else { throw refuse("a second source") }
                source = Source(kind, text)
            }
        }
        source?.revision = revision
        source?.path = path
        try check()
    }

    /// What has to hold of a recipe as a whole.
    private func check() throws(StageError) {
        switch (command, source) {
        case (nil, nil): throw StageError(file, "there is neither a command nor a source in it")
        case (let command?, _?): throw StageError(file, line: command.line, "a stage with a source has no command")
        case (nil, _?):
            guard outputs.count == 1 else { throw StageError(file, "a source has one output, this has \(outputs.count)") }
            guard inputs.isEmpty, metrics.isEmpty, parameters.isEmpty else { throw StageError(file, "a source has no inputs, parameters or metrics") }
        case (_?, nil): break
        }
        var seen: [String: Int] = [:]
        for product in products {
            // Text that Swift calls equal is one key of a record.
            if let other = seen.updateValue(product.line, forKey: product.value.text) {
                throw StageError(file, line: product.line, "'\(product.value)' is an output already in line \(other)")
            }
            guard !product.value.isInside(StageName.folder) else {
                throw StageError(file, line: product.line, "an output cannot be in '\(StageName.folder)', where the records are")
            }
            guard !product.value.isEmpty else { throw StageError(file, line: product.line, "the whole worktree cannot be an output") }
        }
        seen = [:]
        let made = OverlappingPaths(products)
        for input in inputs {
            if let other = seen.updateValue(input.line, forKey: input.value.text) {
                throw StageError(file, line: input.line, "'\(input.value)' is an input already in line \(other)")
            }
            if let product = made.first(overlapping: input.value) {
                throw StageError(
                    file, line: input.line, "'\(input.value)' is input and, in line \(product.line), output of the same stage")
            }
        }
    }

    /// A path of a recipe: inside the worktree, and not in Git's folder.
    private static func path(_ entry: ConfigurationFile.Entry) -> (StageName) throws(StageError) -> BytePath {
        { name throws(StageError) in
            guard let path = stagePath(entry.value) else {
                throw StageError(name.stageFile, line: entry.line, "'\(entry.value)' is not a path inside the repository")
            }
            return path
        }
    }

    /// A path as a recipe may name it, from the top of the worktree, without a slash at its end.
    /// - Returns: nil for what is outside of the worktree, or in `.git`.
    package static func stagePath(_ given: BytePath) -> BytePath? {
        let path = given.normalized
        guard !given.isAbsolute, given.isUTF8, path.components.first != ".." else { return nil }
        let isGitFolder = path.components.contains { $0.text.lowercased() == ".git" }
        return isGitFolder ? nil : path
    }

    private static func parameter(_ text: String, _ line: Int, _ name: StageName) throws(StageError) -> Parameter {
        guard let parameter = Parameter(text) else {
            throw StageError(name.stageFile, line: line, "'\(text)' is not a file of the repository, or 'FILE:KEY'")
        }
        return parameter
    }

    private static func isVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// The recipe as text: what `init(_:name:)` reads.
    package var text: [UInt8] {
        var text: [UInt8] = []
        func put(_ key: String, _ value: some StringProtocol) { text += Array("\t\(key) = ".utf8) + Self.quoted(value) + [UInt8(ascii: "\n")] }
        if let source {
            text += Array("[source]\n".utf8)
            put(source.kind.rawValue, source.value)
            if let revision = source.revision { put("revision", revision) }
            if let path = source.path { put("path", path.text) }
        } else {
            text += Array("[stage]\n".utf8)
            if let command { put("command", command.value) }
            if !folder.isEmpty { put("folder", folder.text) }
        }
        for input in inputs { put("input", input.value.text) }
        for parameter in parameters { put("parameter", parameter.value.text) }
        for environment in environment { put("environment", environment.value) }
        for variable in variables { put("variable", variable.value) }
        for output in outputs { put("output", output.value.text + (folders.contains(output.value) ? "/" : "")) }
        for metrics in metrics { put("metrics", metrics.value.text) }
        return text
    }

    /// A value as Git's configuration syntax needs it.
    private static func quoted(_ value: some StringProtocol) -> [UInt8] {
        var quoted: [UInt8] = []
        var needsQuotes = value.first == " " || value.last == " "
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): quoted += Array("\\n".utf8)
            case UInt8(ascii: "\t"): quoted += Array("\\t".utf8)
            case UInt8(ascii: "#"), UInt8(ascii: ";"), UInt8(ascii: "\r"):
                needsQuotes = true
                quoted.append(byte)
            default: quoted.append(byte)
            }
        }
        let mark = UInt8(ascii: "\"")
        return needsQuotes ? [mark] + quoted + [mark] : quoted
    }
}

extension Stage.Parameter {
    /// `FILE` or `FILE:KEY`.
    /// - Returns: nil where the file is not in the worktree.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = Stage.stagePath(BytePath(String(parts[0]))), !path.isEmpty else { return nil }
        if parts.count == 2, parts[1].isEmpty { return nil }
        self.init(file: path, key: parts.count == 2 ? String(parts[1]) : "")
    }
}

/// Paths, of which those that overlap another one are found without comparing it with each.
private struct OverlappingPaths {
    private let paths: [Stage.Path]
    /// Each path, and each folder around one, with the position of the first that it belongs to.
    private var first: [BytePath: Int] = [:]
    private var own: [BytePath: Int] = [:]

    init(_ paths: [Stage.Path]) {
        self.paths = paths
        for (position, path) in paths.enumerated() {
            own[path.value] = min(own[path.value] ?? position, position)
            for folder in [path.value] + path.value.foldersAround where first[folder] == nil { first[folder] = position }
        }
    }

    /// The first that is the other path, in it, or around it.
    func first(overlapping other: BytePath) -> Stage.Path? {
        guard !other.isEmpty else { return paths.first }
        let positions = [first[other]].compactMap { $0 } + other.foldersAround.compactMap { own[$0] }
        return positions.min().map { paths[$0] }
    }
}

extension BytePath {
    /// Whether one of two paths is the other, or in it. All are in the empty path, the top.
    package func overlaps(_ other: BytePath) -> Bool {
        isEmpty || other.isEmpty || isInside(other) || other.isInside(self)
    }
}
