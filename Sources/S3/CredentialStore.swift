import Platform
internal import Synchronization

/// The credentials in use, looked for anew before they expire. Any number of threads may ask; one of them
/// looks while the others wait.
final class CredentialStore: Sendable {
    private struct State {
        var finding: CredentialChain.Finding?
        /// Until then those held do, although they end soon.
        var patience: UTCTime?
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> UTCTime
    private let load: @Sendable () throws(CredentialError) -> CredentialChain.Finding

    /// How long before their end credentials are renewed.
    private static let margin: Int64 = 300

    init(
        now: @escaping @Sendable () -> UTCTime = { .now },
        load: @escaping @Sendable () throws(CredentialError) -> CredentialChain.Finding
    ) {
        self.now = now
        self.load = load
    }

    /// The credentials to sign with now.
    func current() throws(CredentialError) -> CredentialChain.Finding {
        try locked { state throws(CredentialError) in
            guard let finding = state.finding else { return try renew(&state) }
            guard case .credentials(let held) = finding, let expiry = held.expiry else { return finding }
            let time = now()
            if expiry - time > Self.margin { return finding }
            if let patience = state.patience, time < patience, time < expiry { return finding }
            do throws(CredentialError) { return try renew(&state) } catch {
                guard time < expiry else { throw error }
                state.patience = time + 30
                return finding
            }
        }
    }

    /// Credentials after a server has called these expired.
    /// - Returns: nil where no others are to be had.
    func replacement(for expired: Credentials) throws(CredentialError) -> Credentials? {
        try locked { state throws(CredentialError) in
            if case .credentials(let held)? = state.finding, held != expired { return held }
            guard case .credentials(let fresh) = try renew(&state), fresh != expired else { return nil }
            return fresh
        }
    }

    private func renew(_ state: inout State) throws(CredentialError) -> CredentialChain.Finding {
        let finding = try load()
        state.finding = finding
        state.patience = nil
        // What is given for minutes only is not asked for with each request.
        if case .credentials(let fresh) = finding, let expiry = fresh.expiry {
            let rest = expiry - now()
            if rest <= Self.margin { state.patience = now() + rest / 2 }
        }
        return finding
    }

    private func locked<Result: Sendable>(
        _ body: (inout State) throws(CredentialError) -> Result
    ) throws(CredentialError) -> Result {
        try state.withLock { state throws(CredentialError) in try body(&state) }
    }
}
