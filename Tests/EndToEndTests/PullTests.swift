import Platform
import TestSupport
import XCTest

/// `fetch`, `checkout` and `pull` touch what they are asked for and nothing that a person has changed.
final class PullTests: EndToEndTestCase {
    private let contents: [BytePath: [UInt8]] = [
        "data/a.bin": SampleData.bytes(30_000, seed: 1), "data2/b.bin": SampleData.bytes(30_001, seed: 2),
        "c.csv": Array(SampleData.table(rows: 900).utf8), "d.bin": SampleData.bytes(1, seed: 4),
    ]
    private var work: Worktree!
    private var origin: BytePath!
    private var clone: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        for (path, content) in contents { try work.write(content, to: path) }
        try work.commit("Data")
        try work.git("push", "--quiet")
        clone = try laboratory.cloneOfPointers(origin)
    }

    override func tearDown() {
        work = nil
        clone = nil
        super.tearDown()
    }

    /// Exactly these files have their content; the others are pointers.
    private func assertPresent(_ present: Set<BytePath>, file: StaticString = #filePath, line: UInt = #line) throws {
        for (path, content) in contents {
            let expected = present.contains(path) ? content : pointerText(for: content)
            try assertContent(path, in: clone, is: expected, file: file, line: line)
        }
        try assertClean(clone, file: file, line: line)
    }

    func testFolderNameIsNoPrefix() throws {
        try clone.data("pull", "--quiet", "data")
        try assertPresent(["data/a.bin"])
    }

    func testPatternsSelect() throws {
        try clone.data("pull", "--quiet", "--include", "*.csv", "--include", "d.*")
        try assertPresent(["c.csv", "d.bin"])
        try clone.data("pull", "--quiet", "--exclude", "data2/")
        try assertPresent(["c.csv", "d.bin", "data/a.bin"])
    }

    func testPullFromASubfolder() throws {
        let inside = Worktree(folder: clone.folder / "data", in: laboratory)
        try inside.data("pull", "--quiet", ".")
        try assertPresent(["data/a.bin"])
        try inside.data("pull", "--quiet", "../c.csv")
        try assertPresent(["data/a.bin", "c.csv"])
    }

    func testDryRunChangesNothing() throws {
        let answer = try clone.data("pull", "--dry-run")
        XCTAssertEqual(Set(answer.lines), Set(contents.keys.map(\.description)))
        try assertPresent([])
        XCTAssertFalse(clone.localBlob(of: contents["d.bin"] ?? []).exists)
    }

    func testFetchBringsBlobsAndCheckoutWritesThem() throws {
        try clone.data("fetch", "--quiet")
        try assertPresent([])
        try origin.rename(to: laboratory.folder / "gone.git")
        try clone.data("checkout", "--quiet")
        try assertPresent(Set(contents.keys))
    }

    func testFetchOfAllBringsHistory() throws {
        let newer = SampleData.bytes(5000, seed: 8)
        try work.write(newer, to: "d.bin")
        try work.commit("Newer")
        try work.git("push", "--quiet")
        try clone.git("pull", "--quiet", with: ["GIT_DATA_LAZY": "1"])
        try clone.data("fetch", "--quiet", "--revision", "HEAD~1", "d.bin")
        XCTAssert(clone.localBlob(of: contents["d.bin"] ?? []).exists)
        XCTAssertFalse(clone.localBlob(of: newer).exists)
        try clone.data("fetch", "--quiet", "--all")
        XCTAssert(clone.localBlob(of: newer).exists)
        XCTAssert(clone.localBlob(of: contents["c.csv"] ?? []).exists)
    }

    func testEditedFileIsLeftAlone() throws {
        try clone.write("my own", to: "d.bin")
        try clone.data("pull", "--quiet")
        XCTAssertEqual(try clone.readText("d.bin"), "my own")
        XCTAssertEqual(try clone.changes(), [" M d.bin"])
    }

    func testDeletedFileStaysDeleted() throws {
        try (clone.folder / "d.bin").removeFile()
        try clone.data("pull", "--quiet")
        XCTAssertFalse((clone.folder / "d.bin").exists)
        XCTAssertEqual(try clone.changes(), [" D d.bin"])
    }

    func testLinkInTheWayIsNotFollowed() throws {
        let outside = laboratory.folder / "outside"
        try outside.makeFolders()
        try (clone.folder / "data").rename(to: outside / "data")
        _ = try clone.shell("ln -s ../outside/data data")
        _ = try clone.attempt("data", "pull", "--quiet")
        XCTAssertEqual(try (outside / "data/a.bin").contents(), pointerText(for: contents["data/a.bin"] ?? []))
    }

    func testHardLinkedPointerIsReplacedNotWrittenThrough() throws {
        let elsewhere = laboratory.folder / "elsewhere"
        try (clone.folder / "d.bin").link(to: elsewhere)
        try clone.data("pull", "--quiet")
        try assertPresent(Set(contents.keys))
        XCTAssertEqual(try elsewhere.contents(), pointerText(for: contents["d.bin"] ?? []))
    }

    func testStagedRenameIsPulledUnderItsNewName() throws {
        try clone.git("mv", "d.bin", "moved.bin")
        try clone.data("pull", "--quiet", "moved.bin")
        try assertContent("moved.bin", in: clone, is: contents["d.bin"] ?? [])
        XCTAssertEqual(try clone.changes(), ["R  d.bin -> moved.bin"])
    }

    func testModesAndUmaskAreGits() throws {
        _ = try work.shell("chmod +x d.bin")
        try work.commit("Executable")
        try work.git("push", "--quiet")
        try clone.git("pull", "--quiet", with: ["GIT_DATA_LAZY": "1"])
        let pull = try clone.shell("umask 027; git data pull --quiet")
        XCTAssertEqual(pull.status, 0, pull.description)
        XCTAssertEqual(try (clone.folder / "d.bin").status()?.permissions, 0o750)
        XCTAssertEqual(try (clone.folder / "c.csv").status()?.permissions, 0o640)
        try assertClean(clone)
    }

    func testWorktreeFilesAreWritableAndApartFromTheStore() throws {
        try clone.data("pull", "--quiet")
        _ = try clone.shell("printf X >> d.bin")
        XCTAssertEqual(try clone.localBlob(of: contents["d.bin"] ?? []).contents(), contents["d.bin"])
    }

    func testHydratedFilesAreCleanWithoutReadingThem() throws {
        try clone.data("pull", "--quiet")
        // The index knows the new stat fields, so Git starts no filter.
        pause(.seconds(1))
        let trace = try clone.git("status", "--porcelain", with: ["GIT_TRACE": "1"])
        XCTAssertEqual(trace.lines, [])
        _ = try clone.git("update-index", "--refresh")
        let again = try clone.git("status", "--porcelain", with: ["GIT_TRACE": "1"])
        XCTAssertFalse(again.errorText.contains("filter-process"), again.errorText)
    }

    func testPullInALinkedWorktree() throws {
        try clone.git("worktree", "add", "--quiet", "../linked", "-b", "side", with: ["GIT_DATA_LAZY": "1"])
        let linked = Worktree(folder: laboratory.folder / "linked", in: laboratory)
        try assertContent("d.bin", in: linked, is: pointerText(for: contents["d.bin"] ?? []))
        try linked.data("pull", "--quiet")
        for (path, content) in contents { try assertContent(path, in: linked, is: content) }
        try assertClean(linked)
        try assertPresent([])
    }

    func testIndexesOfOtherFormsAreRefreshed() throws {
        for options in [["index.version", "4"], ["core.splitIndex", "true"], ["core.untrackedCache", "true"]] {
            let other = try laboratory.cloneOfPointers(origin, as: options[0])
            try other.git("config", BytePath(options[0]), BytePath(options[1]))
            if options[0] == "index.version" { try other.git("update-index", "--index-version", "4") }
            if options[0] == "core.splitIndex" { try other.git("update-index", "--split-index") }
            if options[0] == "core.untrackedCache" { try other.git("update-index", "--untracked-cache") }
            try other.data("pull", "--quiet")
            for (path, content) in contents { try assertContent(path, in: other, is: content) }
            try assertClean(other)
            try other.git("fsck")
        }
    }

    func testSHA256RepositoryWorks() throws {
        try laboratory.git(["init", "--quiet", "--object-format=sha256", "--initial-branch=main", "modern"])
        let modern = Worktree(folder: laboratory.folder / "modern", in: laboratory)
        try modern.data("init", "--quiet")
        try modern.write("*.bin filter=data -text\n", to: ".gitattributes")
        try modern.write(contents["data/a.bin"] ?? [], to: "a.bin")
        try modern.commit("Data")
        let other = try laboratory.cloneOfPointers(modern.folder, as: "other")
        try other.data("pull", "--quiet")
        try assertContent("a.bin", in: other, is: contents["data/a.bin"] ?? [])
        try assertClean(other)
    }

    func testCloneOfAWorkingRepositoryFindsItsBlobs() throws {
        let other = try laboratory.clone(work.folder, as: "other")
        for (path, content) in contents { try assertContent(path, in: other, is: content) }
        try assertClean(other)
    }
}
