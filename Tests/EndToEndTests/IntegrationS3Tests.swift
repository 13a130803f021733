import Platform
import TestSupport
import XCTest

/// The workflow with a bucket: credentials are the secrets of the step that fetches, and of no other.
final class IntegrationS3Tests: S3TestCase {
    func testSecretsAreForTheStepThatFetches() throws {
        try addStorage(url())
        try work.data("ci", "init", "--quiet", "--provider", "github")
        let raw = Array(SampleData.table(rows: 300).utf8)
        try work.write(raw, to: "raw.csv")
        try work.commit("Data")
        try work.data(
            "run", "--quiet", "--name", "first", "-i", "raw.csv", "-o", "first.csv", "--",
            "test -z \"${CI_TEST-}\" || test -z \"${AWS_SECRET_ACCESS_KEY-}\" || exit 9; head -n 9 raw.csv > first.csv")
        try work.commit("Results")
        try work.write(raw + Array("1,2,3\n".utf8), to: "raw.csv")
        try work.commit("One more row")
        try work.git("push", "--quiet")

        func job(_ name: BytePath, _ arguments: [BytePath]) throws -> (outcome: Outcome, clone: Worktree) {
            var environment: [String: BytePath?] = ["HOME": laboratory.folder / "service", "CI_TEST": "1"]
            for secret in server.credentials.keys { environment[secret] = .some(nil) }
            let clone = Worktree(folder: laboratory.folder / name, in: laboratory)
            try laboratory.run("git", ["clone", "--quiet", origin, name], with: environment).expecting(0)
            let outcome = try laboratory.run(
                "python3", [laboratory.installation.sources / "Tests/workflow", ".github/workflows/git-data.yml", "--show"] + arguments,
                in: clone.folder, with: environment)
            return (outcome, clone)
        }
        let secrets = server.credentials.flatMap { name, value -> [BytePath] in ["--set", BytePath("\(name)=\(value)")] }
        let stale = try job("trusted", ["--set", "GIT_DATA_TRUST=storage"] + secrets)
        XCTAssertEqual(stale.outcome.status, 1)
        assertContains(stale.outcome.text, "first: input 'raw.csv' changed")
        XCTAssertFalse(stale.outcome.text.contains(": failed\n== "), stale.outcome.description)
        XCTAssertEqual(try stale.clone.read("first.csv"), Array(SampleData.table(rows: 300).utf8.split(separator: 10).prefix(9).joined(separator: [10])) + [10])
        // Without secrets, and without trust, the data cannot be had, and nothing runs.
        let refused = try job("refused", [])
        XCTAssertEqual(refused.outcome.status, 1)
        assertContains(refused.outcome.text, "Fetch the data that stale stages read: failed")
        assertContains(refused.outcome.text, "Make anew what is stale: skipped")
    }
}
