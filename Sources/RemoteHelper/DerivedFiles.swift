import Platform
import Remote

/// The files from which plain Git reads the repository over HTTP, without git data and without a server program. They
/// follow the newest state, and nothing else reads them.
///
/// Spec: gitprotocol-http(5), "Dumb clients"; gitrepository-layout(5).
struct DerivedFiles {
    let log: StateLog

    /// Writes them after a state that was made. Others may be at it too: who comes last writes what is newest.
    /// - Parameter note: told where they cannot be written, which is no failure of a push.
    /// - Returns: false where the state is not one of those that led to the newest.
    func write(of state: RepositoryState, before: RepositoryState?, note: (String) -> Void) throws -> Bool {
        var written = before
        var next = state
        while true {
            do {
                try write(next, unlike: written)
            } catch {
                note("warning: the files for reading over HTTP could not be written: \(HelperError(error).message)")
                return try log.newestNumber(behind: state) != nil
            }
            guard let newest = try log.newestNumber(behind: state) else {
                // What was written is of a state that does not count.
                if let newest = try log.newest() { try? write(newest, unlike: nil) }
                return false
            }
            guard newest > next.number, let state = try log.state(newest) else { return true }
            (written, next) = (nil, state)
        }
    }

    /// - Parameter other: the state of which the files are now, as far as one knows.
    private func write(_ state: RepositoryState, unlike other: RepositoryState?) throws {
        var files: [(DocumentName, [UInt8])] = []
        let isNew = other == nil || other?.number == 0
        // Together, as each is of no use where the other is that of an earlier state, whose writer was killed.
        if isNew || other?.refs != state.refs || other?.packs != state.packs {
            files += [(Layout.refs, Self.refs(state)), (Layout.packList, Self.packs(state))]
        }
        if isNew || other?.head != state.head { files.append((Layout.head, Self.head(state))) }
        let failure = Monitor<RemoteError?>(nil)
        let (remote, pending) = (log.remote, files)
        concurrently(count: pending.count, threads: pending.count) { number in
            do throws(RemoteError) { try remote.replace(pending[number].0, pending[number].1) } catch {
                failure.change { $0 = error }
            }
        }
        if let failure = failure.change({ $0 }) { throw failure }
    }

    static func head(_ state: RepositoryState) -> [UInt8] {
        Array("ref: ".utf8) + state.head.bytes + [UInt8(ascii: "\n")]
    }

    static func refs(_ state: RepositoryState) -> [UInt8] {
        state.refs.flatMap { ref -> [UInt8] in
            var lines = ref.target.hex + [UInt8(ascii: "\t")] + ref.name.bytes + [UInt8(ascii: "\n")]
            if let peeled = ref.peeled {
                lines += peeled.hex + [UInt8(ascii: "\t")] + ref.name.bytes + Array("^{}\n".utf8)
            }
            return lines
        }
    }

    static func packs(_ state: RepositoryState) -> [UInt8] {
        state.packs.reversed().flatMap { Array("P \($0.name.text).pack\n".utf8) } + [UInt8(ascii: "\n")]
    }
}
