import Digest
import Platform
import Remote

extension S3Remote {
    package func examine(_ report: (RemoteFinding) -> Void) throws(RemoteError) {
        try reported { () throws(S3Failure) in
            let list: RemoteFinding
            do throws(S3Failure) {
                list = try examineList()
            } catch {
                client.surroundings().forEach(report)
                throw error
            }
            // By now the bucket's region and the server's clock are known.
            client.surroundings().forEach(report)
            report(list)
            let examination = Examination(remote: self, probe: Probe())
            defer { examination.tidy(report) }
            examination.run(report)
        }
    }

    /// - Throws: where nothing can be had from the bucket at all.
    private func examineList() throws(S3Failure) -> RemoteFinding {
        do throws(S3Failure) {
            _ = try page(after: nil, limit: 1)
            return RemoteFinding(.list, .works)
        } catch {
            // Who may not list may still read and write; who is not known may do nothing.
            guard error.error.kind == .denied, error.code == nil || error.code == "AccessDenied" else { throw error }
            return RemoteFinding(.list, .lacks, "\(error.error.message); each blob is asked for by itself")
        }
    }
}

/// Bytes that nobody has, in a place of their own: a blob like any other, so that what is permitted for it is
/// permitted for all.
private struct Probe {
    let bytes: [UInt8]
    let oid: ObjectID
    /// The same number of other bytes.
    let otherBytes: [UInt8]

    init() {
        let text = "git data probe \(UInt64.random(in: .min ... .max))\n"
        bytes = Array(text.utf8)
        otherBytes = Array(text.uppercased().utf8)
        oid = .of(bytes)
    }
}

/// One attempt at each thing that is asked of a bucket, on one object.
private struct Examination {
    let remote: S3Remote
    let probe: Probe

    private var key: [UInt8] { remote.keys.key(of: probe.oid) }

    func run(_ report: (RemoteFinding) -> Void) {
        // Before anything is there: what is refused leaves the place free.
        let verification = finding(.verify, examineVerification)
        let write = finding(.write) { () throws(S3Failure) -> Lack? in
            _ = try put(probe.bytes, condition: false)
            return nil
        }
        report(write)
        guard write.outcome == .works else { return }
        report(verification)
        report(finding(.read, examineReading))
        report(finding(.range, examineRange))
        report(finding(.exclusive, examineCondition))
        var resumption: RemoteFinding?
        report(finding(.parts) { () throws(S3Failure) -> Lack? in try examineParts(&resumption) })
        if let resumption { report(resumption) }
    }

    /// What the bucket does not do, and can be used without.
    private struct Lack {
        let message: String
    }

    private func finding(_ subject: RemoteFinding.Subject, _ body: () throws(S3Failure) -> Lack?) -> RemoteFinding {
        do throws(S3Failure) {
            guard let lack = try body() else { return RemoteFinding(subject, .works) }
            return RemoteFinding(subject, .lacks, lack.message)
        } catch {
            return RemoteFinding(subject, .fails, error.error.message)
        }
    }

    /// - Parameter claimed: the blob whose digest goes with the bytes; nil for that of the bytes themselves.
    private func put(
        _ bytes: [UInt8], claiming claimed: ObjectID? = nil, condition: Bool, accepting: Set<Int> = []
    ) throws(S3Failure) -> WebResponse {
        let oid = claimed ?? .of(bytes)
        var headers = [(name: "x-amz-checksum-sha256", value: Base64.encode(oid.digest))]
        if condition { headers.append(("if-none-match", "*")) }
        return try remote.client.send(
            S3Request(method: "PUT", key: key, headers: headers, body: .bytes(bytes), payload: oid, action: "write"),
            accepting: accepting, Cancellation())
    }

    private func examineVerification() throws(S3Failure) -> Lack? {
        do throws(S3Failure) {
            _ = try put(probe.otherBytes, claiming: probe.oid, condition: false)
        } catch {
            guard error.error.kind == .damaged || error.status == 400 else { throw error }
            return nil
        }
        try delete()
        return Lack(message: "bytes that are damaged on their way are not noticed before they are read")
    }

    private func get(_ range: Range<Int>?) throws(S3Failure) -> WebResponse {
        let headers = range.map { [(name: "range", value: "bytes=\($0.lowerBound)-\($0.upperBound - 1)")] } ?? []
        return try remote.client.send(S3Request(method: "GET", key: key, headers: headers, action: "read"), Cancellation())
    }

    private func examineReading() throws(S3Failure) -> Lack? {
        guard try get(nil).body == probe.bytes else {
            throw S3Failure(RemoteError(.damaged, "other bytes come back than were written"))
        }
        return nil
    }

    private func examineRange() throws(S3Failure) -> Lack? {
        let range = 4..<12
        let response = try get(range)
        if response.status == 206, response.body == Array(probe.bytes[range]) { return nil }
        return Lack(message: "large blobs come in one piece, and from their start when they were cut off")
    }

    private func examineCondition() throws(S3Failure) -> Lack? {
        let consequence = "uploads of one blob at once may replace each other, by the same bytes"
        do throws(S3Failure) {
            if try put(probe.bytes, condition: true, accepting: [409, 412]).isSuccess { return Lack(message: consequence) }
            return nil
        } catch {
            guard error.isMisunderstanding else { throw error }
            return Lack(message: consequence)
        }
    }

    /// Sends the object in one part, and looks whether somebody else would find it on the way.
    private func examineParts(_ resumption: inout RemoteFinding?) throws(S3Failure) -> Lack? {
        let cancellation = Cancellation()
        try delete()
        let id = try remote.multipart.begin(key, cancellation)
        var isComplete = false
        defer { if !isComplete { remote.multipart.abort(key, id) } }
        let checksum = Base64.encode(probe.oid.digest)
        let request = S3Request(
            method: "PUT", key: key, query: [("partNumber", Array("1".utf8)), ("uploadId", Array(id.utf8))],
            headers: [("x-amz-checksum-sha256", checksum)], body: .bytes(probe.bytes), payload: probe.oid, action: "write")
        let response = try remote.client.send(request, cancellation)
        guard let tag = response.headers["etag"] else { throw remote.client.nonsense(request, response) }
        resumption = finding(.resume) { () throws(S3Failure) -> Lack? in try examineResumption(id) }
        let part = UploadedPart(number: 1, byteCount: Int64(probe.bytes.count), entityTag: tag, checksum: checksum)
        _ = try remote.multipart.complete(key, id, [part], isConditional: false, cancellation)
        isComplete = true
        return try examineReading()
    }

    private func examineResumption(_ id: String) throws(S3Failure) -> Lack? {
        do throws(S3Failure) {
            let isListed = try remote.multipart.list().contains { $0.oid == probe.oid && $0.id == id }
            if isListed, try remote.multipart.parts(key, id, Cancellation())[1] != nil { return nil }
            return Lack(message: "the list of unfinished uploads does not have one; a cut upload starts anew")
        } catch {
            return Lack(message: "\(error.error.message); a cut upload of a large blob starts anew")
        }
    }

    private func delete() throws(S3Failure) {
        do throws(S3Failure) {
            _ = try remote.client.send(S3Request(method: "DELETE", key: key, action: "delete"), Cancellation())
        } catch {
            guard error.isAbsence else { throw error }
        }
    }

    /// Removes the object, whatever was found before.
    func tidy(_ report: (RemoteFinding) -> Void) {
        do throws(S3Failure) {
            guard try remote.byteCount(of: probe.oid) != nil else { return }
            try delete()
            report(RemoteFinding(.delete, .works))
        } catch {
            let place = "'\(BytePath(bytes: key))'"
            report(RemoteFinding(.delete, .lacks, "\(error.error.message); \(place), \(probe.bytes.count) bytes, stays"))
        }
    }
}
