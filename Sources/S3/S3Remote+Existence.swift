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
        let response = try client.send(request, accepting: [400, 403, 404], Cancellation())
        let byteCount: Int64? =
            switch response.status {
            case 404: nil
            // Who may not list is told so of missing objects too.
            case 403 where dialect.answersAbsenceWithDenial: nil
            // The answer to HEAD cannot say what is wrong.
            case 400, 403: try byteCountByReading(oid)
            default: try objectLength(response, request)
            }
        if let byteCount { known.setPresent(oid, byteCount: byteCount) } else { known.setAbsent(oid) }
        return byteCount
    }

    /// The same by a request whose answer tells why it fails.
    private func byteCountByReading(_ oid: ObjectID) throws(S3Failure) -> Int64? {
        let request = S3Request(
            method: "GET", key: keys.key(of: oid), headers: [("range", "bytes=0-0")], action: "read")
        do throws(S3Failure) {
            let response = try client.send(request, accepting: [416], Cancellation())
            if let total = ContentRange(response)?.total { return total }
            return response.status == 416 ? 0 : try objectLength(response, request)
        } catch {
            if error.isAbsence { return nil }
            guard error.code == "AccessDenied" else { throw error }
            dialect.setAnswersAbsenceWithDenial()
            return nil
        }
    }

    /// What the answer that an object is there says of its length. An answer without its tag is somebody else's.
    private func objectLength(_ response: WebResponse, _ request: S3Request) throws(S3Failure) -> Int64 {
        guard response.headers["etag"] != nil, let byteCount = response.headers["content-length"].flatMap({ Int64($0) }) else {
            throw client.nonsense(request, response)
        }
        return byteCount
    }

    // MARK: Lists

    struct Page {
        var blobs: [RemoteBlob] = []
        var lastKey: [UInt8] = []
        /// The last one, as the server writes it.
        var listedKey: String?
        var continuation: String?
    }

    /// Reads the list as long as that is worth it.
    /// - Returns: whether it was read to its end.
    private func learnFromList() throws(S3Failure) -> Bool {
        var found: [ObjectID: Int64] = [:]
        var outcome = KnownBlobs.ListOutcome.broken
        defer { known.finishList(found, outcome) }
        do throws(S3Failure) {
            var progress = ListProgress()
            var page = try page(after: nil)
            if page.continuation != nil, !known.isWorthListing(pages: Self.estimatedPages(page, keys.prefix)) {
                for blob in page.blobs { found[blob.oid] = blob.byteCount }
                outcome = .abandoned
                return false
            }
            while true {
                for blob in page.blobs { found[blob.oid] = blob.byteCount }
                guard let continuation = page.continuation else { break }
                try progress.pass(page.listedKey, name)
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
        page.listedKey = listing.items.last?.key
        page.lastKey = keys.key(listed: listing.items.last?.key ?? "", isEncoded: listing.isEncoded)
        return page
    }

    /// A page of a list of objects, as the server gives it.
    struct Listing {
        var items: [(key: String, byteCount: Int64)] = []
        var isEncoded = false
        var continuation: String?
    }

    /// - Parameter start: only keys behind this one.
    func list(
        _ prefix: [UInt8], after continuation: String?, behind start: [UInt8]? = nil, limit: Int? = nil
    ) throws(S3Failure) -> Listing {
        var request = S3Request(method: "GET", action: "list")
        request.query = [("list-type", Array("2".utf8)), ("prefix", prefix), ("encoding-type", Array("url".utf8))]
        if let continuation {
            request.query.append(("continuation-token", Array(continuation.utf8)))
        } else if let start {
            request.query.append(("start-after", start))
        }
        if let limit { request.query.append(("max-keys", Array("\(limit)".utf8))) }
        let response = try client.send(request, Cancellation())
        guard let tree = XMLTree(response.body), tree.name == "ListBucketResult" else {
            throw client.nonsense(request, response)
        }
        // The answer to another question: what it lacks would be taken for absent.
        if let asked = tree.text("Prefix"), !keys.isListed(asked, as: prefix) { throw client.nonsense(request, response) }
        var listing = Listing(isEncoded: tree.text("EncodingType") == "url")
        for item in tree.all("Contents") {
            guard let key = item.text("Key"), keys.isListed(key, below: prefix), let byteCount = item.text("Size").flatMap({ Int64($0) }) else {
                throw client.nonsense(request, response)
            }
            listing.items.append((key, byteCount))
        }
        switch tree.text("IsTruncated") {
        case "true":
            guard let next = tree.text("NextContinuationToken"), next != continuation else {
                throw client.nonsense(request, response)
            }
            listing.continuation = next
        case "false", nil: break
        default: throw client.nonsense(request, response)
        }
        return listing
    }

    /// Notices a server that gives the same page without an end.
    struct ListProgress {
        private var last: String?
        private var idlePages = 0
        /// So many pages in a row may bring nothing new.
        private static let patience = 100

        /// - Parameter key: the last one of a page; nil where it is empty.
        mutating func pass(_ key: String?, _ name: String) throws(S3Failure) {
            let isNew = key != nil && key != last
            idlePages = isNew ? 0 : idlePages + 1
            last = key ?? last
            guard idlePages <= Self.patience else { throw S3Failure(RemoteError(.other, "the list of \(name) does not end")) }
        }
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
        var progress = ListProgress()
        repeat {
            let page = try reported { () throws(S3Failure) -> Page in
                let page = try self.page(after: continuation)
                try progress.pass(page.listedKey, name)
                return page
            }
            for blob in page.blobs { try body(blob) }
            continuation = page.continuation
        } while continuation != nil
    }
}
