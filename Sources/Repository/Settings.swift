import Diagnostics
import Git
import Platform

/// What a setting says that it cannot mean.
package struct SettingsError: Error, Equatable, Sendable {
    package let key: String
    package let value: String
    /// What would be understood.
    package let expected: String
}

/// The settings under `data.*`: those of the project, committed in `.gitdata`, below those of Git's own
/// configuration, which win. What a project can set is a short list; everything else in `.gitdata`
/// is passed over, so that nobody's program runs and nobody's folder is read by cloning.
package struct Settings: Sendable {
    package enum PointerForm: Equatable, Sendable {
        case gitData, lfs
    }

    package enum PrePush: Equatable, Sendable {
        /// The hook uploads what the remote lacks.
        case upload
        /// The hook refuses a push whose blobs are not on the remote.
        case check
    }

    package enum Keep: Equatable, Sendable {
        /// Every blob stays in the local store until it is pruned.
        case all
        /// What the remote has, and what stands in the worktree, need not be in the store as well.
        case pushed
    }

    package enum Stale: Equatable, Sendable {
        case ignore, warn, refuse
    }

    /// Text shorter than this stays in Git: `data.minimumSize`, bytes.
    package var minimumByteCount: Int64 = 0
    /// Which pointers are written: `data.pointer`.
    package var pointerForm = PointerForm.gitData
    /// Whether pointers stay pointers until a person asks for the data: `data.lazy`.
    package var isLazy = false
    /// Above this a smudged file stays a pointer, which the hooks replace outside the filter, as Git
    /// holds what it smudges in memory: `data.inlineLimit`, bytes.
    package var inlineLimit: Int64 = 1 << 30
    /// Longer text is summed up in a diff: `data.diffLimit`, bytes.
    package var diffLimit = Self.defaultDiffLimit
    package static let defaultDiffLimit: Int64 = 1 << 20
    /// What a stage or an import makes becomes data from this size on, where no pattern speaks of it; what is no text
    /// always does: `data.trackAbove`, bytes.
    package var trackAbove: Int64 = 1 << 20
    /// What the pre-push hook does: `data.prePush`.
    package var prePush = PrePush.upload
    /// What the hooks do where a commit or a push has outputs of stages that are stale: `data.stale`. A project may set it,
    /// as it starts nothing and reads nothing but what Git has; a person's own setting and `--no-verify` win.
    package var stale = Stale.ignore
    /// How many transfers run at once: `data.transfers`; nil leaves it to the agent.
    package var transfers: Int?
    /// The folder of the local store: `data.store`; nil is the repository's own.
    package var store: BytePath?
    /// What of a pushed data set stays in the local store: `data.keep`.
    package var keep = Keep.all
    /// For how many days prune keeps what commits have brought: `data.pruneRecentDays`.
    package var pruneRecentDays = 7
    /// The oldest git data that may work here: `data.requiredVersion`.
    package var requiredVersion: String?
    /// The data remote that is used where nothing else names one: `data.remote`.
    package var defaultRemote: String?
    /// The data remotes, in order of appearance.
    package var remotes: [DataRemote] = []
    /// Git's own configuration, for what is not under `data.*`.
    package let configuration: GitConfiguration

    /// The filter holds what may stay in Git in memory.
    private static let largestMinimum: Int64 = 32 << 20

    /// The keys that a committed `.gitdata` can set. Those of one remote follow in `committedRemoteKeys`.
    package static let committedKeys: Set<String> = [
        "data.remote", "data.minimumsize", "data.pointer", "data.lazy", "data.difflimit", "data.trackabove", "data.stale",
        "data.requiredversion",
    ]
    package static let committedRemoteKeys = Set(
        ["url"] + DataRemote.Option.allCases.filter(\.isCommittable).map(\.rawValue))
    /// The name of the committed file, at the top of the worktree.
    package static let committedFile: BytePath = ".gitdata"

    /// - Parameters:
    ///   - committed: what `.gitdata` says.
    ///   - own: Git's configuration, as it holds in this repository.
    package init(committed: GitConfiguration, own: GitConfiguration) throws(SettingsError) {
        configuration = own
        let layers = Layers(committed: committed, own: own)
        if let size = try layers.byteCount("data.minimumsize") {
            guard size <= Self.largestMinimum else {
                throw SettingsError(key: "data.minimumsize", value: "\(size)", expected: "at most 32m")
            }
            minimumByteCount = size
        }
        if let limit = try layers.byteCount("data.inlinelimit") { inlineLimit = limit }
        if let limit = try layers.byteCount("data.difflimit") { diffLimit = limit }
        if let limit = try layers.byteCount("data.trackabove") { trackAbove = limit }
        if let lazy = try layers.boolean("data.lazy") { isLazy = lazy }
        // Set by `git data clone` for Git's own checkout, which it completes itself.
        if Environment.value("GIT_DATA_LAZY") == "1" { isLazy = true }
        if let form = try layers.choice("data.pointer", ["gitdata": PointerForm.gitData, "lfs": .lfs]) {
            pointerForm = form
        }
        if let prePush = try layers.choice("data.prepush", ["upload": PrePush.upload, "check": .check]) {
            self.prePush = prePush
        }
        if let stale = try layers.choice("data.stale", ["ignore": Stale.ignore, "warn": .warn, "refuse": .refuse]) {
            self.stale = stale
        }
        if let transfers = try layers.byteCount("data.transfers") { self.transfers = Int(clamping: max(1, transfers)) }
        if let keep = try layers.choice("data.keep", ["all": Keep.all, "pushed": .pushed]) { self.keep = keep }
        if let days = try layers.byteCount("data.prunerecentdays") { pruneRecentDays = Int(clamping: days) }
        if let layer = layers.layer(for: "data.requiredversion"), let version = layer.string("data.requiredversion") {
            guard Version.satisfies(version) != nil else {
                throw layers.invalid("data.requiredversion", layer, "a version, such as 1.2")
            }
            requiredVersion = version
        }
        store = layers.value("data.store")
        defaultRemote = layers.value("data.remote")?.text
        remotes = DataRemote.all(committed: committed, own: own)
    }

    /// The names in `.gitdata` that a project cannot set, for `doctor`.
    package static func ignoredKeys(of committed: GitConfiguration) -> [String] {
        committed.keys.filter { !Layers.isSafe($0) }
    }

    private struct Layers {
        let committed: GitConfiguration
        let own: GitConfiguration

        static func isSafe(_ key: String) -> Bool {
            if committedKeys.contains(key) { return true }
            guard key.hasPrefix("data."), let dot = key.lastIndex(of: "."), key.firstIndex(of: ".") != dot else {
                return false
            }
            return committedRemoteKeys.contains(String(key[key.index(after: dot)...]))
        }

        func layer(for key: String) -> GitConfiguration? {
            if own.value(key) != nil { return own }
            return Self.isSafe(key) && committed.value(key) != nil ? committed : nil
        }

        func value(_ key: String) -> BytePath? { layer(for: key)?.value(key) }

        func byteCount(_ key: String) throws(SettingsError) -> Int64? {
            guard let layer = layer(for: key) else { return nil }
            guard let number = layer.integer(key), number >= 0 else {
                throw invalid(key, layer, "a number of bytes, such as 100k or 2g")
            }
            return number
        }

        func boolean(_ key: String) throws(SettingsError) -> Bool? {
            guard let layer = layer(for: key) else { return nil }
            guard let value = layer.boolean(key) else { throw invalid(key, layer, "true or false") }
            return value
        }

        func choice<Choice>(_ key: String, _ choices: [String: Choice]) throws(SettingsError) -> Choice? {
            guard let layer = layer(for: key), let text = layer.string(key) else { return nil }
            guard let choice = choices[text.lowercased()] else {
                throw invalid(key, layer, choices.keys.sorted().joined(separator: " or "))
            }
            return choice
        }

        func invalid(_ key: String, _ layer: GitConfiguration, _ expected: String) -> SettingsError {
            SettingsError(key: key, value: layer.string(key) ?? "", expected: expected)
        }
    }
}

extension Settings {
    /// Whether all of a file's content is text that stays in Git, as it is short. Text has no NUL among its first 8000 bytes.
    ///
    /// Source: Git, `buffer_is_binary`.
    package func isShortText(_ content: [UInt8]) -> Bool {
        content.count < minimumByteCount && !content.prefix(8000).contains(0)
    }
}
