/// Why an exchange gave no answer. A status such as 404 or 503 is an answer, and none of these.
package struct HTTPError: Error, Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The host's name has no address.
        case resolve
        /// No connection could be made in time.
        case connect
        /// The server's certificate or its kind of encryption was not accepted, by us or by it.
        case tls
        /// The host is nearer than the request may go.
        case tooNear
        /// The proxy cannot be reached, or refuses.
        case proxy
        /// The connection stands, and too few bytes moved for too long.
        case stalled
        /// The exchange was called off.
        case interrupted
        /// The connection ended before the answer did.
        case cut
        /// What the server says is not HTTP.
        case protocolViolation = "protocol"
        /// The answer is larger than the caller takes.
        case tooLarge
        /// What was to be sent cannot be read.
        case source
        case other
    }

    package let kind: Kind
    /// The same request may well succeed a moment later.
    package let isTransient: Bool
    /// What happened, for a person: lower case, no full stop, no secrets.
    package let message: String
    /// libcurl's own code, where it ended the exchange.
    package let curlCode: Int?

    package init(_ kind: Kind, _ message: String, isTransient: Bool = false, curlCode: Int? = nil) {
        self.kind = kind
        self.isTransient = isTransient
        self.message = message
        self.curlCode = curlCode
    }
}
