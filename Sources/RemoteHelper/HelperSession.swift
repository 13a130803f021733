import Git
import Platform
import Remote

/// One conversation's means: the local repository, where there is one, and the place of the remote one.
final class HelperSession {
    /// Opens the remote that a URL names.
    typealias Opener = @Sendable (
        _ url: BytePath, _ mayCreate: Bool, _ trace: RemoteTrace?
    ) throws(RemoteError) -> any Remote

    /// What Git calls the remote: its name, or the URL where it has none.
    let name: BytePath
    /// Without `data::`.
    let url: BytePath
    private let opener: Opener
    private var opened: (any Remote)?
    private var known: (git: Git, location: RepositoryLocation)?
    private var settings: GitConfiguration?
    var options = HelperOptions()
    /// The state that Git has been told of.
    var listed: RepositoryState?

    init(name: BytePath, url: BytePath, opener: @escaping Opener) {
        self.name = name
        self.url = url
        self.opener = opener
    }

    // MARK: The place

    /// - Parameter mayCreate: whether a push may make the place.
    func remote(mayCreate: Bool = false) throws -> any Remote {
        if let opened { return opened }
        try checkPlace()
        let showsHeaders = Environment.value("GIT_CURL_VERBOSE").map { !["", "0", "false"].contains($0) } ?? false
        let trace = showsHeaders || options.verbosity > 1
            ? RemoteTrace(showsHeaders: showsHeaders) { Descriptor.writeToStandardError($0 + "\n") } : nil
        let remote = try opener(url, mayCreate, trace)
        Interrupts.onEnd { remote.abandon() }
        opened = remote
        return remote
    }

    func log(mayCreate: Bool = false) throws -> StateLog { StateLog(remote: try remote(mayCreate: mayCreate)) }

    /// Refuses what cannot be meant.
    private func checkPlace() throws {
        let isURL = url.bytes.prefix { $0 != UInt8(ascii: "/") }.contains(UInt8(ascii: ":"))
        if !url.isAbsolute, !isURL {
            let absolute = url.absolute(from: try .currentFolder()).normalized
            throw HelperError(
                "'data::\(url)' is relative, and Git does not say to what", hints: ["use data::\(absolute)"])
        }
        guard let folder = BytePath(localURL: url) else { return }
        for candidate in [folder, folder / ".git"] where try RepositoryLocation.commonFolder(ofRepositoryAt: candidate) != nil {
            throw HelperError("'\(folder)' is a Git repository already", hints: ["use it without 'data::'"])
        }
    }

    // MARK: The repository

    /// The repository that Git works in; nil outside of any, as for `git ls-remote`.
    func repository() throws -> (git: Git, location: RepositoryLocation)? {
        if let known { return known }
        do {
            let location = try RepositoryLocation.find(from: .currentFolder())
            let found = (git: try Git(worktree: location.worktree), location: location)
            known = found
            return found
        } catch GitError.notARepository {
            return nil
        }
    }

    func requireRepository() throws -> (git: Git, location: RepositoryLocation) {
        guard let found = try repository() else { throw HelperError("this needs a Git repository to work in") }
        return found
    }

    func configuration() throws -> GitConfiguration {
        if let settings { return settings }
        let git = try repository()?.git ?? Git()
        let read = try git.configuration()
        settings = read
        return read
    }

    /// Git data's own folder in the repository.
    func dataFolder() throws -> BytePath { try requireRepository().location.commonFolder / "data" }

    /// The folder of packs on their way. What was left there long ago is removed.
    func transit() throws -> BytePath {
        let folder = try dataFolder() / "packs"
        try folder.makeFolders()
        let limit = FileStatus.Time.now.seconds - 7 * 24 * 60 * 60
        for name in try folder.entries() {
            let file = folder / name
            guard let status = try? file.status(), status.modified.seconds < limit else { continue }
            // What a killed process has left.
            if status.kind == .regular { try? file.removeFile() }
            if status.kind == .folder, name.text.hasPrefix(PackWorkshop.prefix) { file.removeTree() }
        }
        return folder
    }

    /// Whether the user has said that nobody else pushes here: for servers that cannot create a state only where there is
    /// none.
    func isSoleWriter() throws -> Bool {
        // Git writes the names of keys in lower case, and that of the remote as it is.
        try configuration().boolean("remote.\(name.text).datasolewriter") ?? false
    }

    /// Who makes states, as `Name <address>`.
    func author() throws -> String {
        let git = try repository()?.git ?? Git()
        let line = try git.run(["var", "GIT_COMMITTER_IDENT"]).line
        // A time and a zone stand behind.
        guard let end = line.bytes.lastIndex(of: UInt8(ascii: ">")) else { return "unknown" }
        return BytePath(bytes: line.bytes[...end]).text
    }

    // MARK: What was seen

    /// The number of a state that was there the last time, where to begin looking.
    func lastSeen() throws -> Int {
        guard let file = try seenFile(), let bytes = try? file.contents(limit: 32) else { return 0 }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) ?? 0
    }

    /// A hint, and lost without harm.
    func noteSeen(_ number: Int) {
        guard let file = try? seenFile(), (try? lastSeen()) != number else { return }
        try? file.parent.makeFolders()
        // What a crash leaves of it is a number, or nothing.
        guard let written = try? TemporaryFile(in: file.parent) else { return }
        guard (try? written.descriptor.write(Array("\(number)\n".utf8))) != nil, (try? written.path.rename(to: file)) != nil else { return }
        written.finish()
    }

    private func seenFile() throws -> BytePath? { try noteFile("seen") }

    /// A file of what is known of this place alone.
    func noteFile(_ topic: String) throws -> BytePath? {
        guard try repository() != nil else { return nil }
        return try dataFolder() / "cache" / "\(topic)-\(PlaceKey.of(url))"
    }

    /// Says something that is no error.
    func note(_ text: String) {
        if options.verbosity > 0 { Descriptor.writeToStandardError(text + "\n") }
    }
}
