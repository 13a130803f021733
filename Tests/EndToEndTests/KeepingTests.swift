import Foundation
import Platform
import TestSupport
import XCTest

/// `fsck` and `prune`: nothing damaged stays in use, and no last copy goes.
final class KeepingTests: TwoVersionsTestCase {
    func testHealthyStoreIsWell() throws {
        let answer = try work.data("fsck")
        assertContains(answer.errorText, "2 blobs verified")
    }

    func testDamageIsFoundSetAsideAndMended() throws {
        try work.git("push", "--quiet")
        try damage(work.localBlob(of: old), old)
        let answer = try work.attempt("data", "fsck").expecting(1)
        assertContains(answer.text, "damaged")
        XCTAssertFalse(work.localBlob(of: old).exists)
        XCTAssertEqual(try (work.folder / ".git/data/damaged").entries().count, 1)
        try work.data("fetch", "--all", "--quiet")
        XCTAssertEqual(try work.localBlob(of: old).contents(), old)
        try work.data("fsck")
    }

    func testPruneTakesLeftoversOfDamageAlong() throws {
        try work.git("push", "--quiet")
        for _ in 0..<2 {
            try damage(work.localBlob(of: old), old)
            try work.attempt("data", "fsck").expecting(1)
            try work.data("fsck", "--quiet", "--repair")
        }
        XCTAssertEqual(try (work.folder / ".git/data/damaged").entries().count, 2)
        try work.data("prune", "--recent", "0")
        XCTAssertFalse(work.localBlob(of: old).exists)
        XCTAssertEqual(try (work.folder / ".git/data/damaged").entries(), [])
        // Nothing is lost that a person would have to repair.
        try work.data("fsck", "--remote")
    }

    func testRepairSaysWhyItCannot() throws {
        try work.git("push", "--quiet")
        for blob in [work.localBlob(of: old), remoteBlob(of: old, in: origin)] { try damage(blob, old) }
        let answer = try work.attempt("data", "fsck", "--repair").expecting(1)
        assertContains(answer.errorText, "is not brought back: the copy at ")
        assertContains(answer.errorText, "git data fsck --repair --from FOLDER")
    }

    func testJSONNamesTheProblem() throws {
        struct Report: Decodable {
            struct Problem: Decodable {
                let kind: String
                let path: String?
            }
            let verified: Int
            let problems: [Problem]
        }
        try damage(work.localBlob(of: present), present)
        let answer = try work.attempt("data", "fsck", "--json").expecting(1)
        let report = try JSONDecoder().decode(Report.self, from: Data(answer.output))
        XCTAssertEqual(report.verified, 2)
        XCTAssertEqual(report.problems.map(\.kind), ["damaged"])
        XCTAssertEqual(report.problems.first?.path, "a.bin")
    }

    func testPointerOfAnotherLengthIsNamedByItsOwnPath() throws {
        for (path, size) in [("wrong.bin", 7), ("other.bin", 8)] {
            let command = "git cat-file blob :a.bin | sed 's/^size .*/size \(size)/' | git hash-object -w --stdin"
            let name = try work.shell(command).line
            try work.git("update-index", "--add", "--cacheinfo", BytePath("100644,\(name),\(path)"))
        }
        let oid = work.localBlob(of: present).lastComponent
        let answer = try work.attempt("data", "fsck").expecting(1)
        XCTAssertEqual(Set(answer.lines), ["size \(oid) wrong.bin", "size \(oid) other.bin"])
        try damage(work.localBlob(of: present), present)
        XCTAssertEqual(try work.attempt("data", "fsck").expecting(1).lines.count, 1, "a damaged blob has no length to compare with")
    }

    func testRemoteCheckNamesWhatIsNowhereAndWhatIsUnpushed() throws {
        try work.git("push", "--quiet")
        try work.data("fsck", "--remote")
        try remoteBlob(of: old, in: origin).removeFile()
        let unpushed = try work.attempt("data", "fsck", "--remote").expecting(1)
        assertContains(unpushed.text, "unpushed")
        try work.localBlob(of: old).removeFile()
        let missing = try work.attempt("data", "fsck", "--remote").expecting(1)
        assertContains(missing.text, "missing")
        assertContains(missing.text, "a.bin")
    }

    func testPruneKeepsWhatTheRemoteLacks() throws {
        try work.git("push", "--quiet")
        try remoteBlob(of: old, in: origin).removeFile()
        let answer = try work.data("prune")
        assertContains(answer.errorText, "Kept 1 blob")
        XCTAssert(work.localBlob(of: old).exists)
        XCTAssert(work.localBlob(of: present).exists)
    }

    func testPruneDeletesWhatIsSafeAndNotInUse() throws {
        try work.git("push", "--quiet")
        try work.data("prune", "--dry-run")
        XCTAssert(work.localBlob(of: old).exists)
        try work.data("prune")
        XCTAssertFalse(work.localBlob(of: old).exists)
        XCTAssert(work.localBlob(of: present).exists)
        try work.git("checkout", "--quiet", "HEAD~1")
        try assertContent("a.bin", in: work, is: old)
    }

    func testPruneIgnoresADamagedCopyOnTheRemote() throws {
        try work.git("push", "--quiet")
        let place = remoteBlob(of: old, in: origin)
        try place.removeFile()
        try place.replaceContents(with: Array(old.prefix(100)))
        try work.data("prune")
        XCTAssert(work.localBlob(of: old).exists)
    }

    func testPruneKeepsWhatStashIndexAndOtherWorktreesNeed() throws {
        let stashed = SampleData.bytes(3000, seed: 11)
        let staged = SampleData.bytes(3001, seed: 12)
        try work.git("push", "--quiet")
        try work.write(stashed, to: "a.bin")
        try work.git("stash", "--quiet")
        try work.git("worktree", "add", "--quiet", "--detach", "../linked", "HEAD~1")
        try work.write(staged, to: "b.bin")
        try work.git("add", "b.bin")
        // All of it is on the remote, so only use protects it.
        for content in [stashed, staged] {
            let place = remoteBlob(of: content, in: origin)
            try place.parent.makeFolders()
            try place.replaceContents(with: content)
        }
        try work.data("prune")
        for content in [stashed, staged, old, present] { XCTAssert(work.localBlob(of: content).exists) }
    }

    func testPruneGoesOnWhereOrigHeadNamesACommitThatGitHasPruned() throws {
        try work.git("push", "--quiet")
        try work.git("reset", "--quiet", "--hard", "HEAD~1")
        try work.git("push", "--quiet", "--force")
        try work.git("reflog", "expire", "--expire=now", "--all")
        try work.git("gc", "--quiet", "--prune=now")
        XCTAssertEqual(try work.attempt("cat-file", "-e", "ORIG_HEAD").status, 1)
        try work.data("prune")
        XCTAssertFalse(work.localBlob(of: present).exists)
        XCTAssert(work.localBlob(of: old).exists)
        try work.data("gc", "--remote")
    }

    func testPruneRefusesWhenTheRemoteIsTheStoreItself() throws {
        try work.git("remote", "set-url", "origin", BytePath("file://\(work.folder)"))
        _ = try work.attempt("data", "prune")
        XCTAssert(work.localBlob(of: old).exists)
    }
}
