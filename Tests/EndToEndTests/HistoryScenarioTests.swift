import Platform
import TestSupport
import XCTest

/// Operations that move along the history or add to it.
final class HistoryScenarioTests: ScenarioTestCase {
    private typealias Files = ScenarioTemplate

    func testSwitchAndCheckout() {
        play("switch and checkout") { scenario in
            try scenario.git("switch", "--quiet", "side")
            try scenario.git("switch", "--quiet", "-")
            try scenario.git("checkout", "--quiet", "--detach", "clash~1")
            try scenario.git("switch", "--quiet", "-c", "new", "base")
            // What is changed on neither side comes along.
            try scenario.write(Files.binary(50), to: "deep/er/b.bin", status: [" M deep/er/b.bin"])
            try scenario.git("switch", "--quiet", "main", status: [" M deep/er/b.bin"])
            try scenario.git("checkout", "--quiet", "side", exits: 1, status: [" M deep/er/b.bin"])
            try scenario.git("switch", "--quiet", "--discard-changes", "side")
            try scenario.git("checkout", "--quiet", "--orphan", "root", status: nil)
            try scenario.git("checkout", "--quiet", "--force", "main")
        }
    }

    /// The same once with the large file, which costs time.
    func testLargeFile() {
        play("the large file") { scenario in
            try scenario.git("switch", "--quiet", "large")
            try scenario.git("rebase", "--quiet", "main")
            try scenario.git("reset", "--quiet", "--hard", "main")
            try scenario.git("cherry-pick", "base..origin/large")
            try scenario.git("revert", "--no-edit", "HEAD~1")
            try scenario.git("checkout", "--quiet", "larger", "--", "big.bin", status: ["M  big.bin"])
            try scenario.git("commit", "--quiet", "--amend", "--no-edit")
            try scenario.git("restore", "--quiet", "--source=base", "big.bin", status: [" M big.bin"])
            try scenario.git("reset", "--quiet", "--hard")
            try scenario.git("switch", "--quiet", "main")
            try scenario.git("merge", "--quiet", "--no-edit", "origin/large")
        }
    }

    func testReset() {
        play("reset") { scenario in
            try scenario.git("reset", "--quiet", "--soft", "HEAD~1", status: ["M  main.py", "A  more.csv", "M  run.bin"])
            try scenario.git("reset", "--quiet", "--mixed", status: [" M main.py", " M run.bin", "?? more.csv"])
            try scenario.git("add", "--all", status: ["M  main.py", "A  more.csv", "M  run.bin"])
            try scenario.git("reset", "--quiet", "--", "more.csv", "run.bin", status: ["M  main.py", " M run.bin", "?? more.csv"])
            try scenario.git("reset", "--quiet", "--hard", "main@{1}", status: [])
            try scenario.write(Files.binary(51), to: "old.bin", status: [" M old.bin"])
            try scenario.git("reset", "--quiet", "--keep", "HEAD~1", status: [" M old.bin"])
            try scenario.git("reset", "--quiet", "--keep", "side", exits: 128, status: [" M old.bin"])
            try scenario.git("add", "old.bin", status: ["M  old.bin"])
            try scenario.git("reset", "--quiet", "--merge", "main")
            try scenario.git("reset", "--quiet", "--hard", "side")
            // A tree that is another's, over files that stay as they are.
            try scenario.git("reset", "--quiet", "--mixed", "base", status: nil)
            try scenario.git("reset", "--quiet", "--hard", status: ["?? side.bin"])
            try scenario.git("clean", "--quiet", "-fd")
        }
    }

    func testMerge() {
        play("merge") { scenario in
            try scenario.git("merge", "--quiet", "--no-edit", "side")
            try scenario.git("reset", "--quiet", "--hard", "ORIG_HEAD")
            try scenario.git("switch", "--quiet", "-c", "ahead", "base")
            try scenario.git("merge", "--quiet", "--ff-only", "main~1")
            try scenario.git("merge", "--quiet", "--squash", "main", status: ["M  main.py", "A  more.csv", "M  run.bin"])
            try scenario.git("commit", "--quiet", "-m", "Squashed")
            try scenario.git("reset", "--quiet", "--hard", "base")
            try scenario.git("merge", "--quiet", "--no-ff", "--no-commit", "main", status: nil)
            try scenario.git("merge", "--abort")
            try scenario.git("merge", "--quiet", "--no-edit", "-s", "ours", "clash")
        }
    }

    /// A merge of several branches asks no merge driver, so that a data file that two of them changed is a conflict,
    /// where plain Git would merge its lines.
    func testOctopusMerge() {
        play("a merge of several branches") { scenario in
            try scenario.git("switch", "--quiet", "-c", "old", "base")
            try scenario.write(Files.binary(60), to: "old.bin", status: [" M old.bin"])
            try scenario.git("commit", "--quiet", "-am", "Old")
            try scenario.git("switch", "--quiet", "-c", "several", "base")
            try scenario.git("merge", "--quiet", "--no-edit", "main", "old")
            try scenario.git("reset", "--quiet", "--hard", "old")
            let merge = try scenario.data.attempt("merge", "--quiet", "--no-edit", "main", "side")
            XCTAssertNotEqual(merge.status, 0, scenario.name)
            XCTAssert(merge.errorText.contains("content conflict in train.csv"), "\(scenario.name): \(merge.description)")
            try scenario.git("reset", "--quiet", "--hard", "main")
        }
    }

    func testRebase() {
        play("rebase") { scenario in
            try scenario.git("switch", "--quiet", "side")
            try scenario.git("rebase", "--quiet", "main")
            try scenario.git("rebase", "--quiet", "--onto", "base", "HEAD~1")
            try scenario.git("rebase", "--quiet", "--exec", "test -s with*/*.csv", "--force-rebase", "base")
            try scenario.write(Files.table([3: "unsaved"]), to: "more.csv", status: ["?? more.csv"])
            try scenario.git("add", "more.csv", status: ["A  more.csv"])
            try scenario.git("rebase", "--quiet", "main", exits: 1, status: ["A  more.csv"])
        }
        play("rebase with a stash") { scenario in
            try scenario.git("switch", "--quiet", "-c", "short", "base")
            try scenario.write(Files.table([90: "short"]), to: "train.csv", status: [" M train.csv"])
            try scenario.git("commit", "--quiet", "-am", "Short")
            try scenario.write(Files.binary(52), to: "old.bin", status: [" M old.bin"])
            try scenario.git("rebase", "--quiet", "--autostash", "main", status: [" M old.bin"])
            try scenario.git("commit", "--quiet", "-am", "Old")
        }
        // This one applies patches, which are of pointers, and merges where they do not fit.
        play("rebase by patches") { scenario in
            try scenario.git("switch", "--quiet", "-c", "short", "base")
            try scenario.write(Files.table([90: "short"]), to: "train.csv", status: [" M train.csv"])
            try scenario.write(Files.binary(53), to: "old.bin", status: [" M old.bin", " M train.csv"])
            try scenario.git("commit", "--quiet", "-am", "Short")
            try scenario.git("rebase", "--quiet", "--apply", "main")
        }
    }

    func testCherryPick() {
        play("cherry-pick") { scenario in
            try scenario.git("cherry-pick", "side")
            try scenario.git("cherry-pick", "-x", "side~1")
            try scenario.git("reset", "--quiet", "--hard", "origin/main")
            try scenario.git("cherry-pick", "base..side")
            try scenario.git("switch", "--quiet", "-c", "copy", "base")
            try scenario.git("cherry-pick", "base..origin/main")
            try scenario.git("cherry-pick", "--no-commit", "side", status: nil)
            try scenario.git("commit", "--quiet", "-m", "Picked")
        }
    }

    func testRevert() {
        play("revert") { scenario in
            try scenario.git("revert", "--no-edit", "HEAD")
            try scenario.git("revert", "--no-edit", "HEAD")
            try scenario.git("revert", "--no-commit", "HEAD~3", status: ["M  scan.bin", "M  train.csv"])
            try scenario.git("revert", "--abort")
            try scenario.git("merge", "--quiet", "--no-edit", "side")
            try scenario.git("revert", "--no-edit", "-m", "1", "HEAD")
        }
    }

    func testBisect() {
        play("bisect") { scenario in
            for round in 0..<6 {
                try scenario.twin.write(Files.table([0: "round \(round)"]), to: "train.csv")
                try scenario.run(["commit", "--quiet", "-am", BytePath("Round \(round)")])
            }
            try scenario.git("bisect", "start", "HEAD", "HEAD~5")
            let isBad: BytePath = "! grep -q -e 'round [345]' train.csv"
            try scenario.git("bisect", "good")
            try scenario.git("bisect", "bad")
            try scenario.git("bisect", "reset")
            try scenario.git("bisect", "start", "HEAD", "HEAD~5")
            let found = try scenario.git("bisect", "run", "sh", "-c", isBad)
            XCTAssert(found.text.contains("Round 3"), "\(scenario.name): \(found.description)")
            try scenario.git("bisect", "reset")
        }
    }

    func testPull() {
        play("pull") { scenario in
            try scenario.git("reset", "--quiet", "--hard", "base")
            try scenario.git("pull", "--quiet", "--ff-only")
            try scenario.git("pull", "--quiet", "--no-rebase", "--no-edit", "origin", "side")
            try scenario.git("switch", "--quiet", "-c", "mine", "base")
            try scenario.write(Files.table([50: "mine"]), to: "train.csv", status: [" M train.csv"])
            try scenario.git("commit", "--quiet", "-am", "Mine")
            try scenario.git("pull", "--quiet", "--rebase", "origin", "main")
        }
    }

    func testAmend() {
        play("amend") { scenario in
            try scenario.write(Files.binary(54), to: "scan.bin", status: [" M scan.bin"])
            try scenario.git("commit", "--quiet", "--all", "--amend", "--no-edit")
            try scenario.write(Files.binary(56), to: "old.bin", status: [" M old.bin"])
            try scenario.write([], to: "run.bin", status: [" M old.bin", " M run.bin"])
            try scenario.git("commit", "--quiet", "--amend", "--no-edit", "run.bin", status: [" M old.bin"])
            try scenario.git("add", "old.bin", status: ["M  old.bin"])
            try scenario.git("commit", "--quiet", "--amend", "-m", "Large")
            try scenario.git("reset", "--quiet", "--hard", "HEAD@{1}")
        }
    }

    func testFixupAndAutosquash() {
        play("commit --fixup and rebase --autosquash") { scenario in
            try scenario.write(Files.binary(55), to: "scan.bin", status: [" M scan.bin"])
            try scenario.git("commit", "--quiet", "--all", "--fixup", "HEAD~1")
            try scenario.write(Files.table([2: "fixed"]), to: "more.csv", status: [" M more.csv"])
            try scenario.git("commit", "--quiet", "--all", "--squash", "HEAD~1", "-m", "More")
            try scenario.git("-c", "sequence.editor=true", "rebase", "--quiet", "--interactive", "--autosquash", "base")
            let log = try scenario.data.git("log", "--format=%s", "base..").lines
            XCTAssertEqual(log, ["Main 2", "Main 1"], scenario.name)
        }
    }

    /// A patch of data files is one of pointers: it brings the content to whoever has the blob, and does nothing
    /// for anybody else (see `CloneScenarioTests`).
    func testFormatPatchAndAm() {
        play("format-patch and am") { scenario in
            try scenario.git("format-patch", "--quiet", "-o", "../patches", "base..main")
            try scenario.git("switch", "--quiet", "-c", "mailed", "base")
            try scenario.shell("git am --quiet ../patches/*.patch")
            try scenario.git("diff", "--exit-code", "main")
            let patch = try scenario.data.shell("cat ../patches/*.patch").text
            XCTAssert(patch.contains("+oid sha256:"), scenario.name)
            try scenario.git("reset", "--quiet", "--hard", "base")
            try scenario.shell("cat ../patches/*.patch | git apply --index", status: nil)
            try scenario.git("reset", "--quiet", "--hard")
            try scenario.shell("git apply ../patches/0001-*.patch", status: [" M scan.bin", " M train.csv"])
        }
    }

    /// Whatever its size, an archive has the content: no hook would complete it.
    func testArchive() {
        play("archive") { scenario in
            try scenario.shell("mkdir ../out && git archive side | tar -x -C ../out")
            let top = scenario.laboratory.folder
            try scenario.step("`git archive`") {
                _ = try scenario.laboratory.run("diff", ["-r", top / "ours/out", top / "plain/out"]).expecting(0)
            }
            try scenario.shell("git archive --format=zip -o ../out.zip HEAD data")
            try scenario.shell("test $(stat -c %a ../out/run.bin) != 644")
        }
    }
}
