import Git
import Platform

/// A place that holds blobs for everybody, by the name that this repository gives it.
package struct DataRemote: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        /// Named by the committed `.gitdata` alone.
        case committed
        /// Named, or confirmed, in Git's own configuration.
        case own
        /// The `data` folder inside a Git remote that is a folder, without any setting.
        case insideGitRemote
        /// The place of a Git remote `data::<url>`, whose history and data are together.
        case withHistory
    }

    /// Beside the URL: what a bucket's place is reached with. Each is a key `data.<name>.<option>`, and may also
    /// stand behind the `?` of the URL.
    package enum Option: String, CaseIterable, Sendable {
        case region, endpoint, profile, addressing, anonymous

        /// Whether a project may set it, for all who clone.
        package var isCommittable: Bool { self != .profile }
        /// Whether it cannot lead the user's credentials anywhere else.
        var isHarmless: Bool { self == .region || self == .anonymous }
    }

    package let name: String
    package let url: BytePath
    /// What the keys say; it wins over what stands in the URL.
    package let options: [Option: String]
    package let source: Source
    /// The options that Git's own configuration sets.
    private let ownOptions: Set<Option>

    package init(
        name: String, url: BytePath, options: [Option: String] = [:], ownOptions: Set<Option> = [], source: Source
    ) {
        self.name = name
        self.url = url
        self.options = options
        self.ownOptions = ownOptions
        self.source = source
    }

    /// Whether the URL names a place of this machine's file system.
    package var isFolder: Bool {
        Self.folder(url) != nil
    }

    /// Whether it may be used without asking. A folder that only a committed file names may be any folder of
    /// the machine, and a bucket's options may choose who is shown the user's credentials: their use waits for
    /// `git data remote trust`.
    package var isTrusted: Bool {
        source != .committed || (!isFolder && urlOptions.union(options.keys.map(\.rawValue)).allSatisfy { name in
            guard let option = Option(rawValue: name) else { return false }
            return option.isHarmless || ownOptions.contains(option)
        })
    }

    /// The names of the options behind the URL's `?`.
    private var urlOptions: Set<String> {
        guard !isFolder, let start = url.bytes.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        return Set(url.bytes[(start + 1)...].split(separator: UInt8(ascii: "&")).map { item in
            String(decoding: item.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
        })
    }

    /// The URL as the transfer agent is told it: with the options, of which the last of a name counts.
    package var transferURL: BytePath {
        guard !isFolder else { return url }
        var whole = url
        for option in Option.allCases {
            guard let value = options[option] else { continue }
            let separator = whole.bytes.contains(UInt8(ascii: "?")) ? "&" : "?"
            whole = whole.adding(suffix: "\(separator)\(option.rawValue)=\(Self.encoded(value))")
        }
        return whole
    }

    /// A value in which no byte can end it or begin another option.
    private static func encoded(_ value: String) -> String {
        value.utf8.reduce(into: "") { text, byte in
            switch byte {
            case 0x30...0x3a, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
    }

    /// The place that a Git remote's URL names as `data::<place>`; nil for any other URL.
    package static func place(ofGitRemote url: BytePath) -> BytePath? {
        let transport = Array("data::".utf8)
        return url.bytes.starts(with: transport) ? BytePath(bytes: url.bytes[transport.count...]) : nil
    }

    /// The folder that a URL names: an absolute path, or `file://` and one.
    package static func folder(_ url: BytePath) -> BytePath? {
        BytePath(localURL: url)
    }

    /// Whether `git data remote add` gives such a name: letters, digits, `-` and `_`.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
        }
    }

    static func all(committed: GitConfiguration, own: GitConfiguration) -> [DataRemote] {
        var names = own.subsections(of: "data")
        // Messages name remotes, and hold commands that can be pasted: no project can choose a name for its effect there.
        for name in committed.subsections(of: "data") where isName(name) && !names.contains(name) { names.append(name) }
        return names.compactMap { name in
            let key = "data.\(name).url"
            let ownURL = own.value(key)
            var options: [Option: String] = [:]
            var ownOptions: Set<Option> = []
            for option in Option.allCases {
                let key = "data.\(name).\(option.rawValue)"
                // What a project says goes with the project's URL: a confirmed one does not change behind the user's back.
                if option.isCommittable, ownURL == nil || option == .region { options[option] = value(key, committed, option) }
                guard let value = value(key, own, option) else { continue }
                options[option] = value
                ownOptions.insert(option)
            }
            guard let url = ownURL ?? committed.value(key) else { return nil }
            return DataRemote(
                name: name, url: url, options: options, ownOptions: ownOptions, source: ownURL == nil ? .committed : .own)
        }
    }

    private static func value(_ key: String, _ configuration: GitConfiguration, _ option: Option) -> String? {
        guard option == .anonymous else { return configuration.string(key) }
        return configuration.boolean(key).map { $0 ? "true" : "false" }
    }
}

/// Why no data remote can be used.
package enum DataRemoteError: Error, Equatable, Sendable {
    /// Nothing names one, and the Git remote, where there is one, is no folder.
    case none(gitRemote: String?, url: BytePath?)
    /// A setting names one that is not there.
    case unknown(name: String, key: String)
    /// Only the committed `.gitdata` names this folder.
    case untrusted(DataRemote)
}

extension Repository {
    /// The data remote that belongs to a Git remote: what `remote.<name>.dataRemote` says, else
    /// `data.remote`, else the only one there is, else the place of a Git remote `data::<place>`, else the `data`
    /// folder inside the Git remote, where that is a folder.
    /// - Parameters:
    ///   - gitRemote: the Git remote's name, or nil for the one that the current branch would use.
    ///   - url: the Git remote's URL, where it is known already.
    package func dataRemote(
        forGitRemote gitRemote: String? = nil, url: BytePath? = nil
    ) throws(RepositoryError) -> DataRemote {
        let settings = try self.settings()
        let gitRemote = gitRemote ?? defaultGitRemote(settings.configuration)
        let key = "remote.\(gitRemote ?? "").dataremote"
        let chosen = settings.configuration.string(key).map { ($0, "remote.\(gitRemote ?? "").dataRemote") }
            ?? settings.defaultRemote.map { ($0, "data.remote") }
        if let (name, key) = chosen {
            guard let remote = settings.remotes.first(where: { $0.name == name }) else {
                throw .remote(.unknown(name: name, key: key))
            }
            return try trusted(remote)
        }
        if settings.remotes.count == 1, let only = settings.remotes.first { return try trusted(only) }
        var gitURL = url
        if gitURL == nil, let gitRemote { gitURL = try self.url(ofGitRemote: gitRemote) }
        if let gitURL, let place = DataRemote.place(ofGitRemote: gitURL) {
            return DataRemote(name: gitRemote ?? gitURL.description, url: place, source: .withHistory)
        }
        if let gitURL, let folder = try dataFolder(insideGitRemote: gitURL) {
            return DataRemote(name: gitRemote ?? gitURL.description, url: folder, source: .insideGitRemote)
        }
        throw .remote(.none(gitRemote: gitRemote, url: gitURL))
    }

    /// The data remote of that name.
    package func dataRemote(named name: String) throws(RepositoryError) -> DataRemote {
        let settings = try self.settings()
        if let remote = settings.remotes.first(where: { $0.name == name }) { return try trusted(remote) }
        // A Git remote's name stands for the data remote that belongs to it.
        if settings.configuration.value("remote.\(name).url") != nil { return try dataRemote(forGitRemote: name) }
        throw .remote(.unknown(name: name, key: ""))
    }

    private func trusted(_ remote: DataRemote) throws(RepositoryError) -> DataRemote {
        guard remote.isTrusted else { throw .remote(.untrusted(remote)) }
        return remote
    }

    /// The remote that `git fetch` would use: the current branch's, else the only one, else `origin`.
    package func defaultGitRemote(_ configuration: GitConfiguration) -> String? {
        if let head = try? (location.gitFolder / "HEAD").contents(limit: 4096) {
            let prefix = Array("ref: refs/heads/".utf8)
            if head.starts(with: prefix) {
                let branch = String(decoding: head.dropFirst(prefix.count).prefix { $0 != 10 }, as: UTF8.self)
                if let remote = configuration.string("branch.\(branch).remote"), remote != "." { return remote }
            }
        }
        let remotes = configuration.subsections(of: "remote").filter { configuration.value("remote.\($0).url") != nil }
        if remotes.count == 1 { return remotes[0] }
        return remotes.contains("origin") ? "origin" : nil
    }

    /// The URL that Git uses for a remote, with its `insteadOf` rewriting; a URL stands for itself.
    func url(ofGitRemote name: String) throws(RepositoryError) -> BytePath? {
        let answer = try asking { () throws(GitError) in try git().run(["remote", "get-url", BytePath(name)]) }
        if answer.status == 0 { return answer.lines.first }
        return name.contains("/") || name.contains(":") ? BytePath(name) : nil
    }

    /// Where the blobs of a Git remote that is a folder are: inside its common Git folder. Git looks for
    /// the repository in these places as well.
    ///
    /// Source: Git, `path.c`, `enter_repo`.
    private func dataFolder(insideGitRemote url: BytePath) throws(RepositoryError) -> BytePath? {
        let folder = DataRemote.folder(url) ?? (Self.isOtherHost(url) ? nil : url)
        // Git works at the top of the worktree, or in the Git folder, and takes relative paths from there.
        guard let absolute = folder?.absolute(from: location.worktree ?? location.gitFolder) else { return nil }
        for candidate in [absolute / ".git", absolute, absolute.adding(suffix: ".git/.git"), absolute.adding(suffix: ".git")] {
            do throws(SystemError) {
                if let common = try RepositoryLocation.commonFolder(ofRepositoryAt: candidate) { return common / "data" }
            } catch {
                throw .system(error)
            }
        }
        return nil
    }

    /// Whether a colon stands before the first slash: `host:path` and every `scheme://`.
    private static func isOtherHost(_ url: BytePath) -> Bool {
        url.bytes.first { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") } == UInt8(ascii: ":")
    }
}
