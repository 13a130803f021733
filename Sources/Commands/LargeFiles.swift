import Git
import Platform
import Repository

/// Files that would be better off as data.
struct LargeFiles {
    let repository: Repository
    /// Only what is in there, from the top of the worktree.
    let folder: BytePath

    struct LargeFile {
        let path: BytePath
        let byteCount: Int64
    }

    /// The regular files of at least that size that Git does not ignore and no filter has, sorted by path.
    func find(above byteCount: Int64, _ output: Output) throws -> [LargeFile] {
        let top = try repository.worktree()
        let listing: [BytePath] = ["--literal-pathspecs", "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard"]
        let paths = Set(try repository.git().query(listing + ["--", folder.isEmpty ? "." : folder]).records)
        let plain = Set(FolderAttributes.plainNames.map { BytePath($0) })
        let large = try paths.sorted().compactMap { path -> LargeFile? in
            guard !plain.contains(path.lastComponent), let status = try top.appending(path).status(),
                status.kind == .regular, status.byteCount >= max(1, byteCount)
            else { return nil }
            return LargeFile(path: path, byteCount: status.byteCount)
        }
        let filters = try repository.git().attribute("filter", of: large.map(\.path))
        for (path, filter) in filters.sorted(by: { $0.key < $1.key }) where filter != "data" {
            output.warning("'\(path)' was left out, as it has the filter '\(filter)'")
        }
        return large.filter { filters[$0.path] == nil }
    }
}
