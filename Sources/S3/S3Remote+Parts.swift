import Digest
import Platform
import Remote
internal import Synchronization

extension S3Remote {
    /// Uploads a large blob in parts, several at once, behind a thread that hashes them. What an earlier
    /// attempt, of this process or another one, has brought to the server is not sent again.
    func uploadInParts(_ upload: BlobUpload) throws(S3Failure) -> UploadResult {
        let progress = try progress(of: upload)
        let sender = PartSender(self, upload, progress)
        do throws(S3Failure) {
            try feed(sender, upload, progress)
            try sender.finish()
            try progress.verify(upload)
        } catch {
            sender.stop()
            return try recover(from: error, upload, progress)
        }
        let parts = (1...progress.plan.count).compactMap { progress.done[$0] }
        do throws(S3Failure) {
            return try complete(upload, progress, parts)
        } catch {
            return try recover(from: error, upload, progress)
        }
    }

    /// Finds what there is to go on with, or begins.
    private func progress(of upload: BlobUpload) throws(S3Failure) -> PartProgress {
        let status = try? upload.file.descriptor.status()
        if let known = interrupted.withLock({ $0.removeValue(forKey: upload.oid) }), known.isAbout(status) { return known }
        let key = keys.key(of: upload.oid)
        let plan = PartPlan(byteCount: upload.byteCount)
        let cancellation = upload.control.cancellation
        if let id = try multipart.unfinished(upload.oid) {
            do throws(S3Failure) {
                let found = try multipart.parts(key, id, cancellation)
                return PartProgress(plan, key: key, uploadID: id, found: found, source: status)
            } catch {
                // It has been ended meanwhile.
                guard error.isAbsence else { throw error }
                multipart.note(upload.oid, nil)
            }
        }
        let id = try multipart.begin(key, cancellation)
        multipart.note(upload.oid, id)
        return PartProgress(plan, key: key, uploadID: id, found: [:], source: status)
    }

    /// Hashes part after part, and hands those to the sender that the server lacks.
    private func feed(_ sender: PartSender, _ upload: BlobUpload, _ progress: PartProgress) throws(S3Failure) {
        for number in 1...progress.plan.count {
            let oid = try progress.hash(of: number, upload)
            if progress.done[number] != nil {
                upload.control.advance(by: Int(progress.plan.byteCount(of: number)))
            } else if !sender.add(number, oid) {
                return
            }
        }
    }

    private func complete(
        _ upload: BlobUpload, _ progress: PartProgress, _ parts: [UploadedPart]
    ) throws(S3Failure) -> UploadResult {
        let cancellation = upload.control.cancellation
        do throws(S3Failure) {
            guard
                try multipart.complete(
                    progress.key, progress.uploadID, parts, isConditional: dialect.knowsConditions, cancellation)
            else {
                abort(upload, progress)
                return try requireExistence(upload)
            }
        } catch {
            guard dialect.knowsConditions, error.isMisunderstanding else { throw error }
            // It may as well be our parts that it does not like: the second answer tells.
            _ = try multipart.complete(progress.key, progress.uploadID, parts, isConditional: false, cancellation)
            dialect.setRefusesConditions()
        }
        multipart.note(upload.oid, nil)
        return .sent
    }

    private func abort(_ upload: BlobUpload, _ progress: PartProgress) {
        multipart.note(upload.oid, nil)
        multipart.abort(progress.key, progress.uploadID)
    }

    /// Decides what a failed attempt leaves.
    private func recover(
        from failure: S3Failure, _ upload: BlobUpload, _ progress: PartProgress
    ) throws(S3Failure) -> UploadResult {
        if failure.isAbsence {
            // Somebody else has ended this upload, or its answer to us was lost: then the object is there.
            multipart.note(upload.oid, nil)
            if try byteCount(of: upload.oid) != nil { return try requireExistence(upload) }
            throw S3Failure(RemoteError(.other, "the upload to \(name) was called off by somebody else", isTransient: true))
        }
        if failure.isAboutParts {
            // Begun by another program, or by another version of the server: not to be gone on with.
            abort(upload, progress)
            throw S3Failure(RemoteError(.other, failure.error.message, isTransient: true))
        }
        if failure.error.kind == .damaged {
            abort(upload, progress)
        } else {
            interrupted.withLock { $0[upload.oid] = progress }
        }
        throw failure
    }
}

extension S3Failure {
    /// Whether the server does not take the parts, that it has itself, for an object.
    fileprivate var isAboutParts: Bool {
        ["InvalidPart", "InvalidPartOrder", "EntityTooSmall", "InvalidRequest"].contains(code)
    }
}

/// Threads that send the parts of one upload.
final class PartSender: Sendable {
    private struct State {
        var waiting: [(number: Int, oid: ObjectID)] = []
        var isClosed = false
        var failure: S3Failure?
        var done: [UploadedPart] = []
        var threads = 0
    }

    /// How many parts of one upload are under way at once.
    private static let threadCount = 8
    /// How far hashing runs ahead, so that the parts are still in memory when they are sent.
    private static let greatestLead = 8

    private let remote: S3Remote
    private let upload: BlobUpload
    private let progress: PartProgress
    private let state = Monitor(State())

    init(_ remote: S3Remote, _ upload: BlobUpload, _ progress: PartProgress) {
        self.remote = remote
        self.upload = upload
        self.progress = progress
    }

    /// Takes a part to be sent, waiting where there are many.
    /// - Returns: false where sending has failed.
    func add(_ number: Int, _ oid: ObjectID) -> Bool {
        let mustStart: Bool? = state.wait { state in
            if state.failure != nil { return .some(nil) }
            guard state.waiting.count < Self.greatestLead else { return nil }
            state.waiting.append((number, oid))
            guard state.threads < Self.threadCount else { return .some(false) }
            state.threads += 1
            return .some(true)
        }
        guard let mustStart else { return false }
        if mustStart { WorkerThread.detach { [self] in work() } }
        return true
    }

    /// Waits until all parts are sent.
    /// - Throws: why one was not. What has been sent is noted nevertheless.
    func finish() throws(S3Failure) {
        state.change { $0.isClosed = true }
        let failure: S3Failure? = state.wait { $0.threads == 0 ? .some($0.failure) : nil }
        note()
        if let failure { throw failure }
    }

    /// Lets what is under way end, and sends nothing more.
    func stop() {
        state.change { state in
            state.waiting = []
            state.isClosed = true
        }
        state.wait { $0.threads == 0 ? () : nil }
        note()
    }

    /// Notes what the threads, which are gone, have sent.
    private func note() {
        for part in state.change({ $0.done }) { progress.done[part.number] = part }
    }

    private func work() {
        while let (number, oid) = next() {
            do throws(S3Failure) {
                let part = try send(number, oid)
                state.change { $0.done.append(part) }
            } catch {
                state.change { state in
                    state.failure = state.failure ?? error
                    state.waiting = []
                }
            }
        }
        state.change { $0.threads -= 1 }
    }

    private func next() -> (number: Int, oid: ObjectID)? {
        state.wait { state -> (number: Int, oid: ObjectID)?? in
            if state.failure != nil { return .some(nil) }
            if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
            return state.isClosed ? .some(nil) : nil
        }
    }

    private func send(_ number: Int, _ oid: ObjectID) throws(S3Failure) -> UploadedPart {
        let byteCount = progress.plan.byteCount(of: number)
        remote.uploads.take(byteCount)
        var outcome = RequestBudget.Outcome.done
        defer { remote.uploads.giveBack(byteCount, outcome) }
        let checksum = Base64.encode(oid.digest)
        let request = S3Request(
            method: "PUT", key: progress.key,
            query: [("partNumber", Array("\(number)".utf8)), ("uploadId", Array(progress.uploadID.utf8))],
            headers: [("x-amz-checksum-sha256", checksum)],
            body: .file(upload.file, offset: progress.plan.offset(of: number), byteCount: byteCount), payload: oid,
            action: "write")
        let control = upload.control
        let moved = Moved()
        do throws(S3Failure) {
            let response = try remote.client.send(request, control.cancellation, sent: { count in
                moved.count.add(count, ordering: .relaxed)
                control.advance(by: count)
            })
            guard let tag = response.headers["etag"] else { throw remote.client.nonsense(request, response) }
            try remote.requireChecksum(checksum, response)
            return UploadedPart(number: number, byteCount: byteCount, entityTag: tag, checksum: checksum)
        } catch {
            control.advance(by: -moved.count.load(ordering: .relaxed))
            outcome = error.isThrottling ? .throttled : .failed
            // The file was hashed a moment ago: bytes have been damaged on their way.
            guard error.error.kind == .damaged, error.status != 0 else { throw error }
            throw S3Failure(status: error.status, code: error.code, RemoteError(.other, error.error.message, isTransient: true))
        }
    }

    private final class Moved: Sendable {
        let count = Atomic<Int>(0)
    }
}
