import Git
import Platform
import Repository

/// Which data a script reads: what it said itself while it ran, through `git_data.track` (`lineage/uses/<script>.uses`),
/// and the inputs of the stages that run it.
package struct ScriptUses: Equatable, Sendable {
    /// A file or folder of another revision than the one that is checked out.
    package struct Earlier: Hashable, Sendable {
        package let path: BytePath
        /// As the script named it: `v1.2`.
        package let revision: BytePath
    }

    /// Files and folders, from the top of the worktree; the empty path is everything.
    package private(set) var paths: Set<BytePath> = []
    package private(set) var earlier: Set<Earlier> = []

    package init() {}

    /// The record that the script's runs have left, from the top of the worktree.
    package static func file(of script: BytePath) -> BytePath {
        (StageName.folder / "uses" / script).adding(suffix: ".uses")
    }

    /// Adds what a record says: a path on each line, of another revision with a tab and the revision behind it. Lines that
    /// name nothing inside the repository are passed over, as are the marks of a merge.
    package mutating func add(record: [UInt8]) {
        for line in record.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: "\t"), maxSplits: 1)
            guard let first = parts.first, !Self.isConflictMark(line) else { continue }
            let given = BytePath(bytes: first)
            let path = given.normalized
            guard !given.isAbsolute, path.components.first != ".." else { continue }
            if parts.count == 2 {
                earlier.insert(Earlier(path: path, revision: BytePath(bytes: parts[1])))
            } else {
                paths.insert(path)
            }
        }
    }

    /// Adds the inputs of a stage.
    package mutating func add(inputsOf stage: Stage) {
        paths.formUnion(stage.inputs.map(\.value))
    }

    package mutating func formUnion(_ other: ScriptUses) {
        paths.formUnion(other.paths)
        earlier.formUnion(other.earlier)
    }

    private static func isConflictMark(_ line: ArraySlice<UInt8>) -> Bool {
        line == Array("=======".utf8)[...] || ["<<<<<<< ", ">>>>>>> ", "||||||| "].contains { line.starts(with: $0.utf8) }
    }
}

extension Stage {
    /// Whether the stage runs this script: has it among its inputs, or names it in its command, by its path or, as
    /// `python -m` does, as a module.
    /// - Parameter script: from the top of the worktree.
    package func runs(_ script: BytePath) -> Bool {
        if inputs.contains(where: { $0.value == script }) { return true }
        guard let command else { return false }
        // As the shell parts words, near enough: what is quoted around a path falls away.
        let words = command.value.split { " \t\n;&|()<>\"'=".contains($0) }.map(String.init)
        for (position, word) in words.enumerated() {
            if (folder / BytePath(word)).normalized == script { return true }
            guard position > 0, words[position - 1] == "-m" else { continue }
            let module = (folder / BytePath(word.replacing(".", with: "/"))).normalized
            if script == module.adding(suffix: ".py") || script == module / "__main__.py" { return true }
        }
        return false
    }
}

extension Repository {
    /// What is known of the data that a script reads; nil where nothing is: it has never run with `git_data.track`, and
    /// no stage runs it. Stages that make no sense are passed over: what they would read, nobody can know.
    /// - Parameter script: from the top of the worktree.
    package func uses(of script: BytePath) throws(RepositoryError) -> ScriptUses? {
        let top = try worktree()
        var uses: ScriptUses?
        if let record = try regularContent(top / ScriptUses.file(of: script)) { uses = uses.adding { $0.add(record: record) } }
        for (path, content) in try stageFiles(in: StageName.folder, top) {
            guard let name = StageName(stageFile: path), let stage = try? Stage(content, name: name), stage.runs(script) else {
                continue
            }
            uses = uses.adding { $0.add(inputsOf: stage) }
        }
        return uses
    }

    /// The recipes in the worktree, without following a link.
    private func stageFiles(in folder: BytePath, _ top: BytePath) throws(RepositoryError) -> [(path: BytePath, content: [UInt8])] {
        let names: [BytePath]
        do throws(SystemError) { names = try (top / folder).entries() } catch {
            if error.isAbsent { return [] }
            throw .system(error)
        }
        var files: [(path: BytePath, content: [UInt8])] = []
        for name in names.sorted() {
            let path = folder / name
            guard let status = try? (top / path).status() else { continue }
            if status.kind == .folder {
                files += try stageFiles(in: path, top)
            } else if StageName(stageFile: path) != nil, let content = try regularContent(top / path) {
                files.append((path, content))
            }
        }
        return files
    }

    /// - Returns: nil for what is no file, such as a link that leads elsewhere.
    private func regularContent(_ file: BytePath) throws(RepositoryError) -> [UInt8]? {
        do throws(SystemError) { return try file.regularContents(limit: 16 << 20) } catch { throw .system(error) }
    }
}

extension ScriptUses? {
    fileprivate func adding(_ change: (inout ScriptUses) -> Void) -> ScriptUses {
        var uses = self ?? ScriptUses()
        change(&uses)
        return uses
    }
}
