import Platform
private import Synchronization

/// A place for one test in which Git and git data work as on a fresh machine: a home of its own, no system
/// configuration, fixed dates, and the built executables on `PATH`. Removed when the test lets it go.
package final class Laboratory {
    package let scratch: ScratchFolder
    package let installation: Installation
    /// Changes to the environment for every program that is run here; nil takes a variable away.
    package var variables: [String: BytePath?] = [:]

    package var folder: BytePath { scratch.path }
    package var home: BytePath { scratch / "home" }

    /// - Parameter isInstalled: whether `git data install` has been run in this home.
    package init(isInstalled: Bool = true) throws {
        scratch = try ScratchFolder()
        installation = try .shared()
        try (scratch / "home").makeFolders()
        if isInstalled { try scratch.write(try Self.installedConfiguration(installation), to: "home/.gitconfig") }
    }

    private static let known = Mutex<[UInt8]?>(nil)

    /// What `git data install` writes into a home, found out once.
    private static func installedConfiguration(_ installation: Installation) throws -> [UInt8] {
        try known.withLock { known in
            if let known { return known }
            let laboratory = try Laboratory(isInstalled: false)
            try laboratory.data(["install", "--quiet"])
            let configuration = try (laboratory.home / ".gitconfig").contents() ?? []
            known = configuration
            return configuration
        }
    }

    /// The whole environment of the programs that run here.
    package func environment(with changes: [String: BytePath?] = [:]) -> [[UInt8]] {
        var values: [String: BytePath?] = [
            "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb",
            "PATH": BytePath(bytes: installation.programs.bytes + Array(":/usr/local/bin:/usr/bin:/bin".utf8)),
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat",
            "GIT_EDITOR": "true", "GIT_CEILING_DIRECTORIES": folder,
        ]
        // Where the programs were built with a sanitizer: where it is to report, and what it is not to take for a race.
        for name in ["TSAN_OPTIONS", "ASAN_OPTIONS"] { values[name] = Environment.value(name) }
        values.merge(variables) { $1 }
        values.merge(changes) { $1 }
        return values.compactMap { name, value in value.map { Array("\(name)=".utf8) + $0.bytes } }
    }

    /// Runs a program to its end.
    /// - Parameters:
    ///   - environment: changes for this run.
    ///   - limit: seconds after which a program hangs.
    /// - Throws: `Unexpected` where it hangs; it is killed then.
    package func run(
        _ program: BytePath, _ arguments: [BytePath] = [], in folder: BytePath? = nil, input: [UInt8] = [],
        with environment: [String: BytePath?] = [:], limit: Int = 120
    ) throws -> Outcome {
        let child = try ChildProcess(
            "/usr/bin/timeout", ["--signal=KILL", BytePath("\(limit)"), program] + arguments,
            environment: self.environment(with: environment), folder: folder ?? self.folder,
            input: .pipe, output: .pipe, errors: .pipe)
        let feeder = child.takeInput().map { writer in
            Thread {
                // A program that needs no more closes its end.
                try? writer.write(input)
                try? writer.flush()
                return []
            }
        }
        let errors = child.takeErrors().map { reader in Thread { (try? reader.readToEnd()) ?? [] } }
        let output = try child.output?.readToEnd() ?? []
        _ = feeder?.result()
        let said = errors?.result() ?? []
        let command = ([program.lastComponent] + arguments).map(\.description).joined(separator: " ")
        let outcome = Outcome(command: command, ending: child.wait(), output: output, errors: said)
        // `timeout` kills itself as well.
        guard outcome.ending != .killed(signal: 9) else { throw Unexpected("\(outcome.description)\n  hung for \(limit) s") }
        return outcome
    }

    /// Runs Git, which must succeed.
    @discardableResult
    package func git(_ arguments: [BytePath], in folder: BytePath? = nil) throws -> Outcome {
        try run("git", arguments, in: folder).expecting(0)
    }

    /// Runs `git data …`, which must succeed.
    @discardableResult
    package func data(_ arguments: [BytePath], in folder: BytePath? = nil) throws -> Outcome {
        try run("git", ["data"] + arguments, in: folder).expecting(0)
    }

    /// Makes a bare repository for others to push to.
    package func bareRepository(_ name: String = "origin.git") throws -> BytePath {
        try git(["init", "--quiet", "--bare", "--initial-branch=main", BytePath(name)])
        return folder / name
    }

    /// Makes a repository, set up for data unless told otherwise.
    package func repository(_ name: String = "work", isSetUp: Bool = true) throws -> Worktree {
        try git(["init", "--quiet", "--initial-branch=main", BytePath(name)])
        let worktree = Worktree(folder: folder / name, in: self)
        if isSetUp { try worktree.data("init", "--quiet") }
        return worktree
    }

    /// A bare repository, and a worktree that has it as `origin`, with `*.bin` and `*.csv` tracked in a first
    /// commit that has been pushed.
    package func project() throws -> (work: Worktree, origin: BytePath) {
        let origin = try bareRepository()
        let work = try repository()
        try work.git("remote", "add", "origin", origin)
        try work.write(
            "*.bin filter=data diff=data merge=data -text\n*.csv filter=data diff=data merge=data -text\n",
            to: ".gitattributes")
        try work.commit("Track data")
        try work.git("push", "--quiet", "-u", "origin", "main")
        return (work, origin)
    }

    /// Clones with plain Git.
    package func clone(
        _ url: BytePath, as name: String = "clone", _ options: [BytePath] = [], with environment: [String: BytePath?] = [:]
    ) throws -> Worktree {
        let arguments: [BytePath] = ["clone", "--quiet"] + options + [url, BytePath(name)]
        try run("git", arguments, with: environment).expecting(0)
        return Worktree(folder: folder / name, in: self)
    }

    /// Clones so that every data file stays a pointer.
    package func cloneOfPointers(_ url: BytePath, as name: String = "clone") throws -> Worktree {
        try clone(url, as: name, with: ["GIT_DATA_LAZY": "1"])
    }
}

/// A thread with a result.
private final class Thread {
    private var thread: WorkerThread?
    private let bytes = Shared()

    init(_ body: @escaping @Sendable () -> [UInt8]) {
        thread = WorkerThread { [bytes] in
            let result = body()
            bytes.value.withLock { $0 = result }
        }
    }

    func result() -> [UInt8] {
        thread.take()?.join()
        return bytes.value.withLock { $0 }
    }

    private final class Shared: Sendable {
        let value = Mutex<[UInt8]>([])
    }
}
