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

    init(session: HelperSession, git: Git, remote: any Remote) {
        self.session = session
        self.git = git
        self.remote = remote
    }

    /// Brings what a state's packs lack of the objects that `targets` reach.
    /// - Returns: the pack that the next state has to name; nil where nothing is lacking.
    func bring(_ targets: [GitObjectName], onto base: RepositoryState) throws -> PackRecord? {
        var attempt = 0
        // Packs are only ever added or put together, unless objects were dropped.
        if let basis, basis.collections == base.collections {
            guard let built else { return nil }
            guard base.condemned.contains(built.record.name) else { return built.record }
            attempt = Int.random(in: 1...1000)
        }
        remove()
        let have = try git.existing(Array(Set(base.refs.map(\.target))))
        let builder = PackBuilder(
            git: git, folder: try session.transit(), showsProgress: session.options.showsProgress && session.options.verbosity > 0)
        basis = base
        while let pack = try builder.pack(Array(Set(targets)), excluding: have, attempt: attempt) {
            guard base.condemned.contains(pack.record.name) else {
                built = pack
                break
            }
            pack.remove()
            attempt += 1
        }
        guard let built else { return nil }
        try PackTransfer(remote: remote, folder: session.transit(), showsProgress: session.options.showsProgress).upload(built)
        return built.record
    }

    /// Forgets the local files.
    func remove() {
        built?.remove()
        (built, basis) = (nil, nil)
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
