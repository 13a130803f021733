internal import CCurl

/// One of libcurl's easy handles: the settings and the state of one transfer. It belongs to one thread.
struct EasyHandle: ~Copyable {
    let raw: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private let reach: UnsafeMutablePointer<ccurl_reach>
    private var list: UnsafeMutablePointer<curl_slist>?
    /// Whether every setting that matters was taken.
    private(set) var isComplete = true

    init?() {
        guard let raw = curl_easy_init() else { return nil }
        self.raw = raw
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        reach = .allocate(capacity: 1)
        reach.initialize(to: ccurl_reach(nearest: Nearness.link.rawValue, is_refused: 0))
        list = nil
        require(ccurl_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText))
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(list)
        errorText.deallocate()
        reach.deallocate()
    }

    /// Opens connections to nothing that is nearer, and none that child processes get.
    mutating func setReach(_ nearest: Nearness) {
        reach.pointee.nearest = nearest.rawValue
        require(ccurl_set_private_sockets(raw, reach))
    }

    /// Whether a connection to something nearer was asked for.
    var hasRefusedNearness: Bool { reach.pointee.is_refused != 0 }

    /// How near the server of the last exchange was, or the proxy before it; nil where that is not known.
    var peerNearness: Nearness? { Nearness(rawValue: ccurl_peer_nearness(raw)) }

    /// What libcurl says about the error that ended the transfer; empty where it says nothing.
    var detail: String { String(cString: errorText) }

    /// Takes note of a setting that was refused.
    mutating func require(_ code: CURLcode) {
        if code != CURLE_OK { isComplete = false }
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        require(ccurl_set_long(raw, option, value))
    }

    /// Sets what an older libcurl may not know and can do without.
    func tune(_ option: CURLoption, _ value: Int) {
        _ = ccurl_set_long(raw, option, value)
    }

    mutating func set(_ option: CURLoption, byteCount: Int64) {
        require(ccurl_set_size(raw, option, curl_off_t(byteCount)))
    }

    mutating func set(_ option: CURLoption, _ value: String?) {
        require(ccurl_set_string(raw, option, value))
    }

    /// Sets the request's headers, each as libcurl wants it: `name: value`, `name;` for an empty value, and
    /// `name:` for one of its own that is to go.
    mutating func setHeaders(_ lines: [String]) {
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                isComplete = false
                return
            }
            list = longer
        }
        require(ccurl_set_list(raw, CURLOPT_HTTPHEADER, list))
    }

    func number(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_get_long(raw, info, &value) == CURLE_OK ? value : 0
    }

    func size(_ info: CURLINFO) -> Int64 {
        var value: curl_off_t = 0
        return ccurl_get_size(raw, info, &value) == CURLE_OK ? Int64(value) : 0
    }
}
