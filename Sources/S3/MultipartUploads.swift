import Digest
import Platform
import Remote

/// A part that the server has.
struct UploadedPart: Equatable, Sendable {
    let number: Int
    let byteCount: Int64
    /// What the server calls the part; opaque, but mostly the MD5 of its bytes.
    let entityTag: String
    /// The SHA-256 in Base64, where the server keeps it.
    let checksum: String?
}

/// The requests of multipart uploads. What is unfinished is known to the server alone: whoever goes on
/// with an upload finds it there by its key.
///
/// Spec: Amazon S3 API Reference, CreateMultipartUpload, UploadPart, ListParts, ListMultipartUploads,
/// CompleteMultipartUpload, AbortMultipartUpload.
final class MultipartUploads: Sendable {
    private struct State {
        /// The uploads that were there when the run began, and those that it has begun.
        var unfinished: [ObjectID: [String]]?
        var isListing = false
    }

    private let client: S3Client
    private let keys: BlobKeys
    private let state = Monitor(State())

    init(_ client: S3Client, _ keys: BlobKeys) {
        self.client = client
        self.keys = keys
    }

    private func request(
        _ method: String, _ key: [UInt8], _ query: [(String, String)], action: String
    ) -> S3Request {
        S3Request(method: method, key: key, query: query.map { ($0, Array($1.utf8)) }, action: action)
    }

    // MARK: Finding

    /// The unfinished upload of a blob, the oldest where there are several. One list tells of all blobs.
    func unfinished(_ oid: ObjectID) throws(S3Failure) -> String? {
        let mustList = state.wait { state -> Bool? in
            if state.unfinished != nil { return false }
            if state.isListing { return nil }
            state.isListing = true
            return true
        }
        if mustList {
            var found: [ObjectID: [String]]?
            defer {
                state.change { state in
                    state.unfinished = found
                    state.isListing = false
                }
            }
            do throws(S3Failure) {
                found = Dictionary(grouping: try list(), by: \.oid).mapValues { $0.map(\.id) }
            } catch {
                // Not all servers have such a list, and not all users may see it.
                guard !error.error.isTransient, error.error.kind != .interrupted, error.status != 0 else { throw error }
                found = [:]
            }
        }
        return state.change { $0.unfinished?[oid]?.first }
    }

    /// Takes note of an upload that was begun, or that is over where `uploadID` is nil.
    func note(_ oid: ObjectID, _ uploadID: String?) {
        state.change { $0.unfinished?[oid] = uploadID.map { [$0] } }
    }

    /// An upload that is not finished.
    struct Unfinished: Equatable, Sendable {
        let oid: ObjectID
        let id: String
        let begun: UTCTime?
    }

    /// All unfinished uploads, those of one blob in the order in which they were begun.
    func list() throws(S3Failure) -> [Unfinished] {
        var found: [Unfinished] = []
        var markers: (key: [UInt8], upload: String)?
        var progress = S3Remote.ListProgress()
        while true {
            var request = request("GET", [], [("uploads", ""), ("encoding-type", "url")], action: "list uploads")
            request.query.append(("prefix", keys.prefix))
            if let markers {
                request.query += [("key-marker", markers.key), ("upload-id-marker", Array(markers.upload.utf8))]
            }
            let response = try client.send(request, Cancellation())
            guard let tree = XMLTree(response.body), tree.name == "ListMultipartUploadsResult" else {
                throw client.nonsense(request, response)
            }
            let isEncoded = tree.text("EncodingType") == "url"
            try progress.pass(tree.all("Upload").map { $0.text("UploadId") ?? "" }.last, "uploads")
            for upload in tree.all("Upload") {
                guard let key = upload.text("Key"), let id = upload.text("UploadId"),
                    let oid = keys.oid(ofListed: key)
                else { continue }
                let begun = upload.text("Initiated").flatMap { UTCTime(timestamp: $0) }
                found.append(Unfinished(oid: oid, id: id, begun: begun))
            }
            guard tree.text("IsTruncated") == "true", let key = tree.text("NextKeyMarker"),
                let upload = tree.text("NextUploadIdMarker")
            else { return found }
            let next = (key: keys.key(listed: key, isEncoded: isEncoded), upload: upload)
            if let markers, markers == next { throw client.nonsense(request, response) }
            markers = next
        }
    }

    /// The parts that the server has of an upload, by number.
    func parts(_ key: [UInt8], _ uploadID: String, _ cancellation: Cancellation) throws(S3Failure) -> [Int: UploadedPart] {
        var parts: [Int: UploadedPart] = [:]
        var marker: String?
        var progress = S3Remote.ListProgress()
        while true {
            var query = [("uploadId", uploadID)]
            if let marker { query.append(("part-number-marker", marker)) }
            let request = request("GET", key, query, action: "list parts")
            let response = try client.send(request, cancellation)
            guard let tree = XMLTree(response.body), tree.name == "ListPartsResult" else {
                throw client.nonsense(request, response)
            }
            try progress.pass(tree.all("Part").map { $0.text("PartNumber") ?? "" }.last, "parts")
            for item in tree.all("Part") {
                guard let number = item.text("PartNumber").flatMap({ Int($0) }), let tag = item.text("ETag"),
                    let byteCount = item.text("Size").flatMap({ Int64($0) })
                else { continue }
                parts[number] = UploadedPart(
                    number: number, byteCount: byteCount, entityTag: tag, checksum: item.text("ChecksumSHA256"))
            }
            guard tree.text("IsTruncated") == "true", let next = tree.text("NextPartNumberMarker"), next != marker else {
                return parts
            }
            marker = next
        }
    }

    // MARK: Beginning and ending

    func begin(_ key: [UInt8], _ cancellation: Cancellation) throws(S3Failure) -> String {
        var request = request("POST", key, [("uploads", "")], action: "write")
        // AWS takes the parts' checksums only where it was told of them here.
        request.headers = [("x-amz-checksum-algorithm", "SHA256")]
        request.body = .bytes([])
        let response: WebResponse
        do throws(S3Failure) { response = try client.send(request, cancellation) } catch {
            guard error.isMisunderstanding else { throw error }
            request.headers = []
            response = try client.send(request, cancellation)
        }
        guard let id = XMLTree(response.body)?.text("UploadId"), !id.isEmpty else { throw client.nonsense(request, response) }
        return id
    }

    /// Makes the object of its parts. Servers say 200 first and may still fail then.
    /// - Returns: false where another object has the name already.
    func complete(
        _ key: [UInt8], _ uploadID: String, _ parts: [UploadedPart], isConditional: Bool, _ cancellation: Cancellation
    ) throws(S3Failure) -> Bool {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            text += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(Self.escaped(part.entityTag))</ETag>"
            if let checksum = part.checksum { text += "<ChecksumSHA256>\(checksum)</ChecksumSHA256>" }
            text += "</Part>"
        }
        let body = Array((text + "</CompleteMultipartUpload>").utf8)
        var request = request("POST", key, [("uploadId", uploadID)], action: "write")
        request.headers = [("content-type", "application/xml")] + (isConditional ? [("if-none-match", "*")] : [])
        request.body = .bytes(body)
        request.payload = ObjectID.of(body)
        let response = try client.send(request, accepting: [412], cancellation)
        if response.status == 412 { return false }
        guard let tree = XMLTree(response.body), tree.name == "CompleteMultipartUploadResult" else {
            throw client.nonsense(request, response)
        }
        return true
    }

    /// Throws the parts away. Failing to is no harm: the bucket's own rules, or `gc`, do it later.
    func abort(_ key: [UInt8], _ uploadID: String) {
        _ = try? client.send(request("DELETE", key, [("uploadId", uploadID)], action: "write"), Cancellation())
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
