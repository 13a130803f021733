import Digest
import Git
import Lineage
import Platform
import Repository
import TestSupport
import XCTest

/// What contents are, told without adding them: the same as `git add` makes of them.
final class PresentContentsTests: XCTestCase {
    private var laboratory: Laboratory!
    private var work: Worktree!
    private var origin: BytePath!
    private let content = SampleData.bytes(5000, seed: 1)

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        laboratory = try Laboratory()
        (work, origin) = try laboratory.project()
        try work.write(content, to: "data/a.bin")
        try work.write("print(1)\n", to: "code.py")
        try work.commit("Data")
        // What was written in the second of the index is looked at by reading it; these are to be known by their status.
        try settle(work)
    }

    override func tearDown() {
        (work, laboratory) = (nil, nil)
    }

    /// Gives files an old time, and lets Git see it.
    private func settle(_ worktree: Worktree) throws {
        try worktree.shell("find . -path ./.git -prune -o -type f -exec touch -d 2001-01-01 {} +").expecting(0)
        try worktree.git("status", "--porcelain")
        try worktree.git("update-index", "-q", "--really-refresh")
    }

    private func look(at paths: BytePath..., in worktree: Worktree? = nil) throws -> [BytePath: PresentFile] {
        let repository = try Repository.find(from: (worktree ?? work).folder)
        let found = try PresentContents(repository).look(at: paths)
        // As much memory as there is makes no difference.
        XCTAssertEqual(try PresentContents(repository, portionCount: 1).look(at: paths), found)
        return found
    }

    private func look(atOne path: BytePath, in worktree: Worktree? = nil) throws -> PresentFile {
        try XCTUnwrap(look(at: path, in: worktree)[path])
    }

    /// What the index has.
    private func indexed(_ path: BytePath, in worktree: Worktree? = nil) throws -> ContentID {
        let worktree = worktree ?? work!
        let record = try XCTUnwrap(worktree.git("--literal-pathspecs", "ls-files", "-s", "-z", "--", path).records.first)
        let name = try XCTUnwrap(GitObjectName(hex: record.bytes.split(separator: UInt8(ascii: " "))[1]))
        guard record.bytes.starts(with: "100".utf8) else { return .git(name) }
        let stored = String(decoding: try worktree.git("cat-file", "blob", BytePath(bytes: name.hex)).output, as: UTF8.self)
        guard stored.hasPrefix("git data pointer 1\noid sha256:") else { return .git(name) }
        return .blob(try XCTUnwrap(ObjectID(String(stored.dropFirst(30).prefix(64)))))
    }

    /// Looks, adds, and looks again: the three must agree.
    private func checkAgainstAdding(_ path: BytePath, file: StaticString = #filePath, line: UInt = #line) throws -> ContentID {
        let before = try look(atOne: path)
        XCTAssertFalse(before.isStaged, file: file, line: line)
        try work.git("--literal-pathspecs", "add", "--", path)
        XCTAssertEqual(before.id, try indexed(path), file: file, line: line)
        let after = try look(atOne: path)
        XCTAssertEqual(after.id, before.id, file: file, line: line)
        XCTAssert(after.isStaged, file: file, line: line)
        return before.id
    }

    func testUnchangedFilesAreWhatTheIndexSays() throws {
        let found = try look(at: "data/a.bin", "code.py", "nowhere.bin", "data/nowhere")
        XCTAssertEqual(found["data/a.bin"]?.id, .blob(.of(content)))
        XCTAssertEqual(found["data/a.bin"]?.pointer?.path, "data/a.bin")
        XCTAssertEqual(found["code.py"]?.id, try indexed("code.py"))
        XCTAssertEqual(found["code.py"]?.pointerCount, 0)
        XCTAssertEqual(found.values.map(\.isStaged), [true, true])
        XCTAssertEqual(found.count, 2)
    }

    func testTouchedFilesAreStillStaged() throws {
        try work.shell("touch -d 2002-02-02 data/a.bin code.py").expecting(0)
        let found = try look(at: "data/a.bin", "code.py")
        XCTAssertEqual(found["data/a.bin"]?.id, .blob(.of(content)))
        XCTAssertEqual(found["code.py"]?.id, try indexed("code.py"))
        XCTAssertEqual(found.values.map(\.isStaged), [true, true])
        XCTAssertEqual(found["data/a.bin"]?.pointerCount, 1)
    }

    func testEditedFilesAreWhatAddingThemMakes() throws {
        try work.write(SampleData.bytes(5000, seed: 2), to: "data/a.bin")
        try work.write("print(2)\n", to: "code.py")
        XCTAssertEqual(try look(atOne: "data/a.bin").pointerCount, 0)
        XCTAssertEqual(try checkAgainstAdding("data/a.bin"), .blob(.of(SampleData.bytes(5000, seed: 2))))
        _ = try checkAgainstAdding("code.py")
    }

    func testEditOfTheSameLengthAndTimeInTheSecondOfTheIndexIsSeen() throws {
        try work.write("print(1)\n", to: "racy.py")
        try work.git("add", "racy.py")
        try work.write("print(2)\n", to: "racy.py")
        _ = try checkAgainstAdding("racy.py")
    }

    func testStagedFilesAreStagedThoughNotCommitted() throws {
        try work.write(SampleData.bytes(100, seed: 3), to: "new.bin")
        try work.git("add", "new.bin")
        let file = try look(atOne: "new.bin")
        XCTAssert(file.isStaged)
        XCTAssertEqual(file.id, .blob(.of(SampleData.bytes(100, seed: 3))))
    }

    func testUntrackedFilesAreWhatAddingThemMakes() throws {
        try work.write(SampleData.bytes(9000, seed: 4), to: "deep/er/new.bin")
        try work.write("text\n", to: "new.txt")
        try work.write("", to: "empty.bin")
        XCTAssertEqual(try checkAgainstAdding("deep/er/new.bin"), .blob(.of(SampleData.bytes(9000, seed: 4))))
        _ = try checkAgainstAdding("new.txt")
        _ = try checkAgainstAdding("empty.bin")
    }

    func testDeletedFilesAreNowhere() throws {
        try (work.folder / "code.py").removeFile()
        try (work.folder / "data/a.bin").removeFile()
        XCTAssertEqual(try look(at: "code.py", "data/a.bin", "data"), [:])
    }

    func testPointersTellTheirBlobsWithoutThem() throws {
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        XCTAssertEqual(try clone.read("data/a.bin"), pointerText(for: content))
        let file = try look(atOne: "data/a.bin", in: clone)
        XCTAssertEqual(file.id, .blob(.of(content)))
        XCTAssert(file.isStaged)
        // A pointer that somebody copied is data too.
        try clone.shell("cp data/a.bin data/b.bin").expecting(0)
        XCTAssertEqual(try look(atOne: "data/b.bin", in: clone).id, .blob(.of(content)))
        XCTAssertEqual(try look(atOne: "data", in: clone).pointerCount, 1)
    }

    func testFoldersHaveTheIdentityOfWhatIsInThem() throws {
        try work.write("data/ignored.txt\n", to: ".gitignore")
        try work.write(SampleData.bytes(700, seed: 5), to: "data/sub/new.bin")
        try work.write("ignored", to: "data/ignored.txt")
        try work.write("beside", to: "data2/x.txt")
        let before = try look(atOne: "data")
        XCTAssert(before.isFolder)
        XCTAssertFalse(before.isStaged)
        try work.git("add", "--all")
        let ids = try [("a.bin", indexed("data/a.bin")), ("sub/new.bin", indexed("data/sub/new.bin"))]
        XCTAssertEqual(before.id, .folder(ids.map { (path: Array($0.0.utf8), id: $0.1) }))
        let after = try look(atOne: "data")
        XCTAssertEqual(after.id, before.id)
        XCTAssert(after.isStaged)
        XCTAssertEqual(after.pointerCount, 2)
        // One file less is another folder.
        try (work.folder / "data/sub/new.bin").removeFile()
        let fewer = try look(atOne: "data")
        XCTAssertNotEqual(fewer.id, before.id)
        XCTAssertFalse(fewer.isStaged)
    }

    func testFilesBetweenThoseOfTheIndexAndBehindThemCount() throws {
        for name in ["data/0.bin", "data/b.bin", "data/z/z.bin", "zzz/last.bin"] as [BytePath] {
            try work.write(Array("\(name)\0".utf8), to: name)
        }
        let before = try look(at: "data", "zzz", "data/b.bin", "")
        XCTAssertEqual(before.count, 4)
        XCTAssertEqual(before.values.filter(\.isStaged).count, 0)
        try work.git("add", "--all")
        let after = try look(at: "data", "zzz", "data/b.bin", "")
        XCTAssertEqual(after.mapValues(\.id), before.mapValues(\.id))
        XCTAssertEqual(after.values.filter(\.isStaged).count, 4)
        XCTAssertEqual(after["data"]?.pointerCount, 4)
    }

    /// What is in the place of a folder, or of a file, is what is there.
    func testFilesInThePlaceOfFoldersAndFoldersInThatOfFiles() throws {
        try work.shell("rm -r data code.py; mkdir code.py").expecting(0)
        try work.write(content, to: "data")
        try work.write("inside", to: "code.py/x.txt")
        let found = try look(at: "data", "code.py")
        XCTAssertEqual(found["data"]?.isFolder, false)
        XCTAssertEqual(found["data"]?.isStaged, false)
        XCTAssertNil(found["code.py"])
    }

    func testTheTopIsAFolderToo() throws {
        var pointers: [BytePath] = []
        let found = try PresentContents(Repository.find(from: work.folder)).look(at: ["", "data"]) { pointers += $0.map(\.path) }
        XCTAssertEqual(found[""]?.pointerCount, 1)
        XCTAssertEqual(found["data"]?.pointerCount, 1)
        XCTAssertEqual(pointers, ["data/a.bin"])
    }

    func testDataBelowTheMinimumIsGits() throws {
        try work.git("config", "data.minimumSize", "100")
        try work.write("short,text\n", to: "short.csv")
        try work.write([0, 1, 2], to: "short.bin")
        try work.write(Array(repeating: UInt8(ascii: "x"), count: 100), to: "long.csv")
        guard case .git = try checkAgainstAdding("short.csv") else { return XCTFail("data") }
        guard case .blob = try checkAgainstAdding("short.bin") else { return XCTFail("not data") }
        guard case .blob = try checkAgainstAdding("long.csv") else { return XCTFail("not data") }
    }

    func testSymbolicLinksAreTheirTargets() throws {
        try work.shell("ln -s data/a.bin link.bin && ln -s nowhere broken").expecting(0)
        guard case .git = try checkAgainstAdding("link.bin") else { return XCTFail("data") }
        _ = try checkAgainstAdding("broken")
        try work.shell("ln -sf data/b.bin link.bin").expecting(0)
        _ = try checkAgainstAdding("link.bin")
    }

    func testSubmoduleIsItsCommit() throws {
        try work.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", origin, "sub")
        let file = try look(atOne: "sub")
        XCTAssertEqual(file.id, try indexed("sub"))
        XCTAssert(file.isStaged)
    }

    func testFilesOutsideOfASparseCheckoutAreWhatTheIndexSays() throws {
        try work.write("y", to: "kept/y.txt")
        try work.commit("More")
        try work.git("sparse-checkout", "set", "kept")
        XCTAssertFalse((work.folder / "data/a.bin").exists)
        let file = try look(atOne: "data/a.bin")
        XCTAssertEqual(file.id, .blob(.of(content)))
        XCTAssert(file.isStaged)
        XCTAssertEqual(try look(atOne: "data").pointerCount, 1)
    }

    func testNamesThatAreNoTextAreNoHindrance() throws {
        let odd = BytePath(bytes: Array("data/caf".utf8) + [0xe9] + Array(".bin".utf8))
        let other = BytePath(bytes: Array("data/caf".utf8) + [0xe8] + Array("\n\".bin".utf8))
        try work.write(SampleData.bytes(300, seed: 6), to: odd)
        let before = try look(atOne: "data")
        try work.write(SampleData.bytes(300, seed: 7), to: other)
        let both = try look(atOne: "data")
        XCTAssertNotEqual(before.id, both.id)
        try work.git("add", "--all")
        let ids = try [BytePath("data/a.bin"), odd, other].map { (path: Array($0.bytes.dropFirst(5)), id: try indexed($0)) }
        XCTAssertEqual(both.id, .folder(ids))
        XCTAssertEqual(try look(atOne: "data").id, both.id)
    }

    func testLineEndsAreThoseThatGitStores() throws {
        try work.write("*.txt text eol=crlf\n", to: "notes/.gitattributes")
        try work.git("add", "notes/.gitattributes")
        try work.write("one\r\ntwo\r\n", to: "notes/a.txt")
        let id = try checkAgainstAdding("notes/a.txt")
        try work.write("one\ntwo\n", to: "notes/b.txt")
        XCTAssertEqual(try checkAgainstAdding("notes/b.txt"), id, "the same text with other line ends")
    }
}
