import Platform
import TestSupport
import XCTest

/// `git data remote check` on a bucket, and what `--verbose` shows.
final class S3CheckTests: S3TestCase {
    func testEverythingIsTriedAndNothingStays() throws {
        try addStorage(url())
        let check = try work.data("remote", "check", "storage")
        let titles = [
            "list blobs", "write", "refuse damaged bytes", "read", "read a part", "create, never replace", "write in parts",
            "go on with parts", "remove",
        ]
        for title in titles {
            XCTAssert(check.lines.contains { $0.hasPrefix(title + "  ") && $0.hasSuffix(" yes") }, "\(title):\n\(check.text)")
        }
        assertContains(check.errorText, "can be used")
        assertContains(try work.data("fsck", "--remote").errorText, "all well")
        XCTAssertEqual(try work.data("gc", "--remote").lines, [])
    }

    func testWrongSecretIsOneSentence() throws {
        try addStorage(url())
        let check = try work.attempt("data", "remote", "check", with: ["AWS_SECRET_ACCESS_KEY": "wrong"])
        XCTAssertEqual(check.status, 1)
        XCTAssertEqual(check.errorText.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count, 1, check.errorText)
        assertContains(check.errorText, "secret access key does not fit")
        XCTAssertFalse(check.errorText.contains("wrong"))
    }

    func testRequestsAreShownWithoutSecrets() throws {
        try addStorage(url())
        try work.write(SampleData.bytes(5000), to: "a.bin")
        try work.commit("Data")
        let push = try work.data("push", "--verbose")
        assertContains(push.errorText, "> PUT http")
        assertContains(push.errorText, "< 200 PUT http")
        XCTAssertFalse(push.errorText.lowercased().contains("authorization"))
        try work.write(SampleData.bytes(5001), to: "a.bin")
        try work.commit("More")
        let loud = try work.git("push", "--quiet", with: ["GIT_CURL_VERBOSE": "1"])
        assertContains(loud.errorText, "> authorization: ***")
        XCTAssertFalse(loud.errorText.contains("Signature="))
    }

    func testCollectionOfABucketTakesTwoSteps() throws {
        try addStorage(url())
        let gone = SampleData.bytes(7000, seed: 3)
        try work.git("switch", "--quiet", "-c", "gone")
        try work.write(gone, to: "b.bin")
        try work.commit("Gone")
        try work.git("push", "--quiet", "origin", "HEAD", "main")
        try work.git("switch", "--quiet", "main")
        try work.git("push", "--quiet", "origin", ":gone")
        try work.git("branch", "--quiet", "-D", "gone")
        try work.git("reflog", "expire", "--expire=now", "--all")
        XCTAssertEqual(try work.data("gc", "--remote").lines.count, 1)
        try work.data("gc", "--remote", "--mark", "--grace", "0")
        // Who comes to need it takes it from the mark.
        try work.write(gone, to: "again.bin")
        try work.commit("Again")
        try work.git("push", "--quiet")
        assertContains(try work.data("gc", "--remote", "--sweep").errorText, "Kept 1 blob")
        assertContains(try work.data("fsck", "--remote").errorText, "all well")
    }
}
