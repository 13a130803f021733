import Git
import Remote

/// The objects of one push, on their way.
final class PushedObjects {
    private let session: HelperSession
    private let git: Git
    private let remote: any Remote
    private var built: BuiltPack?
    /// The state for which the pack is good: all that is left out of it is in that one's packs.
    private var basis: RepositoryState?
    /// What the pack was made for.
    private var tips: Set<GitObjectName> = []

    init(session: HelperSession, git: Git, remote: any Remote) {
        self.session = session
        self.git = git
        self.remote = remote
    }

    /// Brings what a state's packs lack of the objects that `targets` reach.
    /// - Returns: the pack that the next state has to name; nil where nothing is lacking.
    func bring(_ targets: [GitObjectName], onto base: RepositoryState) throws -> PackRecord? {
        // Packs are only ever added or put together, unless objects were dropped. A ref that was refused before may be
        // accepted now.
        if let basis, basis.collections == base.collections, tips.isSuperset(of: targets) {
            guard let built else { return nil }
            if !base.isBarred(built.record.name) {
                // It may have been there before this push, unused, and been removed since.
                try upload(built, isNew: false)
                return built.record
            }
        }
        remove()
        var attempt = 0
        let have = try session.existing(Array(Set(base.refs.map(\.target))))
        let builder = PackBuilder(
            git: git, folder: try session.transit(), showsProgress: session.options.showsProgress && session.options.verbosity > 0)
        (basis, tips) = (base, Set(targets))
        while let pack = try builder.pack(Array(Set(targets)), excluding: have, attempt: attempt) {
            guard base.isBarred(pack.record.name) else {
                built = pack
                break
            }
            pack.remove()
            attempt += 1
        }
        guard let built else { return nil }
        try upload(built, isNew: true)
        return built.record
    }

    private func upload(_ pack: BuiltPack, isNew: Bool) throws {
        try PackTransfer(remote: remote, folder: session.transit(), showsProgress: session.options.showsProgress)
            .upload(pack, isNew: isNew)
    }

    /// Forgets the local files.
    func remove() {
        built?.remove()
        (built, basis, tips) = (nil, nil, [])
    }
}

extension RepositoryState {
    /// Names one more pack.
    mutating func add(_ pack: PackRecord) {
        guard !packs.contains(where: { $0.name == pack.name }) else { return }
        packs.append(pack)
        unused.removeAll { $0.name == pack.name }
    }
}
