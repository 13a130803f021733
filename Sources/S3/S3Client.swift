import Digest
import HTTP
import Platform
import Remote
internal import Synchronization

/// A request about a bucket, before it is signed.
struct S3Request: Sendable {
    var method: String
    /// Below the bucket, not encoded; empty for the bucket itself.
    var key: [UInt8] = []
    /// Not encoded.
    var query: [(name: String, value: [UInt8])] = []
    var headers: [(name: String, value: String)] = []
    var body = WebRequest.Body.none
    /// The body's SHA-256.
    var payload = S3Request.emptyPayload
    /// As in `WebRequest`.
    var landing: HTTPMemory?
    /// What is tried, for messages, as in `read`.
    var action: String

    static let emptyPayload = ObjectID.of([])
}

/// Signs requests and sends them. It finds out by itself in which region the bucket is and how wrong the
/// clock goes; it does not retry.
final class S3Client: Sendable {
    private struct State {
        var region: String
        /// What the server's clock is ahead of ours, seconds.
        var skew: Int64 = 0
    }

    let place: String
    private let addressing: S3Addressing
    private let credentials: CredentialStore
    private let web: any WebExchange
    private let state: Mutex<State>
    private let signingKey = SigningKey()

    /// - Parameter place: the bucket and prefix, for messages.
    init(_ addressing: S3Addressing, _ credentials: CredentialStore, _ web: any WebExchange, place: String) {
        self.addressing = addressing
        self.credentials = credentials
        self.web = web
        self.place = place
        state = Mutex(State(region: addressing.firstRegion))
    }

    /// Whether the server is AWS's own, which checks the payload's digest.
    var isAWS: Bool { addressing.custom == nil }

    /// Sends a request whose answer is small.
    /// - Parameters:
    ///   - accepting: statuses beside success that are an answer here.
    ///   - sent: as in `WebExchange`.
    func send(
        _ request: S3Request, accepting: Set<Int> = [], _ cancellation: Cancellation, sent: (@Sendable (Int) -> Void)? = nil
    ) throws(S3Failure) -> WebResponse {
        var body: [UInt8] = []
        var response = try send(request, accepting: accepting, cancellation, sent: sent) { _, piece throws(RemoteError) in
            guard body.count + piece.count <= Self.greatestAnswer else {
                throw RemoteError(.other, "\(place) answers without an end")
            }
            body += piece
        }
        if response.isSuccess { response.body = body }
        return response
    }

    /// Far more than the longest page of a list.
    private static let greatestAnswer = 64 << 20

    /// Sends a request, and hands out the body of a successful answer as it comes.
    /// - Parameter receive: as in `WebExchange`.
    func send(
        _ request: S3Request, accepting: Set<Int> = [], _ cancellation: Cancellation, sent: (@Sendable (Int) -> Void)? = nil,
        receive: (WebResponse, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(S3Failure) -> WebResponse {
        var corrections: Set<Correction> = []
        while true {
            let used = state.withLock { $0 }
            let finding: CredentialChain.Finding
            do throws(CredentialError) { finding = try credentials.current() } catch {
                throw S3Failure(RemoteError(.denied, error.message, isTransient: error.isTransient))
            }
            let response: WebResponse
            do throws(RemoteError) {
                response = try web.exchange(
                    signed(request, finding, used), cancellation, sent: sent, receive: receive)
            } catch {
                throw S3Failure(error)
            }
            if response.isSuccess { return response }
            let document = S3ErrorDocument(response)
            if let correction = try correct(response, document, used, finding), corrections.insert(correction).inserted {
                continue
            }
            if accepting.contains(response.status) { return response }
            throw S3Failure(response, context(request))
        }
    }

    /// What a message about the request can name.
    private func context(_ request: S3Request) -> FailureContext {
        let region = state.withLock { $0.region }
        var context = FailureContext(
            place: place, bucket: addressing.bucket, server: addressing.address(of: [], region: region).server.text,
            action: request.action, region: region)
        switch try? credentials.current() {
        case .some(.credentials(let found)): context.accessKeyID = found.accessKeyID
        case .some(.none(let looked)): context.looked = looked
        case nil: break
        }
        return context
    }

    /// What is known of the way to the server, for a person who looks for what is wrong with it.
    func surroundings() -> [RemoteFinding] {
        let (region, skew) = state.withLock { ($0.region, $0.skew) }
        let server = addressing.address(of: [], region: region).server.text
        var findings = [RemoteFinding(.place, .noted, "\(place) at \(server), region \(region)")]
        do throws(CredentialError) {
            switch try credentials.current() {
            case .credentials(let found):
                let key = "the access key '\(S3Failure.printable(found.accessKeyID))'"
                findings.append(RemoteFinding(.credentials, .noted, "\(key) from \(found.origin)"))
            case .none: findings.append(RemoteFinding(.credentials, .noted, "none: requests are not signed"))
            }
        } catch {
            findings.append(RemoteFinding(.credentials, .fails, error.message))
        }
        if skew != 0 { findings.append(RemoteFinding(.clock, .noted, "the server's is \(skew) s ahead of this machine's")) }
        return findings
    }

    /// The failure of a request whose answer calls itself a success and is none.
    func nonsense(_ request: S3Request, _ response: WebResponse) -> S3Failure {
        S3Failure(response, context(request))
    }

    // MARK: Signing

    private func signed(_ request: S3Request, _ finding: CredentialChain.Finding, _ used: State) -> WebRequest {
        let (server, path) = addressing.address(of: request.key, region: used.region)
        var canonical = CanonicalRequest(
            method: request.method, path: path, query: request.query.map { (Array($0.utf8), $1) },
            headers: request.headers, payloadHash: request.payload.hex)
        let query = canonical.encodedQuery
        var headers = request.headers
        if case .credentials(let found) = finding {
            let time = UTCTime.now + used.skew
            headers += [("x-amz-date", time.basic), ("x-amz-content-sha256", request.payload.hex)]
            if let token = found.sessionToken { headers.append(("x-amz-security-token", token)) }
            canonical.headers = headers + [("host", server.authority)]
            let signer = RequestSigner(
                credentials: found, region: used.region, service: "s3", signingKey: signingKey)
            headers.append(("authorization", signer.authorization(canonical, at: time)))
        }
        return WebRequest(
            method: request.method, url: server.text + path + (query.isEmpty ? "" : "?" + query), headers: headers,
            body: request.body, landing: request.landing)
    }

    // MARK: Corrections

    private enum Correction { case region, clock, credentials }

    /// Mends what an answer says is wrong with the way we asked.
    /// - Returns: what was mended; nil where asking again would change nothing.
    private func correct(
        _ response: WebResponse, _ document: S3ErrorDocument, _ used: State, _ finding: CredentialChain.Finding
    ) throws(S3Failure) -> Correction? {
        if [301, 307, 400, 403].contains(response.status), let region = document.region, S3Addressing.isRegion(region) {
            // Another thread may have learnt it meanwhile.
            if region != used.region {
                state.withLock { $0.region = region }
                return .region
            }
        }
        guard case .credentials(let found) = finding else { return nil }
        // The answer to HEAD has no body that could name the error.
        let mayBeSkewed = document.code == "RequestTimeTooSkewed" || document.code == "RequestExpired"
            || (document.code == nil && response.status == 403)
        if mayBeSkewed, let theirs = response.date {
            let skew = theirs - UTCTime.now
            if abs(skew - used.skew) > 120 {
                state.withLock { $0.skew = skew }
                return .clock
            }
        }
        let expired = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"]
        if let code = document.code, expired.contains(code) {
            do throws(CredentialError) {
                if try credentials.replacement(for: found) != nil { return .credentials }
            } catch {
                throw S3Failure(RemoteError(.denied, error.message, isTransient: error.isTransient))
            }
        }
        return nil
    }
}
