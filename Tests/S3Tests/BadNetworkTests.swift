import Digest
import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// A real server behind a network that breaks, and behind TLS.
final class BadNetworkTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var laboratory: S3Laboratory!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        S3ServerObserver.install()
        scratch = try ScratchFolder()
        laboratory = try S3Laboratory()
    }

    override func tearDown() { scratch = nil }

    private func proxy() throws -> FaultProxy {
        guard let proxy = try FaultProxy(before: laboratory.server.port, scratch) else { throw XCTSkip("there is no proxy") }
        return proxy
    }

    /// A new remote, as another process would have it, through the proxy.
    private func remote(_ proxy: FaultProxy) throws -> RetryingRemote {
        RetryingRemote(
            try laboratory.remote(HTTPExchange(), options: "?endpoint=http://127.0.0.1:\(proxy.port)")
        ) { pause(min($0, .milliseconds(5))) }
    }

    private func source(_ length: Int) throws -> (oid: ObjectID, bytes: [UInt8], file: BytePath) {
        let bytes = SampleData.bytes(length)
        return (ObjectID.of(bytes), bytes, try scratch.write(bytes, to: "source"))
    }

    private func assertArrives(_ length: Int, up: String, down: String, line: UInt = #line) throws {
        let proxy = try proxy()
        let (oid, bytes, file) = try source(length)
        try proxy.set(up)
        _ = try remote(proxy).upload(oid, byteCount: Int64(length), from: file, TransferControl())
        try proxy.set(down)
        let partial = try PartialDownload(of: oid, byteCount: Int64(length), at: scratch / "part", TransferControl())
        let whole = try partial.complete(from: try remote(proxy), as: scratch / "whole")
        XCTAssertEqual(try whole.contents() == bytes, true, line: line)
    }

    func testConnectionsThatAreCutOnTheirWayUp() throws {
        try assertArrives(2 << 20, up: "{\"up_cut\": 700000, \"first\": 4}", down: "{\"down_cut\": 300000, \"first\": 5}")
    }

    func testPartsAndRangesThatAreCut() throws {
        try assertArrives(
            21 << 20, up: "{\"up_cut\": 6000000, \"every\": 2, \"first\": 20}",
            down: "{\"down_cut\": 3000000, \"every\": 2, \"first\": 30}")
    }

    func testConnectionsThatEndInGoodOrderTooSoon() throws {
        try assertArrives(9 << 20, up: "{\"refuse\": true, \"first\": 3}", down: "{\"down_close\": 2000000, \"first\": 8}")
    }

    func testServerThatIsGoneIsUnreachable() throws {
        let remote = try laboratory.remote(HTTPExchange(), options: "?endpoint=http://127.0.0.1:1")
        XCTAssertThrowsError(try remote.existing(among: [.of([1])])) { XCTAssertEqual(($0 as? RemoteError)?.kind, .unreachable) }
    }

    // MARK: TLS

    private func encrypted(certificates: Bool, _ options: String = "") throws -> S3Remote {
        let server = laboratory.server
        let endpoint = server.variables["S3_ENDPOINT_TLS"] ?? ""
        let bundle = certificates ? server.variables["S3_CA_FILE"] : nil
        let configuration = try ToolConfiguration(ProcessVariables { $0 == "AWS_CA_BUNDLE" ? bundle : nil })
        return try laboratory.remote(HTTPExchange(configuration), options: "?endpoint=\(endpoint)\(options)")
    }

    func testPrivateAuthorityIsTrustedWhereTheAWSToolsTrustIt() throws {
        let (oid, bytes, file) = try source(12 << 20)
        let remote = try encrypted(certificates: true)
        XCTAssertEqual(try remote.upload(oid, byteCount: Int64(bytes.count), from: file, TransferControl()), .sent)
        var received: [UInt8] = []
        try remote.download(oid, from: 0, TransferControl()) { piece throws(RemoteError) in received += piece }
        XCTAssertEqual(received == bytes, true)
    }

    func testUnknownAuthorityIsRefused() throws {
        XCTAssertThrowsError(try encrypted(certificates: false).existing(among: [.of([1])])) { error in
            XCTAssertEqual((error as? RemoteError)?.kind, .unreachable)
            XCTAssertEqual((error as? RemoteError)?.isTransient, false)
        }
    }

    func testBucketInTheHostName() throws {
        let server = laboratory.server
        let domain = server.variables["S3_VHOST_DOMAIN"] ?? ""
        let (oid, bytes, file) = try source(1000)
        let remote = try laboratory.remote(
            HTTPExchange(), options: "?addressing=virtual&endpoint=http://\(domain):\(server.port)")
        XCTAssertEqual(try remote.upload(oid, byteCount: Int64(bytes.count), from: file, TransferControl()), .sent)
        XCTAssertEqual(try laboratory.remote(HTTPExchange()).existing(among: [oid]), [oid: 1000])
    }
}
