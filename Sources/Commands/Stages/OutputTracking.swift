import Git
import Platform
import Repository

/// Makes data of what a stage or an import has brought, where that is large or no text and no pattern speaks of it.
final class OutputTracking {
    private let context: CommandContext
    private let repository: Repository
    private let outputs: [BytePath]
    /// Those of the outputs that are to become a pattern: of the file itself, or of all that is in the folder.
    private var heavy: (files: Set<BytePath>, folders: Set<BytePath>) = ([], [])

    /// - Parameter outputs: from the top of the worktree: files, and folders, of which each becomes one pattern.
    init(context: CommandContext, repository: Repository, of outputs: [BytePath]) {
        (self.context, self.repository, self.outputs) = (context, repository, outputs)
    }

    /// As many bytes of a file as Git looks at to tell binary from text.
    private static let probeByteCount = 8000

    /// Looks which of the files Git should not hold itself.
    /// - Parameter files: from the top of the worktree.
    func look(at files: [BytePath]) throws {
        try look(atData: try unsettled(files).filter { try isHeavy($0) })
    }

    /// As above, for files that are data wherever they were made.
    func look(atData files: [BytePath]) throws {
        for file in try unspoken(among: unsettled(files)) {
            for output in outputs where file.isInside(output) {
                if file == output { heavy.files.insert(output) } else { heavy.folders.insert(output) }
            }
        }
    }

    /// Those of the files that still may make a difference.
    private func unsettled(_ files: [BytePath]) -> [BytePath] {
        if heavy.folders.isEmpty { return files }
        return files.filter { file in outputs.contains { file.isInside($0) && !heavy.folders.contains($0) } }
    }

    /// Adds patterns for what was found, and stages them.
    func track() throws {
        guard !heavy.files.isEmpty || !heavy.folders.isEmpty else { return }
        try FolderAttributes.exclusively(repository) { try addPatterns() }
    }

    private func addPatterns() throws {
        var attributes = try FolderAttributes(repository, folder: "")
        var new: [AttributePattern] = []
        for output in outputs where heavy.files.contains(output) || heavy.folders.contains(output) {
            let exact = AttributePattern(exactly: output)
            let pattern = heavy.folders.contains(output) ? AttributePattern(bytes: exact.bytes + Array("/**".utf8)) : exact
            guard AttributesFile.line(for: pattern).count < AttributeLine.byteLimit else {
                throw CommandFailure("'\(output)' is too long for a line of .gitattributes")
            }
            guard attributes.file.track(pattern) != .present else { continue }
            new.append(pattern)
            context.output.message("Tracking '\(pattern.shown)' as data.")
        }
        guard !new.isEmpty else { return }
        let names = try attributes.plainNames(matching: new)
        if !names.isEmpty { attributes.file.except(names) }
        try attributes.save()
        try stage(new, except: names, in: attributes.path)
    }

    /// Gives the index the same lines, and nothing else that a person may have changed in the file and not staged: a
    /// commit of the pointers without them would be one of pointers that nobody fills.
    private func stage(_ patterns: [AttributePattern], except names: [String], in file: BytePath) throws {
        let git = try repository.git()
        let present = try git.blob(BytePath(bytes: Array(":0:".utf8) + file.bytes)) ?? []
        var staged = AttributesFile(present)
        for pattern in patterns { _ = staged.track(pattern) }
        if !names.isEmpty { staged.except(names) }
        guard staged.content != present else { return }
        if try repository.worktree().appending(file).contents() == staged.content {
            try git.change(["--literal-pathspecs", "add", "--force", "--", file])
            return
        }
        let name = try git.query(["hash-object", "-w", "--stdin"], input: staged.content).line
        try git.change(["update-index", "--add", "--cacheinfo", BytePath(bytes: Array("100644,".utf8) + name.bytes + [UInt8(ascii: ",")] + file.bytes)])
    }

    /// Those of the paths of whose filter `.gitattributes` says nothing; `-filter` keeps a file in Git.
    private func unspoken(among paths: [BytePath]) throws -> [BytePath] {
        guard !paths.isEmpty else { return [] }
        // `<path>` NUL `filter` NUL `<value>` NUL
        let answer = try repository.git().query(["check-attr", "-z", "--stdin", "filter"], input: paths.flatMap { $0.bytes + [0] })
        let fields = answer.records
        return stride(from: 0, to: fields.count - 2, by: 3).compactMap { fields[$0 + 2] == "unspecified" ? fields[$0] : nil }
    }

    private func isHeavy(_ path: BytePath) throws -> Bool {
        guard !FolderAttributes.plainNames.contains(where: { path.lastComponent == BytePath($0) }) else { return false }
        let file = try repository.worktree().appending(path)
        guard let status = try file.status(), status.kind == .regular, status.byteCount > 0 else { return false }
        if status.byteCount >= (try repository.settings().trackAbove) { return true }
        return try file.contents(limit: Self.probeByteCount)?.contains(0) ?? false
    }
}
