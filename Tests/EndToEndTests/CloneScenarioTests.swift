import Platform
import TestSupport
import XCTest

/// Clones, whole and in part, and data that is elsewhere.
final class CloneScenarioTests: ScenarioTestCase {
    private typealias Files = ScenarioTemplate

    /// Clones both twins beside `work`, by a URL that Git does not take for a folder of its own.
    private func clone(_ scenario: Scenario, _ options: BytePath..., status: [String]? = []) throws -> Scenario {
        try scenario.step("`git clone \(options.map(\.description).joined(separator: " "))`") {
            for worktree in [scenario.data, scenario.plain] {
                let isPlain = worktree.folder == scenario.plain.folder
                let home: [String: BytePath?] = isPlain ? ["HOME": scenario.laboratory.folder / "plain-home"] : [:]
                let url = BytePath("file://\(worktree.folder.parent / "origin.git")")
                _ = try scenario.laboratory.run(
                    "git", ["-c", "uploadpack.allowFilter=true", "clone", "--quiet"] + options + [url, worktree.folder.parent / "clone"], with: home
                ).expecting(0)
            }
            let clone = try scenario.elsewhere("../clone", isClone: true)
            try clone.look(status: status)
            return clone
        }
    }

    private func push(_ scenario: Scenario, _ branch: BytePath) throws {
        if scenario.mode == .hooksOff { try scenario.data.data("push", "--quiet", "--all") }
        try scenario.git("push", "--quiet", "origin", branch)
    }

    func testShallowClone() {
        play("a shallow clone") { scenario in
            let clone = try self.clone(scenario, "--depth=1", "--no-single-branch")
            try clone.git("switch", "--quiet", "side")
            try clone.git("fetch", "--quiet", "--deepen=1")
            try clone.git("checkout", "--quiet", "HEAD~1")
            try clone.write(Files.table([8: "shallow"]), to: "train.csv", status: [" M train.csv"])
            try clone.git("commit", "--quiet", "-am", "From a shallow clone")
            try self.push(clone, "HEAD:refs/heads/shallow")
            try clone.git("fetch", "--quiet", "--unshallow")
            try clone.git("merge", "--quiet", "--no-edit", "origin/main")
        }
    }

    func testPartialClone() {
        play("a partial clone") { scenario in
            for worktree in [scenario.data, scenario.plain] {
                try worktree.git("--git-dir=../origin.git", "config", "uploadpack.allowFilter", "true")
                try worktree.git("--git-dir=../origin.git", "config", "uploadpack.allowAnySHA1InWant", "true")
            }
            let clone = try self.clone(scenario, "--filter=blob:none")
            try clone.git("switch", "--quiet", "side")
            try clone.git("merge", "--quiet", "--no-edit", "main")
            try clone.git("checkout", "--quiet", "origin/main", "--", "data", status: ["M  data/labels.csv"])
            try clone.git("commit", "--quiet", "-m", "From a partial clone")
            try self.push(clone, "HEAD:refs/heads/partial")
        }
    }

    func testSparseClone() {
        play("a sparse clone") { scenario in
            let clone = try self.clone(scenario, "--sparse")
            XCTAssertFalse((clone.data.folder / "data").exists)
            try clone.git("sparse-checkout", "set", "data", "with space")
            try clone.git("switch", "--quiet", "side")
            try clone.git("sparse-checkout", "disable")
        }
    }

    func testPullInAClone() {
        play("pull in a clone") { scenario in
            let clone = try self.clone(scenario)
            try scenario.write(Files.big(6), to: "big.bin", status: [" M big.bin"])
            try scenario.git("mv", "scan.bin", "deep/scan.bin", status: [" M big.bin", "R  scan.bin -> deep/scan.bin"])
            try scenario.git("commit", "--quiet", "-am", "Larger")
            try self.push(scenario, "main")
            try clone.git("pull", "--quiet")
            try clone.write(Files.table([9: "clone"]), to: "train.csv", status: [" M train.csv"])
            try clone.git("commit", "--quiet", "-am", "In the clone")
            try scenario.write(Files.table([5: "main", 90: "work"]), to: "train.csv", status: [" M train.csv"])
            try scenario.git("commit", "--quiet", "-am", "In the work")
            try self.push(scenario, "main")
            try clone.git("pull", "--quiet", "--rebase")
            try self.push(clone, "main")
            try scenario.git("pull", "--quiet", "--no-rebase", "--no-edit")
        }
    }

    func testSubmodule() {
        play("submodule update") { scenario in
            let allowed: BytePath = "protocol.file.allow=always"
            try scenario.git(
                "-c", allowed, "submodule", "--quiet", "add", "-b", "main", "../origin.git", "part/module",
                status: ["A  .gitmodules", "A  part/module"])
            let module = try scenario.elsewhere("part/module", isClone: true)
            try module.step("`git submodule add`") { try module.look(status: []) }
            try scenario.git("commit", "--quiet", "-m", "Module")
            try module.git("checkout", "--quiet", "side")
            try scenario.step("a checkout in the module") { try scenario.look(status: [" M part/module"]) }
            try scenario.git("commit", "--quiet", "-am", "Other module")
            try scenario.git("checkout", "--quiet", "HEAD~1", status: [" M part/module"])
            try scenario.git("-c", allowed, "submodule", "--quiet", "update")
            try module.step("`git submodule update`") { try module.look(status: []) }
            try scenario.git("switch", "--quiet", "--recurse-submodules", "main")
            try module.step("`git switch --recurse-submodules`") { try module.look(status: []) }
            try module.write(Files.binary(64), to: "scan.bin", status: [" M scan.bin"])
            try scenario.step("a change in the module") { try scenario.look(status: [" M part/module"]) }
            try scenario.git("-c", allowed, "submodule", "--quiet", "update", "--force")
            try scenario.git("submodule", "--quiet", "deinit", "--force", "part/module")
            try scenario.git("-c", allowed, "submodule", "--quiet", "update", "--init")
            try module.step("`git submodule update --init`") { try module.look(status: []) }
        }
    }

    // MARK: data that is elsewhere

    private static let all = [
        "big.bin", "data/labels.csv", "deep/er/b.bin", "more.csv", "old.bin", "run.bin", "scan.bin", "train.csv",
        ScenarioTemplate.named.description,
    ]
    /// What `side` has otherwise than `main`.
    private static let changedOnSide = [
        "data/labels.csv", "empty.bin", "run.bin", "scan.bin", "side.bin", "train.csv", ScenarioTemplate.named.description,
    ]

    /// Git sees no change, and git data names exactly these.
    private func assertMissing(_ expected: [String], _ clone: Worktree, _ scenario: Scenario, line: UInt = #line) throws {
        let missing = try clone.attempt("data", "status", "--missing").expecting(expected.isEmpty ? 0 : 1)
        XCTAssertEqual(missing.lines, expected, scenario.name, line: line)
        XCTAssertEqual(try clone.changes(), [], scenario.name, line: line)
    }

    func testLazyCloneMovesAboutAsPointers() {
        play("a clone of pointers") { scenario in
            let clone = try scenario.laboratory.cloneOfPointers(scenario.data.folder.parent / "origin.git")
            if scenario.mode != .hooksOff { try clone.data("init", "--quiet", "--lazy") } else { try clone.git("config", "data.lazy", "true") }
            try self.assertMissing(Self.all, clone, scenario)
            try clone.git("switch", "--quiet", "side")
            try self.assertMissing(["big.bin"] + Self.changedOnSide, clone, scenario)
            try clone.data("pull", "--quiet", "scan.bin")
            try clone.git("rebase", "--quiet", "origin/base")
            try clone.git("stash", "push", "--quiet")
            try clone.git("reset", "--quiet", "--hard", "origin/main")
            try clone.git("cherry-pick", "origin/side~0")
            try clone.git("revert", "--no-edit", "HEAD")
            try self.assertMissing(Self.all, clone, scenario)
            try clone.git("mv", "run.bin", "ran.bin")
            try clone.git("commit", "--quiet", "-m", "Moved as a pointer")
            try clone.git("reset", "--quiet", "--hard", "origin/main")
            try clone.data("pull", "--quiet")
            try self.assertMissing([], clone, scenario)
            _ = try scenario.laboratory.run("diff", ["-r", "--exclude=.git", clone.folder, scenario.plain.folder]).expecting(0)
        }
    }

    /// The merge of two versions that cannot be had stays a conflict; everything else goes on, and names its files.
    func testRemoteThatIsOutOfReach() {
        play("a remote that is out of reach", in: [.hooksOff, .hooksOn]) { scenario in
            let origin = scenario.data.folder.parent / "origin.git", away = scenario.laboratory.folder / "away"
            let clone = try scenario.laboratory.clone(origin)
            if scenario.mode != .hooksOff { try clone.data("init", "--quiet") }
            try (origin / "data").rename(to: away)
            let change = try clone.attempt("switch", "side").expecting(0)
            for name in ["run.bin", "train.csv", "side.bin", "git data pull"] {
                XCTAssert(change.errorText.contains(name), "\(scenario.name): \(change.description)")
            }
            try self.assertMissing(Self.changedOnSide, clone, scenario)
            let merge = try clone.attempt("merge", "--no-edit", "origin/main")
            XCTAssertEqual(merge.status, 1, "\(scenario.name): \(merge.description)")
            XCTAssert(merge.errorText.contains("train.csv"), "\(scenario.name): \(merge.description)")
            try clone.git("merge", "--abort")
            let pull = try clone.attempt("data", "pull").expecting(1)
            XCTAssert(pull.errorText.contains("side.bin"), "\(scenario.name): \(pull.description)")
            try away.rename(to: origin / "data")
            try clone.data("pull", "--quiet")
            try clone.git("merge", "--quiet", "--no-edit", "origin/main")
            try self.assertMissing([], clone, scenario)
            XCTAssertEqual(try clone.read("train.csv"), Files.table([5: "main", 100: "side"]), scenario.name)
        }
    }

    /// A patch names blobs; who lacks them gets pointers, and is told.
    func testPatchWithoutItsData() {
        play("am of a patch without its data", in: [.hooksOff, .hooksOn]) { scenario in
            try scenario.twin.write(Files.binary(65), to: "scan.bin")
            try scenario.run(["commit", "--quiet", "-am", "Never pushed"])
            let clone = try scenario.laboratory.clone(scenario.data.folder.parent / "origin.git")
            if scenario.mode != .hooksOff { try clone.data("init", "--quiet") }
            try scenario.data.git("format-patch", "--quiet", "-1", "-o", clone.folder.parent / "patches")
            let am = try clone.shell("git am ../patches/*.patch").expecting(0)
            XCTAssert(am.errorText.contains("scan.bin"), "\(scenario.name): \(am.description)")
            try self.assertMissing(["scan.bin"], clone, scenario)
            XCTAssertEqual(try clone.read("scan.bin"), pointerText(for: Files.binary(65)), scenario.name)
        }
    }
}
