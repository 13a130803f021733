import Foundation
import Platform
import TestSupport
import XCTest

/// `git data log` and `git data lineage`, of stages that really ran.
final class LineageGraphTests: EndToEndTestCase {
    private var work: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, _) = try laboratory.project()
        try work.write(SampleData.table(rows: 200), to: "raw.csv")
        try work.write("sed 1d raw.csv > train.csv\n", to: "prepare.sh")
        try work.write(
            """
            mkdir -p models reports
            cat params.json train.csv > models/churn.bin
            printf '{"accuracy": 0.%s, "loss": 0.3}\\n' "$(tr -dc 0-9 < params.json)" > reports/train.json

            """, to: "train.sh")
        try work.write("{\"lr\": 1}\n", to: "params.json")
        try work.commit("Raw data")
        try work.data("run", "--name", "prepare", "-i", "raw.csv", "-i", "prepare.sh", "-o", "train.csv", "sh prepare.sh")
        try work.data(
            "run", "--name", "train", "-i", "train.csv", "-i", "train.sh", "-p", "params.json:lr", "-o", "models/churn.bin", "-m",
            "reports/train.json", "sh train.sh")
        try work.git("commit", "--quiet", "-m", "First model")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    /// Another parameter, made anew and committed.
    private func trainAgain(_ rate: Int, _ message: String) throws {
        try work.write("{\"lr\": \(rate)}\n", to: "params.json")
        try work.data("repro")
        try work.commit(message)
    }

    private func short(_ revision: BytePath) throws -> String {
        String(try work.git("rev-parse", revision).line.prefix(10))
    }

    private func json(_ arguments: BytePath...) throws -> Any {
        let output = try laboratory.run("git", ["data"] + arguments, in: work.folder).expecting(0).output
        return try JSONSerialization.jsonObject(with: Data(output))
    }

    // MARK: log

    private struct Version: Decodable {
        struct Made: Decodable {
            let stage: String
            let command: String?
            let parameters: [String: Double]
            let metrics: [String: [String: Double]]
        }

        let commit: String
        let author: String
        let subject: String
        let path: String
        let formerPath: String?
        let status: String
        let content: String?
        let size: Int64?
        let madeBy: Made?
    }

    private func versions(_ arguments: BytePath...) throws -> [Version] {
        let outcome = try laboratory.run("git", ["data", "log", "--json"] + arguments, in: work.folder)
        return try JSONDecoder().decode([Version].self, from: Data(outcome.output))
    }

    func testLogTellsWhatMadeEachVersionAndItsResults() throws {
        try trainAgain(2, "Second model")
        let second = try work.read("models/churn.bin")
        try work.write("by hand", to: "models/churn.bin")
        try work.commit("An edit")
        try work.write(second, to: "models/churn.bin")
        try work.commit("Back")
        let versions = try versions("models/churn.bin")
        XCTAssertEqual(versions.map(\.subject), ["Back", "An edit", "Second model", "First model"])
        XCTAssertEqual(versions.map(\.status), ["modified", "modified", "modified", "added"])
        XCTAssertEqual(versions.map { $0.madeBy?.stage }, ["train", nil, "train", "train"])
        XCTAssertEqual(versions.map { $0.madeBy?.parameters["params.json:lr"] }, [2, nil, 2, 1])
        XCTAssertEqual(versions.map { $0.madeBy?.metrics["reports/train.json"]?["accuracy"] }, [0.2, nil, 0.2, 0.1])
        XCTAssertEqual(versions[0].content, "sha256:\(oid(second))")
        XCTAssertEqual(versions[0].size, Int64(second.count))
        XCTAssertEqual(versions[0].madeBy?.command, "sh train.sh")
        XCTAssertEqual(versions[0].author, "Ada")
        let text = try work.data("log", "-n", "2", "models/churn.bin").lines
        XCTAssertEqual(
            text,
            [
                "\(try short("HEAD"))  2026-01-02 03:04  Ada", "    \(oid(second).prefix(12))  \(byteCount(second))", "    stage 'train': sh train.sh",
                "    accuracy 0.2, loss 0.3", "\(try short("HEAD~1"))  2026-01-02 03:04  Ada",
                "    \(oid(Array("by hand".utf8)).prefix(12))  7 bytes", "    by hand",
            ])
        let line = try work.data("log", "--oneline", "HEAD~2..HEAD~1", "--", "models/churn.bin").text
        XCTAssertEqual(line, "\(try short("HEAD~1")) 2026-01-02 \(oid(Array("by hand".utf8)).prefix(12))  by hand\n")
        let table = try work.data("log", "--csv", "HEAD~1", "models/churn.bin").lines
        XCTAssert(table[0].hasSuffix(",stage,origin,accuracy,loss"), table[0])
        XCTAssert(table[1].hasSuffix(",7,,,,"), table[1])
        XCTAssert(table[2].hasSuffix(",train,sh train.sh,0.2,0.3"), table[2])
    }

    private func oid(_ content: [UInt8]) -> String {
        String(String(decoding: pointerText(for: content), as: UTF8.self).split(separator: "\n")[1].dropFirst("oid sha256:".count))
    }

    private func byteCount(_ content: [UInt8]) -> String {
        String(format: "%.2f KiB", (Double(content.count) / 1024 * 100).rounded(.down) / 100)
    }

    func testLogFollowsRenamesAndNamesRemovals() throws {
        try work.git("mv", "raw.csv", "first.csv")
        try work.commit("Rename")
        try work.git("rm", "--quiet", "first.csv")
        try work.commit("Remove")
        XCTAssertEqual(try versions("first.csv").map(\.status), ["deleted", "added"])
        let followed = try versions("--follow", "first.csv")
        XCTAssertEqual(followed.map(\.status), ["deleted", "renamed", "added"])
        XCTAssertEqual(followed.map(\.path), ["first.csv", "first.csv", "raw.csv"])
        XCTAssertEqual(followed[1].formerPath, "raw.csv")
        XCTAssertNil(followed[0].content)
    }

    func testLogOfAFolderNamesItsFiles() throws {
        try work.write("more", to: "models/other.bin")
        try work.commit("Another")
        XCTAssertEqual(try versions("models").map(\.path), ["models/other.bin", "models/churn.bin"])
        assertContains(try work.data("log", "models").text, "4 bytes  models/other.bin")
    }

    func testFileOfAFolderThatAStageMakesWasMadeByIt() throws {
        try work.data("run", "--name", "split", "-i", "raw.csv", "-o", "parts", "mkdir -p parts/x && head -5 raw.csv > parts/x/1.csv && head -9 raw.csv > parts/2.csv")
        try work.git("commit", "--quiet", "-m", "Parts")
        XCTAssertEqual(try versions("parts/x/1.csv").map { $0.madeBy?.stage }, ["split"])
        // With another file in it, the folder is not what the stage made any more.
        try work.write("changed", to: "parts/x/1.csv")
        try work.commit("An edit")
        XCTAssertEqual(try versions("parts/x/1.csv").map { $0.madeBy?.stage }, [nil, "split"])
        XCTAssertEqual(try versions("parts").map { $0.madeBy?.stage }, [nil, "split", "split"])
    }

    func testLogLooksAtTheBranchesThatAreAskedFor() throws {
        try work.git("switch", "--quiet", "-c", "side")
        try trainAgain(3, "Side")
        try work.git("switch", "--quiet", "main")
        XCTAssertEqual(try versions("models/churn.bin").map(\.subject), ["First model"])
        // The commits of tests have one date.
        XCTAssertEqual(try Set(versions("--all", "models/churn.bin").map(\.subject)), ["Side", "First model"])
        XCTAssertEqual(try versions("main..side", "models/churn.bin").map(\.subject), ["Side"])
        // A merge that takes one side as it is makes no version.
        try work.write("x", to: "other.txt")
        try work.commit("Beside")
        try work.git("merge", "--quiet", "--no-edit", "side")
        XCTAssertEqual(try versions("models").map(\.subject), ["Side", "First model"])
    }

    func testLogRefusesWhatItCannotTell() throws {
        let none = try work.attempt("data", "log", "nowhere.bin")
        XCTAssertEqual(none.status, 1)
        assertContains(none.errorText, "No commit has changed 'nowhere.bin'")
        let revision = try work.attempt("data", "log", "nonsense", "--", "raw.csv")
        XCTAssertEqual(revision.status, 128)
        assertContains(revision.errorText, "'nonsense' is no revision")
        try work.git("branch", "raw.csv")
        assertContains(try work.attempt("data", "log", "raw.csv").errorText, "'raw.csv' is a revision and a file")
        XCTAssertEqual(try versions("--", "raw.csv").count, 1)
    }

    // MARK: lineage

    func testTreeShowsWhereAModelComesFromAndWhatIsStale() throws {
        let first = try short("HEAD~1")
        let tree = try work.data("lineage", "models/churn.bin").text
        for part in ["models/churn.bin  data ", "\n└── [train] fresh  $ sh train.sh\n    ├── train.csv  data ",
            "\n    │   └── [prepare] fresh  $ sh prepare.sh\n    │       ├── raw.csv  data ", ", by Ada in \(first), 2026-01-02\n",
            "    │       └── prepare.sh  Git ", ", parameter lr\n"] { assertContains(tree, part) }
        try work.write("changed\n", to: "raw.csv")
        let stale = try work.data("lineage", "raw.csv").lines
        XCTAssert(stale[0].hasSuffix(", not staged"), stale[0])
        XCTAssertEqual(stale[1], "What comes of raw.csv:")
        XCTAssertEqual(stale[2], "└── [prepare] stale: input 'raw.csv' changed  $ sh prepare.sh")
        XCTAssertEqual(stale[4], "        └── [train] stale: it depends on 'prepare'  $ sh train.sh")
        XCTAssertEqual(stale.count, 7)
        let upstream = try work.data("lineage", "--upstream", "prepare").text
        XCTAssertFalse(upstream.contains("train.csv"), upstream)
        XCTAssertEqual(try work.attempt("data", "lineage", "nowhere").status, 1)
    }

    func testEverythingIsShownOnce() throws {
        let all = try work.data("lineage").text
        XCTAssertEqual(all.components(separatedBy: "[prepare]").count - 1, 1)
        XCTAssertEqual(all.components(separatedBy: "[train]").count - 1, 2)
        assertContains(all, "reports/train.json  Git ")
        assertContains(all, "(see above)")
    }

    func testRevisionIsToldByItsOwnRecipesAndRecords() throws {
        try trainAgain(2, "Second model")
        try work.write("changed\n", to: "raw.csv")
        let before = try work.data("lineage", "--revision", "HEAD~1", "--json").output
        let document = try XCTUnwrap(try JSONSerialization.jsonObject(with: Data(before)) as? [String: Any])
        XCTAssertEqual(document["revision"] as? String, try work.git("rev-parse", "HEAD~1").line)
        let nodes = try XCTUnwrap(document["nodes"] as? [[String: Any]])
        XCTAssertEqual(nodes.compactMap { $0["condition"] as? String }, ["fresh", "fresh"])
        let train = try XCTUnwrap(nodes.first { $0["id"] as? String == "stage:train" })
        let metrics = (train["run"] as? [String: Any])?["metrics"] as? [String: [String: Double]]
        XCTAssertEqual(metrics?["reports/train.json"]?["accuracy"], 0.1)
        // A revision that was committed stale is.
        try work.git("commit", "--quiet", "-am", "Stale")
        assertContains(try work.data("lineage", "--revision", "HEAD", "prepare").text, "[prepare] stale: input 'raw.csv' changed")
        XCTAssertEqual(try work.attempt("data", "lineage", "--revision", "nonsense").status, 128)
    }

    func testDocumentHasNodesAndEdges() throws {
        let document = try XCTUnwrap(json("lineage", "--json") as? [String: Any])
        XCTAssertEqual(document["version"] as? Int, 1)
        XCTAssert(document["revision"] is NSNull)
        let nodes = try XCTUnwrap(document["nodes"] as? [[String: Any]])
        let ids = nodes.compactMap { $0["id"] as? String }
        XCTAssertEqual(
            ids,
            [
                "file:raw.csv", "file:prepare.sh", "stage:prepare", "file:train.csv", "file:train.sh", "file:params.json", "stage:train",
                "file:models/churn.bin", "file:reports/train.json",
            ])
        XCTAssertEqual((nodes[0]["added"] as? [String: String])?["commit"], try work.git("rev-parse", "HEAD~1").line)
        let edges = try XCTUnwrap(document["edges"] as? [[String: Any]])
        XCTAssertEqual(edges.count, 8)
        for edge in edges {
            XCTAssert(ids.contains(try XCTUnwrap(edge["from"] as? String)))
            XCTAssert(ids.contains(try XCTUnwrap(edge["to"] as? String)))
        }
        let parameter = try XCTUnwrap(edges.first { $0["relation"] as? String == "parameter" })
        XCTAssertEqual(parameter["keys"] as? [String], ["lr"])
    }

    func testGraphvizUnderstandsEveryName() throws {
        let odd = "models/a \"b\" \\c;{}->\u{e4}.txt"
        try work.write("x", to: BytePath(odd))
        try work.data("run", "--name", "odd", "-i", BytePath(odd), "-o", "back\\", "cat models/a* > 'back\\'")
        let dot = try work.data("lineage", "--format", "dot")
        assertContains(dot.text, "\"stage:odd\" -> \"file:back\\\\\";")
        // Every quote that is open is closed in its line.
        for line in dot.lines {
            let bare = line.replacing("\\\\", with: "").replacing("\\\"", with: "")
            XCTAssertEqual(bare.filter { $0 == "\"" }.count % 2, 0, line)
        }
        guard Environment.findProgram("dot") != nil else { throw XCTSkip("there is no Graphviz") }
        let drawn = try laboratory.run("dot", ["-Tplain"], in: work.folder, input: dot.output).expecting(0)
        XCTAssertEqual(drawn.errorText, "")
        XCTAssertEqual(drawn.lines.filter { $0.hasPrefix("edge ") }.count, 10)
    }

    func testProvDocumentNamesNothingThatIsNotInIt() throws {
        try work.data("run", "--name", "split", "-i", "raw.csv", "-o", "parts", "mkdir parts && head -5 raw.csv > parts/1.csv")
        try work.data("run", "--name", "use", "-i", "parts/1.csv", "-o", "used.csv", "cp parts/1.csv used.csv")
        let document = try XCTUnwrap(json("lineage", "--format", "prov") as? [String: [String: Any]])
        let known = Set(["entity", "activity", "agent"].flatMap { document[$0].map { Array($0.keys) } ?? [] })
        let prefixes = Set(try XCTUnwrap(document["prefix"]).keys)
        for id in known { XCTAssert(prefixes.contains(String(id.prefix { $0 != ":" })), id) }
        XCTAssertEqual(document["activity"]?.count, 4)
        for relation in ["used", "wasGeneratedBy", "wasAssociatedWith", "wasDerivedFrom", "wasAttributedTo", "hadMember"] {
            let members = try XCTUnwrap(document[relation], relation)
            for case let member as [String: String] in members.values {
                for (key, value) in member where key != "prov:role" && key != "prov:time" { XCTAssert(known.contains(value), "\(relation) \(key) \(value)") }
            }
        }
        let run = try XCTUnwrap(document["activity"]?.first { $0.key.hasPrefix("run:train-") }?.value as? [String: Any])
        XCTAssertEqual(run["gitdata:metric"] as? [String], ["accuracy=0.1", "loss=0.3"])
        XCTAssertEqual(run["gitdata:command"] as? String, "sh train.sh")
    }

    func testEventsAreOneForEachRunAndAlwaysTheSame() throws {
        let events = try work.data("lineage", "--format", "openlineage").lines
        XCTAssertEqual(events.count, 2)
        XCTAssertEqual(try work.data("lineage", "--format", "openlineage").lines, events)
        var runs: Set<UUID> = []
        for line in events {
            let event = try XCTUnwrap(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            XCTAssertEqual(event["eventType"] as? String, "COMPLETE")
            let run = try XCTUnwrap(event["run"] as? [String: Any])
            runs.insert(try XCTUnwrap(UUID(uuidString: try XCTUnwrap(run["runId"] as? String))))
            let job = try XCTUnwrap(event["job"] as? [String: Any])
            XCTAssertEqual(job["namespace"] as? String, try work.git("config", "remote.origin.url").line)
            let inputs = try XCTUnwrap(event["inputs"] as? [[String: Any]])
            XCTAssertEqual(inputs.count, 2)
            for data in inputs { XCTAssertNotNil((data["facets"] as? [String: [String: String]])?["version"]?["datasetVersion"]) }
        }
        XCTAssertEqual(runs.count, 2)
        try trainAgain(2, "Second model")
        let later = try work.data("lineage", "--format", "openlineage").lines
        XCTAssertEqual(later[0], events[0])
        XCTAssertNotEqual(later[1], events[1])
    }

    func testFileOfNoStageTellsWhoAddedIt() throws {
        try work.write(SampleData.bytes(400, seed: 9), to: "lone.bin")
        try work.commit("Lone")
        let line = try work.data("lineage", "lone.bin").text
        assertContains(line, "lone.bin  data ")
        assertContains(line, ", by Ada in \(try short("HEAD")), 2026-01-02\n")
        try work.write(SampleData.bytes(400, seed: 10), to: "lone.bin")
        try work.git("add", "lone.bin")
        XCTAssertFalse(try work.data("lineage", "lone.bin").text.contains("by Ada"), "staged alone")
    }
}
