import Platform
import Remote

/// Notices when it is the remote as a whole that fails, so that the rest of thousands of transfers is not
/// tried one by one, each with all its patience: so many in a row have failed, none has succeeded in between,
/// and none of the reasons is a blob's own.
final class Outage: Sendable {
    enum Direction {
        case upload, download, delete
    }

    private struct State {
        var failures = 0
        var error: RemoteError?
    }

    /// More than run at once, so that a short outage, which all of them meet together, ends nothing.
    private static let limit = 24

    private let state = Monitor(State())

    /// Why nothing more is to be tried; nil as long as there is hope.
    var error: RemoteError? { state.change { $0.error } }

    func noteSuccess() {
        state.change { $0.failures = 0 }
    }

    func note(_ error: RemoteError, _ direction: Direction) {
        guard Self.isWholesale(error, direction) else { return }
        state.change { state in
            state.failures += 1
            if state.failures >= Self.limit, state.error == nil { state.error = error }
        }
    }

    /// Whether the reason may well hold for every blob. One that may not be read can lie beside others that may.
    private static func isWholesale(_ error: RemoteError, _ direction: Direction) -> Bool {
        switch error.kind {
        case .unreachable: true
        case .denied, .full: direction == .upload
        case .absent, .damaged, .interrupted, .other: false
        }
    }
}
