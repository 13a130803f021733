private import FoundationEssentials
import Digest
import Platform

/// One file that somebody else keeps, at a web server or in a bucket: what data is imported from. In difference to a
/// `Remote`, nobody knows beforehand which bytes it has. It does not retry.
package protocol SourcePlace: Sendable {
    /// The place as messages name it, without secrets.
    var name: String { get }

    /// Asks for the file, or for the rest of it.
    /// - Parameter receive: gets the pieces of a granted answer, on the calling thread; what it throws ends the exchange.
    /// - Returns: what was answered: 200, 206, 304 (not changed), 412 (it is another file now) or 416 (no such range).
    /// - Throws: `absent`, `denied`, `unreachable` and the like for any other answer.
    func get(
        _ question: SourceQuestion, _ cancellation: Cancellation,
        receive: (SourceAnswer, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) -> SourceAnswer
}

/// What is asked of a source.
package struct SourceQuestion: Equatable, Sendable {
    /// Where the answer is to begin; above 0 only with a `validator`.
    package var offset: Int64 = 0
    /// The strong entity tag of the file whose first bytes are here already.
    package var validator: String?
    /// Of the version that is known: an answer of 304 says that there is no other.
    package var etag: String?
    /// The date that the server gave for it, as it wrote it.
    package var modified: String?

    package init(offset: Int64 = 0, validator: String? = nil, etag: String? = nil, modified: String? = nil) {
        self.offset = offset
        self.validator = validator
        self.etag = etag
        self.modified = modified
    }
}

/// The head of a source's answer.
package struct SourceAnswer: Sendable {
    /// The HTTP status.
    package let status: Int
    /// The entity tag, with its quotes.
    package let etag: String?
    /// As the server writes it, an HTTP date.
    package let modified: String?
    /// The object's version, where the bucket keeps versions.
    package let version: String?
    /// What the server says the file is.
    package let contentType: String?
    /// Of the whole file, where it is said.
    package let byteCount: Int64?
    /// Where the answer begins; nil in one that is not a range.
    package let first: Int64?
    /// What the server says the file's digests are.
    package let checks: [SourceCheck]

    /// - Parameters:
    ///   - header: the value of a header, whose name is in lower case.
    ///   - isBucket: whether it is an answer of S3, whose entity tags are mostly digests.
    package init(status: Int, isBucket: Bool, header: (String) -> String?) {
        self.status = status
        etag = header("etag")
        modified = header("last-modified")
        let version = header("x-amz-version-id")
        self.version = isBucket && version != "null" ? version : nil
        contentType = header("content-type")
        let range = header("content-range").flatMap { Self.range($0) }
        first = range?.first
        byteCount = status == 200 ? header("content-length").flatMap { Self.count($0) } : range?.total
        checks = SourceCheck.all(isWhole: status == 200, isBucket: isBucket, header)
    }

    /// What `bytes 5-9/10` says.
    ///
    /// Spec: RFC 9110, 14.4.
    private static func range(_ text: String) -> (first: Int64?, total: Int64?)? {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let halves = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        return (halves[0].split(separator: "-").first.flatMap { count($0) }, count(halves[1]))
    }

    /// No server has a file of less than nothing, but it may say so.
    private static func count(_ text: some StringProtocol) -> Int64? {
        Int64(text).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// Whether an entity tag stands for the same bytes, and not only for the same meaning.
    ///
    /// Spec: RFC 9110, 8.8.1.
    package static func isStrong(_ etag: String) -> Bool {
        etag.hasPrefix("\"") && etag.hasSuffix("\"") && etag.utf8.count > 2
    }

    /// Whether two entity tags stand for the same, by the weak comparison.
    package static func areEqual(_ one: String, _ other: String) -> Bool {
        func core(_ etag: String) -> Substring { etag.hasPrefix("W/") ? etag.dropFirst(2) : etag[...] }
        return core(one) == core(other)
    }
}

/// A digest that the file must have.
package struct SourceCheck: Equatable, Sendable {
    package let algorithm: MessageDigest.Algorithm
    /// As many bytes as the algorithm gives.
    package let digest: [UInt8]
    /// The header that says so.
    package let origin: String

    package init(_ algorithm: MessageDigest.Algorithm, _ digest: [UInt8], origin: String) {
        self.algorithm = algorithm
        self.digest = digest
        self.origin = origin
    }

    /// The digests that the head of an answer names.
    /// - Parameters:
    ///   - isWhole: whether the answer is the whole file.
    ///   - isBucket: as in `SourceAnswer`.
    ///   - header: as there.
    ///
    /// Spec: RFC 9530 (`Repr-Digest`), RFC 3230 (`Digest`), RFC 1864 (`Content-MD5`); Amazon S3 API Reference,
    /// `GetObject` (`x-amz-checksum-*`, `ETag`).
    package static func all(isWhole: Bool, isBucket: Bool, _ header: (String) -> String?) -> [SourceCheck] {
        var checks: [SourceCheck] = []
        func add(_ algorithm: MessageDigest.Algorithm, _ text: some StringProtocol, _ origin: String) {
            guard let bytes = Data(base64Encoded: String(text)), bytes.count == algorithm.byteCount else { return }
            checks.append(SourceCheck(algorithm, [UInt8](bytes), origin: origin))
        }
        for (name, isFramed) in [("repr-digest", true), ("digest", false)] {
            for item in header(name)?.split(separator: ",") ?? [] {
                let pair = item.split(separator: "=", maxSplits: 1).map { $0.trimmed }
                guard pair.count == 2 else { continue }
                let value = isFramed ? pair[1].framed(by: ":") : pair[1]
                switch (pair[0].lowercased(), value) {
                case ("sha-256", let value?): add(.sha256, value, name)
                case ("md5", let value?): add(.md5, value, name)
                case ("sha", let value?), ("sha-1", let value?): add(.sha1, value, name)
                default: break
                }
            }
        }
        if isWhole, let text = header("content-md5") { add(.md5, text, "content-md5") }
        guard isBucket else { return checks }
        // That of an upload in parts is a digest of digests, and ends with the number of the parts.
        if header("x-amz-checksum-type") != "COMPOSITE" {
            if let text = header("x-amz-checksum-sha256") { add(.sha256, text, "x-amz-checksum-sha256") }
            if let text = header("x-amz-checksum-sha1") { add(.sha1, text, "x-amz-checksum-sha1") }
        }
        let encryption = header("x-amz-server-side-encryption")
        if encryption == nil || encryption == "AES256", header("x-amz-server-side-encryption-customer-algorithm") == nil,
            let etag = header("etag")?[...].framed(by: "\""), let digest = hexadecimal(etag) {
            checks.append(SourceCheck(.md5, digest, origin: "etag"))
        }
        return checks
    }

    private static func hexadecimal(_ text: Substring) -> [UInt8]? {
        let digits = text.utf8.compactMap { Hexadecimal.value(ofDigit: $0) }
        guard digits.count == 32, text.utf8.count == 32 else { return nil }
        return stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// What stands between two marks; nil where they are not there.
    fileprivate func framed(by mark: String) -> Substring? {
        guard utf8.count >= 2, hasPrefix(mark), hasSuffix(mark) else { return nil }
        return dropFirst().dropLast()
    }
}
