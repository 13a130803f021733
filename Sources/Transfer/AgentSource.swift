/// `fetch`: a file of a web server or a bucket.
package struct AgentSource: Codable, Equatable, Sendable {
    /// As `AgentPath` writes it. It may hold secrets, which go to that server alone.
    package var url: String
    /// Of the version that is known, where one is.
    package var etag: String?
    /// The HTTP date of its last change.
    package var modified: String?
    /// Its length, in bytes.
    package var size: Int64?
    /// Whether it is only asked whether there is another version.
    package var checksOnly: Bool?

    package init(url: String, etag: String? = nil, modified: String? = nil, size: Int64? = nil, checksOnly: Bool? = nil) {
        self.url = url
        self.etag = etag
        self.modified = modified
        self.size = size
        self.checksOnly = checksOnly
    }
}

/// `fetch`: how it ended, and what the server said of the file.
package struct AgentReceipt: Codable, Equatable, Sendable {
    package enum State: String, Codable, Sendable {
        /// The file is there, whole, verified as far as the server says how, and on the disk.
        case received
        /// The known version is still the one.
        case unchanged
        /// There is another version, which was not fetched.
        case changed
        /// What was asked does not tell.
        case undecided
    }

    package var state: State
    /// With its quotes.
    package var etag: String?
    /// An HTTP date, as the server wrote it.
    package var modified: String?
    /// The object's version, where the bucket keeps versions.
    package var revision: String?
    /// In bytes; of the whole file.
    package var size: Int64?
    /// `received`: 64 hexadecimal digits.
    package var sha256: String?
    /// What the server says the file is.
    package var contentType: String?
    /// `received`: the headers whose digest the file has.
    package var verified: [String]?

    package init(state: State) {
        self.state = state
    }
}
