import Digest
import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// What a bucket does beyond the rules of all remotes: parts, ranges, questions, faults.
final class S3RemoteTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var laboratory: S3Laboratory!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        laboratory = try S3Laboratory()
    }

    override func tearDown() { scratch = nil }

    private struct Source {
        let oid: ObjectID
        let bytes: [UInt8]
        let file: BytePath
        var byteCount: Int64 { Int64(bytes.count) }
    }

    private func source(_ length: Int, seed: UInt64 = 1) throws -> Source {
        let bytes = SampleData.bytes(length, seed: seed)
        let oid = ObjectID.of(bytes)
        return Source(oid: oid, bytes: bytes, file: try scratch.write(bytes, to: BytePath("source-\(oid.hex)")))
    }

    private func upload(_ blob: Source, to remote: any Remote) throws -> UploadResult {
        try remote.upload(blob.oid, byteCount: blob.byteCount, from: blob.file, TransferControl())
    }

    private func content(_ oid: ObjectID, of remote: any Remote, from offset: Int64 = 0) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try remote.download(oid, from: offset, TransferControl()) { piece throws(RemoteError) in bytes += piece }
        return bytes
    }

    private func patient(_ remote: any Remote) -> RetryingRemote {
        RetryingRemote(remote, wait: { _ in })
    }

    /// Gives each request that matches a fault, so many times.
    private func faults(
        _ count: Int, _ fault: FaultyExchange.Fault, where matches: @escaping @Sendable (WebRequest) -> Bool
    ) -> @Sendable (WebRequest) -> FaultyExchange.Fault? {
        let left = Monitor(count)
        return { request in
            guard matches(request) else { return nil }
            return left.change { left in
                guard left > 0 else { return nil }
                left -= 1
                return fault
            }
        }
    }

    private func error(_ code: String, _ status: Int, _ more: String = "") -> FaultyExchange.Fault {
        .answer(WebResponse(status: status, body: Array("<Error><Code>\(code)</Code>\(more)</Error>".utf8)))
    }

    // MARK: Parts

    func testLargeBlobGoesInPartsAndComesInRanges() throws {
        let blob = try source(23 << 20)
        let web = laboratory.exchange()
        let remote = try laboratory.remote(web)
        let control = TransferControl()
        XCTAssertEqual(try remote.upload(blob.oid, byteCount: blob.byteCount, from: blob.file, control), .sent)
        XCTAssertEqual(control.bytesSoFar, blob.byteCount)
        XCTAssertEqual(web.lines.filter { $0.contains("partNumber=") }.count, 5)
        XCTAssertEqual(try laboratory.remote(laboratory.exchange()).existing(among: [blob.oid]), [blob.oid: blob.byteCount])
        XCTAssertEqual(try content(blob.oid, of: remote), blob.bytes)
        XCTAssertEqual(try content(blob.oid, of: remote, from: 5_000_001), Array(blob.bytes.dropFirst(5_000_001)))
        XCTAssertEqual(web.lines.filter { $0.hasPrefix("GET") && !$0.contains("?") }.count, 5 + 4)
    }

    func testUploadThatWasCutOffGoesOnFromItsParts() throws {
        let blob = try source(32 << 20)
        let isDead = Monitor(false)
        let parts = Monitor(0)
        let first = laboratory.exchange { request in
            if request.url.contains("partNumber="), parts.change({ parts in parts += 1; return parts }) > 4 {
                isDead.change { $0 = true }
            }
            return isDead.change { $0 } ? .refused : nil
        }
        XCTAssertThrowsError(try upload(blob, to: try laboratory.remote(first)))
        // Another process: it knows nothing.
        let second = laboratory.exchange()
        let remote = try laboratory.remote(second)
        XCTAssertEqual(try upload(blob, to: remote), .sent)
        let sent = second.lines.filter { $0.contains("partNumber=") }.count
        XCTAssertLessThanOrEqual(sent, 7 - 4)
        XCTAssertGreaterThan(sent, 0)
        XCTAssertFalse(second.lines.contains { $0.hasPrefix("POST") && $0.contains("uploads=") })
        XCTAssertEqual(try content(blob.oid, of: remote), blob.bytes)
        XCTAssertEqual(try remote.multipart.list(), [])
    }

    func testPartsWithOtherBytesAreSentAgain() throws {
        let blob = try source(11 << 20)
        let remote = try laboratory.remote(laboratory.exchange())
        let key = remote.keys.key(of: blob.oid)
        let id = try remote.multipart.begin(key, Cancellation())
        let wrong = [UInt8](repeating: 7, count: 5 << 20)
        _ = try remote.client.send(
            S3Request(
                method: "PUT", key: key, query: [("partNumber", Array("1".utf8)), ("uploadId", Array(id.utf8))],
                body: .bytes(wrong), payload: .of(wrong), action: "write"), Cancellation())
        let web = laboratory.exchange()
        let other = try laboratory.remote(web)
        XCTAssertEqual(try upload(blob, to: other), .sent)
        XCTAssertEqual(web.lines.filter { $0.contains("partNumber=") }.count, 3)
        XCTAssert(web.lines.contains { $0.contains(PercentEncoding.encode(id.utf8)) })
        XCTAssertEqual(try content(blob.oid, of: other), blob.bytes)
    }

    func testFailedPartIsTriedAgainAloneAndNothingIsReadTwice() throws {
        let blob = try source(32 << 20)
        let web = laboratory.exchange(fault: faults(2, .refused) { $0.url.contains("partNumber=3&") })
        XCTAssertEqual(try upload(blob, to: patient(try laboratory.remote(web))), .sent)
        for number in 1...7 {
            let count = web.lines.filter { $0.contains("partNumber=\(number)&") }.count
            XCTAssertEqual(count, number == 3 ? 3 : 1, "part \(number)")
        }
        XCTAssertEqual(web.lines.filter { $0.contains("uploads=") }.count, 2, "one list, one beginning")
    }

    func testDamagedSourceOfPartsIsRefusedAndNothingStays() throws {
        let blob = try source(12 << 20)
        var changed = blob.bytes
        changed[changed.count - 1] ^= 1
        try scratch.write(changed, to: "damaged")
        let remote = try laboratory.remote(laboratory.exchange())
        XCTAssertThrowsError(
            try remote.upload(blob.oid, byteCount: blob.byteCount, from: scratch / "damaged", TransferControl())
        ) { XCTAssertEqual(($0 as? RemoteError)?.kind, .damaged) }
        XCTAssertEqual(try remote.multipart.list(), [])
        XCTAssertEqual(try laboratory.remote(laboratory.exchange()).existing(among: [blob.oid]), [:])
    }

    func testLostAnswerToTheEndOfAnUploadIsNoFailure() throws {
        let blob = try source(11 << 20)
        let web = laboratory.exchange(fault: faults(1, .lost) { $0.method == "POST" && $0.url.contains("uploadId=") })
        let result = try upload(blob, to: patient(try laboratory.remote(web)))
        XCTAssert([.existed, .sent].contains(result))
        XCTAssertEqual(try content(blob.oid, of: try laboratory.remote(laboratory.exchange())), blob.bytes)
    }

    func testErrorInAnAnswerThatCallsItselfASuccessIsAnError() throws {
        let blob = try source(11 << 20)
        let fault = error("InternalError", 200)
        let isEnd = { @Sendable (request: WebRequest) in request.method == "POST" && request.url.contains("uploadId=") }
        XCTAssertThrowsError(try upload(blob, to: try laboratory.remote(laboratory.exchange(fault: faults(1, fault, where: isEnd))))) {
            XCTAssertEqual(($0 as? RemoteError)?.isTransient, true)
        }
        let web = laboratory.exchange(fault: faults(1, fault, where: isEnd))
        XCTAssertEqual(try upload(blob, to: patient(try laboratory.remote(web))), .sent)
    }

    func testLargeUploadsOfOneBlobAtOnceAllSucceed() throws {
        let blob = try source(16 << 20)
        let remote = patient(try laboratory.remote(laboratory.exchange()))
        let failures = Monitor<[String]>([])
        let (oid, byteCount, file) = (blob.oid, blob.byteCount, blob.file)
        concurrently(count: 4, threads: 4) { _ in
            do throws(RemoteError) {
                _ = try remote.upload(oid, byteCount: byteCount, from: file, TransferControl())
            } catch { failures.change { $0.append(error.message) } }
        }
        XCTAssertEqual(failures.change { $0 }, [])
        XCTAssertEqual(try content(oid, of: remote), blob.bytes)
    }

    // MARK: One request

    func testLostAnswerToAConditionalUploadIsNoFailure() throws {
        let blob = try source(1000)
        let web = laboratory.exchange(fault: faults(1, .lost) { $0.method == "PUT" })
        XCTAssertEqual(try upload(blob, to: patient(try laboratory.remote(web))), .existed)
        XCTAssertEqual(try content(blob.oid, of: try laboratory.remote(web)), blob.bytes)
    }

    func testLostRaceAgainstAnotherLengthIsDamage() throws {
        let blob = try source(1000)
        let remote = try laboratory.remote(laboratory.exchange())
        XCTAssertEqual(try remote.existing(among: [blob.oid]), [:])
        try laboratory.plant(blob.oid, [1, 2, 3])
        XCTAssertThrowsError(try upload(blob, to: remote)) { XCTAssertEqual(($0 as? RemoteError)?.kind, .damaged) }
    }

    func testServerThatKnowsNoConditionsIsAskedWithoutThem() throws {
        let refusal = error("NotImplemented", 501)
        let web = laboratory.exchange { request in
            request.headers.contains { $0.name == "if-none-match" } ? refusal : nil
        }
        let remote = try laboratory.remote(web)
        for seed in 1...3 { XCTAssertEqual(try upload(try source(100, seed: UInt64(seed)), to: remote), .sent) }
        XCTAssertEqual(try upload(try source(11 << 20), to: remote), .sent)
        XCTAssertEqual(web.requests.filter { $0.headers.contains { $0.name == "if-none-match" } }.count, 1)
    }

    func testServerThatDamagesAnUploadIsAskedAgain() throws {
        let web = laboratory.exchange(fault: faults(1, error("XAmzContentSHA256Mismatch", 400)) { $0.method == "PUT" })
        XCTAssertEqual(try upload(try source(100), to: patient(try laboratory.remote(web))), .sent)
    }

    // MARK: Questions

    func testManyQuestionsAreOneList() throws {
        let remote = try laboratory.remote(laboratory.exchange())
        let blobs = try (0..<40).map { try source(10 + $0, seed: UInt64($0)) }
        for blob in blobs.prefix(20) { _ = try upload(blob, to: remote) }
        let web = laboratory.exchange()
        let fresh = try laboratory.remote(web)
        XCTAssertEqual(try fresh.existing(among: blobs.map(\.oid)).count, 20)
        XCTAssertEqual(web.lines.count, 1)
        // What is known is not asked again, and what is uploaded becomes known.
        XCTAssertEqual(try upload(blobs[0], to: fresh), .existed)
        XCTAssertEqual(try upload(blobs[30], to: fresh), .sent)
        XCTAssertEqual(try fresh.existing(among: blobs.map(\.oid)).count, 21)
        XCTAssertEqual(web.lines.count, 2)
    }

    func testFewQuestionsAreAskedOneByOne() throws {
        let web = laboratory.exchange()
        let remote = try laboratory.remote(web)
        let blobs = try (0..<3).map { try source(10, seed: UInt64($0)) }
        XCTAssertEqual(try remote.existing(among: blobs.map(\.oid)), [:])
        XCTAssertEqual(try remote.existing(among: blobs.map(\.oid)), [:])
        XCTAssertEqual(web.requests.map(\.method), ["HEAD", "HEAD", "HEAD"])
        XCTAssertEqual(try upload(blobs[0], to: remote), .sent)
        XCTAssertEqual(web.requests.count, 4)
    }

    func testWhoMayNotListAsks() throws {
        let blob = try source(10)
        _ = try upload(blob, to: try laboratory.remote(laboratory.exchange()))
        let (denied, hidden) = (error("AccessDenied", 403), FaultyExchange.Fault.answer(WebResponse(status: 403)))
        let name = blob.oid.hex
        let web = laboratory.exchange { request in
            if request.url.contains("list-type") { return denied }
            if request.url.contains(name) { return nil }
            return request.method == "HEAD" ? hidden : denied
        }
        let remote = try laboratory.remote(web)
        let others = (1...30).map { ObjectID.of([$0]) }
        XCTAssertEqual(try remote.existing(among: [blob.oid] + others), [blob.oid: 10])
        XCTAssertEqual(web.lines.filter { $0.contains("list-type") }.count, 1)
    }

    // MARK: Ways to ask

    func testRegionIsLearntFromARedirect() throws {
        let redirect = error("AuthorizationHeaderMalformed", 400, "<Region>eu-central-1</Region>")
        let web = laboratory.exchange { request in
            let signature = request.headers.first { $0.name == "authorization" }?.value ?? ""
            return signature.contains("/eu-central-1/") ? nil : redirect
        }
        let remote = try laboratory.remote(web)
        var found: [RemoteBlob] = []
        try remote.forEachBlob { blob throws(RemoteError) in found.append(blob) }
        XCTAssertEqual(web.requests.count, 2)
        try remote.forEachBlob { blob throws(RemoteError) in found.append(blob) }
        XCTAssertEqual(web.requests.count, 3)
    }

    func testRegionThatIsNoneIsNotFollowed() throws {
        let redirect = error("AuthorizationHeaderMalformed", 400, "<Region>evil.example/</Region>")
        let web = laboratory.exchange { _ in redirect }
        XCTAssertThrowsError(try laboratory.remote(web).existing(among: [.of([1])]))
        // The second one asks what is wrong, as the answer to HEAD cannot say it.
        XCTAssertEqual(web.requests.map(\.method), ["HEAD", "GET"])
        XCTAssertFalse(web.requests.contains { request in
            request.url.contains("evil") || request.headers.contains { $0.value.contains("evil") }
        })
    }

    func testClockIsSetByTheServers() throws {
        // The server refuses for real what is an hour late.
        let blob = try source(10)
        let late = "Mon, 01 Jan 2035 00:00:00 GMT"
        let refusal = FaultyExchange.Fault.answer(
            WebResponse(status: 403, headers: ["date": late], body: Array("<Error><Code>RequestTimeTooSkewed</Code></Error>".utf8)))
        let web = laboratory.exchange { request in
            let date = request.headers.first { $0.name == "x-amz-date" }?.value ?? ""
            return date.hasPrefix("2035") ? .answer(WebResponse(status: 404)) : refusal
        }
        XCTAssertEqual(try laboratory.remote(web).existing(among: [blob.oid]), [:])
        XCTAssertEqual(web.requests.count, 2)
    }

    func testWrongSecretIsDeniedWithTheKeyAndWithoutTheSecret() throws {
        let remote = try laboratory.remote(laboratory.exchange(), variables: ["AWS_SECRET_ACCESS_KEY": "wrongsecret"])
        XCTAssertThrowsError(try remote.forEachBlob { _ throws(RemoteError) in }) { error in
            let error = error as? RemoteError
            XCTAssertEqual(error?.kind, .denied)
            XCTAssertEqual(error?.isTransient, false)
            XCTAssert(error?.message.contains("testkey") == true, "\(String(describing: error))")
            XCTAssert(error?.message.contains("wrongsecret") == false)
        }
        // The answer to a HEAD does not say what is wrong, but must not be taken for absence.
        XCTAssertThrowsError(try remote.existing(among: [.of([1])])) { XCTAssertEqual(($0 as? RemoteError)?.kind, .denied) }
    }

    func testMissingBucketIsUnreachable() throws {
        let remote = try laboratory.remote(laboratory.exchange())
        let other = S3Remote(
            S3Client(
                try S3Addressing(
                    try S3Location("s3://no-such-bucket"), try ToolConfiguration(ProcessVariables { [laboratory] in laboratory?.server.variables[$0] })),
                CredentialStore { () throws(CredentialError) in
                    .credentials(Credentials(accessKeyID: "testkey", secretAccessKey: "testsecret1234567890"))
                }, laboratory.exchange(), place: "'s3://no-such-bucket'"), prefix: [], name: remote.name)
        XCTAssertThrowsError(try other.forEachBlob { _ throws(RemoteError) in }) {
            XCTAssertEqual(($0 as? RemoteError)?.kind, .unreachable)
        }
    }

    func testRequestsOfNobodyAreNotSigned() throws {
        let web = laboratory.exchange()
        XCTAssertThrowsError(try laboratory.remote(web, options: "?anonymous=true").forEachBlob { _ throws(RemoteError) in })
        XCTAssertFalse(web.requests.contains { $0.headers.contains { $0.name == "authorization" } })
    }

    // MARK: Downloads

    func testDownloadThatBreaksGoesOnWhereItStopped() throws {
        let blob = try source(13 << 20)
        let web = laboratory.exchange(fault: faults(6, .cut(1_000_000)) { $0.method == "GET" })
        let remote = try laboratory.remote(laboratory.exchange())
        XCTAssertEqual(try upload(blob, to: remote), .sent)
        XCTAssertEqual(try content(blob.oid, of: patient(try laboratory.remote(web))), blob.bytes)
    }

    func testServerThatKnowsNoRangesIsReadFromItsStart() throws {
        let blob = try source(70_000)
        let whole = FaultyExchange.Fault.answer(WebResponse(status: 200, headers: ["etag": "x"], body: blob.bytes))
        let remote = try laboratory.remote(laboratory.exchange { $0.method == "GET" ? whole : nil })
        XCTAssertEqual(try content(blob.oid, of: remote, from: 69_000), Array(blob.bytes.dropFirst(69_000)))
        XCTAssertEqual(try content(blob.oid, of: remote), blob.bytes)
    }

    func testReceiverMayStopInTheMiddleOfRanges() throws {
        let blob = try source(20 << 20)
        let remote = try laboratory.remote(laboratory.exchange())
        XCTAssertEqual(try upload(blob, to: remote), .sent)
        for limit in [1, 5 << 20, 13 << 20] {
            var received = 0
            XCTAssertThrowsError(
                try remote.download(blob.oid, from: 0, TransferControl()) { piece throws(RemoteError) in
                    received += piece.count
                    if received > limit { throw RemoteError(.full, "enough") }
                })
        }
        // Nothing of the budget is lost.
        XCTAssertEqual(try content(blob.oid, of: remote), blob.bytes)
    }

    func testInterruptionEndsTransfers() throws {
        let blob = try source(20 << 20)
        let remote = try laboratory.remote(laboratory.exchange())
        let control = TransferControl()
        WorkerThread.detach {
            while control.bytesSoFar == 0 { pause(.milliseconds(1)) }
            control.cancellation.cancel()
        }
        XCTAssertThrowsError(try remote.upload(blob.oid, byteCount: blob.byteCount, from: blob.file, control)) {
            XCTAssertEqual(($0 as? RemoteError)?.kind, .interrupted)
        }
        XCTAssertEqual(try upload(blob, to: remote), .sent)
    }
}
