import Platform
import Remote
import TestSupport
import XCTest

@testable import S3

/// Credentials that end in the middle of a push: a `credential_process` gives short-lived ones.
final class ExpiringCredentialsTests: NetworkTestCase {
    private var calls: Int { (try? (scratch / "calls").contents())??.count ?? 0 }

    /// The environment of a user whose default profile asks a program, which leaves a byte at each call.
    /// - Parameter lifetime: seconds; each answer is a second newer than the last one.
    private func variables(lifetime: Int) throws -> [String: String] {
        let program = try scratch.write(
            """
            #!/bin/sh
            printf x >> '\(scratch / "calls")'
            count=$(wc -c < '\(scratch / "calls")')
            expiry=$(date -u -d "+$((\(lifetime) + count)) seconds" +%Y-%m-%dT%H:%M:%SZ)
            echo '{"Version": 1, "AccessKeyId": "testkey", "SecretAccessKey": "testsecret1234567890",' "\\"Expiration\\": \\"$expiry\\"}"

            """, to: "tool", permissions: 0o755)
        let config = try scratch.write("[profile short]\ncredential_process = '\(program)'\n", to: "config")
        return ["AWS_CONFIG_FILE": config.text]
    }

    func testExpiredTokenLeadsToNewOnesOnceForAllParts() throws {
        let blob = try source(33 << 20)
        // Each of three parts once, however they overtake one another.
        let rules = (2...4).map { "{\"match\": \"partNumber=\($0)&\", \"first\": 1, \"answer\": \(refusal(400, "ExpiredToken"))}" }
        try proxy.set(rules.joined(separator: ", "))
        // No retries: asking the program again is not one.
        let remote = try remote(options: "&profile=short", variables: try variables(lifetime: 3600))
        XCTAssertEqual(try upload(blob, to: remote), .sent)
        XCTAssertEqual(try proxy.requests().count { $0.status == 400 }, 3)
        XCTAssert((2...4).contains(calls), "\(calls) calls")
        XCTAssertEqual(try download(blob, from: remote) == blob.bytes, true)
    }

    func testCredentialsAreAskedForBeforeTheyEnd() throws {
        let blob = try source(40 << 20)
        try proxy.set(#"{"match": "partNumber", "kibps": 4000}"#)
        let remote = try remote(options: "&profile=short", variables: try variables(lifetime: 1))
        XCTAssertEqual(try upload(blob, to: remote), .sent)
        XCTAssertGreaterThan(calls, 1)
        XCTAssertEqual(try proxy.requests().count { $0.status >= 400 && $0.status != 404 }, 0)
    }

    func testExpiredTokenThatNobodyRenewsIsSaid() throws {
        try proxy.set("{\"answer\": \(refusal(400, "ExpiredToken"))}")
        let error = failure { _ = try remote().existing(among: (0..<40).map { .of([$0]) }) }
        XCTAssertEqual(error?.kind, .denied)
        XCTAssert(error?.message.contains("aws sso login") == true, "\(String(describing: error))")
    }
}
