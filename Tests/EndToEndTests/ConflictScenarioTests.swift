import Platform
import TestSupport
import XCTest

/// Operations that stop in a conflict, and all ways on from there.
final class ConflictScenarioTests: ScenarioTestCase {
    private typealias Files = ScenarioTemplate

    func testMergeThatStops() {
        play("a merge that stops") { scenario in
            let stopped = ["A  clash.bin", "UU main.py", "UU scan.bin", "UU train.csv"]
            try scenario.git("merge", "--quiet", "clash", exits: 1, status: stopped)
            try scenario.git("merge", "--abort")
            try scenario.git("merge", "--quiet", "clash", exits: 1, status: stopped)
            try scenario.git("checkout", "--quiet", "--ours", "--", "scan.bin", status: stopped)
            try scenario.git("checkout", "--quiet", "--theirs", "--", ".", status: stopped)
            try scenario.git("checkout", "--quiet", "--merge", "--", "train.csv", status: stopped)
            try scenario.git("restore", "--quiet", "--ours", "--", "train.csv", status: stopped)
            try scenario.git("add", "train.csv", status: ["A  clash.bin", "UU main.py", "UU scan.bin"])
            try scenario.write(Files.binary(70), to: "scan.bin", status: ["A  clash.bin", "UU main.py", "UU scan.bin"])
            try scenario.git("add", "scan.bin", "main.py", status: ["A  clash.bin", "M  main.py", "M  scan.bin"])
            try scenario.git("merge", "--continue")
        }
        // Both have another version of the large file, and neither is merged.
        play("a merge that stops at the large file") { scenario in
            try scenario.git("switch", "--quiet", "large")
            try scenario.git("merge", "--quiet", "larger", exits: 1, status: ["UU big.bin"])
            try scenario.git("merge", "--abort")
            try scenario.git("rebase", "--quiet", "larger", exits: 1, status: ["UU big.bin"])
            try scenario.git("checkout", "--quiet", "--theirs", "--", "big.bin", status: ["UU big.bin"])
            try scenario.git("add", "big.bin", status: ["M  big.bin"])
            try scenario.git("rebase", "--continue")
        }
    }

    func testRebaseThatStops() {
        play("a rebase that stops") { scenario in
            try scenario.git("switch", "--quiet", "-c", "mine", "base")
            for (number, path) in ["scan.bin", "train.csv", "old.bin"].enumerated() {
                let content = path == "train.csv" ? Files.table([5: "mine"]) : Files.binary(UInt64(80 + number))
                try scenario.twin.write(content, to: BytePath(path))
                try scenario.run(["commit", "--quiet", "-am", BytePath("Mine \(number)")])
            }
            try scenario.git("rebase", "--quiet", "main", exits: 1, status: ["UU scan.bin"])
            try scenario.git("rebase", "--abort")
            try scenario.git("rebase", "--quiet", "main", exits: 1, status: ["UU scan.bin"])
            try scenario.git("checkout", "--quiet", "--theirs", "--", "scan.bin", status: ["UU scan.bin"])
            try scenario.git("add", "scan.bin", status: ["M  scan.bin"])
            try scenario.git("rebase", "--continue", exits: 1, status: ["UU train.csv"])
            try scenario.git("rebase", "--skip")
            try scenario.git("reset", "--quiet", "--hard", "ORIG_HEAD")
            try scenario.git("pull", "--quiet", "--rebase", "origin", "main", exits: 1, status: ["UU scan.bin"])
            try scenario.git("rebase", "--skip", exits: 1, status: ["UU train.csv"])
            try scenario.write(Files.table([5: "both"]), to: "train.csv", status: ["UU train.csv"])
            try scenario.git("add", "train.csv", status: ["M  train.csv"])
            try scenario.git("rebase", "--continue")
        }
    }

    func testCherryPickThatStops() {
        play("a cherry-pick that stops") { scenario in
            let stopped = ["UU scan.bin", "UU train.csv"]
            try scenario.git("cherry-pick", "clash~1", exits: 1, status: stopped)
            try scenario.git("cherry-pick", "--abort")
            try scenario.git("cherry-pick", "clash~1", "side", exits: 1, status: stopped)
            try scenario.git("checkout", "--quiet", "--theirs", "--", "scan.bin", "train.csv", status: stopped)
            try scenario.git("add", "--all", status: ["M  scan.bin", "M  train.csv"])
            try scenario.git("cherry-pick", "--continue")
        }
    }

    func testRevertThatStops() {
        play("a revert that stops") { scenario in
            try scenario.twin.write(Files.table([5: "later"]), to: "train.csv")
            try scenario.run(["commit", "--quiet", "-am", "Later"])
            try scenario.git("revert", "--no-edit", "HEAD~2", exits: 1, status: ["M  scan.bin", "UU train.csv"])
            try scenario.git("revert", "--abort")
            try scenario.git("revert", "--no-edit", "HEAD~2", exits: 1, status: ["M  scan.bin", "UU train.csv"])
            try scenario.git("checkout", "--quiet", "--ours", "--", "train.csv", status: ["M  scan.bin", "UU train.csv"])
            try scenario.git("add", "train.csv", status: ["M  scan.bin"])
            try scenario.git("revert", "--continue")
        }
    }

    func testStashThatDoesNotFit() {
        play("a stash that does not fit") { scenario in
            try scenario.write(Files.binary(71), to: "scan.bin", status: [" M scan.bin"])
            try scenario.twin.write(Files.table([5: "main", 60: "stashed"]), to: "train.csv")
            try scenario.git("stash", "push", "--quiet")
            try scenario.twin.write(Files.binary(72), to: "scan.bin")
            try scenario.run(["commit", "--quiet", "-am", "Other"])
            try scenario.git("stash", "pop", "--quiet", exits: 1, status: ["UU scan.bin", "M  train.csv"])
            try scenario.git("checkout", "--quiet", "--theirs", "--", "scan.bin", status: ["UU scan.bin", "M  train.csv"])
            try scenario.git("add", "scan.bin", status: ["M  scan.bin", "M  train.csv"])
            try scenario.git("commit", "--quiet", "-m", "Stashed")
            try scenario.git("stash", "drop", "--quiet")
        }
    }

    func testFileThatOneSideDeleted() {
        play("a merge of a change and a deletion") { scenario in
            try scenario.twin.write(Files.binary(73), to: "old.bin")
            try scenario.run(["commit", "--quiet", "-am", "Old"])
            try scenario.run(["switch", "--quiet", "-c", "gone", "base"])
            try scenario.git("rm", "--quiet", "old.bin", "run.bin", status: ["D  old.bin", "D  run.bin"])
            try scenario.git("commit", "--quiet", "-m", "Gone")
            try scenario.git("switch", "--quiet", "main")
            try scenario.git("merge", "--quiet", "gone", exits: 1, status: ["UD old.bin", "UD run.bin"])
            try scenario.git("rm", "--quiet", "old.bin", status: ["D  old.bin", "UD run.bin"])
            try scenario.git("add", "run.bin", status: ["D  old.bin"])
            try scenario.git("commit", "--quiet", "--no-edit")
        }
    }

    /// A file renamed as it is takes the other side's changes along. One that was edited as it was renamed does not:
    /// pointers of two contents are not alike, so that Git sees a deletion and a new file, and stops where it would
    /// have merged lines.
    func testFileThatOneSideRenamed() {
        play("a merge of a change and a rename") { scenario in
            try scenario.run(["switch", "--quiet", "-c", "renamed", "base"])
            try scenario.git("mv", "train.csv", "deep/training.csv", status: ["R  train.csv -> deep/training.csv"])
            try scenario.git("commit", "--quiet", "-m", "Renamed")
            try scenario.git("merge", "--quiet", "--no-edit", "main")
            try scenario.git("switch", "--quiet", "-c", "edited", "base")
            try scenario.git("mv", "train.csv", "training.csv", status: ["R  train.csv -> training.csv"])
            try scenario.twin.write(Files.table([100: "edited"]), to: "training.csv")
            let status = try scenario.data.shell("git commit --quiet -am Edited && git status --porcelain").expecting(0)
            XCTAssertEqual(status.text, "", scenario.name)
            let merge = try scenario.data.attempt("merge", "--quiet", "main")
            XCTAssertEqual(merge.status, 1, "\(scenario.name): \(merge.description)")
            XCTAssertEqual(try scenario.data.changes(), ["M  main.py", "A  more.csv", "M  run.bin", "M  scan.bin", "DU train.csv"], scenario.name)
            // Both are whole, and whoever knows better merges them.
            try self.assertContent("train.csv", Files.table([5: "main"]), scenario)
            try self.assertContent("training.csv", Files.table([100: "edited"]), scenario)
        }
    }

    private func assertContent(_ path: BytePath, _ expected: [UInt8], _ scenario: Scenario) throws {
        XCTAssertEqual(try scenario.data.read(path) == expected, true, "\(scenario.name): '\(path)'")
    }

    /// A patch of lines fits where their neighbours are as they were; one of a pointer fits that pointer alone.
    /// `git am --3way` merges what the pointers stand for.
    func testPatchThatDoesNotFit() {
        play("am of a patch that does not fit") { scenario in
            try scenario.run(["switch", "--quiet", "-c", "patch", "base"])
            for value in ["one", "two"] {
                try scenario.twin.write(Files.table(value == "one" ? [70: value] : [5: value, 70: "one"]), to: "train.csv")
                try scenario.run(["commit", "--quiet", "-am", BytePath(value)])
            }
            try scenario.run(["format-patch", "--quiet", "-o", "../patches", "base"])
            try scenario.git("switch", "--quiet", "main")
            let plainly = try scenario.data.shell("git am --quiet ../patches/0001-one.patch")
            XCTAssertEqual(plainly.status, 128, plainly.description)
            _ = try scenario.data.git("am", "--abort")
            try scenario.shell("git am --quiet --3way ../patches/0001-one.patch")
            try scenario.git("am", "--quiet", "--3way", "../patches/0002-two.patch", exits: 128, status: ["UU train.csv"])
            try scenario.git("am", "--abort")
            try scenario.git("am", "--quiet", "--3way", "../patches/0002-two.patch", exits: 128, status: ["UU train.csv"])
            try scenario.write(Files.table([5: "both", 70: "one"]), to: "train.csv", status: ["UU train.csv"])
            try scenario.git("add", "train.csv", status: ["M  train.csv"])
            try scenario.git("am", "--continue")
        }
    }

    /// `-X ours` and `-X theirs` are given to no merge driver; the sides are taken afterwards.
    func testMergeThatTakesSides() {
        play("a merge that takes sides") { scenario in
            let merge = try scenario.data.attempt("merge", "--quiet", "-X", "theirs", "clash")
            XCTAssertEqual(merge.status, 1, merge.description)
            XCTAssertEqual(try scenario.data.changes(), ["A  clash.bin", "M  main.py", "UU scan.bin", "UU train.csv"], scenario.name)
            try scenario.git("reset", "--quiet", "--hard", "main")
        }
    }
}
