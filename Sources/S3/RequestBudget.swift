import Platform
import Remote

/// How many requests with a body may be under way at once, and how many bytes they may hold: few large
/// ones or many small ones, and with time more bytes, as long as they are a small share of what has succeeded.
/// A server that asks for patience gets fewer requests, and slowly more again.
final class RequestBudget: Sendable {
    private struct State {
        var requests = 0
        var bytes: Int64 = 0
        var succeeded: Int64 = 0
        var limit: Double
    }

    /// How a request has ended.
    enum Outcome {
        case done
        case failed
        /// The server asked for fewer requests.
        case throttled
    }

    private let state: Monitor<State>
    private let greatestRequests: Int
    private let firstBytes: Int64

    /// - Parameter bytes: what a process that is killed early may lose; later it may be a tenth of what it has
    ///   done, and at most four times as much.
    init(requests: Int, bytes: Int64) {
        greatestRequests = requests
        firstBytes = bytes
        state = Monitor(State(limit: Double(requests)))
    }

    /// How many bytes may be under way.
    static func byteLimit(first: Int64, succeeded: Int64) -> Int64 {
        max(first, min(succeeded / 10, 4 * first))
    }

    /// Takes a share, waiting for it. One that alone exceeds the budget gets it when it is alone.
    func take(_ byteCount: Int64) {
        state.wait { state -> Void? in
            let byteLimit = Self.byteLimit(first: firstBytes, succeeded: state.succeeded)
            let fits = state.bytes + byteCount <= byteLimit && Double(state.requests) < state.limit.rounded(.down)
            guard fits || state.requests == 0 else { return nil }
            state.requests += 1
            state.bytes += byteCount
            return ()
        }
    }

    /// Gives a share back.
    func giveBack(_ byteCount: Int64, _ outcome: Outcome = .done) {
        state.change { state in
            state.requests -= 1
            state.bytes -= byteCount
            if outcome == .done { state.succeeded += byteCount }
            state.limit = outcome == .throttled
                ? max(1, state.limit / 2) : min(Double(greatestRequests), state.limit + 1 / state.limit)
        }
    }
}

extension S3Failure {
    /// Whether the server asks for fewer requests.
    var isThrottling: Bool { status == 503 || status == 429 || code == "SlowDown" }
}
