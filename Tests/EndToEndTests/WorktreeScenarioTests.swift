import Platform
import TestSupport
import XCTest

/// Operations on worktree and index.
final class WorktreeScenarioTests: ScenarioTestCase {
    private typealias Files = ScenarioTemplate
    /// As Git shows it.
    private let named = "\"\(ScenarioTemplate.named)\""

    func testRestoreAndCheckoutOfPaths() {
        play("restore and checkout of paths") { scenario in
            try scenario.git("checkout", "--quiet", "side", "--", "*.csv", status: ["M  data/labels.csv", "M  train.csv", "M  \(self.named)"])
            try scenario.git("restore", "--quiet", "--staged", "--", "train.csv", status: ["M  data/labels.csv", " M train.csv", "M  \(self.named)"])
            try scenario.git("restore", "--quiet", "--source=HEAD", "--staged", "--worktree", "--", ".")
            try scenario.git("restore", "--quiet", "--source=side", "--", "empty.bin", "deep", status: [" M deep/er/b.bin", " M empty.bin"])
            try scenario.git("checkout", "--quiet", "--", "deep", status: [" M empty.bin"])
            try scenario.git("add", "empty.bin", status: ["M  empty.bin"])
            try scenario.shell("rm run.bin empty.bin && rm -r with*", status: ["MD empty.bin", " D run.bin", " D \(self.named)"])
            try scenario.git("restore", "--quiet", ".", status: ["M  empty.bin"])
            try scenario.git("checkout", "--quiet", "HEAD", "--", ":(glob)**/*.bin")
            try scenario.git("checkout", "--quiet", "side~1", "--", ":(exclude)main.py", "*.csv", status: nil)
            try scenario.git("reset", "--quiet", "--hard")
        }
    }

    func testStash() {
        play("stash") { scenario in
            try scenario.write(Files.binary(60), to: "scan.bin", status: [" M scan.bin"])
            try scenario.git("add", "scan.bin", status: ["M  scan.bin"])
            try scenario.write(Files.binary(61), to: "scan.bin", status: ["MM scan.bin"])
            try scenario.write([], to: "run.bin", status: [" M run.bin", "MM scan.bin"])
            try scenario.git("stash", "push", "--quiet")
            try scenario.git("stash", "apply", "--quiet", "--index", status: [" M run.bin", "MM scan.bin"])
            try scenario.git("stash", "push", "--quiet", "--keep-index", status: ["M  scan.bin"])
            try scenario.git("reset", "--quiet", "--hard")
            try scenario.git("stash", "pop", "--quiet", status: [" M run.bin", " M scan.bin"])
            try scenario.git("stash", "push", "--quiet", "--", "run.bin", status: [" M scan.bin"])
            try scenario.git("reset", "--quiet", "--hard")
            try scenario.git("stash", "branch", "stashed", status: nil)
            try scenario.git("reset", "--quiet", "--hard")
            try scenario.write(Files.table([30: "staged"]), to: "more.csv", status: [" M more.csv"])
            try scenario.git("add", "more.csv", status: ["M  more.csv"])
            try scenario.write([], to: "run.bin", status: ["M  more.csv", " M run.bin"])
            try scenario.git("stash", "push", "--quiet", "--staged", status: [" M run.bin"])
        }
    }

    func testStashOfUntrackedFiles() {
        play("stash of untracked files") { scenario in
            let untracked = ["?? new/empty.csv", "?? \"new/n 1.bin\"", "?? new/note.txt", "?? new/t.csv"]
            try scenario.shell(
                "mkdir new && cp scan.bin 'new/n 1.bin' && cp train.csv new/t.csv && echo note >new/note.txt && : >new/empty.csv",
                status: untracked)
            try scenario.write(Files.big(5), to: "big.bin", status: [" M big.bin"] + untracked)
            try scenario.git("stash", "push", "--quiet", "--include-untracked")
            try scenario.git("switch", "--quiet", "--detach", "base")
            try scenario.git("stash", "pop", "--quiet", status: [" M big.bin"] + untracked)
        }
    }

    func testMove() {
        play("mv") { scenario in
            try scenario.git("mv", "scan.bin", "moved to.bin", status: ["R  scan.bin -> \"moved to.bin\""])
            try scenario.git("mv", "data", "tables", status: ["R  scan.bin -> \"moved to.bin\"", "R  data/labels.csv -> tables/labels.csv"])
            try scenario.git("mv", "--force", "run.bin", "old.bin", status: nil)
            try scenario.git("commit", "--quiet", "-m", "Moved")
            try scenario.git("switch", "--quiet", "-")
        }
    }

    /// The pointer goes along to a name for which there is no filter. Git does not look into the file; git data
    /// names it, and mends it by a pattern of its own.
    func testMoveOutOfThePatterns() {
        play("mv to a name that is no data") { scenario in
            try scenario.data.git("mv", "scan.bin", "scan.raw")
            XCTAssertEqual(try scenario.data.changes(), ["R  scan.bin -> scan.raw"], scenario.name)
            XCTAssert(try scenario.data.data("status").text.contains("(git data fix):\n\tscan.raw"), scenario.name)
            try scenario.data.data("fix", "--quiet")
            try scenario.data.git("commit", "--quiet", "-m", "Raw")
            XCTAssertEqual(try scenario.data.stored("scan.raw"), pointerText(for: Files.binary(11)), scenario.name)
            try scenario.data.git("switch", "--quiet", "base")
            try scenario.data.git("switch", "--quiet", "-")
            XCTAssertEqual(try scenario.data.read("scan.raw"), Files.binary(11), scenario.name)
            XCTAssertEqual(try scenario.data.changes(), [], scenario.name)
        }
    }

    func testRemoveAndClean() {
        play("rm and clean") { scenario in
            try scenario.git("rm", "--quiet", "--cached", "scan.bin", "train.csv", status: ["D  scan.bin", "D  train.csv", "?? scan.bin", "?? train.csv"])
            try scenario.git("clean", "--quiet", "-fd", "train.csv", status: ["D  scan.bin", "D  train.csv", "?? scan.bin"])
            try scenario.git("add", "--intent-to-add", "scan.bin", status: nil)
            try scenario.git("reset", "--quiet", "--hard")
            try scenario.git("rm", "--quiet", "-r", "deep", "with space", "big.bin", status: ["D  big.bin", "D  deep/er/b.bin", "D  \(self.named)"])
            try scenario.git("commit", "--quiet", "-m", "Removed")
            try scenario.write(Files.binary(62), to: "deep/new.bin", status: ["?? deep/new.bin"])
            try scenario.write(Files.binary(62), to: ".gitignore", status: nil)
            try scenario.git("clean", "--quiet", "-xfd")
            try scenario.git("checkout", "--quiet", "HEAD~1", "--", ".", status: ["A  big.bin", "A  deep/er/b.bin", "A  \(self.named)"])
        }
    }

    func testKindsOfFiles() {
        play("files that change their kind") { scenario in
            try scenario.run(["switch", "--quiet", "-c", "kinds"])
            try scenario.shell("chmod +x scan.bin && chmod -x run.bin", status: [" M run.bin", " M scan.bin"])
            try scenario.shell("rm old.bin && ln -s scan.bin old.bin", status: [" T old.bin", " M run.bin", " M scan.bin"])
            try scenario.shell("rm -r deep && cp scan.bin deep && rm train.csv && mkdir train.csv && echo table >train.csv/t.csv", status: nil)
            try scenario.git("add", "--all", status: nil)
            try scenario.git("commit", "--quiet", "-m", "Kinds")
            try scenario.git("switch", "--quiet", "main")
            try scenario.git("switch", "--quiet", "kinds")
            try scenario.git("merge", "--quiet", "--no-edit", "main")
        }
    }

    func testSparseCheckout() {
        play("sparse-checkout") { scenario in
            try scenario.git("sparse-checkout", "set", "--cone", "data")
            try scenario.git("switch", "--quiet", "side")
            try scenario.git("sparse-checkout", "add", "deep")
            try scenario.git("sparse-checkout", "set", "--no-cone", "/*.csv", "with space/", ".gitattributes")
            try scenario.git("merge", "--quiet", "--no-edit", "main")
            try scenario.git("sparse-checkout", "set", "--cone", "--sparse-index", "with space", status: [])
            try scenario.git("sparse-checkout", "reapply")
            try scenario.git("sparse-checkout", "disable")
        }
    }

    /// Where `.gitattributes` is outside of the sparse checkout, a merge of Git finds no driver in it and merges the
    /// lines of the pointers. Both sides can still be had, and a commit of what it made is refused.
    func testSparseCheckoutWithoutTheAttributes() {
        play("a merge in a sparse checkout without .gitattributes") { scenario in
            try scenario.git("sparse-checkout", "set", "--no-cone", "/*.csv")
            let merge = try scenario.data.attempt("merge", "--quiet", "side")
            XCTAssertEqual(merge.status, 1, merge.description)
            XCTAssert(merge.errorText.contains("'train.csv' is a damaged git data pointer"), merge.description)
            if scenario.mode != .hooksOff {
                try scenario.data.git("add", "train.csv")
                let commit = try scenario.data.attempt("commit", "-m", "Merged")
                XCTAssertEqual(commit.status, 1, commit.description)
                XCTAssert(commit.errorText.contains("conflict markers inside a pointer"), commit.description)
            }
            try scenario.data.git("checkout", "--quiet", "side", "--", "train.csv")
            XCTAssertEqual(try scenario.data.read("train.csv"), Files.table([100: "side"]), scenario.name)
            try scenario.git("reset", "--quiet", "--hard")
        }
    }

    func testLinkedWorktrees() {
        play("worktree add") { scenario in
            try scenario.git("worktree", "add", "--quiet", "../linked", "side")
            let linked = try scenario.elsewhere("../linked")
            try linked.step("`git worktree add`") { try linked.look(status: []) }
            try linked.write(Files.binary(63), to: "side.bin", status: [" M side.bin"])
            try linked.git("commit", "--quiet", "-am", "From the linked worktree")
            try linked.git("rebase", "--quiet", "main")
            try scenario.git("worktree", "move", "../linked", "../moved")
            let moved = try scenario.elsewhere("../moved")
            try moved.git("reset", "--quiet", "--hard", "base")
            try scenario.git("worktree", "remove", "../moved")
            try scenario.git("merge", "--quiet", "--no-edit", "side@{1}")
        }
    }

    func testFilterThatChangesBetweenBranches() {
        play("attributes that change between branches") { scenario in
            // On one branch tables are no data, on the other there is one pattern more.
            try scenario.run(["switch", "--quiet", "-c", "fewer"])
            try scenario.twin.write(Array("*.bin filter=data diff=data merge=data -text\n".utf8), to: ".gitattributes")
            try scenario.run(["add", "--renormalize", "."])
            try scenario.git("commit", "--quiet", "-m", "Tables in Git")
            try scenario.git("switch", "--quiet", "main")
            try scenario.run(["switch", "--quiet", "-c", "more"])
            try scenario.twin.write(Array((Files.attributes + "*.py filter=data diff=data merge=data -text\n").utf8), to: ".gitattributes")
            try scenario.run(["add", "--renormalize", "."])
            try scenario.git("commit", "--quiet", "-am", "Programs as data")
            try scenario.git("switch", "--quiet", "fewer")
            try scenario.git("switch", "--quiet", "main")
            try scenario.git("checkout", "--quiet", "more")
            try scenario.git("reset", "--quiet", "--hard", "fewer")
            try scenario.write(Files.table([7: "raw"]), to: "train.csv", status: [" M train.csv"])
            try scenario.git("stash", "push", "--quiet")
            try scenario.git("stash", "pop", "--quiet", status: [" M train.csv"])
            try scenario.git("commit", "--quiet", "-am", "Raw")
            try scenario.git("rebase", "--quiet", "--onto", "main", "HEAD~2", "HEAD")
        }
    }
}
