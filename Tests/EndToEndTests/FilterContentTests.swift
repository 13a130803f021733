import Platform
import TestSupport
import XCTest

/// What the filter makes of content and of names.
final class FilterContentTests: EndToEndTestCase {
    private var work: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        work = try laboratory.repository()
        try work.write("*.bin filter=data diff=data merge=data -text\n", to: ".gitattributes")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    func testPointerIsStoredAsItIs() throws {
        let pointer = pointerText(for: SampleData.bytes(5000))
        try work.write(pointer, to: "a.bin")
        try work.commit("A pointer")
        XCTAssertEqual(try work.stored("a.bin"), pointer)
        XCTAssertFalse(work.localBlob(of: pointer).exists)
        try assertClean(work)
    }

    func testLFSPointerIsStoredAsItIs() throws {
        let digits = String(repeating: "0123456789abcdef", count: 4)
        let pointer = Array("version https://git-lfs.github.com/spec/v1\noid sha256:\(digits)\nsize 12\n".utf8)
        try work.write(pointer, to: "a.bin")
        try work.commit("A pointer of Git LFS")
        XCTAssertEqual(try work.stored("a.bin"), pointer)
    }

    func testAlmostAPointerPassesWithAWarning() throws {
        let almost = Array("git data pointer 2\noid sha512:00\n".utf8)
        try work.write(almost, to: "a.bin")
        let add = try work.git("add", "--all")
        assertContains(add.errorText, "a.bin")
        assertContains(add.errorText, "warning")
        try work.git("commit", "--quiet", "-m", "From the future")
        XCTAssertEqual(try work.stored("a.bin"), almost)
        try (work.folder / "a.bin").removeFile()
        try work.git("restore", "a.bin")
        XCTAssertEqual(try work.read("a.bin"), almost)
    }

    func testEmptyFileStaysEmpty() throws {
        try work.write("", to: "empty.bin")
        try work.commit("Empty")
        XCTAssertEqual(try work.stored("empty.bin"), [])
        try (work.folder / "empty.bin").removeFile()
        try work.git("restore", "empty.bin")
        XCTAssertEqual(try work.read("empty.bin"), [])
        try assertClean(work)
    }

    func testSmallTextBelowTheMinimumStaysInGit() throws {
        try work.write("[data]\n\tminimumSize = 1k\n", to: ".gitdata")
        let small = Array("few words\n".utf8)
        let binary = [UInt8](repeating: 0, count: 20)
        let large = Array(SampleData.table(rows: 200).utf8)
        try work.write(small, to: "small.bin")
        try work.write(binary, to: "binary.bin")
        try work.write(large, to: "large.bin")
        try work.commit("Sizes")
        XCTAssertEqual(try work.stored("small.bin"), small)
        try assertPointer("binary.bin", in: work, for: binary)
        try assertPointer("large.bin", in: work, for: large)
        try assertClean(work)
    }

    func testExactlyTheMinimumIsData() throws {
        try work.write("[data]\n\tminimumSize = 2000\n", to: ".gitdata")
        let below = [UInt8](repeating: UInt8(ascii: "a"), count: 1999)
        let exact = [UInt8](repeating: UInt8(ascii: "b"), count: 2000)
        try work.write(below, to: "below.bin")
        try work.write(exact, to: "exact.bin")
        try work.commit("Sizes")
        XCTAssertEqual(try work.stored("below.bin"), below)
        try assertPointer("exact.bin", in: work, for: exact)
    }

    func testContentAroundThePacketSizeIsWhole() throws {
        var contents: [BytePath: [UInt8]] = [:]
        for count in [1, 1023, 1024, 1025, 65515, 65516, 65517, 131032, 1 << 20] {
            contents[BytePath("\(count).bin")] = SampleData.bytes(count, seed: UInt64(count))
        }
        for (path, content) in contents { try work.write(content, to: path) }
        try work.commit("Sizes")
        for (path, content) in contents {
            try assertPointer(path, in: work, for: content)
            try (work.folder / path).removeFile()
        }
        try work.git("restore", ".")
        for (path, content) in contents { try assertContent(path, in: work, is: content) }
        try assertClean(work)
    }

    func testAnyNameThatGitAllowsWorks() throws {
        let names: [BytePath] = [
            "with space.bin", "line\nend.bin", "tab\t.bin", "quote\"and'.bin", "back\\slash.bin", "-dash.bin", ":colon.bin",
            "* star.bin", "sub folder/ä ö.bin", "%f %n.bin", "$(touch never).bin", "; touch never;.bin",
            BytePath(bytes: [0xff, 0xfe, 0x80] + Array(".bin".utf8)),
            BytePath(bytes: Array("nfc-".utf8) + [0xc3, 0xa9] + Array(".bin".utf8)),
            BytePath(bytes: Array("nfc-e".utf8) + [0xcc, 0x81] + Array(".bin".utf8)),
        ]
        for (number, name) in names.enumerated() {
            try work.write(SampleData.bytes(3000, seed: UInt64(number)), to: name)
        }
        try work.commit("Names")
        for (number, name) in names.enumerated() {
            let content = SampleData.bytes(3000, seed: UInt64(number))
            try assertPointer(name, in: work, for: content)
            try (work.folder / name).removeFile()
        }
        try work.git("restore", ":/")
        for (number, name) in names.enumerated() {
            try assertContent(name, in: work, is: SampleData.bytes(3000, seed: UInt64(number)))
        }
        try assertClean(work)
        XCTAssertFalse((work.folder / "never").exists)
        let listed = try work.data("ls-files", "-z").records.map { record in
            BytePath(bytes: record.bytes.split(separator: UInt8(ascii: " "), maxSplits: 2).last ?? [])
        }
        XCTAssertEqual(Set(listed), Set(names))
    }

    func testAnyNameCanBePulled() throws {
        let origin = try laboratory.bareRepository()
        let names: [BytePath] = [
            "with space.bin", "line\nend.bin", "quote\"and'.bin", "-dash.bin", "sub folder/ä.bin",
            BytePath(bytes: [0xff, 0xfe] + Array(".bin".utf8)),
        ]
        for (number, name) in names.enumerated() {
            try work.write(SampleData.bytes(3000, seed: UInt64(number)), to: name)
        }
        try work.commit("Names")
        try work.git("remote", "add", "origin", origin)
        try work.git("push", "--quiet", "origin", "main")
        let clone = try laboratory.cloneOfPointers(origin)
        for name in names { try clone.data("pull", "--quiet", "--", name) }
        for (number, name) in names.enumerated() {
            try assertContent(name, in: clone, is: SampleData.bytes(3000, seed: UInt64(number)))
        }
        try assertClean(clone)
    }

    func testExecutableBitStays() throws {
        try work.write(SampleData.bytes(3000), to: "tool.bin")
        _ = try work.shell("chmod +x tool.bin")
        try work.commit("A tool")
        XCTAssertEqual(try work.git("ls-files", "--stage", "tool.bin").line.prefix(6), "100755")
        try (work.folder / "tool.bin").removeFile()
        try work.git("restore", "tool.bin")
        XCTAssert((work.folder / "tool.bin").isExecutableFile)
        try assertClean(work)
    }

    func testSymbolicLinksAreNoData() throws {
        try work.write(SampleData.bytes(3000), to: "real.bin")
        _ = try work.shell("ln -s real.bin link.bin")
        try work.commit("A link")
        XCTAssertEqual(try work.stored("link.bin"), Array("real.bin".utf8))
        try assertClean(work)
    }

    func testAddingFromASubfolderWorks() throws {
        let content = SampleData.bytes(4000)
        try work.write(content, to: "a/b/c.bin")
        let inside = Worktree(folder: work.folder / "a/b", in: laboratory)
        try inside.git("add", "c.bin", ":/.gitattributes")
        try inside.git("commit", "--quiet", "-m", "From inside")
        try assertPointer("a/b/c.bin", in: work, for: content)
        XCTAssert(work.localBlob(of: content).exists)
    }

    func testMisleadingGitVariablesDoNotLeadAstray() throws {
        let other = try laboratory.repository("other")
        let content = SampleData.bytes(4000)
        try work.write(content, to: "a.bin")
        // Git itself sets these for hooks and aliases; the filter is started with them.
        try work.git(
            "add", "--all",
            with: ["GIT_DIR": work.folder / ".git", "GIT_WORK_TREE": work.folder, "GIT_INDEX_FILE": work.folder / ".git/index"])
        try work.git("commit", "--quiet", "-m", "A")
        XCTAssert(work.localBlob(of: content).exists)
        XCTAssertFalse(other.localBlob(of: content).exists)
        let index = laboratory.folder / "another-index"
        try work.git("read-tree", "HEAD", with: ["GIT_INDEX_FILE": index])
        try work.git("commit", "--quiet", "--allow-empty", "-a", "-m", "B")
        try assertClean(work)
    }

    func testAddIntoARepositoryNamedFromElsewhereStoresThere() throws {
        let content = SampleData.bytes(4000)
        try work.write(content, to: "a.bin")
        let elsewhere = try laboratory.repository("elsewhere")
        let gitFolder = BytePath(bytes: Array("--git-dir=".utf8) + (work.folder / ".git").bytes)
        let worktree = BytePath(bytes: Array("--work-tree=".utf8) + work.folder.bytes)
        try elsewhere.git(gitFolder, worktree, "add", "--all")
        // The commit waits until the blob is in its place.
        try elsewhere.git(gitFolder, worktree, "commit", "--quiet", "-m", "From elsewhere")
        XCTAssert(work.localBlob(of: content).exists)
        XCTAssertFalse(elsewhere.localBlob(of: content).exists)
    }

    // MARK: one file at a time

    func testSingleShotCleanAndSmudgeAreInverse() throws {
        let content = SampleData.bytes(200_000)
        let clean = try work.attempt("data", "clean", "a.bin", input: content).expecting(0)
        XCTAssertEqual(clean.output, pointerText(for: content))
        let smudge = try work.attempt("data", "smudge", "a.bin", input: clean.output).expecting(0)
        XCTAssertEqual(smudge.output, content)
    }

    func testSingleShotSmudgeOfWhatIsNoPointerGivesItBack() throws {
        for content in [[], Array("text".utf8), SampleData.bytes(3_000_000), Array("git data pointer 1\n".utf8)] {
            let smudge = try work.attempt("data", "smudge", "a.bin", input: content).expecting(0)
            XCTAssertEqual(smudge.output.count, content.count)
            XCTAssertEqual(smudge.output, content)
        }
    }

    func testSingleShotSmudgeOfAnAbsentBlobGivesThePointer() throws {
        let pointer = pointerText(for: SampleData.bytes(777))
        let smudge = try work.attempt("data", "smudge", "a.bin", input: pointer).expecting(0)
        XCTAssertEqual(smudge.output, pointer)
        assertContains(smudge.errorText, "a.bin")
    }

    func testSingleShotFilterServesGitWithoutTheProcess() throws {
        _ = try work.shell("git config --global --unset filter.data.process")
        let content = SampleData.bytes(50_000)
        try work.write(content, to: "odd '\" name.bin")
        try work.commit("Without the process")
        try assertPointer("odd '\" name.bin", in: work, for: content)
        try (work.folder / "odd '\" name.bin").removeFile()
        try work.git("restore", ".")
        try assertContent("odd '\" name.bin", in: work, is: content)
        try assertClean(work)
    }
}
