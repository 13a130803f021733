import Diagnostics
import Digest
import Git
import Platform

/// How far a clone has come. Each step is begun again where it was interrupted.
enum CloneStep: String {
    /// Git fetches. What is there is of no use before it has ended.
    case clone
    /// Git writes the worktree.
    case checkout
    case submodules
    /// Data takes the place of pointers.
    case fill
}

/// What a clone notes in its own configuration, from its first moment until all is done, so that a later run knows its
/// own unfinished work: `data.clonePending = <step> <digest of the options> <place>`.
struct CloneMark: Equatable {
    static let key: BytePath = "data.clonePending"

    var step: CloneStep
    /// Tells apart what `git clone` was asked to do.
    let options: String
    /// As `CloneAddress.identity` says it.
    let place: BytePath

    /// - Parameter passedOn: the options of `git clone`.
    init(step: CloneStep = .clone, passedOn: [BytePath], place: BytePath) {
        self.step = step
        options = String(ObjectID.of(Array(passedOn.map(\.bytes).joined(separator: [0]))).hex.prefix(12))
        self.place = place
    }

    /// - Returns: nil for what is no mark.
    init?(_ value: BytePath) {
        let fields = value.bytes.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard fields.count == 3, let step = CloneStep(rawValue: String(decoding: fields[0], as: UTF8.self)) else { return nil }
        self.step = step
        options = String(decoding: fields[1], as: UTF8.self)
        place = BytePath(bytes: fields[2])
    }

    var value: BytePath {
        BytePath(bytes: Array("\(step.rawValue) \(options) ".utf8) + place.bytes)
    }

    /// What a folder bears while Git has not written the configuration yet; short, as such notes have to be.
    var note: [UInt8] {
        Array(ObjectID.of(place.bytes).hex.utf8)
    }
}

/// The folder that a clone is to fill, and what of an earlier run is in it. While this lives, no other process works
/// on the clone: the folder is locked, by the processes too that are started meanwhile.
struct UnfinishedClone: ~Copyable {
    /// Absolute.
    let folder: BytePath
    private(set) var mark: CloneMark
    /// Whether an earlier run has begun.
    private(set) var isResumed = false
    /// Whether the folder was made here.
    private let isMade: Bool
    private let lock: Descriptor
    private let options: CloneOptions
    private let git: Git

    private static let noteName = "user.git-data-clone"
    /// What is being removed has this name, so that a second run knows it after a kill.
    private static let discarded: BytePath = ".git-data-unfinished"

    private init(
        _ folder: BytePath, _ mark: CloneMark, isMade: Bool, _ lock: consuming Descriptor, _ options: CloneOptions, _ git: Git
    ) {
        self.folder = folder
        self.mark = mark
        self.isMade = isMade
        self.lock = lock
        self.options = options
        self.git = git
    }

    /// Makes the folder, or finds what an earlier run has left in it.
    /// - Parameter shown: the folder as it was typed.
    /// - Throws: `CommandFailure` where there is anything that is not provably this clone's own.
    static func find(
        _ shown: BytePath, at folder: BytePath, _ mark: CloneMark, _ options: CloneOptions, _ git: Git
    ) throws -> UnfinishedClone {
        let isMade = !folder.isPresent
        if isMade { try folder.makeFolders() }
        guard folder.isFolder else { throw refusal(shown) }
        var clone = UnfinishedClone(folder, mark, isMade: isMade, try lock(folder, shown), options, git)
        if try !folder.entries().isEmpty { try clone.look(shown) }
        return clone
    }

    private static func lock(_ folder: BytePath, _ shown: BytePath) throws -> Descriptor {
        let lock = try Descriptor.open(folder, [.read, .folder])
        lock.shareWithChildren()
        // Processes of a killed run end by themselves, soon or, where Git still fetches, late.
        for _ in 0..<100 {
            // Some network file systems have no locks on folders.
            if (try? lock.lock(waiting: false)) != false { return lock }
            pause(.milliseconds(100))
        }
        throw CommandFailure("another process is at work on the clone in '\(shown)'", hints: ["try again when it has ended"])
    }

    private static func refusal(_ shown: BytePath, _ why: String? = nil, hints: [String] = []) -> CommandFailure {
        CommandFailure(
            "destination path '\(shown)' already exists and is not an empty directory" + (why.map { "\n\($0)" } ?? ""), hints: hints)
    }

    /// The Git folder, which may stand apart from the worktree; nil where there is none.
    var gitFolder: BytePath? {
        let standing = folder / ".git"
        guard (try? standing.status())?.kind == .regular else { return standing.isFolder ? standing : nil }
        guard let content = try? standing.contents(limit: 64 << 10), content.starts(with: "gitdir: ".utf8) else { return nil }
        return BytePath(bytes: content.dropFirst(8).prefix { $0 != UInt8(ascii: "\n") }).absolute(from: folder)
    }

    private mutating func look(_ shown: BytePath) throws {
        let names = Set(try folder.entries())
        let holdsGitAlone = names.isSubset(of: [".git", Self.discarded])
        let noted = lock.attribute(Self.noteName) == mark.note
        guard let gitFolder else {
            // A first step that was interrupted while it removed an earlier one's remains.
            guard holdsGitAlone, names.contains(Self.discarded) || noted else { throw Self.refusal(shown) }
            isResumed = true
            return
        }
        let configuration = try git.configuration(of: gitFolder / "config")
        guard let found = configuration?.value(CloneMark.key.text.lowercased()).flatMap(CloneMark.init) else {
            guard holdsGitAlone, noted, Self.isBlank(gitFolder, configuration) else { throw Self.refusal(shown) }
            isResumed = true
            return
        }
        guard found.place == mark.place else {
            throw Self.refusal(shown, "it holds an unfinished clone of '\(URLText.withoutSecrets(found.place))'")
        }
        guard found.options == mark.options else {
            throw Self.refusal(shown, "it holds an unfinished clone that was begun with other options of git clone")
        }
        if found.step == .clone, !holdsGitAlone || !isAsCloned(gitFolder) {
            throw Self.refusal(shown, "it holds an unfinished clone, in which somebody has worked")
        }
        mark.step = found.step
        isResumed = true
    }

    /// Whether there is nothing in a Git folder but what Git makes of its own accord.
    private static func isBlank(_ gitFolder: BytePath, _ configuration: GitConfiguration?) -> Bool {
        let places = ["index", "packed-refs", "logs", "worktrees", "modules"]
        return places.allSatisfy { !(gitFolder / $0).isPresent }
            && ["objects", "refs"].allSatisfy { !holdsFiles(gitFolder / $0) }
            && (configuration ?? GitConfiguration()).keys.allSatisfy { $0.hasPrefix("core.") || $0.hasPrefix("extensions.") }
    }

    private static func holdsFiles(_ folder: BytePath) -> Bool {
        ((try? folder.entries()) ?? []).contains { name in
            guard (try? (folder / name).status())?.kind == .folder else { return true }
            return holdsFiles(folder / name)
        }
    }

    /// Whether a Git folder without a worktree has nothing that the remote has not.
    private func isAsCloned(_ gitFolder: BytePath) -> Bool {
        guard ["index", "worktrees", "modules"].allSatisfy({ !(gitFolder / $0).isPresent }) else { return false }
        // Half a repository has no refs.
        guard Self.holdsFiles(gitFolder / "refs") || (gitFolder / "packed-refs").isPresent else { return true }
        let answer = try? git.run(
            [BytePath(bytes: Array("--git-dir=".utf8) + gitFolder.bytes), "rev-list", "--max-count=1", "--all", "--not", "--remotes", "--tags"])
        return answer?.status == 0 && answer?.output.isEmpty == true
    }

    // MARK: the first step

    /// Makes room for `git clone`, which wants an empty folder.
    func beginAnew() {
        _ = lock.setAttribute(Self.noteName, mark.note)
        let remains = folder / Self.discarded
        remains.removeTree()
        if let gitFolder {
            if gitFolder == folder / ".git" {
                try? gitFolder.rename(to: remains)
            } else if let named = options.gitFolder, (try? named.resolved()) == (try? gitFolder.resolved()) {
                let aside = gitFolder.adding(suffix: Self.discarded.text)
                try? gitFolder.rename(to: aside)
                aside.removeTree()
                try? (folder / ".git").removeFile()
            }
        } else {
            try? (folder / ".git").removeFile()
        }
        remains.removeTree()
    }

    /// Leaves nothing behind where Git has left nothing.
    func giveUp() {
        lock.removeAttribute(Self.noteName)
        if isMade { folder.removeEmptyFolder() }
    }

    // MARK: later steps

    /// Notes that the clone has come so far.
    mutating func reach(_ step: CloneStep, _ git: Git) throws {
        mark.step = step
        try git.change(["config", "--local", CloneMark.key, mark.value])
        lock.removeAttribute(Self.noteName)
    }

    /// Notes that nothing is left to do.
    func finish(_ git: Git) throws {
        let answer = try git.run(["config", "--local", "--unset-all", CloneMark.key])
        // Somebody may have done it already.
        guard answer.status == 0 || answer.status == 5 else {
            throw GitError.failed(command: "git config", status: answer.status, message: answer.message)
        }
    }

    /// Says why a folder in which somebody has worked is left alone.
    func refusal(_ shown: BytePath, _ what: String) -> CommandFailure {
        Self.refusal(
            shown, "it holds an unfinished clone, with \(what)", hints: ["cd \(ShellWord.quoted(shown)) && git data pull"])
    }
}
