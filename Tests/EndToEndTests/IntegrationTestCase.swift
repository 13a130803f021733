import Platform
import TestSupport
import XCTest

/// A project with two stages and a source of data that only a fresh one reads, pushed to a folder; and its workflow,
/// whose steps `Tests/workflow` runs.
class IntegrationTestCase: EndToEndTestCase {
    private(set) var work: Worktree!
    private(set) var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
    }

    override func tearDown() {
        (work, origin) = (nil, nil)
        super.tearDown()
    }

    let raw = Array(SampleData.table(rows: 300).utf8)
    let other = Array(SampleData.table(rows: 200).utf8)

    /// Runs the stages and pushes all. The first stage fails where it sees a credential.
    func makeStages() throws {
        try work.write(raw, to: "data/raw.csv")
        try work.write(other, to: "data/other.csv")
        try work.write("{\"rows\": 10}\n", to: "params.json")
        try work.write(
            """
            test -z "${AWS_SECRET_ACCESS_KEY-}" || { echo "a credential is in sight" >&2; exit 1; }
            touch "${RAN:-/dev/null}"
            head -n "$(tr -cd 0-9 < params.json)" data/raw.csv > data/train.csv

            """, to: "prepare.sh")
        try work.commit("Data and code")
        try work.data(
            "run", "--quiet", "--name", "prepare", "-i", "data/raw.csv", "-i", "prepare.sh", "-p", "params.json:rows", "-o",
            "data/train.csv", "--", "sh", "prepare.sh")
        try work.data(
            "run", "--quiet", "--name", "count", "-i", "data/train.csv", "-m", "metrics.json", "--",
            "printf '{\"lines\": %s}' \"$(wc -l < data/train.csv)\" > metrics.json")
        try work.data(
            "run", "--quiet", "--name", "other", "-i", "data/other.csv", "-o", "other.txt", "--", "wc -l < data/other.csv > other.txt")
        try work.commit("Results")
        try work.git("push", "--quiet")
    }

    /// Commits a parameter whose results are not made yet.
    func makeStale() throws {
        try work.write("{\"rows\": 20}\n", to: "params.json")
        try work.commit("Twice the rows")
        try work.git("push", "--quiet")
    }

    /// A clone as a service makes it: it knows no git data, and has all of history.
    func checkout(_ name: String = "runner") throws -> Worktree {
        let url = BytePath(bytes: Array("file://".utf8) + origin.bytes)
        let clone = Worktree(folder: laboratory.folder / BytePath(name), in: laboratory)
        try laboratory.run("git", ["clone", "--quiet", url, BytePath(name)], with: ["HOME": laboratory.folder / "service"]).expecting(0)
        return clone
    }

    /// Runs a job of the workflow in a clone, however it ends, in a home in which nothing is set.
    func runWorkflow(
        _ clone: Worktree, _ file: BytePath, _ arguments: BytePath..., with environment: [String: BytePath?] = [:]
    ) throws -> Outcome {
        let home = laboratory.folder / "service"
        try home.makeFolders()
        return try laboratory.run(
            "python3", [laboratory.installation.sources / "Tests/workflow", clone.folder / file] + arguments, in: clone.folder,
            with: ["HOME": home, "RAN": laboratory.folder / "ran"].merging(environment) { $1 })
    }

    /// Whether the first stage ran in a workflow.
    var hasRun: Bool { (laboratory.folder / "ran").exists }

    func assertPointerStands(_ path: BytePath, for content: [UInt8], in clone: Worktree, line: UInt = #line) throws {
        try assertContent(path, in: clone, is: pointerText(for: content), line: line)
    }
}
