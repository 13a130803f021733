import Diagnostics
import Digest
import Git
import Lineage
import Platform
import Repository

/// Gives Git what was imported, as data where it is large or binary, and leaves the recipe and the record.
struct ImportStaging {
    let context: CommandContext
    let repository: Repository
    let order: ImportOrder

    /// As many bytes of a file as Git looks at to tell binary from text.
    private static let probeByteCount = 8000

    /// Stages the files.
    /// - Returns: what identifies the output now.
    func stage(_ paths: [BytePath], removed: [BytePath]) throws -> ContentID {
        let git = try repository.git()
        try track(paths)
        if !removed.isEmpty { try git.query(["--literal-pathspecs", "rm", "--cached", "--quiet", "--ignore-unmatch", "--"] + removed) }
        try add(paths, git)
        return try contentID()
    }

    private func add(_ paths: [BytePath], _ git: Git) throws {
        var input: [UInt8] = []
        for path in paths { input += path.bytes + [0] }
        // Who imports a file wants it, whatever is ignored.
        try git.query(
            ["--literal-pathspecs", "add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"], input: input)
    }

    /// By what the index has.
    func contentID() throws -> ContentID {
        let entries = try repository.git().indexEntries([order.output]).filter { $0.stage == 0 }
        let pointers = try repository.pointers(among: entries)
        let oids = Dictionary(pointers.map { ($0.path, $0.pointer.oid) }) { first, _ in first }
        let files = entries.map { entry in
            (path: entry.path, id: oids[entry.path].map { ContentID.blob($0) } ?? ContentID.git(entry.name))
        }
        if let only = files.first, files.count == 1, only.path == order.output { return only.id }
        return .folder(files.map { (path: ($0.path.relative(to: order.output) ?? $0.path).bytes, id: $0.id) })
    }

    // MARK: data patterns

    /// Makes data of what no pattern makes data and Git should not hold itself.
    private func track(_ paths: [BytePath]) throws {
        let git = try repository.git()
        let top = try repository.worktree()
        let filters = try git.attribute("filter", of: paths)
        let heavy = try paths.filter { path in
            guard filters[path] == nil, !FolderAttributes.plainNames.contains(where: { path.lastComponent == BytePath($0) }) else { return false }
            return try isHeavy(top / path)
        }
        guard !heavy.isEmpty else { return }
        let isFolder = heavy != [order.output]
        let exact = AttributePattern(exactly: order.output)
        let pattern = isFolder ? AttributePattern(bytes: exact.bytes + Array("/**".utf8)) : exact
        var attributes = try FolderAttributes(repository, folder: "")
        guard AttributesFile.line(for: pattern).count < AttributeLine.byteLimit else {
            throw CommandFailure("'\(order.output)' is too long for a line of .gitattributes")
        }
        let file = attributes.path
        let isStaged = try git.query(["--literal-pathspecs", "status", "--porcelain", "-z", "--", file]).output.isEmpty
        guard attributes.file.track(pattern) != .present else { return }
        let names = try attributes.plainNames(matching: [pattern])
        if !names.isEmpty { attributes.file.except(names) }
        try attributes.save()
        context.output.message("Tracking '\(pattern.shown)' as data, as it is large or binary and no pattern did.")
        if isStaged {
            try add([file], git)
        } else {
            // What else was changed there is not ours to stage.
            context.output.message("hint: git add .gitattributes")
        }
    }

    private func isHeavy(_ file: BytePath) throws -> Bool {
        guard let status = try file.status(), status.kind == .regular else { return false }
        if status.byteCount >= PreCommit.largeByteCount { return true }
        return try file.contents(limit: Self.probeByteCount)?.contains(0) ?? false
    }

    // MARK: recipe and record

    /// Writes and stages both.
    func leaveRecord(_ record: RunRecord) throws {
        let top = try repository.worktree()
        let stage = order.stage
        var paths = [order.name.recordFile]
        let file = top / order.name.stageFile
        try file.parent.makeFolders()
        let present = try file.contents()
        let isSame = present.flatMap { try? Stage($0, name: order.name) }.map { $0.source == stage.source && $0.outputs.map(\.value) == [order.output] }
        if isSame != true { try file.replaceContents(with: stage.text) }
        paths.append(order.name.stageFile)
        try (top / order.name.recordFile).replaceContents(with: record.text)
        try add(paths, repository.git())
    }
}

extension Repository {
    /// What a record says of who makes it and from where: HEAD, whether nothing but lineage and `output` differs from it, and
    /// the author as Git knows them.
    func circumstances(besides output: BytePath) throws -> (commit: String?, isClean: Bool, author: String?) {
        let git = try git()
        let commit = try git.resolve("HEAD^{commit}")?.description
        let status = try git.query(["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"])
        let isClean = status.records.allSatisfy { record in
            let path = BytePath(bytes: record.bytes.dropFirst(3))
            return path.isInside(output) || path.isInside(StageName.folder)
        }
        let identity = try git.run(["var", "GIT_AUTHOR_IDENT"])
        let author = identity.status == 0 ? identity.line.text.lastIndex(of: ">").map { String(identity.line.text[...$0]) } : nil
        return (commit, isClean, author)
    }
}
