import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// A role that a real token service gives, of Ceph's; `Tests/s3 ceph` runs this.
final class RoleTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var running: S3Server.Running!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        try XCTSkipUnless(Environment.value("S3_SERVER") == "ceph", "the server has no token service")
        scratch = try ScratchFolder()
        running = try S3Server.start(["--sts"])
    }

    override func tearDown() { (scratch, running) = (nil, nil) }

    private func remote(role: String, _ exchange: FaultyExchange) throws -> S3Remote {
        let config = """
            [profile lab]
            role_arn = \(role)
            source_profile = base
            region = us-east-1

            [profile base]
            aws_access_key_id = testkey
            aws_secret_access_key = testsecret1234567890

            """
        let file = try scratch.write(config, to: "config")
        return try S3Laboratory(running.server).remote(
            exchange, options: "?profile=lab", variables: ["AWS_CONFIG_FILE": file.text])
    }

    func testRoleIsAssumedAndItsTokenSigns() throws {
        let bytes = SampleData.bytes(11 << 20)
        let source = try scratch.write(bytes, to: "source")
        let exchange = FaultyExchange(HTTPExchange()) { _ in nil }
        let remote = try remote(role: running.server.role, exchange)
        XCTAssertEqual(try remote.upload(.of(bytes), byteCount: Int64(bytes.count), from: source, TransferControl()), .sent)
        XCTAssertEqual(try remote.existing(among: [.of(bytes)]), [.of(bytes): Int64(bytes.count)])
        let blobRequests = exchange.requests.filter { $0.url.contains("/objects/") }
        XCTAssertGreaterThan(blobRequests.count, 4)
        XCTAssert(blobRequests.allSatisfy { request in
            request.headers.contains { $0.name == "x-amz-security-token" && !$0.value.isEmpty }
        })
        XCTAssertEqual(exchange.requests.count - exchange.requests.count { $0.url.contains("test-bucket") }, 1, "one question for the role")
    }

    func testUnknownRoleIsRefused() throws {
        let remote = try remote(role: running.server.role + "-not", FaultyExchange(HTTPExchange()) { _ in nil })
        XCTAssertThrowsError(try remote.existing(among: [.of([1])])) { error in
            XCTAssertEqual((error as? RemoteError)?.kind, .denied, "\(error)")
        }
    }
}
