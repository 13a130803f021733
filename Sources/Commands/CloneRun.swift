import Diagnostics
import Git
import Platform
import Repository

/// One run of `git data clone`.
struct CloneRun {
    let arguments: ParsedArguments
    let context: CommandContext
    let address: CloneAddress
    let options: CloneOptions
    /// Where the command was typed.
    let here: BytePath
    /// The folder to fill, as it was typed.
    let shown: BytePath
    /// Whether patterns say which data is filled.
    let choosesData: Bool

    private var output: Output { context.output }
    private var isQuiet: Bool { arguments[CommonOptions.quiet] }
    private var showsProgress: Bool { options.showsProgress || (!isQuiet && Environment.isTerminal(2)) }
    private var isLazy: Bool { arguments[CloneCommand.lazy] || choosesData }

    /// Git as it is to work on a clone: pointers stay pointers, as what follows replaces them in parallel. Files that
    /// stand in full in an unfinished clone still pass the filter.
    private func git(in folder: BytePath? = nil) throws -> Git {
        try Git(in: folder, worktree: folder, adding: [("GIT_DATA_LAZY", "1")])
    }

    func run() throws -> ExitCode {
        if options.isBare { return try runWithoutWorktree() }
        let mark = CloneMark(passedOn: arguments.passedOn, place: address.identity(from: here))
        var clone = try UnfinishedClone.find(shown, at: shown.absolute(from: here), mark, options, try git())
        guard let text = arguments[CloneCommand.revision] else { return try run(nil, &clone) }
        // Asked first, so that nothing is fetched for a name that is not there.
        do {
            guard let revision = try CloneRevision(text, of: address, options) else {
                if !clone.isResumed { clone.giveUp() }
                return .fatal
            }
            return try run(revision, &clone)
        } catch {
            // Only an empty folder goes.
            if !clone.isResumed { clone.giveUp() }
            throw error
        }
    }

    private func run(_ revision: CloneRevision?, _ clone: inout UnfinishedClone) throws -> ExitCode {
        if clone.isResumed { output.message("Going on with the clone in '\(shown)'...") }
        if clone.mark.step == .clone, let code = try fetchWithGit(revision, &clone) { return code }
        try clone.folder.makeCurrentFolder()
        let repository = try context.repository()
        let top = try repository.worktree()
        guard try top == clone.folder.resolved() else { throw CommandFailure("the clone in '\(shown)' is not the repository of that folder") }
        let git = try git(in: top)
        let examination = CloneExamination(git: git, gitFolder: repository.location.gitFolder)
        if clone.isResumed { CloneRemains.removeLocks(in: repository.location.gitFolder) }
        if clone.mark.step == .clone { try clone.reach(.checkout, git) }
        if clone.isResumed, let commits = try examination.localCommits() { throw clone.refusal(shown, commits) }
        let target = try revision.map { try self.target($0, git) }
        if options.isWithoutCheckout {
            try setUp(repository)
            try clone.finish(git)
            if let head = try headWords(git, target) { output.message("\(head): nothing is checked out, no data was fetched") }
            return .success
        }
        guard try target != nil || git.resolve("HEAD^{commit}") != nil else {
            try setUp(repository)
            try clone.finish(git)
            // Of a repository with no ref at all Git has said that it is empty.
            if try !git.query(["for-each-ref", "--count=1"]).output.isEmpty {
                output.warning("remote HEAD refers to nonexistent ref, unable to checkout")
            }
            return .success
        }
        try checkOut(target, git, examination, &clone)
        if clone.mark.step == .submodules {
            guard try updateSubmodules(repository, git, isResumed: clone.isResumed) else {
                output.message("hint: the same command goes on from here")
                return .fatal
            }
            try clone.reach(.fill, git)
        }
        return try fill(repository, git, target, clone)
    }

    // MARK: steps

    /// - Returns: the status with which Git failed; nil where all is well.
    private func fetchWithGit(_ revision: CloneRevision?, _ clone: inout UnfinishedClone) throws -> ExitCode? {
        clone.beginAnew()
        var call: [BytePath] = ["clone", "-c", BytePath(bytes: CloneMark.key.bytes + [UInt8(ascii: "=")] + clone.mark.value.bytes)]
        if isQuiet { call.append("--quiet") }
        if arguments[CommonOptions.verbose] { call.append("--verbose") }
        call += (revision?.branchOption(options) ?? []) + arguments.passedOn + ["--no-checkout", "--", address.url, shown]
        switch try git().passThrough(call) {
        case .exited(0): return nil
        case .exited(let status):
            clone.giveUp()
            return ExitCode(status)
        case .killed(let signal):
            output.error(Explanation("git clone was killed by signal \(signal)", hints: ["the same command begins anew"]))
            return ExitCode(128 + signal)
        }
    }

    private func target(_ revision: CloneRevision, _ git: Git) throws -> CloneRevision.Target {
        if let target = try revision.target(git, options, origin: origin(git), showsProgress: showsProgress) { return target }
        let url = URLText.withoutSecrets(address.url)
        let part = options.depth == nil ? "" : ", as far as its history was fetched"
        throw CommandFailure(
            revision.kind == .expression
                ? "there is no revision '\(revision.text)' in '\(url)'\(part)"
                : "the revision '\(revision.text)' was not in what was fetched, and could not be had from '\(url)'",
            kept: "the clone in '\(shown)', with nothing checked out",
            hints: ["the same command with another --revision goes on from there"])
    }

    private func checkOut(
        _ target: CloneRevision.Target?, _ git: Git, _ examination: CloneExamination, _ clone: inout UnfinishedClone
    ) throws {
        let wanted: BytePath? =
            switch target {
            case .branch(let name): try ownBranch(name, git) ?? upstream(of: name, git)
            case .detached(let name): BytePath(bytes: name.hex)
            case nil: nil
            }
        let isWritten = (examination.gitFolder / "index").isPresent
        if clone.isResumed, isWritten {
            let change = try examination.changes(ignoringSubmodules: clone.mark.step != .fill)
            if let change { throw clone.refusal(shown, change) }
        } else if clone.isResumed, let foreign = try examination.unfinishedCheckout(of: wanted ?? "HEAD") {
            throw clone.refusal(shown, foreign)
        }
        if clone.mark.step != .checkout {
            guard let wanted, try git.resolve(wanted) != git.resolve("HEAD^{commit}") else { return }
        }
        var call = try leavingPointers(git) + ["checkout", "--quiet", "--force"]
        if showsProgress { call.append("--progress") }
        switch target {
        case .branch(let name):
            let isHere = try ownBranch(name, git) != nil
            call += isHere ? [name] : ["-b", name, "--track", try upstream(of: name, git)]
        case .detached(let name): call += ["--detach", BytePath(bytes: name.hex)]
        case nil: break
        }
        guard try git.passThrough(call + ["--"]).isSuccess else {
            throw CommandFailure("git checkout failed", kept: "the clone in '\(shown)'", hints: ["the same command goes on from there"])
        }
        try clone.reach(.submodules, git)
    }

    /// Options with which Git asks no filter for each pointer that it checks out. A hook that runs after that, and may
    /// add files, is to find the filter.
    private func leavingPointers(_ git: Git) throws -> [BytePath] {
        let hook = try git.query(["rev-parse", "--git-path", "hooks/post-checkout"]).line
        return hook.isExecutableFile ? [] : FilterConfiguration.leavingPointers
    }

    private func ownBranch(_ name: BytePath, _ git: Git) throws -> BytePath? {
        let own = "refs/heads/" + name
        return try git.resolve(own) == nil ? nil : own
    }

    private func upstream(of name: BytePath, _ git: Git) throws -> BytePath {
        try "refs/remotes/" + origin(git) / name
    }

    /// What Git calls the remote. The user's own configuration may have others.
    private func origin(_ git: Git) throws -> BytePath {
        if let origin = options.origin { return origin }
        let answer = try git.run(["config", "--get", "clone.defaultRemoteName"])
        return answer.status == 0 ? answer.line : "origin"
    }

    /// - Returns: whether Git could do it; it has said why not.
    private func updateSubmodules(_ repository: Repository, _ git: Git, isResumed: Bool) throws -> Bool {
        guard options.recursesIntoSubmodules else { return true }
        if isResumed { try examineSubmodules(of: repository, git) }
        var call = try leavingPointers(git) + ["submodule", "update", "--init", "--recursive"] + options.submodules
        if isQuiet { call.append("--quiet") }
        if options.showsProgress { call.append("--progress") }
        // What an earlier run has left half-written was looked at.
        if isResumed { call.append("--force") }
        return try git.passThrough(call).isSuccess
    }

    private func examineSubmodules(of repository: Repository, _ git: Git) throws {
        let top = try repository.worktree()
        try CloneRemains.removeUnfinishedSubmodules(top, repository.location.gitFolder, git)
        var submodules: [IndexEntry] = []
        try git.forEachIndexEntry { if $0.mode == "160000" { submodules.append($0) } }
        for entry in submodules {
            let place = top / entry.path
            guard (place / ".git").isPresent, let module = try? Repository.find(from: place), try module.worktree() == place else { continue }
            let own = try self.git(in: place)
            let examination = CloneExamination(git: own, gitFolder: module.location.gitFolder)
            let isWritten = (module.location.gitFolder / "index").isPresent
            let change = try examination.localCommits()
                ?? (isWritten
                    ? examination.changes(ignoringSubmodules: true)
                    : examination.unfinishedCheckout(of: BytePath(bytes: entry.name.hex)))
            if let change {
                throw CommandFailure(
                    "the submodule '\(entry.path)' of the unfinished clone has \(change)",
                    hints: ["cd \(ShellWord.quoted(shown)) && git submodule update --init --recursive && git data pull"])
            }
            try examineSubmodules(of: module, own)
        }
    }

    private func fill(
        _ repository: Repository, _ git: Git, _ target: CloneRevision.Target?, _ clone: borrowing UnfinishedClone
    ) throws -> ExitCode {
        repository.forgetSettings()
        try setUp(repository)
        var contents = CloneContents()
        var trouble = CloneFilling.Trouble()
        let filling = CloneFilling(
            context: context, arguments: arguments, isSkipped: arguments[CloneCommand.lazy] && !choosesData,
            verifiesPresent: clone.isResumed)
        try filling.run(repository, at: "", &contents, &trouble)
        if let head = try headWords(git, target) { output.message("\(head): \(contents.words)") }
        guard trouble.isEmpty else {
            report(trouble, repository)
            return .failure
        }
        try clone.finish(git)
        return .success
    }

    /// Hooks, filter and store, of submodules too. What is done for every clone is not worth a line.
    private func setUp(_ repository: Repository) throws {
        let silent = Output(isQuiet: !output.isVerbose, isVerbose: output.isVerbose)
        try InitCommand.setUp(repository, isLazy: isLazy, CommandContext(output: silent, table: context.table))
        guard let top = repository.location.worktree, options.recursesIntoSubmodules else { return }
        for path in try repository.submodules() where (top / path / ".git").isPresent {
            try setUp(try Repository.find(from: top / path))
        }
    }

    private func runWithoutWorktree() throws -> ExitCode {
        var call: [BytePath] = ["clone"]
        if isQuiet { call.append("--quiet") }
        if arguments[CommonOptions.verbose] { call.append("--verbose") }
        switch try git().passThrough(call + arguments.passedOn + ["--", address.url, shown]) {
        case .exited(0): break
        case .exited(let status): return ExitCode(status)
        case .killed(let signal): return ExitCode(128 + signal)
        }
        try shown.makeCurrentFolder()
        try setUp(try context.repository())
        output.message("\(name): a bare repository, no data was fetched")
        return .success
    }

    // MARK: words

    private func report(_ trouble: CloneFilling.Trouble, _ repository: Repository) {
        let download = Download(context: context, repository: repository)
        let hints = download.namingOrigins(trouble.hints, trouble.shortfalls)
        download.report(trouble.shortfalls, after: trouble.failure, hints: hints, next: ["then, in '\(shown)': git data pull"])
        guard !trouble.different.isEmpty else { return }
        let list = trouble.different.map { "\t\($0)" }.joined(separator: "\n")
        output.error(
            Explanation(
                "\(Count.files(trouble.different.count)) whose bytes are not those of the commit:\n\(list)",
                hints: ["in '\(shown)', remove them; then: git checkout -- ."]))
    }

    private var name: BytePath {
        shown.absolute(from: here).normalized.lastComponent
    }

    /// `churn at v1.2 (3f2a1bc)`; nil where there is no commit.
    private func headWords(_ git: Git, _ target: CloneRevision.Target?) throws -> String? {
        var commit: BytePath = "HEAD"
        if case .detached(let name) = target { commit = BytePath(bytes: name.hex) }
        let short = try git.run(["rev-parse", "--short", "--verify", "--quiet", commit])
        guard short.status == 0 else { return nil }
        let branch = try git.run(["symbolic-ref", "--quiet", "--short", "HEAD"])
        let label = arguments[CloneCommand.revision] ?? options.branch ?? (branch.status == 0 ? branch.line : nil)
        guard let label, !CloneRevision.isFullName(label.bytes), label != short.line else { return "\(name) at \(short.line)" }
        return "\(name) at \(label) (\(short.line))"
    }
}

extension BytePath {
    fileprivate static func + (prefix: String, path: BytePath) -> BytePath {
        BytePath(bytes: Array(prefix.utf8) + path.bytes)
    }
}
