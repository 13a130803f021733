internal import CCurl
import Platform

/// The loop's side of one exchange: libcurl's handle and what its callbacks need. It never leaves the loop's
/// thread.
final class Transfer {
    let exchange: Exchange
    private(set) var easy: EasyHandle
    private let round: Round
    private let started: Duration
    private var clock: StallClock
    private var parser = HeadParser()
    private var collected: [UInt8] = []
    private var filling: Slab?
    private var spare: Slab?
    /// How much of the request's landing is in use.
    private var landedCount = 0
    private var isPaused = false
    private var sourcePosition: Int64 = 0
    private var reportedCount: Int64 = 0
    /// How the exchange ends, decided here and not by libcurl.
    private(set) var verdict: Exchange.Ending?

    private static let slabSize = 128 << 10
    private static let landingSlabSize = 1 << 20

    /// The transfers that hold bytes which their receivers have not been offered.
    final class Round {
        var touched: [Transfer] = []
    }

    /// - Returns: nil where libcurl lacks memory, or a setting that we cannot do without.
    init?(_ exchange: Exchange, _ options: HTTPClient.Options, _ round: Round, now: Duration) {
        guard var easy = EasyHandle() else { return nil }
        easy.prepare(exchange.request, options)
        guard easy.isComplete else { return nil }
        self.exchange = exchange
        self.easy = easy
        self.round = round
        started = now
        clock = StallClock(exchange.request.patience ?? options.patience, now: now)
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_set_pointer(self.easy.raw, CURLOPT_PRIVATE, context)
        _ = ccurl_set_writer(self.easy.raw, receiveBody, context)
        _ = ccurl_set_header_writer(self.easy.raw, receiveHeader, context)
        _ = ccurl_set_reader(self.easy.raw, sendBody, rewindBody, context)
    }

    private var request: HTTPRequest { exchange.request }

    func age(_ now: Duration) -> Duration { now - started }

    // MARK: what libcurl calls

    fileprivate func receive(header line: UnsafeRawBufferPointer) -> Int {
        guard verdict == nil else { return 0 }
        guard parser.feed(line) else {
            return stop(HTTPError(.protocolViolation, "the head of the answer of '\(request.authority)' does not end"))
        }
        return line.count
    }

    /// - Returns: how much was taken: all, nothing to end the transfer, or the sign to wait.
    fileprivate func receive(body piece: UnsafeRawBufferPointer) -> Int {
        guard verdict == nil, let head = parser.head else { return 0 }
        guard head.isSuccess else { return collect(piece, upTo: HTTPClient.refusalLimit, of: head) }
        if let limit = exchange.bodyLimit { return collect(piece, upTo: limit, of: head) }
        if let filling, filling.room < piece.count, !offer(filling, head, whenIdle: false) {
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        let slab = filling ?? emptySlab(for: piece.count, of: head)
        if slab.isBorrowed {
            landedCount += piece.count
        } else if slab.isEmpty {
            round.touched.append(self)
        }
        slab.append(piece)
        filling = slab
        return piece.count
    }

    private func emptySlab(for byteCount: Int, of head: HTTPResponse) -> Slab {
        if let landing = request.landing?.bytes, landing.count - landedCount >= byteCount {
            let size = min(max(byteCount, Self.landingSlabSize), landing.count - landedCount)
            return Slab(borrowing: UnsafeMutableRawBufferPointer(rebasing: landing[landedCount..<(landedCount + size)]))
        }
        if let spare, spare.room >= byteCount {
            self.spare = nil
            return spare
        }
        // A small body needs no more than its own size.
        let expected = head.headers["content-length"].flatMap { Int($0) } ?? Self.slabSize
        return Slab(capacity: max(byteCount, min(max(0, expected), Self.slabSize)))
    }

    private func offer(_ slab: Slab, _ head: HTTPResponse, whenIdle: Bool) -> Bool {
        let (isTaken, spare) = exchange.offer(slab, head, whenIdle: whenIdle)
        guard isTaken else { return false }
        filling = nil
        self.spare = spare ?? self.spare
        return true
    }

    private func collect(_ piece: UnsafeRawBufferPointer, upTo limit: Int, of head: HTTPResponse) -> Int {
        let room = limit - collected.count
        collected.append(contentsOf: piece.prefix(room))
        guard piece.count > room else { return piece.count }
        guard !head.isSuccess else {
            return stop(HTTPError(.tooLarge, "the answer of '\(request.authority)' is larger than \(limit) bytes"))
        }
        // The beginning of a long refusal says enough.
        verdict = .answered(HTTPResponse(status: head.status, headers: head.headers, body: collected))
        return 0
    }

    fileprivate func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = Int(clamping: min(Int64(buffer.count), request.body.byteCount - sourcePosition))
        guard verdict == nil, count >= 0 else { return Int(CURL_READFUNC_ABORT) }
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        switch request.body {
        case .none: break
        case .bytes(let bytes):
            bytes.withUnsafeBytes { target.copyMemory(from: .init(rebasing: $0[Int(sourcePosition)...].prefix(count))) }
        case .file(let file, let offset, _):
            if let flaw = fill(target, from: file, at: offset + sourcePosition) {
                _ = stop(HTTPError(.source, flaw))
                return Int(CURL_READFUNC_ABORT)
            }
        }
        sourcePosition += Int64(count)
        return count
    }

    /// - Returns: why that cannot be done, or nil.
    private func fill(_ target: UnsafeMutableRawBufferPointer, from file: HTTPFile, at offset: Int64) -> String? {
        var filled = 0
        while filled < target.count {
            do throws(SystemError) {
                let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
                let count = try file.descriptor.read(into: rest, at: offset + Int64(filled))
                guard count > 0 else { return "the file has become shorter while it was sent" }
                filled += count
            } catch {
                return "cannot read what is to be sent: \(error.reason)"
            }
        }
        return nil
    }

    fileprivate func rewind(to position: Int64) {
        sourcePosition = position
    }

    private func stop(_ error: HTTPError) -> Int {
        verdict = .failed(error)
        return 0
    }

    // MARK: what the loop calls

    /// Gives the receiver what it has not been offered, and reads on.
    /// - Parameter whenIdle: only if the receiver waits for it.
    func handOver(whenIdle: Bool) {
        if let filling, !filling.isEmpty, let head = parser.head, !offer(filling, head, whenIdle: whenIdle) { return }
        guard isPaused else { return }
        isPaused = false
        // It may call `receive(body:)` at once, and that may pause again.
        curl_easy_pause(easy.raw, CURLPAUSE_CONT)
    }

    /// Looks at the time.
    /// - Returns: why the exchange is to end now, or nil.
    func check(now: Duration) -> HTTPError? {
        if request.isCancelled?() == true { return .interruption }
        let sent = easy.size(CURLINFO_SIZE_UPLOAD_T)
        if sent != reportedCount { report(sent) }
        let received = easy.size(CURLINFO_SIZE_DOWNLOAD_T) + Int64(easy.number(CURLINFO_HEADER_SIZE))
        let phase: StallClock.Phase =
            if isPaused || easy.size(CURLINFO_PRETRANSFER_TIME_T) == 0 {
                .held
            } else {
                received == 0 && sent >= request.body.byteCount ? .awaitingAnswer : .moving
            }
        guard let pause = clock.standstill(phase, byteCount: sent + received, now: now) else { return nil }
        let time = "\(max(1, pause.components.seconds)) s"
        return HTTPError(
            .stalled,
            phase == .awaitingAnswer
                ? "'\(request.authority)' has not answered for \(time)"
                : "the connection to '\(request.authority)' has stood still for \(time)", isTransient: true)
    }

    private func report(_ sent: Int64) {
        reportedCount = sent
        request.onSent?(sent)
    }

    /// How libcurl's end of the transfer ends the exchange.
    func ending(_ code: CURLcode) -> Exchange.Ending {
        if case .answered(var response)? = verdict {
            response.nearness = easy.peerNearness
            return .answered(response)
        }
        if let verdict { return verdict }
        if code == CURLE_OK, let head = parser.head {
            let sent = easy.size(CURLINFO_SIZE_UPLOAD_T)
            if sent != reportedCount { report(sent) }
            var response = HTTPResponse(status: head.status, headers: head.headers, body: collected)
            response.nearness = easy.peerNearness
            return .answered(response)
        }
        if code == CURLE_COULDNT_CONNECT, easy.hasRefusedNearness {
            return .failed(HTTPError(.tooNear, "'\(request.authority)' is nearer than the server that leads there"))
        }
        return .failed(HTTPError(HTTPError.CurlEnding(
            code: code == CURLE_OK ? CURLE_GOT_NOTHING : code, detail: easy.detail,
            proxyStatus: easy.number(CURLINFO_HTTP_CONNECTCODE), authority: request.authority)))
    }

    /// Tells the caller, for good.
    func end(_ ending: Exchange.Ending) {
        verdict = ending
        exchange.end(ending, filling, of: parser.head)
        filling = nil
    }
}

extension HTTPError {
    static let interruption = HTTPError(.interrupted, "the transfer was interrupted")
}

private func transfer(_ context: UnsafeMutableRawPointer) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
}

private func receiveHeader(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    return transfer(context).receive(header: UnsafeRawBufferPointer(start: data, count: size * count))
}

private func receiveBody(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    return transfer(context).receive(body: UnsafeRawBufferPointer(start: data, count: size * count))
}

private func sendBody(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return Int(CURL_READFUNC_ABORT) }
    return transfer(context).send(into: UnsafeMutableRawBufferPointer(start: data, count: size * count))
}

private func rewindBody(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    guard let context, origin == 0 else { return CURL_SEEKFUNC_FAIL }
    transfer(context).rewind(to: Int64(offset))
    return CURL_SEEKFUNC_OK
}
