import Foundation
import Platform
import TestSupport
import XCTest

/// What may go from the local store, why the rest stays, and what several clones share.
final class SpaceTests: TwoVersionsTestCase {
    override func setUpWithError() throws {
        try super.setUpWithError()
        try work.git("push", "--quiet")
    }

    private func reason(_ content: [UInt8], _ lines: [String]) -> String? {
        lines.first { $0.contains(work.localBlob(of: content).lastComponent.description) }
    }

    // MARK: prune

    func testDryRunTellsTheReasonOfEach() throws {
        let lines = try work.data("prune", "--dry-run").lines
        XCTAssertEqual(reason(old, lines)?.hasPrefix("would delete "), true, "\(lines)")
        XCTAssertEqual(reason(old, lines)?.hasSuffix("(on 'origin')"), true, "\(lines)")
        XCTAssertEqual(reason(present, lines)?.hasPrefix("keep "), true, "\(lines)")
        XCTAssertEqual(reason(present, lines)?.hasSuffix("(in use)"), true, "\(lines)")
        XCTAssertTrue(work.localBlob(of: old).exists)
    }

    func testWhatUnpushedCommitsNeedStays() throws {
        let version = SampleData.bytes(500, seed: 3)
        try work.write(version, to: "a.bin")
        try work.commit("Not pushed")
        try work.write(present, to: "a.bin")
        try work.commit("Back")
        // The data is on the remote already, the commits are not.
        try work.data("push", "--quiet")
        let lines = try work.data("prune", "--dry-run").lines
        XCTAssertEqual(reason(version, lines)?.hasSuffix("(not pushed)"), true, "\(lines)")
        try work.data("prune", "--quiet")
        XCTAssertTrue(work.localBlob(of: version).exists)
        XCTAssertFalse(work.localBlob(of: old).exists)
    }

    func testWhatRecentCommitsHaveBroughtStays() throws {
        let version = SampleData.bytes(500, seed: 3)
        let now: BytePath = BytePath("@\(FileStatus.Time.now.seconds - 3 * 86_400) +0000")
        try work.write(version, to: "a.bin")
        try work.git("commit", "--quiet", "-am", "Recent", with: ["GIT_COMMITTER_DATE": now, "GIT_AUTHOR_DATE": now])
        try work.write(present, to: "a.bin")
        try work.git("commit", "--quiet", "-am", "Back", with: ["GIT_COMMITTER_DATE": now, "GIT_AUTHOR_DATE": now])
        try work.git("push", "--quiet")
        XCTAssertEqual(reason(version, try work.data("prune", "--dry-run").lines)?.hasSuffix("(recent)"), true)
        let soon = try work.data("prune", "--dry-run", "--recent", "1").lines
        XCTAssertEqual(reason(version, soon)?.hasPrefix("would delete"), true, "\(soon)")
        try work.git("config", "data.pruneRecentDays", "0")
        try work.data("prune", "--quiet")
        XCTAssertFalse(work.localBlob(of: version).exists)
    }

    func testWhatNothingNamesGoesOnlyWhenAskedForAndOld() throws {
        let stray = SampleData.bytes(600, seed: 5), young = SampleData.bytes(600, seed: 6)
        for content in [stray, young] {
            try work.write(content, to: "stray.bin")
            try work.git("add", "stray.bin")
        }
        try work.git("rm", "--quiet", "--cached", "stray.bin")
        XCTAssertEqual(try work.shell("touch -d '20 days ago' '\(work.localBlob(of: stray))'").status, 0)
        assertContains(try work.data("prune").errorText, "--unreferenced")
        XCTAssertTrue(work.localBlob(of: stray).exists)
        try work.data("prune", "--quiet", "--unreferenced")
        XCTAssertFalse(work.localBlob(of: stray).exists)
        XCTAssertTrue(work.localBlob(of: young).exists)
        // What a commit of the reflog names is not without a name.
        try work.data("fetch", "--all", "--quiet")
        XCTAssertTrue(work.localBlob(of: old).exists)
    }

    func testOldBlobThatIsAddedAgainIsYoung() throws {
        let stray = SampleData.bytes(600, seed: 5)
        try work.write(stray, to: "stray.bin")
        try work.git("add", "stray.bin")
        try work.git("rm", "--quiet", "--cached", "stray.bin")
        XCTAssertEqual(try work.shell("touch -d '20 days ago' '\(work.localBlob(of: stray))'").status, 0)
        try work.git("add", "stray.bin")
        try work.git("rm", "--quiet", "--cached", "stray.bin")
        try work.data("prune", "--quiet", "--unreferenced")
        XCTAssertTrue(work.localBlob(of: stray).exists)
    }

    func testCommitThatOnlyTheReflogKnowsKeepsItsBlob() throws {
        let lost = SampleData.bytes(700, seed: 7)
        try work.write(lost, to: "a.bin")
        try work.commit("Undone")
        try work.git("reset", "--quiet", "--hard", "HEAD~1")
        XCTAssertEqual(try work.shell("touch -d '20 days ago' '\(work.localBlob(of: lost))'").status, 0)
        try work.data("prune", "--quiet", "--unreferenced")
        XCTAssertTrue(work.localBlob(of: lost).exists)
        try work.git("reset", "--quiet", "--hard", "HEAD@{1}")
        try assertContent("a.bin", in: work, is: lost)
    }

    func testJSONHasEveryBlob() throws {
        struct Row: Codable {
            let oid: String
            let size: Int
            let isKept: Bool
            let reason: String
        }
        let text = try work.data("prune", "--dry-run", "--json").text
        let rows = try JSONDecoder().decode([Row].self, from: Data(text.utf8))
        // The same as if the array had been encoded whole.
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        XCTAssertEqual(text, String(decoding: try encoder.encode(rows), as: UTF8.self) + "\n")
        XCTAssertEqual(rows.filter(\.isKept).map(\.reason), ["in use"])
        XCTAssertEqual(rows.filter { !$0.isKept }.map(\.reason), ["on 'origin'"])
    }

    // MARK: du

    func testDiskUsageAddsUp() throws {
        struct Report: Decodable {
            struct Share: Decodable { let files: Int, bytes: Int }
            let worktree, store, inUse, mayGo: Share
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(try work.data("du", "--json").output))
        XCTAssertEqual(report.worktree.bytes, present.count)
        XCTAssertEqual(report.store.bytes, present.count + old.count)
        XCTAssertEqual(report.inUse.bytes, present.count)
        XCTAssertEqual(report.mayGo.bytes, old.count)
        assertContains(try work.data("du").text, "may go (git data prune)")
    }

    // MARK: data.keep = pushed

    func testPushedDataTakesItsSizeOnce() throws {
        try work.git("config", "data.keep", "pushed")
        let fresh = SampleData.bytes(50_000, seed: 8)
        try work.write(fresh, to: "b.bin")
        try work.commit("Fresh")
        XCTAssertTrue(work.localBlob(of: fresh).exists)
        try work.git("push", "--quiet")
        XCTAssertFalse(work.localBlob(of: fresh).exists)
        try assertContent("b.bin", in: work, is: fresh)
        try assertClean(work)
        // It comes back when the worktree lets it go.
        try work.git("switch", "--quiet", "--detach", "HEAD~1")
        try work.git("switch", "--quiet", "main")
        try assertContent("b.bin", in: work, is: fresh)
        // And `prune` lets go what was pushed before.
        try work.data("prune", "--quiet")
        XCTAssertFalse(work.localBlob(of: present).exists)
        try work.data("fsck", "--remote")
    }

    func testEditedFileKeepsItsBlobInTheStore() throws {
        try work.git("config", "data.keep", "pushed")
        try work.write(SampleData.bytes(41_000, seed: 9), to: "a.bin")
        try work.data("prune", "--quiet")
        XCTAssertTrue(work.localBlob(of: present).exists)
    }

    func testPushToASecondRemoteTakesTheDataFromTheWorktree() throws {
        try work.git("config", "data.keep", "pushed")
        try work.data("prune", "--quiet")
        XCTAssertFalse(work.localBlob(of: present).exists)
        try work.data("fetch", "--quiet", "--revision", "HEAD~1")
        let other = laboratory.folder / "other"
        try other.makeFolders()
        try work.data("remote", "add", "--local", "other", other)
        assertContains(try work.data("push", "--dry-run", "--remote", "other").errorText, "would upload 2 blobs")
        XCTAssertFalse(work.localBlob(of: present).exists, "a dry run changes nothing")
        try work.data("push", "--quiet", "--remote", "other")
        XCTAssertTrue((other / "objects").isFolder)
        try work.data("fsck", "--remote=other")
    }

    func testPushToAnotherRemoteThanTheOneInUseLetsNothingGo() throws {
        let backup = laboratory.folder / "backup"
        try backup.makeFolders()
        try work.data("remote", "add", "--local", "storage", origin / "data")
        try work.data("remote", "add", "--local", "backup", backup)
        try work.git("config", "data.keep", "pushed")
        let fresh = SampleData.bytes(50_000, seed: 8)
        try work.write(fresh, to: "a.bin")
        try work.commit("Fresh")
        try work.data("push", "--quiet", "--remote", "backup")
        XCTAssertTrue(work.localBlob(of: fresh).exists)
        try work.data("push", "--quiet")
        XCTAssertFalse(work.localBlob(of: fresh).exists)
    }

    // MARK: shared store

    func testClonesShareAStoreAndPruneForEachOther() throws {
        let shared = laboratory.folder / "shared"
        let first = try laboratory.cloneOfPointers(origin, as: "first")
        let second = try laboratory.cloneOfPointers(origin, as: "second")
        for clone in [first, second] {
            try clone.git("config", "data.store", shared)
            try clone.data("init", "--quiet")
        }
        try first.data("pull", "--quiet")
        try second.git("checkout", "--quiet", "HEAD~1")
        try second.data("pull", "--quiet")
        try assertContent("a.bin", in: second, is: old)
        let blob = { (content: [UInt8]) -> BytePath in
            shared / "objects" / BytePath(bytes: remoteBlob(of: content, in: "").bytes.dropFirst("data/objects/".utf8.count))
        }
        XCTAssertFalse((second.folder / ".git/data/objects").exists)
        // The first knows nothing of the old version, the second has it checked out.
        try first.data("prune", "--quiet")
        XCTAssertTrue(blob(old).exists)
        try second.git("checkout", "--quiet", "main")
        try first.data("prune", "--quiet")
        XCTAssertFalse(blob(old).exists)
        XCTAssertTrue(blob(present).exists)
        // A clone that is gone is forgotten.
        ScratchFolder.removeTree(second.folder)
        assertContains(try first.data("prune").errorText, "is gone; the store forgets it")
        XCTAssertEqual(try (shared / "clones").entries().count, 1)
    }

    func testWhatOnlyTheReflogOrAPushWithoutDataOfAnotherCloneNamesStaysInASharedStore() throws {
        let shared = laboratory.folder / "shared"
        let other = try laboratory.clone(origin, as: "other")
        for clone in [work!, other] {
            try clone.git("config", "data.store", shared)
            try clone.data("pull", "--quiet")
        }
        let undone = SampleData.bytes(700, seed: 7), pushed = SampleData.bytes(700, seed: 8)
        try other.write(undone, to: "a.bin")
        try other.commit("Undone")
        try other.git("reset", "--quiet", "--hard", "HEAD~1")
        try other.write(pushed, to: "a.bin")
        try other.commit("Pushed without its data")
        try other.write(present, to: "a.bin")
        try other.commit("Back")
        try other.git("push", "--quiet", "--no-verify", "origin", "HEAD:topic")
        XCTAssertEqual(try work.shell("find '\(shared)/objects' -type f -exec touch -d '20 days ago' {} +").status, 0)
        try work.data("prune", "--quiet", "--unreferenced")
        try other.git("reset", "--quiet", "--hard", "HEAD~1")
        try assertContent("a.bin", in: other, is: pushed)
        try other.git("reset", "--quiet", "--hard", "HEAD@{4}")
        try assertContent("a.bin", in: other, is: undone)
    }

    func testCloneThatWasMovedLosesNothingInASharedStore() throws {
        let shared = laboratory.folder / "shared"
        let other = try laboratory.clone(origin, as: "other")
        for clone in [work!, other] {
            try clone.git("config", "data.store", shared)
            try clone.data("pull", "--quiet")
        }
        let unpushed = SampleData.bytes(700, seed: 7)
        try other.write(unpushed, to: "a.bin")
        try other.commit("Not pushed")
        try other.write(present, to: "a.bin")
        try other.commit("Back")
        XCTAssertEqual(try work.shell("find '\(shared)/objects' -type f -exec touch -d '20 days ago' {} +").status, 0)
        let moved = Worktree(folder: laboratory.folder / "moved", in: laboratory)
        try other.folder.rename(to: moved.folder)
        assertContains(try work.data("prune", "--unreferenced").errorText, "may only have been moved")
        try moved.data("status")
        try work.data("prune", "--quiet", "--unreferenced")
        try moved.git("reset", "--quiet", "--hard", "HEAD~1")
        try assertContent("a.bin", in: moved, is: unpushed)
    }

    func testPruneOfASharedStoreWaitsForADiskThatIsNotThere() throws {
        let shared = laboratory.folder / "shared"
        let elsewhere = laboratory.folder / "disk"
        try elsewhere.makeFolders()
        try work.git("config", "data.store", shared)
        try work.data("fetch", "--all", "--quiet")
        let other = try laboratory.cloneOfPointers(origin, as: "disk/a/clone")
        try other.git("config", "data.store", shared)
        try other.data("init", "--quiet")
        try elsewhere.rename(to: laboratory.folder / "away")
        let prune = try work.attempt("data", "prune")
        XCTAssertEqual(prune.status, 128)
        assertContains(prune.errorText, "cannot be looked at now")
        assertContains(prune.errorText, "kept: all of it")
    }

    func testPruneOfASharedStoreMeetsACloneThatIsBeingDeleted() throws {
        let shared = laboratory.folder / "shared"
        try work.git("config", "data.store", shared)
        try work.data("fetch", "--all", "--quiet")
        let other = try laboratory.cloneOfPointers(origin, as: "other")
        try other.git("config", "data.store", shared)
        try other.data("init", "--quiet")
        // Its commits are gone already.
        ScratchFolder.removeTree(other.folder / ".git/objects")
        try (other.folder / ".git/objects").makeFolders()
        XCTAssertEqual(try work.attempt("data", "prune", "--quiet").status, 128)
        try laboratory.run("sh", ["-c", "(sleep 0.4; rm -rf other) & cd work && git data prune --quiet && wait"], in: laboratory.folder).expecting(0)
        XCTAssertFalse(other.folder.exists)
    }

    func testPruneMeetsAWorktreeThatIsBeingRemoved() throws {
        let extra = laboratory.folder / "extra"
        try work.git("worktree", "add", "--quiet", "--detach", extra)
        try (extra / ".git").replaceContents(with: Array("nonsense\n".utf8))
        XCTAssertEqual(try work.attempt("data", "prune", "--quiet").status, 128)
        try laboratory.run("sh", ["-c", "(sleep 0.4; rm -rf extra) & cd work && git data prune --quiet && wait"], in: laboratory.folder).expecting(0)
        XCTAssertFalse(extra.exists)
    }

    // MARK: repair

    func testRepairTakesFromTheWorktreeThenFromTheRemote() throws {
        try damage(work.localBlob(of: present), present)
        try damage(work.localBlob(of: old), old)
        let lines = try work.data("fsck", "--repair").lines
        XCTAssert(lines.contains { $0.contains("(repaired from the worktree)") }, "\(lines)")
        XCTAssert(lines.contains { $0.contains("(repaired from 'origin')") }, "\(lines)")
        XCTAssertEqual(try work.localBlob(of: present).contents() == present, true)
        XCTAssertEqual(try work.localBlob(of: old).contents() == old, true)
        XCTAssertEqual(try (work.folder / ".git/data/damaged").entries().count, 2)
        try work.data("fsck")
    }

    func testRepairTakesFromAnotherCloneAndBelievesNoDamagedCopy() throws {
        let clone = try laboratory.clone(origin)
        try clone.data("fetch", "--all", "--quiet")
        for content in [old, present] {
            try remoteBlob(of: content, in: origin).removeFile()
        }
        try work.localBlob(of: old).removeFile()
        let missing = try work.attempt("data", "fsck", "--remote", "--repair")
        XCTAssertEqual(missing.status, 1)
        assertContains(missing.text, "missing")
        try damage(clone.localBlob(of: old), old)
        XCTAssertEqual(try work.attempt("data", "fsck", "--remote", "--repair", "--from", clone.folder).status, 1)
        try clone.localBlob(of: old).removeFile()
        try clone.localBlob(of: old).replaceContents(with: old)
        let repaired = try work.attempt("data", "fsck", "--remote", "--repair", "--from", clone.folder)
        assertContains(repaired.text, "repaired from '\(clone.folder)'")
        XCTAssertEqual(try work.localBlob(of: old).contents() == old, true)
    }

    func testWorktreeThatDecayedIsNamed() throws {
        // The same length and time, other bytes: what a failing disk does. Git's index must be older than that.
        let path = work.folder / "a.bin"
        XCTAssertEqual(try work.shell("touch -d '2020-01-01' a.bin && git update-index --refresh").status, 0)
        try damage(path, present)
        // Now it is the index that says so, as on a disk that keeps its times.
        XCTAssertEqual(try work.shell("git update-index --assume-unchanged a.bin; touch -d '2020-01-01' a.bin").status, 0)
        let answer = try work.attempt("data", "fsck", "--worktree")
        XCTAssertEqual(answer.status, 1, answer.description)
        assertContains(answer.text, "worktree ")
        assertContains(answer.text, "a.bin")
    }

    func testFileThatWasChangedIsNoDecayThoughAnotherHasItsBlob() throws {
        try work.write(present, to: "b.bin")
        try work.commit("The same once more")
        try work.write(SampleData.bytes(900, seed: 9), to: "b.bin")
        assertContains(try work.data("fsck", "--worktree").errorText, "all well")
    }
}
