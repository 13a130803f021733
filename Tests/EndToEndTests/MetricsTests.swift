import Digest
import Foundation
import Platform
import TestSupport
import XCTest

/// `git data metrics`, in a history with branches, tags and a merge.
final class MetricsTests: EndToEndTestCase {
    private var work: Worktree!
    private var origin: BytePath!
    private var time = 1_700_000_000

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write(
            "[stage]\n\tcommand = python train.py\n\toutput = model.bin\n\tparameter = params.toml:model\n\tparameter = params.toml:seed\n"
                + "\tmetrics = reports/train.json\n\tmetrics = reports/extra.toml\n",
            to: "lineage/train.stage")
        try work.write("[stage]\n\tcommand = python eval.py\n\tmetrics = reports/eval.csv\n", to: "lineage/eval.stage")
        try work.write("seed = 3\nunused = 1\n[model]\ndepth = 4\n", to: "params.toml")
        try train(accuracy: "0.9", loss: "0.25")
        try work.write("[time]\nseconds = 1_000\n", to: "reports/extra.toml")
        try work.write("metric,value\nf1,0.5\n", to: "reports/eval.csv")
        try commit("First")
        try work.git("tag", "v1")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func train(accuracy: String, loss: String) throws {
        try work.write("{\"accuracy\": \(accuracy), \"val\": {\"loss\": \(loss)}, \"curve\": [\((0..<30).map(String.init).joined(separator: ","))]}\n", to: "reports/train.json")
    }

    private func commit(_ message: BytePath) throws {
        time += 60
        let date = BytePath("\(time) +0000")
        try work.git("add", "--all")
        try work.git("commit", "--quiet", "--allow-empty", "-m", message, with: ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date])
    }

    private func hash(_ revision: BytePath) throws -> String {
        String(try work.git("rev-parse", revision).line)
    }

    private func rows(_ options: BytePath...) throws -> [[String]] {
        let outcome = try laboratory.data(["metrics", "log", "--csv"] + options, in: work.folder).expecting(0)
        return outcome.lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    /// The commits that `log` lists, by their subjects.
    private func subjects(_ options: BytePath...) throws -> [String] {
        let outcome = try laboratory.data(["metrics", "log", "--csv"] + options, in: work.folder).expecting(0)
        return try outcome.lines.dropFirst().map { try work.git("log", "-1", "--format=%s", BytePath(String($0.prefix(40)))).line }
    }

    func testShowPrintsWorktreeAndRevisions() throws {
        try train(accuracy: "0.95", loss: "NaN")
        XCTAssertEqual(
            try work.data("metrics").lines,
            ["stage  metric        value", "eval   f1              0.5", "train  accuracy       0.95", "train  time.seconds   1000", "train  val.loss        NaN"])
        XCTAssertEqual(
            try work.data("metrics", "show", "v1", "--stage", "train", "--params").lines,
            [
                "stage  metric          v1", "train  accuracy       0.9", "train  time.seconds  1000", "train  val.loss      0.25",
                "file         parameter    v1", "params.toml  model.depth   4", "params.toml  seed          3",
            ])
        XCTAssertEqual(
            try work.data("metrics", "show", "--csv", "--metric", "train:val", "HEAD", "v1").text, "kind,of,key,HEAD,v1\nmetric,train,val.loss,0.25,0.25\n")
        let versions = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(work.data("metrics", "--json").output)) as? [[String: Any]])
        let metrics = try XCTUnwrap(versions.first?["metrics"] as? [[String: Any]])
        XCTAssertNil(versions.first?["commit"])
        XCTAssertEqual(metrics.map { $0["file"] as? String }, ["reports/eval.csv", "reports/train.json", "reports/train.json", "reports/extra.toml"])
        XCTAssertEqual(metrics.last?["value"] as? Int, 1000)
        XCTAssertEqual(try work.data("metrics", "show", "--metric", "curve").lines.count, 31)
        assertContains(try work.attempt("data", "metrics", "show", "nowhere").expecting(128).errorText, "error: 'nowhere' names no commit")
    }

    func testDiffComparesWorktreeAndCommits() throws {
        XCTAssertEqual(try work.data("metrics", "diff", "--exit-code").text, "")
        try train(accuracy: "0.8", loss: "NaN")
        try work.write("seed = 3\nunused = 2\n[model]\ndepth = 5\n", to: "params.toml")
        XCTAssertEqual(
            try work.data("metrics", "diff", "--params").lines,
            [
                "stage  metric     old  new  change", "train  accuracy   0.9  0.8    -0.1", "train  val.loss  0.25  NaN",
                "file         parameter    old  new  change", "params.toml  model.depth    4    5      +1",
            ])
        XCTAssertEqual(try work.data("metrics", "diff").lines.count, 3)
        XCTAssertEqual(try work.data("metrics", "diff", "--all").lines.count, 5)
        try work.attempt("data", "metrics", "diff", "--exit-code").expecting(1)
        XCTAssertEqual(try work.attempt("data", "metrics", "diff", "--quiet").expecting(1).text, "")
        try work.attempt("data", "metrics", "diff", "--exit-code", "--metric", "time").expecting(0)
        try work.git("rm", "--quiet", "--cached", "reports/extra.toml")
        try (work.folder / "reports/extra.toml").removeFile()
        try commit("Second")
        XCTAssertEqual(
            try work.data("metrics", "diff", "--csv", "v1", "HEAD").text,
            "kind,of,key,old,new,change\nmetric,train,accuracy,0.9,0.8,-0.1\nmetric,train,time.seconds,1000,,\nmetric,train,val.loss,0.25,NaN,\n")
        let changes = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(work.data("metrics", "diff", "--json", "HEAD", "v1").output)) as? [[String: Any]])
        XCTAssertEqual(changes.first?["change"] as? Double, 0.1)
        XCTAssertEqual(changes.last?["old"] as? String, "NaN")
        let fresh = try laboratory.repository("fresh")
        try fresh.write("[stage]\n\tcommand = x\n\tmetrics = m.json\n", to: "lineage/a.stage")
        try fresh.write("{\"n\": 1}", to: "m.json")
        XCTAssertEqual(try fresh.data("metrics", "diff").lines, ["stage  metric  old  new  change", "a      n              1"])
    }

    func testLogListsCommitsThatChangedResults() throws {
        try commit("Nothing")
        try work.git("checkout", "--quiet", "-b", "deep", "v1")
        try work.write("seed = 3\n[model]\ndepth = 9\n", to: "params.toml")
        try train(accuracy: "0.97", loss: "0.5")
        try commit("Deep")
        try work.git("checkout", "--quiet", "main")
        try work.write("metric,value\nf1,0.75\n", to: "reports/eval.csv")
        try commit("Evaluated")
        XCTAssertEqual(try subjects(), ["Evaluated", "First"])
        XCTAssertEqual(try subjects("--all"), ["Evaluated", "Deep", "First"])
        XCTAssertEqual(try subjects("--branches"), ["Evaluated", "Deep", "First"])
        XCTAssertEqual(try subjects("--tags"), ["First"])
        XCTAssertEqual(try subjects("main..deep"), ["Deep"])
        XCTAssertEqual(try subjects("--all", "--best", "accuracy"), ["Deep"])
        XCTAssertEqual(try subjects("--all", "--best", "val.loss", "--minimize"), ["Evaluated"])
        XCTAssertEqual(try subjects("--all", "--sort", "f1", "-n", "2"), ["Evaluated", "Deep"])
        XCTAssertEqual(try subjects("--all", "--sort", "model.depth", "--params"), ["Deep", "Evaluated", "First"])
        // What another stage did is not asked for.
        XCTAssertEqual(try subjects("--stage", "train"), ["First"])
        XCTAssertEqual(try subjects("--metric", "f1"), ["Evaluated", "First"])
        // A merge that joins two results is a state of its own; one that takes a side is none.
        try work.git("merge", "--quiet", "--no-ff", "-m", "Merged", "deep")
        XCTAssertEqual(try subjects(), ["Merged", "Evaluated", "Deep", "First"])
        try work.git("checkout", "--quiet", "-b", "other", "v1")
        try commit("Empty")
        try work.git("merge", "--quiet", "--no-ff", "-m", "Taken", "main")
        XCTAssertEqual(try subjects("other"), ["Merged", "Evaluated", "Deep", "First"])
    }

    func testLogIsTableCSVAndJSON() throws {
        try train(accuracy: "0.8", loss: "Infinity")
        try commit("Second")
        let rows = try rows("--params")
        XCTAssertEqual(rows[0], ["commit", "date", "author", "refs", "f1", "accuracy", "time.seconds", "val.loss", "model.depth", "seed"])
        XCTAssertEqual(rows[1].suffix(6), ["0.5", "0.8", "1000", "Infinity", "4", "3"])
        XCTAssertEqual(rows[2][0], try hash("v1"))
        XCTAssertEqual(rows[2][3], "v1")
        let text = try work.data("metrics", "log", "--metric", "accuracy").lines
        XCTAssertEqual(text.count, 3)
        assertContains(text[0], "refs  accuracy")
        XCTAssert(text[1].hasPrefix(String(try hash("HEAD").prefix(8)) + "  2023-11-14  ") && text[1].hasSuffix("main       0.8"), text[1])
        let runs = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(work.data("metrics", "log", "--json").output)) as? [[String: Any]])
        XCTAssertEqual(runs.map { $0["refs"] as? [String] }, [["main"], ["v1"]])
        XCTAssertEqual((runs[0]["metrics"] as? [String: Any])?["val.loss"] as? String, "Infinity")
        XCTAssertEqual(runs[0]["time"] as? String, "2023-11-14T22:15:20Z")
        // Each metric of two stages has its own name.
        try work.write("metric,value\naccuracy,1\n", to: "reports/eval.csv")
        try commit("Third")
        XCTAssert(try self.rows()[0].contains("eval:accuracy"))
        assertContains(
            try work.attempt("data", "metrics", "log", "--best", "accuracy").expecting(128).errorText, "'accuracy' may be 'eval:accuracy' or 'train:accuracy'")
        XCTAssertEqual(try subjects("--best", "train:accuracy"), ["First"])
        assertContains(try work.attempt("data", "metrics", "log", "--best", "x").expecting(128).errorText, "no commit has a metric 'x'")
        try work.attempt("data", "metrics", "log", "--minimize", "--maximize").expecting(129)
    }

    func testPointersAreReadFromTheStoreOrTheRecord() throws {
        try work.git("push", "--quiet", "origin", "main")
        let clone = try laboratory.cloneOfPointers(origin)
        let without = try clone.data("metrics", "show", "--stage", "eval")
        XCTAssertEqual(without.text, "")
        assertContains(without.errorText, "warning: cannot read 'reports/eval.csv': its data is not on this machine")
        let csv = try work.read("reports/eval.csv")
        let causes = #"{"command":"python eval.py"}"#
        func record(_ oid: ObjectID) -> String {
            #"{"version": 1, "key": "\#(ObjectID.of(Array(causes.utf8)).hex)", "causes": \#(causes), "clean": true, "exit": 0, "milliseconds": 1, "#
                + #""started": "2026-01-01T00:00:00Z", "outputs": {"reports/eval.csv": "sha256:\#(oid.hex)"}, "metrics": {"reports/eval.csv": {"f1": 0.5}}}"#
        }
        try clone.write(record(.of(csv)), to: "lineage/eval.run.json")
        XCTAssertEqual(try clone.data("metrics", "show", "--stage", "eval").lines, ["stage  metric  value", "eval   f1        0.5"])
        // A record that speaks of other data is not believed.
        try clone.write(record(.of([])), to: "lineage/eval.run.json")
        XCTAssertEqual(try clone.data("metrics", "show", "--stage", "eval").text, "")
        try clone.data("fetch", "--quiet")
        for revision in [[], ["HEAD"]] as [[BytePath]] {
            let shown = try laboratory.data(["metrics", "show", "--stage", "eval"] + revision, in: clone.folder).expecting(0)
            XCTAssertEqual(shown.lines.last, "eval   f1" + (revision.isEmpty ? "        0.5" : "       0.5"))
        }
        XCTAssertEqual(try clone.data("metrics", "log", "--csv", "--stage", "eval").lines.count, 2)
    }

    func testWhatCannotBeReadIsNamedAndTheRestShown() throws {
        try work.write("{\"accuracy\": ", to: "reports/train.json")
        try work.write("[stage]\n\tnonsense = x\n", to: "lineage/eval.stage")
        try commit("Damaged")
        for revision in [[], ["HEAD"]] as [[BytePath]] {
            let shown = try laboratory.data(["metrics", "show"] + revision, in: work.folder).expecting(0)
            XCTAssertEqual(shown.lines.count, 2)
            assertContains(shown.lines[1], "time.seconds")
            assertContains(shown.errorText, "line 1: it ends where a value should be")
            assertContains(shown.errorText, "cannot read 'lineage/eval.stage'")
        }
        let log = try work.data("metrics", "log", "--csv")
        XCTAssertEqual(log.lines.count, 3)
        assertContains(log.errorText, "of a commit: ")
        let none = try work.data("metrics", "log", "--stage", "none").errorText
        assertContains(none, "of a commit: ")
        assertContains(none, "None of these commits has metrics.\n")
    }
}
