import Platform
import TestSupport
import XCTest

/// Clones that have a part of the history, of the worktree or of the data.
final class PartialTests: EndToEndTestCase {
    private var work: Worktree!
    private var origin: BytePath!
    private let versions = 6

    private func content(_ file: Int, _ version: Int) -> [UInt8] {
        SampleData.bytes(4000, seed: UInt64(100 * file + version))
    }

    /// Each commit changes three files in folders of their own; the first half is old.
    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        for version in 0..<versions {
            for file in 0..<3 { try work.write(content(file, version), to: BytePath("d\(file)/f.bin")) }
            try work.git("add", "--all")
            let date: BytePath = version < versions / 2 ? "2001-01-01T00:00:00Z" : BytePath("@\(FileStatus.Time.now.seconds) +0000")
            try work.git(
                "commit", "--quiet", "-m", BytePath("Version \(version)"),
                with: ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date])
        }
        try work.git("push", "--quiet")
        try laboratory.git(["config", "uploadpack.allowFilter", "true"], in: origin)
        try laboratory.git(["config", "uploadpack.allowAnySHA1InWant", "true"], in: origin)
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private var url: BytePath { BytePath(bytes: Array("file://".utf8) + origin.bytes) }

    private func isHere(_ file: Int, _ version: Int, _ clone: Worktree) -> Bool {
        clone.localBlob(of: content(file, version)).exists
    }

    // MARK: by commits and by time

    func testRangeOfCommitsIsFetched() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("fetch", "--quiet", "--revision", "HEAD~3..HEAD~1")
        for version in 0..<versions {
            XCTAssertEqual(isHere(0, version, clone), [3, 4].contains(version), "version \(version)")
        }
        XCTAssertEqual(try clone.attempt("data", "fetch", "--revision", "HEAD..nowhere").status, 128)
    }

    func testRecentVersionsAreFetchedBesidesThePresentFiles() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("pull", "--quiet", "--recent", "7", "d0", "d1")
        for version in 0..<versions {
            XCTAssertEqual(isHere(0, version, clone), version >= versions / 2, "version \(version)")
        }
        XCTAssertFalse(isHere(2, versions - 1, clone), "outside of what was asked for")
        try assertContent("d0/f.bin", in: clone, is: content(0, versions - 1))
        try assertClean(clone)
    }

    // MARK: partial, shallow and sparse clones

    func testPartialCloneFetchesGitBlobsTogether() throws {
        let clone = try laboratory.clone(url, as: "partial", ["--filter=blob:none"])
        try assertContent("d2/f.bin", in: clone, is: content(2, versions - 1))
        let trace = laboratory.folder / "trace"
        try clone.data("remote", "add", "--local", "storage", origin / "data")
        let fetch = try clone.attempt("data", "fetch", "--all", with: ["GIT_TRACE": trace])
        XCTAssertEqual(fetch.status, 0, fetch.description)
        for version in 0..<versions { XCTAssertTrue(isHere(1, version, clone), "version \(version)") }
        let fetches = String(decoding: try trace.contents() ?? [], as: UTF8.self).split(separator: "\n")
            .filter { $0.contains("run_command: ") || $0.contains("built-in: git fetch") }.filter { $0.contains("built-in: git fetch") }
        XCTAssertEqual(fetches.count, 1, "\(fetches)")
    }

    func testPushFromAPartialCloneAsksForNothingOld() throws {
        let clone = try laboratory.clone(url, as: "partial", ["--filter=blob:none"])
        try clone.data("init", "--quiet")
        try clone.data("remote", "add", "--local", "storage", origin / "data")
        try clone.write(content(0, 99), to: "d0/f.bin")
        try clone.git("commit", "--quiet", "-am", "New")
        let trace = laboratory.folder / "trace"
        try clone.git("push", "--quiet", with: ["GIT_TRACE": trace])
        XCTAssertEqual(try remoteBlob(of: content(0, 99), in: origin).contents() == content(0, 99), true)
        let text = String(decoding: try trace.contents() ?? [], as: UTF8.self)
        XCTAssertFalse(text.contains("built-in: git fetch"), text)
    }

    func testShallowCloneIsPulledAndPushed() throws {
        let clone = try laboratory.clone(url, as: "shallow", ["--depth", "1"])
        try clone.data("init", "--quiet")
        try clone.data("remote", "add", "--local", "storage", origin / "data")
        try clone.data("pull", "--quiet")
        try assertContent("d1/f.bin", in: clone, is: content(1, versions - 1))
        XCTAssertFalse(isHere(1, 0, clone))
        try clone.write(content(1, 77), to: "d1/f.bin")
        try clone.git("commit", "--quiet", "-am", "From a shallow clone")
        try clone.git("push", "--quiet")
        XCTAssertTrue(remoteBlob(of: content(1, 77), in: origin).exists)
        try assertClean(clone)
    }

    func testPullRespectsTheSparseCheckout() throws {
        let clone = try laboratory.cloneOfPointers(origin, as: "sparse")
        try clone.git("sparse-checkout", "set", "d0")
        try clone.data("pull", "--quiet")
        try assertContent("d0/f.bin", in: clone, is: content(0, versions - 1))
        XCTAssertFalse((clone.folder / "d1/f.bin").exists)
        XCTAssertFalse(isHere(1, versions - 1, clone))
        try clone.git("sparse-checkout", "add", "d1")
        try assertContent("d1/f.bin", in: clone, is: content(1, versions - 1))
        XCTAssertFalse(isHere(2, versions - 1, clone))
        try clone.git("sparse-checkout", "disable")
        try assertContent("d2/f.bin", in: clone, is: content(2, versions - 1))
        try assertClean(clone)
    }

    func testSparseIndexIsUnderstood() throws {
        let clone = try laboratory.cloneOfPointers(origin, as: "sparse")
        try clone.git("sparse-checkout", "set", "--cone", "--sparse-index", "d0")
        try clone.data("pull", "--quiet")
        try assertContent("d0/f.bin", in: clone, is: content(0, versions - 1))
        XCTAssertEqual(try clone.data("ls-files").lines.count, 3)
        try assertClean(clone)
    }
}
