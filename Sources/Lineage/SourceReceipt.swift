import Digest

/// What a source said of the version that it gave: `received` in a record. Any of it may be missing.
package struct SourceReceipt: Equatable, Sendable {
    /// Of a web server or a bucket: the entity tag, and the HTTP date of the last change.
    package var etag: String?
    package var modified: String?
    /// The version of an object, or the full name of the commit that a revision was.
    package var revision: String?
    /// Of all that was received, in bytes.
    package var byteCount: Int64?
    /// Of a folder: how many files.
    package var fileCount: Int64?
    /// The SHA-256 of the file; of a folder, that of its list of files with theirs.
    package var digest: ObjectID?
    /// Of files of this machine: the SHA-256 over names, sizes and times.
    package var listing: ObjectID?
    /// When it was asked for: RFC 3339, UTC.
    package var retrieved: String?
    /// What of the URL is not recorded, as it was secret: names of parameters, or `password`.
    package var withheld: [String] = []

    package init() {}

    /// Reads what a record says, as far as it is understood.
    package init(_ received: [String: JSONValue]) {
        func text(_ key: String) -> String? {
            if case .text(let text) = received[key] { text } else { nil }
        }
        func number(_ key: String) -> Int64? {
            if case .integer(let number) = received[key] { number } else { nil }
        }
        etag = text("etag")
        modified = text("modified")
        revision = text("revision")
        byteCount = number("size")
        fileCount = number("files")
        digest = text("sha256").flatMap { ObjectID($0) }
        listing = text("listing").flatMap { ObjectID($0) }
        retrieved = text("retrieved")
        if case .list(let names) = received["withheld"] { withheld = names.map(\.description) }
    }

    /// As a record has it.
    package var json: [String: JSONValue] {
        var json: [String: JSONValue] = [:]
        json["etag"] = etag.map { .text($0) }
        json["modified"] = modified.map { .text($0) }
        json["revision"] = revision.map { .text($0) }
        json["size"] = byteCount.map { .integer($0) }
        json["files"] = fileCount.map { .integer($0) }
        json["sha256"] = digest.map { .text($0.hex) }
        json["listing"] = listing.map { .text($0.hex) }
        json["retrieved"] = retrieved.map { .text($0) }
        if !withheld.isEmpty { json["withheld"] = .list(withheld.map { .text($0) }) }
        return json
    }

    /// Whether the source has another version.
    package enum Change: Equatable, Sendable {
        case same, changed
        /// The content has to be looked at.
        case undecided
    }

    /// What can be said from what the source says now: the content where both name it, else what names a version, else
    /// what is seen from outside.
    package func change(to now: SourceReceipt) -> Change {
        if let digest, let other = now.digest { return digest == other ? .same : .changed }
        if let revision, let other = now.revision { return revision == other ? .same : .changed }
        if let listing, let other = now.listing, listing == other { return .same }
        if let etag, let other = now.etag { return Self.core(etag) == Self.core(other) ? .same : .changed }
        if let byteCount, let other = now.byteCount, byteCount != other { return .changed }
        if let modified, let other = now.modified, byteCount == now.byteCount { return modified == other ? .same : .changed }
        return .undecided
    }

    /// An entity tag without the mark of a weak one.
    private static func core(_ etag: String) -> Substring {
        etag.hasPrefix("W/") ? etag.dropFirst(2) : etag[...]
    }
}
