import Platform
import Remote

/// How many requests with a body may be under way at once, and how many bytes they may hold: few large
/// ones or many small ones. A server that asks for patience gets fewer, and slowly more again.
final class RequestBudget: Sendable {
    private struct State {
        var requests = 0
        var bytes: Int64 = 0
        var limit: Double
    }

    private let state: Monitor<State>
    private let greatestRequests: Int
    private let greatestBytes: Int64

    /// - Parameter bytes: what a process that is killed may lose.
    init(requests: Int, bytes: Int64) {
        greatestRequests = requests
        greatestBytes = bytes
        state = Monitor(State(limit: Double(requests)))
    }

    /// Takes a share, waiting for it. One that alone exceeds the budget gets it when it is alone.
    func take(_ byteCount: Int64) {
        state.wait { state -> Void? in
            let fits = state.bytes + byteCount <= greatestBytes && Double(state.requests) < state.limit.rounded(.down)
            guard fits || state.requests == 0 else { return nil }
            state.requests += 1
            state.bytes += byteCount
            return ()
        }
    }

    /// Gives a share back.
    /// - Parameter wasThrottled: whether the server asked for fewer requests.
    func giveBack(_ byteCount: Int64, wasThrottled: Bool = false) {
        state.change { state in
            state.requests -= 1
            state.bytes -= byteCount
            state.limit = wasThrottled
                ? max(1, state.limit / 2) : min(Double(greatestRequests), state.limit + 1 / state.limit)
        }
    }
}

extension S3Failure {
    /// Whether the server asks for fewer requests.
    var isThrottling: Bool { status == 503 || status == 429 || code == "SlowDown" }
}
