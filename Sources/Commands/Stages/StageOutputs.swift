import Git
import Platform
import Repository

/// What a stage or an import has made, on its way into the index.
struct StageOutputs {
    let context: CommandContext
    let repository: Repository

    /// Stages files and folders. What is large or no text, and that no pattern speaks of, becomes data first.
    /// - Parameter plain: what stays in Git whatever it is: metrics, recipes and records.
    func stage(_ paths: [BytePath], plain: [BytePath] = []) throws {
        let tracked = try track(paths)
        let all = paths + plain + (tracked ? [FolderAttributes.name] : [])
        guard !all.isEmpty else { return }
        try DataStaging.add(all, context, repository)
    }

    /// - Returns: whether `.gitattributes` was changed.
    private func track(_ paths: [BytePath]) throws -> Bool {
        let limit = try repository.settings().trackAbove
        let top = try repository.worktree()
        let candidates = try files(at: paths).filter { path in
            guard let status = try top.appending(path).status(), status.kind == .regular, status.byteCount > 0,
                !FolderAttributes.plainNames.contains(where: { path.lastComponent == BytePath($0) })
            else { return false }
            return status.byteCount >= limit || isBinary(top.appending(path))
        }
        let new = try unspoken(among: candidates)
        guard !new.isEmpty else { return false }
        var attributes = try FolderAttributes(repository, folder: "")
        // A folder that is an output as a whole is one line.
        var patterns: [AttributePattern] = []
        for path in paths {
            let inside = new.filter { $0.isInside(path) }
            guard !inside.isEmpty else { continue }
            if inside == [path] {
                patterns.append(AttributePattern(exactly: path))
            } else {
                patterns.append(AttributePattern(bytes: AttributePattern(exactly: path).bytes + Array("/**".utf8)))
            }
        }
        for pattern in patterns where attributes.file.track(pattern) != .present {
            context.output.message("Tracking '\(pattern.shown)' as data.")
        }
        try attributes.save()
        return true
    }

    /// Those of the paths of whose filter `.gitattributes` says nothing; `-filter` keeps a file in Git.
    private func unspoken(among paths: [BytePath]) throws -> [BytePath] {
        guard !paths.isEmpty else { return [] }
        // `<path>` NUL `filter` NUL `<value>` NUL
        let answer = try repository.git().query(["check-attr", "-z", "--stdin", "filter"], input: paths.flatMap { $0.bytes + [0] })
        let fields = answer.records
        return stride(from: 0, to: fields.count - 2, by: 3).compactMap { fields[$0 + 2] == "unspecified" ? fields[$0] : nil }
    }

    /// The files at or below paths, without those that Git ignores.
    private func files(at paths: [BytePath]) throws -> [BytePath] {
        guard !paths.isEmpty else { return [] }
        let listing: [BytePath] = [
            "--literal-pathspecs", "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--",
        ]
        return Set(try repository.git().query(listing + paths).records).sorted()
    }

    /// As Git tells binary files: by a NUL among the first 8000 bytes.
    private func isBinary(_ path: BytePath) -> Bool {
        guard let file = try? Descriptor.open(path, [.read, .noFollow]) else { return false }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8000, alignment: 16)
        defer { buffer.deallocate() }
        guard let count = try? file.read(into: buffer) else { return false }
        return buffer[..<count].contains(0)
    }

    /// Those of the paths that Git ignores, so that they could not be added.
    func ignored(among paths: [BytePath]) throws -> [BytePath] {
        guard !paths.isEmpty else { return [] }
        let answer = try repository.git().run(["check-ignore", "-z", "--stdin"], input: paths.flatMap { $0.bytes + [0] })
        return answer.status == 0 ? answer.records : []
    }
}
