import Digest
import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// A real server, and a proxy before it that spoils what a test tells it to.
class NetworkTestCase: XCTestCase {
    private(set) var scratch: ScratchFolder!
    private(set) var laboratory: S3Laboratory!
    private(set) var proxy: FaultProxy!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        laboratory = try S3Laboratory()
        proxy = try FaultProxy(before: laboratory.server, scratch)
    }

    override func tearDown() {
        proxy = nil
        scratch = nil
    }

    struct Source {
        let oid: ObjectID
        let bytes: [UInt8]
        let file: BytePath
        var byteCount: Int64 { Int64(bytes.count) }
    }

    func source(_ length: Int) throws -> Source {
        let bytes = SampleData.bytes(length)
        return Source(oid: .of(bytes), bytes: bytes, file: try scratch.write(bytes, to: BytePath("source-\(length)")))
    }

    /// A new remote, as another process would have it, through the proxy.
    func remote(
        patience: Duration? = nil, options: String = "", variables: [String: String] = [:]
    ) throws -> S3Remote {
        try laboratory.remote(
            HTTPExchange(patience: patience), options: "?endpoint=\(proxy.endpoint)\(options)", variables: variables)
    }

    /// The same, with patience but without long waits.
    func patientRemote(patience: Duration? = nil, options: String = "", variables: [String: String] = [:]) throws -> RetryingRemote {
        RetryingRemote(try remote(patience: patience, options: options, variables: variables), wait: { pause(min($0, .milliseconds(5))) })
    }

    @discardableResult
    func upload(_ blob: Source, to remote: any Remote) throws -> UploadResult {
        try remote.upload(blob.oid, byteCount: blob.byteCount, from: blob.file, TransferControl())
    }

    func download(_ blob: Source, from remote: any Remote) throws -> [UInt8]? {
        let partial = try PartialDownload(of: blob.oid, byteCount: blob.byteCount, at: scratch / "part", TransferControl())
        let whole = try partial.complete(from: remote, as: scratch / "whole")
        defer { try? whole.removeFile() }
        return try whole.contents()
    }

    /// Uploads a blob under one rule of the proxy and downloads it under another one.
    /// - Returns: how many requests each rule has spoilt is for the caller to see in the proxy's log.
    func assertArrives(
        _ length: Int, up: String, down: String, patience: Duration? = nil, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let blob = try source(length)
        try proxy.set(up)
        try upload(blob, to: try patientRemote(patience: patience))
        try proxy.set(down)
        XCTAssertEqual(try download(blob, from: try patientRemote(patience: patience)) == blob.bytes, true, file: file, line: line)
    }

    /// A rule's answer in S3's words.
    func refusal(_ status: Int, _ code: String, retryAfter: Int? = nil) -> String {
        let headers = retryAfter.map { "{\"retry-after\": \"\($0)\"}" } ?? "{}"
        return "{\"status\": \(status), \"headers\": \(headers), \"body\": \"<Error><Code>\(code)</Code></Error>\"}"
    }

    /// What is thrown, as the remote says it.
    func failure(_ body: () throws -> Void, file: StaticString = #filePath, line: UInt = #line) -> RemoteError? {
        do {
            try body()
            XCTFail("nothing failed", file: file, line: line)
        } catch {
            XCTAssert(error is RemoteError, "\(error)", file: file, line: line)
            return error as? RemoteError
        }
        return nil
    }
}
