import Git
import Platform
import Repository

/// All patterns of a repository that make files data files.
struct TrackedPatterns {
    let repository: Repository

    private struct Row: Encodable {
        let pattern: String
        let patternBytes: String?
        let file: String
    }

    /// The patterns with the file that each stands in: from the top of the worktree, or Git's own.
    func all() throws -> [(pattern: AttributePattern, file: BytePath)] {
        let top = try repository.worktree()
        let listing: [BytePath] = ["ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--"]
        let listed = try repository.git().query(listing + [":(top,glob)**/.gitattributes"]).records
        var patterns: [(AttributePattern, BytePath)] = []
        for path in Set(listed + [FolderAttributes.name]).sorted() {
            patterns += try read(path, below: top).dataPatterns.map { ($0, path) }
        }
        let own = repository.location.commonFolder / "info/attributes"
        let shown = own.relative(to: top) ?? own
        patterns += AttributesFile(try own.contents() ?? []).dataPatterns.map { ($0, shown) }
        return patterns
    }

    /// As Git reads it: the worktree's, or where there is none (a sparse checkout), the index's.
    private func read(_ path: BytePath, below top: BytePath) throws -> AttributesFile {
        let file = top.appending(path)
        guard let status = try file.status() else {
            return AttributesFile(try repository.git().blob(BytePath(bytes: [UInt8(ascii: ":")] + path.bytes)) ?? [])
        }
        return AttributesFile(status.kind == .regular ? try file.contents() ?? [] : [])
    }

    func list(asJSON: Bool, _ output: Output) throws {
        let patterns = try all()
        if asJSON {
            try output.json(
                patterns.map { pattern, file in
                    let text = JSONPath(pattern.path)
                    return Row(pattern: text.path, patternBytes: text.pathBytes, file: JSONPath(file).path)
                })
            return
        }
        for (pattern, file) in patterns { output.line("\(pattern.shown)\t\(file)") }
        if patterns.isEmpty { output.message("hint: git data track '*.parquet'") }
    }
}
