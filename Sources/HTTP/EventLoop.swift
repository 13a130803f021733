internal import CCurl
import Synchronization

/// What callers tell the loop, and how they wake it.
final class Inbox: @unchecked Sendable {
    // Safety: the multi handle is the loop's, except for `curl_multi_wakeup`, which any thread may call until
    // the loop has taken `close`; it is called under the lock that guards the messages.
    enum Message: Sendable {
        case start(Exchange)
        /// The receiver has taken a slab.
        case attend(Exchange)
        case cancel(Exchange)
        case cancelAll
        /// The client is gone.
        case close
    }

    fileprivate let multi: UnsafeMutableRawPointer
    private let messages = Mutex<[Message]>([])

    init() {
        precondition(Self.isReady, "libcurl cannot be set up")
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl lacks memory") }
        self.multi = multi
    }

    /// Once for the process.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    func post(_ message: Message) {
        messages.withLock { messages in
            messages.append(message)
            if messages.count == 1 { curl_multi_wakeup(multi) }
        }
    }

    fileprivate func take() -> [Message] {
        messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

/// The thread that does all work on sockets: it owns libcurl's multi handle and every transfer in it.
final class EventLoop {
    private let inbox: Inbox
    private let options: HTTPClient.Options
    private let multi: UnsafeMutableRawPointer
    private var transfers: [ObjectIdentifier: Transfer] = [:]
    private let round = Transfer.Round()
    private let birth = ContinuousClock.now
    private var lastCheck = Duration.zero

    /// So often it asks whether exchanges stand still or are called off.
    private static let checkInterval = Duration.milliseconds(100)

    init(_ inbox: Inbox, _ options: HTTPClient.Options) {
        self.inbox = inbox
        self.options = options
        multi = inbox.multi
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.connectionsPerHost)
        ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connections)
        // So many stay open when they have nothing to do.
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, max(1, options.connections))
    }

    deinit {
        curl_multi_cleanup(multi)
    }

    private var now: Duration { birth.duration(to: .now) }

    /// Works until the client is gone.
    func run() {
        while true {
            for message in inbox.take() {
                switch message {
                case .start(let exchange): start(exchange)
                case .attend(let exchange): transfers[ObjectIdentifier(exchange)]?.handOver(whenIdle: false)
                case .cancel(let exchange):
                    if let transfer = transfers[ObjectIdentifier(exchange)] { end(transfer, .failed(.interruption)) }
                case .cancelAll: for transfer in transfers.values { end(transfer, .failed(.interruption)) }
                case .close:
                    for transfer in transfers.values { end(transfer, .failed(.interruption)) }
                    return
                }
            }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            settle()
            check()
            curl_multi_poll(multi, nil, 0, transfers.isEmpty ? 60_000 : Int32(Self.checkInterval.milliseconds), nil)
        }
    }

    private func start(_ exchange: Exchange) {
        guard let transfer = Transfer(exchange, options, round, now: now) else {
            return exchange.end(.failed(HTTPError(.other, "libcurl refuses the request")))
        }
        if let trace = options.trace { HTTPTrace.lines(of: exchange.request, withHeaders: options.tracesHeaders).forEach(trace) }
        transfers[ObjectIdentifier(exchange)] = transfer
        let code = curl_multi_add_handle(multi, transfer.easy.raw)
        if code != CURLM_OK { end(transfer, .failed(HTTPError(.other, "libcurl refuses the request"))) }
    }

    /// Takes what is finished from libcurl, and gives receivers what has come for them.
    private func settle() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            var context: UnsafeMutableRawPointer?
            _ = ccurl_get_private(easy, &context)
            guard let context else { continue }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            end(transfer, transfer.ending(code))
        }
        let touched = round.touched
        round.touched.removeAll(keepingCapacity: true)
        for transfer in touched where transfer.verdict == nil { transfer.handOver(whenIdle: true) }
    }

    private func check() {
        let now = now
        guard now - lastCheck >= Self.checkInterval else { return }
        lastCheck = now
        for transfer in transfers.values {
            if let error = transfer.check(now: now) { end(transfer, .failed(error)) }
        }
    }

    /// Ends an exchange and its transfer. The caller hears of it first: libcurl may take its time.
    private func end(_ transfer: Transfer, _ ending: Exchange.Ending) {
        trace(ending, transfer)
        transfer.end(ending)
        curl_multi_remove_handle(multi, transfer.easy.raw)
        transfers[ObjectIdentifier(transfer.exchange)] = nil
    }

    private func trace(_ ending: Exchange.Ending, _ transfer: Transfer) {
        guard let trace = options.trace else { return }
        let request = transfer.exchange.request
        switch ending {
        case .answered(let response):
            HTTPTrace.lines(of: response, to: request, after: transfer.age(now), withHeaders: options.tracesHeaders).forEach(trace)
        case .failed(let error): trace(HTTPTrace.line(of: error, to: request, after: transfer.age(now)))
        }
    }
}
