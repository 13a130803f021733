import Digest
import Platform
import Remote

extension S3Remote {
    package func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] {
        let unknown = known.sort(oids).unknown
        if !unknown.isEmpty {
            try reported { () throws(S3Failure) in
                switch known.step(count: unknown.count) {
                case .done: break
                case .ask: try ask(about: unknown)
                case .list:
                    if try !learnFromList() { try ask(about: known.sort(oids).unknown) }
                }
            }
        }
        return known.sort(oids).present
    }

    // MARK: Questions

    private static let questionsAtOnce = 16

    /// Asks about each blob, many at once.
    private func ask(about oids: [ObjectID]) throws(S3Failure) {
        let failure = Monitor<S3Failure?>(nil)
        concurrently(count: oids.count, threads: min(oids.count, Self.questionsAtOnce)) { index in
            guard failure.change({ $0 == nil }) else { return }
            do throws(S3Failure) { _ = try self.byteCount(of: oids[index]) } catch {
                failure.change { $0 = $0 ?? error }
            }
        }
        if let failure = failure.change({ $0 }) { throw failure }
    }

    /// The length of the blob's object, asked anew; nil where there is none.
    @discardableResult
    func byteCount(of oid: ObjectID) throws(S3Failure) -> Int64? {
        let request = S3Request(method: "HEAD", key: keys.key(of: oid), action: "look")
        let response = try client.send(request, accepting: [403, 404], Cancellation())
        var isAbsent = response.status == 404
        if response.status == 403 { isAbsent = try self.isAbsent(oid) }
        if isAbsent {
            known.setAbsent(oid)
            return nil
        }
        guard let byteCount = response.headers["content-length"].flatMap({ Int64($0) }) else {
            throw S3Failure(RemoteError(.other, "\(name) does not tell how long its objects are"))
        }
        known.setPresent(oid, byteCount: byteCount)
        return byteCount
    }

    /// What 403 means: who may not list is told it of missing objects too, and a HEAD does not say why.
    private func isAbsent(_ oid: ObjectID) throws(S3Failure) -> Bool {
        if dialect.answersAbsenceWithDenial { return true }
        let request = S3Request(
            method: "GET", key: keys.key(of: oid), headers: [("range", "bytes=0-0")], action: "read")
        do throws(S3Failure) {
            _ = try client.send(request, accepting: [416], Cancellation())
            // Somebody has made it meanwhile.
            return try byteCount(of: oid) == nil
        } catch {
            if error.isAbsence { return true }
            guard error.code == "AccessDenied" else { throw error }
            dialect.setAnswersAbsenceWithDenial()
            return true
        }
    }

    // MARK: Lists

    struct Page {
        var blobs: [RemoteBlob] = []
        var lastKey: [UInt8] = []
        var continuation: String?
    }

    /// Reads the list as long as that is worth it.
    /// - Returns: whether it was read to its end.
    private func learnFromList() throws(S3Failure) -> Bool {
        var found: [ObjectID: Int64] = [:]
        var outcome = KnownBlobs.ListOutcome.broken
        defer { known.finishList(found, outcome) }
        do throws(S3Failure) {
            var page = try page(after: nil)
            if page.continuation != nil, !known.isWorthListing(pages: Self.estimatedPages(page, keys.prefix)) {
                for blob in page.blobs { found[blob.oid] = blob.byteCount }
                outcome = .abandoned
                return false
            }
            while true {
                for blob in page.blobs { found[blob.oid] = blob.byteCount }
                guard let continuation = page.continuation else { break }
                page = try self.page(after: continuation)
            }
            outcome = .complete
            return true
        } catch {
            // Who may not list may ask.
            guard error.error.kind == .denied else { throw error }
            outcome = .refused
            return false
        }
    }

    /// How many pages there are, told by how far the first one reaches: oids are spread evenly.
    private static func estimatedPages(_ page: Page, _ prefix: [UInt8]) -> Double {
        let shards = page.lastKey.dropFirst(prefix.count).filter { $0 != UInt8(ascii: "/") }.prefix(4)
        var share = 0.0
        for digit in shards { share = share * 16 + Double(Hexadecimal.value(ofDigit: digit) ?? 0) }
        return 65_536 / (share + 1)
    }

    /// - Parameter limit: how many objects at most; what the server likes where nil.
    func page(after continuation: String?, limit: Int? = nil) throws(S3Failure) -> Page {
        let listing = try list(keys.prefix, after: continuation, limit: limit)
        var page = Page(continuation: listing.continuation)
        for item in listing.items {
            guard let oid = keys.oid(ofListed: item.key) else { continue }
            page.blobs.append(RemoteBlob(oid: oid, byteCount: item.byteCount))
        }
        page.lastKey = keys.key(listed: listing.items.last?.key ?? "", isEncoded: listing.isEncoded)
        return page
    }

    /// A page of a list of objects, as the server gives it.
    struct Listing {
        var items: [(key: String, byteCount: Int64)] = []
        var isEncoded = false
        var continuation: String?
    }

    func list(_ prefix: [UInt8], after continuation: String?, limit: Int? = nil) throws(S3Failure) -> Listing {
        var request = S3Request(method: "GET", action: "list")
        request.query = [("list-type", Array("2".utf8)), ("prefix", prefix), ("encoding-type", Array("url".utf8))]
        if let continuation { request.query.append(("continuation-token", Array(continuation.utf8))) }
        if let limit { request.query.append(("max-keys", Array("\(limit)".utf8))) }
        let response = try client.send(request, Cancellation())
        guard let tree = XMLTree(response.body), tree.name == "ListBucketResult" else {
            throw client.nonsense(request, response)
        }
        var listing = Listing(isEncoded: tree.text("EncodingType") == "url")
        for item in tree.all("Contents") {
            guard let key = item.text("Key"), let byteCount = item.text("Size").flatMap({ Int64($0) }) else {
                throw client.nonsense(request, response)
            }
            listing.items.append((key, byteCount))
        }
        if tree.text("IsTruncated") == "true" {
            guard let next = tree.text("NextContinuationToken"), next != continuation else {
                throw client.nonsense(request, response)
            }
            listing.continuation = next
        }
        return listing
    }

    package func forEachUnfinishedUpload(
        _ body: (UnfinishedUpload) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        let uploads = try reported { () throws(S3Failure) in try multipart.list() }
        for upload in uploads { try body(UnfinishedUpload(oid: upload.oid, begun: upload.begun?.seconds)) }
    }

    package func abortUnfinishedUploads(olderThan age: Int64) throws(RemoteError) -> Int {
        let limit = UTCTime.now + -age
        let old = try reported { () throws(S3Failure) in try multipart.list() }.filter { upload in
            upload.begun.map { $0 < limit } ?? false
        }
        for upload in old { multipart.abort(keys.key(of: upload.oid), upload.id) }
        return old.count
    }

    package func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) {
        var continuation: String?
        repeat {
            let page = try reported { () throws(S3Failure) -> Page in try self.page(after: continuation) }
            for blob in page.blobs { try body(blob) }
            continuation = page.continuation
        } while continuation != nil
    }
}
