import Platform
import TestSupport
import XCTest

/// From a fresh repository through a bucket to a colleague's clone.
final class S3JourneyTests: S3TestCase {
    private let files: [BytePath: [UInt8]] = [
        "one.bin": [7], "small.csv": Array(SampleData.table(rows: 3000).utf8),
        "two words/größe.bin": SampleData.bytes(300_000, seed: 2), "parts.bin": SampleData.bytes(11 << 20, seed: 3),
    ]

    private func pushFiles(to url: BytePath) throws {
        try addStorage(url)
        for (path, content) in files { try work.write(content, to: path) }
        try work.commit("Data")
        try work.git("push", "--quiet")
    }

    private func assertFiles(in clone: Worktree, line: UInt = #line) throws {
        for (path, content) in files { try assertContent(path, in: clone, is: content, line: line) }
        try assertClean(clone, line: line)
    }

    private func clone(named name: BytePath) -> Worktree { Worktree(folder: laboratory.folder / name, in: laboratory) }

    func testBytesArriveByBothKindsOfClones() throws {
        try pushFiles(to: url())
        XCTAssertFalse((origin / "data").exists, "blobs are in the bucket alone")
        let cloned = try laboratory.run("git", ["data", "clone", "--quiet", origin, "ours"]).expecting(1)
        assertContains(cloned.errorText, "git data remote trust storage")
        try laboratory.git(["clone", "--quiet", origin, "plain"])
        for name in ["ours", "plain"] as [BytePath] {
            let clone = clone(named: name)
            try assertContent("parts.bin", in: clone, is: pointerText(for: files["parts.bin"] ?? []))
            let refused = try clone.attempt("data", "pull")
            XCTAssertNotEqual(refused.status, 0)
            assertContains(refused.errorText, "git data remote trust storage")
            try clone.data("remote", "trust", "storage")
            try clone.data("pull", "--quiet")
            try assertFiles(in: clone)
        }
        try clone(named: "ours").data("fsck", "--remote")
    }

    func testColleaguesWorkOnOneBranch() throws {
        try pushFiles(to: url())
        try laboratory.git(["clone", "--quiet", origin, "plain"])
        let clone = clone(named: "plain")
        try clone.data("init", "--quiet")
        try clone.data("remote", "trust", "storage")
        try clone.data("pull", "--quiet")
        let changed = SampleData.bytes(12 << 20, seed: 9)
        try clone.write(changed, to: "parts.bin")
        try clone.commit("Changed")
        try clone.git("push", "--quiet")
        // Trusted since it was added here: Git's own commands bring the data.
        try work.git("pull", "--quiet")
        try assertContent("parts.bin", in: work, is: changed)
        try work.git("checkout", "--quiet", "HEAD~1")
        try assertFiles(in: work)
    }

    func testServerThatOnlyTheProjectNamesIsNotAsked() throws {
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        try pushFiles(to: url(endpoint: proxy.endpoint))
        let before = try proxy.requests().count
        XCTAssertGreaterThan(before, 0)
        let cloned = try laboratory.run("git", ["data", "clone", "--quiet", origin, "ours"]).expecting(1)
        assertContains(cloned.errorText, "git data remote trust storage")
        let clone = clone(named: "ours")
        _ = try clone.attempt("data", "pull")
        _ = try clone.attempt("checkout", "--quiet", "HEAD~1")
        XCTAssertEqual(try proxy.requests().count, before)
        try clone.data("remote", "trust", "storage")
        // What the project names later is not what was trusted.
        try work.data("remote", "set-url", "storage", url(endpoint: "http://127.0.0.1:1"))
        try work.commit("Elsewhere")
        _ = try work.attempt("push", "--quiet", "--no-verify")
        try clone.git("checkout", "--quiet", "main")
        try clone.git("pull", "--quiet")
        try clone.data("pull", "--quiet")
        try assertFiles(in: clone)
        XCTAssertGreaterThan(try proxy.requests().count, before)
    }

    func testUsersFilesAreReadAndNeverWritten() throws {
        let folder = laboratory.home / ".aws"
        for (name, text) in [
            ("credentials", "[lab]\naws_access_key_id = testkey\naws_secret_access_key = testsecret1234567890\n"),
            ("config", "[profile lab]\nregion = us-east-1\nendpoint_url = \(server.endpoint)\n"),
        ] {
            try laboratory.scratch.write(text, to: BytePath("home/.aws/\(name)"), permissions: 0o400)
        }
        let before = try laboratory.run("find", [folder, "-printf", "%p %s %m %T@ %C@\\n"]).expecting(0).text
        for name in server.credentials.keys { laboratory.variables[name] = .some(nil) }
        laboratory.variables["AWS_PROFILE"] = "lab"
        try pushFiles(to: BytePath("s3://\(server.bucket)/\(prefix)"))
        // AWS's own names need no trust, and the endpoint is the user's own.
        try laboratory.data(["clone", "--quiet", origin, "ours"])
        try assertFiles(in: clone(named: "ours"))
        XCTAssertEqual(try laboratory.run("find", [folder, "-printf", "%p %s %m %T@ %C@\\n"]).text, before)
    }
}
