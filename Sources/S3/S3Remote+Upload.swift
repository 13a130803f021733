import Digest
import HTTP
import Platform
import Remote

extension S3Remote {
    /// Blobs up to here go in one request; what is cut off has to be sent again.
    static let greatestSingleUpload: Int64 = 10 << 20

    package func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult {
        try control.checkpoint()
        let file = try open(source, byteCount)
        return try reported { () throws(S3Failure) in
            var knowledge = known.knowledge(of: oid)
            if knowledge == .unknown { knowledge = try self.byteCount(of: oid).map { .present(byteCount: $0) } ?? .absent }
            if case .present(let found) = knowledge {
                try requireLength(byteCount, found: found)
                control.reach(byteCount)
                return .existed
            }
            let upload = BlobUpload(oid: oid, byteCount: byteCount, file: file, source: source, control: control)
            let result = try byteCount <= Self.greatestSingleUpload ? uploadWhole(upload) : uploadInParts(upload)
            known.setPresent(oid, byteCount: byteCount)
            control.reach(byteCount)
            return result
        }
    }

    private func open(_ source: BytePath, _ byteCount: Int64) throws(RemoteError) -> HTTPFile {
        let file: HTTPFile
        let found: Int64
        do throws(SystemError) {
            file = HTTPFile(try Descriptor.open(source, [.read, .nonBlocking]))
            found = try file.descriptor.status().byteCount
        } catch {
            throw RemoteError(error, "read", source)
        }
        guard found == byteCount else {
            throw RemoteError(.damaged, "the blob has \(found) bytes, where \(byteCount) were expected")
        }
        return file
    }

    private func requireLength(_ byteCount: Int64, found: Int64) throws(S3Failure) {
        guard found == byteCount else {
            throw S3Failure(
                RemoteError(
                    .damaged, "the copy at \(name) is damaged: it has \(found) bytes, where \(byteCount) were expected"))
        }
    }

    // MARK: One request

    private func uploadWhole(_ upload: BlobUpload) throws(S3Failure) -> UploadResult {
        try upload.verify()
        uploads.take(upload.byteCount)
        var outcome = RequestBudget.Outcome.done
        defer { uploads.giveBack(upload.byteCount, outcome) }
        do throws(S3Failure) {
            return try put(upload)
        } catch {
            outcome = error.isThrottling ? .throttled : .failed
            upload.control.reach(0)
            // What was verified here has been damaged on its way.
            if error.error.kind == .damaged, error.status != 0 {
                throw S3Failure(status: error.status, code: error.code, RemoteError(.other, error.error.message, isTransient: true))
            }
            throw error
        }
    }

    private func put(_ upload: BlobUpload) throws(S3Failure) -> UploadResult {
        var request = S3Request(
            method: "PUT", key: keys.key(of: upload.oid),
            headers: [("x-amz-checksum-sha256", Base64.encode(upload.oid.digest))],
            body: upload.byteCount == 0 ? .bytes([]) : .file(upload.file, offset: 0, byteCount: upload.byteCount),
            payload: upload.oid, action: "write")
        let isConditional = dialect.knowsConditions
        if isConditional { request.headers.append(("if-none-match", "*")) }
        let control = upload.control
        do throws(S3Failure) {
            let response = try client.send(
                request, accepting: [412], control.cancellation, sent: { control.advance(by: $0) })
            if response.status != 412 {
                // A network that wants its users to sign in says 200 to everything.
                guard response.headers["etag"] != nil else { throw client.nonsense(request, response) }
                try requireChecksum(Base64.encode(upload.oid.digest), response)
                return .sent
            }
        } catch {
            guard isConditional, error.isMisunderstanding else { throw error }
            dialect.setRefusesConditions()
            control.reach(0)
            return try put(upload)
        }
        // Another upload has been faster, or the answer to our own was lost.
        return try requireExistence(upload)
    }

    /// Makes sure that what the server says of the bytes it has got, where it does, is true of those that were sent.
    func requireChecksum(_ checksum: String, _ response: WebResponse) throws(S3Failure) {
        guard let found = response.headers["x-amz-checksum-sha256"], found != checksum else { return }
        throw S3Failure(RemoteError(.other, "\(name) says that it has got other bytes than were sent", isTransient: true))
    }

    /// Makes sure that the object, which somebody else has made, is of the right length.
    func requireExistence(_ upload: BlobUpload) throws(S3Failure) -> UploadResult {
        guard let found = try byteCount(of: upload.oid) else {
            throw S3Failure(RemoteError(.other, "somebody is removing what is uploaded to \(name)", isTransient: true))
        }
        try requireLength(upload.byteCount, found: found)
        return .existed
    }
}

/// A blob on its way up.
struct BlobUpload: Sendable {
    let oid: ObjectID
    let byteCount: Int64
    let file: HTTPFile
    let source: BytePath
    let control: TransferControl

    /// Reads the whole file once.
    /// - Throws: `damaged` where its bytes are not the blob's.
    func verify() throws(S3Failure) {
        var hasher = BlobHasher()
        try forEachPiece(from: 0, byteCount: byteCount) { hasher.update($0) }
        try require(hasher.finish())
    }

    func require(_ found: ObjectID) throws(S3Failure) {
        guard found == oid else {
            throw S3Failure(
                RemoteError(.damaged, "the local copy '\(source)' is damaged: its bytes are not those of its oid"))
        }
    }

    /// Hands out a part of the file, a piece at a time.
    func forEachPiece(
        from start: Int64, byteCount: Int64, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(S3Failure) {
        let size = Int(clamping: min(max(byteCount, 1), 256 << 10))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        var offset = start
        let end = start + byteCount
        while offset < end {
            do throws(RemoteError) { try control.checkpoint() } catch { throw S3Failure(error) }
            let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(size), end - offset))])
            let count: Int
            do throws(SystemError) { count = try file.descriptor.read(into: wanted, at: offset) } catch {
                throw S3Failure(RemoteError(error, "read", source))
            }
            guard count > 0 else { throw S3Failure(RemoteError(.damaged, "'\(source)' has become shorter")) }
            body(UnsafeRawBufferPointer(rebasing: wanted[..<count]))
            offset += Int64(count)
        }
    }
}
