import Platform

/// The way up from a folder to the repository that it belongs to.
///
/// Source: Git, `setup.c`, `setup_git_directory_gently_1`.
struct RepositorySearch {
    /// A Git folder, and the folder that is its worktree unless a setting says otherwise.
    struct Found {
        let gitFolder: BytePath
        /// nil where the search came upon the Git folder itself.
        let top: BytePath?
        /// Whether `GIT_DIR` named it.
        var isExplicit = false
    }

    private let start: BytePath

    /// - Parameter start: absolute, with all links followed.
    init(from start: BytePath) {
        self.start = start
    }

    /// - Returns: nil where there is none, or where a `.git` file on the way is damaged.
    func run() throws(SystemError) -> Found? {
        let ceiling = longestCeiling()
        let device = try staysOnFileSystem() ? start.status()?.device : nil
        var candidate = start
        while true {
            let dotGit = candidate / ".git"
            switch try RepositoryFormat.gitFile(dotGit, from: start) {
            case .repository(let folder): return Found(gitFolder: folder, top: candidate)
            case .invalid: return nil
            case .absent:
                if try RepositoryFormat.isGitFolder(dotGit, from: start) { return Found(gitFolder: dotGit, top: candidate) }
                if try RepositoryFormat.isGitFolder(candidate, from: start) { return Found(gitFolder: candidate, top: nil) }
            }
            let parent = candidate.parent
            if parent == candidate || parent == ceiling { return nil }
            if let device, try parent.status()?.device != device { return nil }
            candidate = parent
        }
    }

    private func staysOnFileSystem() -> Bool {
        let listing = Array("x.y\n".utf8) + (Environment.value("GIT_DISCOVERY_ACROSS_FILESYSTEM")?.bytes ?? []) + [0]
        return GitConfiguration(listing: listing).boolean("x.y") != true
    }

    /// The nearest of the folders above the start that `GIT_CEILING_DIRECTORIES` lists. Behind an empty
    /// entry they are taken as they are written, as to follow links may take long.
    private func longestCeiling() -> BytePath? {
        guard let list = Environment.value("GIT_CEILING_DIRECTORIES") else { return nil }
        var isLiteral = false
        var longest: BytePath?
        for entry in list.bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            let path = BytePath(bytes: entry)
            if path.isEmpty { isLiteral = true }
            guard path.isAbsolute, let ceiling = isLiteral ? path.normalized : try? path.resolved() else { continue }
            guard start.isInside(ceiling), start != ceiling else { continue }
            if ceiling.components.count >= longest?.components.count ?? 0 { longest = ceiling }
        }
        return longest
    }
}
