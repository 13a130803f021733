import Platform
import TestSupport
import XCTest

/// What a person reads when a bucket cannot be used.
final class S3TroubleTests: S3TestCase {
    private let content = SampleData.bytes(20_000)

    /// Tries a push that must fail without a trace.
    /// - Returns: what Git and git data said.
    private func failingPush(to url: BytePath, with variables: [String: BytePath?] = [:]) throws -> String {
        try addStorage(url)
        try work.write(content, to: "a.bin")
        try work.write(SampleData.bytes(10_000, seed: 5), to: "b.bin")
        try work.commit("Data")
        let before = try laboratory.git(["rev-parse", "main"], in: origin).line
        let push = try work.attempt("push", with: variables)
        XCTAssertEqual(push.status, 1, push.description)
        XCTAssertEqual(try laboratory.git(["rev-parse", "main"], in: origin).line, before, "commits without data were pushed")
        XCTAssertEqual(push.errorText.split(separator: "\n").count { $0.hasPrefix("error:") || $0.hasPrefix("fatal:") }, 2,
            "one message of ours, one of Git's: \(push.description)")
        XCTAssertFalse((laboratory.home / ".aws").exists)
        XCTAssertFalse(push.errorText.contains("testsecret"), push.description)
        return push.errorText
    }

    func testWrongSecretNamesTheKey() throws {
        let said = try failingPush(to: url(), with: ["AWS_SECRET_ACCESS_KEY": "wrong"])
        assertContains(said, "secret access key does not fit the access key 'testkey'")
    }

    func testUnknownKeyIsNamed() throws {
        assertContains(try failingPush(to: url(), with: ["AWS_ACCESS_KEY_ID": "nobody"]), "'nobody'")
    }

    func testNoCredentialsNamesThePlaces() throws {
        let none: [String: BytePath?] = ["AWS_ACCESS_KEY_ID": nil, "AWS_SECRET_ACCESS_KEY": nil]
        let said = try failingPush(to: url(), with: none)
        assertContains(said, "there are no credentials")
        assertContains(said, "AWS_ACCESS_KEY_ID")
        assertContains(said, "\(laboratory.home)/.aws/credentials")
    }

    func testNoCredentialsAndNoHome() throws {
        let none: [String: BytePath?] = [
            "AWS_ACCESS_KEY_ID": nil, "AWS_SECRET_ACCESS_KEY": nil, "HOME": "", "GIT_CONFIG_GLOBAL": laboratory.home / ".gitconfig",
        ]
        assertContains(try failingPush(to: url(), with: none), "there are no credentials")
    }

    func testMissingBucketIsNamed() throws {
        assertContains(try failingPush(to: url(bucket: "no-such-bucket")), "there is no bucket 'no-such-bucket'")
    }

    func testServerThatIsGoneIsNamed() throws {
        assertContains(try failingPush(to: url(endpoint: "http://127.0.0.1:1")), "127.0.0.1:1")
    }

    func testPullFromAServerThatIsGoneLeavesPointers() throws {
        try addStorage(url())
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.git("config", "data.storage.url", url(endpoint: "http://127.0.0.1:1"))
        let pull = try clone.attempt("data", "pull")
        XCTAssertEqual(pull.status, 1, pull.description)
        assertContains(pull.errorText, "127.0.0.1:1")
        try assertContent("a.bin", in: clone, is: pointerText(for: content))
        try assertClean(clone)
    }
}
