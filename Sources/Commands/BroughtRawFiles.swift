import Git
import Platform
import Repository

/// Raw content that commits bring to places where a pointer belongs: it was committed past the filter and the hook.
///
/// Few paths are kept in memory. Where the commits bring more, the whole tree is looked through, and the commits once
/// more for what is raw in it, as far as there is any.
struct BroughtRawFiles {
    /// So many bytes of paths have room on a command line.
    var commandLineLimit = 32 << 10
    /// So many bytes of paths are kept, with what each costs beside.
    var keptLimit = 512 << 10
    /// So many files of the tree are looked at at once.
    var portionCount = 8192
    /// So many raw files are kept before the commits are asked which of them they bring.
    var candidateLimit = 8192

    /// What is kept of one, for a person to see.
    struct File: Equatable {
        let path: BytePath
        let byteCount: Int64
    }

    private(set) var count = 0
    /// The first of them, in the order of the tree.
    private(set) var first: [File] = []

    /// Looks for them.
    /// - Parameters:
    ///   - commit: in whose tree they are. What is not there any more does not count.
    ///   - known: commits that bring nothing, nor those that they follow.
    mutating func find(in commit: GitObjectName, excluding known: [GitObjectName], _ repository: Repository) throws {
        let git = try repository.git()
        var brought = KeptPaths(limit: keptLimit)
        try git.forEachChangedPath(from: [commit], excluding: known) { brought.add($0) }
        guard !brought.isEmpty else { return }
        if let paths = brought.paths {
            // The whole tree may be large.
            let areFew = paths.reduce(0) { $0 + $1.bytes.count } < commandLineLimit
            try repository.forEachRawFiles(
                ofTree: commit, at: areFew ? Array(paths) : [], where: paths.contains, portion: portionCount
            ) { add($0.map(File.init)) }
            return
        }
        var candidates: [File] = []
        func confirm() throws(GitError) {
            var rest = Set(candidates.map(\.path))
            guard !rest.isEmpty else { return }
            try git.forEachChangedPath(from: [commit], excluding: known) { rest.remove($0) }
            add(candidates.filter { !rest.contains($0.path) })
            candidates.removeAll()
        }
        try repository.forEachRawFiles(ofTree: commit, portion: portionCount) { raw throws(GitError) in
            candidates += raw.map(File.init)
            if candidates.count >= candidateLimit { try confirm() }
        }
        try confirm()
    }

    private mutating func add(_ files: [File]) {
        count += files.count
        first += files.prefix(10 - first.count)
    }

    /// Paths, until they are too many.
    private struct KeptPaths {
        /// nil where they are too many.
        private(set) var paths: Set<BytePath>? = []
        private var rest: Int

        init(limit: Int) { rest = limit }

        var isEmpty: Bool { paths?.isEmpty ?? false }

        mutating func add(_ path: BytePath) {
            guard paths?.insert(path).inserted == true else { return }
            rest -= path.bytes.count + 32
            if rest < 0 { paths = nil }
        }
    }
}

extension BroughtRawFiles.File {
    init(_ file: RawFile) { self.init(path: file.path, byteCount: file.byteCount) }
}
