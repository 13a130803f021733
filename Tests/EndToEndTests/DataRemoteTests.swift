import Platform
import TestSupport
import XCTest

/// `git data remote`, and folders in every condition.
final class DataRemoteTests: EndToEndTestCase {
    private let content = SampleData.bytes(200_000)
    private var work: Worktree!
    private var origin: BytePath!
    private var storage: BytePath { laboratory.folder / "storage" }

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try storage.makeFolders()
        try work.write(content, to: "a.bin")
        try work.commit("Data")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private var storedBlob: BytePath {
        storage / "objects" / BytePath(bytes: remoteBlob(of: content, in: "").bytes.dropFirst("data/objects/".utf8.count))
    }

    // MARK: names

    func testAddedRemoteIsListedUsedAndCommitted() throws {
        try work.data("remote", "add", "storage", storage)
        let listing = try work.data("remote", "list").text
        assertContains(listing, "storage")
        assertContains(listing, "default")
        XCTAssertEqual(try work.data("remote", "default").line, "storage")
        assertContains(try work.readText(".gitdata"), "[data \"storage\"]")
        try work.commit("Storage")
        try work.git("push", "--quiet")
        XCTAssertEqual(try storedBlob.contents(), content)
        XCTAssertFalse((origin / "data/objects").exists)
    }

    func testRelativeFolderIsMadeAbsolute() throws {
        try work.data("remote", "add", "storage", "../storage")
        assertContains(try work.readText(".gitdata"), storage.description)
    }

    func testSecondRemoteOfTheSameNameIsRefused() throws {
        try work.data("remote", "add", "storage", storage)
        let answer = try work.attempt("data", "remote", "add", "storage", "/elsewhere")
        XCTAssertNotEqual(answer.status, 0)
        assertContains(answer.errorText, "set-url")
    }

    func testCheckOfAFolderSaysWhatWorksAndLeavesNothing() throws {
        try work.data("remote", "add", "storage", storage)
        let check = try work.data("remote", "check", "storage")
        for title in ["list blobs", "write", "read", "create, never replace", "remove"] {
            XCTAssert(check.lines.contains { $0.hasPrefix(title) && $0.contains(" yes") }, "\(title):\n\(check.text)")
        }
        assertContains(check.errorText, "can be used")
        XCTAssertEqual(try (storage / "objects").entries().filter { try !(storage / "objects" / $0 / "x").parent.entries().isEmpty }.count, 0)
        XCTAssertEqual(try (storage / "incoming").entries(), [])
        assertContains(try work.data("remote", "check", "--json").text, "\"isUsable\" : true")
    }

    func testCheckOfAFolderThatIsGoneFails() throws {
        try work.data("remote", "add", "storage", storage)
        ScratchFolder.removeTree(storage)
        let check = try work.attempt("data", "remote", "check")
        XCTAssertEqual(check.status, 1)
        assertContains(check.errorText, "is not there")
    }

    func testSetURLHoldsInThisCloneToo() throws {
        try work.data("remote", "add", "storage", storage)
        try work.data("remote", "set-url", "storage", "s3://bucket/x")
        assertContains(try work.data("remote", "list").text, "s3://bucket/x")
        try work.data("remote", "set-url", "storage", "s3://bucket/y", "--endpoint", "https://s3.example.org:9000", "--profile", "lab")
        let listing = try work.data("remote", "list").text
        assertContains(listing, "s3://bucket/y (endpoint https://s3.example.org:9000, profile lab")
        XCTAssertFalse(try work.readText(".gitdata").contains("profile"))
    }

    func testOptionsOfBucketsAreRefusedForFolders() throws {
        let answer = try work.attempt("data", "remote", "add", "storage", storage, "--endpoint", "https://h")
        XCTAssertEqual(answer.status, 128)
        assertContains(answer.errorText, "'--endpoint' is for buckets")
        XCTAssertEqual(try work.attempt("data", "remote", "add", "storage", "s3:/x").status, 128)
    }

    func testSetURLMovesAndRemoveForgets() throws {
        let moved = laboratory.folder / "moved"
        try moved.makeFolders()
        try work.data("remote", "add", "storage", storage)
        try work.data("remote", "set-url", "storage", moved)
        try work.data("push", "--quiet")
        XCTAssertFalse(storedBlob.exists)
        XCTAssert((moved / "objects").exists)
        try work.data("remote", "remove", "storage")
        XCTAssertFalse(try work.data("remote", "list").text.contains("storage"))
        XCTAssertNotEqual(try work.attempt("data", "remote", "set-url", "storage", storage).status, 0)
    }

    func testDefaultChoosesAmongSeveral() throws {
        let other = laboratory.folder / "other"
        try other.makeFolders()
        try work.data("remote", "add", "storage", storage)
        try work.data("remote", "add", "other", other)
        try work.data("remote", "default", "other")
        try work.data("push", "--quiet")
        XCTAssert((other / "objects").exists)
        XCTAssertFalse(storedBlob.exists)
        try work.data("push", "--quiet", "--remote", "storage")
        XCTAssert(storedBlob.exists)
    }

    func testFolderThatOnlyTheProjectNamesIsNotTouchedUntilTrusted() throws {
        try work.data("remote", "add", "storage", storage)
        try work.commit("Storage")
        try work.git("push", "--quiet")
        let clone = try laboratory.clone(origin)
        try assertContent("a.bin", in: clone, is: pointerText(for: content))
        let pull = try clone.attempt("data", "pull")
        XCTAssertNotEqual(pull.status, 0)
        assertContains(pull.errorText, "git data remote trust storage")
        try clone.data("remote", "trust", "storage")
        try clone.data("pull", "--quiet")
        try assertContent("a.bin", in: clone, is: content)
        try assertClean(clone)
    }

    func testTrustIsForTheFolderNotForTheName() throws {
        try work.data("remote", "add", "storage", storage)
        try work.commit("Storage")
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("remote", "trust", "storage")
        let trap = laboratory.folder / "trap"
        try trap.makeFolders()
        try work.data("remote", "set-url", "storage", trap)
        try work.commit("Elsewhere")
        try work.git("push", "--quiet")
        try clone.git("pull", "--quiet")
        try clone.data("pull", "--quiet")
        try assertContent("a.bin", in: clone, is: content)
    }

    func testNoRemoteAtAllSaysWhatToDo() throws {
        try work.git("remote", "set-url", "origin", "ssh://example.invalid/churn.git")
        let push = try work.attempt("data", "push")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "git data remote add")
    }

    func testNestedFolderRemoteWithoutSettings() throws {
        XCTAssertEqual(try work.data("remote", "default").line, "origin")
        assertContains(try work.data("remote").text, "inside the Git remote")
    }

    // MARK: conditions

    func testMissingFolderIsNamed() throws {
        try work.data("remote", "add", "storage", storage)
        storage.removeEmptyFolder()
        let push = try work.attempt("data", "push")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "storage")
        XCTAssertFalse(storage.exists, "a mount that is gone must not be filled in its place")
        let gitPush = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(gitPush.status, 0)
    }

    func testFullFolderRefusesThePushAndGoesOnLater() throws {
        let mounted = try smallFileSystem(byteCount: 128 << 10)
        try work.data("remote", "add", "storage", mounted.path)
        let push = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "a.bin")
        XCTAssertEqual(try laboratory.git(["rev-list", "--count", "main"], in: origin).line, "1")
        XCTAssertFalse((mounted.path / "objects" / BytePath(bytes: storedBlob.relative(to: storage / "objects")?.bytes ?? [])).exists)
        try work.data("remote", "set-url", "storage", storage)
        try work.git("push", "--quiet")
        XCTAssertEqual(try storedBlob.contents(), content)
    }

    func testReadOnlyFolderRefusesThePushAndServesPulls() throws {
        let mounted = try smallFileSystem(byteCount: 4 << 20)
        try work.data("remote", "add", "storage", mounted.path)
        try work.git("push", "--quiet")
        try mounted.makeReadOnly()
        try work.write(SampleData.bytes(1000, seed: 9), to: "b.bin")
        try work.commit("More")
        let push = try work.attempt("push", "--quiet")
        XCTAssertNotEqual(push.status, 0)
        assertContains(push.errorText, "b.bin")
        try work.localBlob(of: content).removeFile()
        try work.data("fetch", "--quiet")
        XCTAssertEqual(try work.localBlob(of: content).contents(), content)
    }

    func testFolderOnAnotherFileSystemWorks() throws {
        let mounted = try smallFileSystem(byteCount: 8 << 20)
        try work.data("remote", "add", "storage", mounted.path)
        try work.commit("Storage")
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("remote", "trust", "storage")
        try clone.data("pull", "--quiet")
        try assertContent("a.bin", in: clone, is: content)
    }

    func testStoreOnAnotherFileSystemWorks() throws {
        let mounted = try smallFileSystem(byteCount: 8 << 20)
        try work.git("config", "data.store", mounted.path / "store")
        let added = SampleData.bytes(9000, seed: 3)
        try work.write(added, to: "b.bin")
        try work.commit("In the shared store")
        XCTAssertFalse(work.localBlob(of: added).exists)
        try (work.folder / "b.bin").removeFile()
        try work.git("restore", "b.bin")
        try assertContent("b.bin", in: work, is: added)
    }

    func testFullDiskFailsTheAddAndLosesNothing() throws {
        let small = try laboratory.repository("small", isSetUp: false)
        try small.write("*.bin filter=data -text\n", to: ".gitattributes")
        let mounted = try SmallFileSystem(byteCount: 64 << 10, on: small.folder / ".git/data")
        defer { withExtendedLifetime(mounted) {} }
        try small.write(content, to: "a.bin")
        let add = try small.attempt("add", "--all")
        XCTAssertNotEqual(add.status, 0)
        assertContains(add.errorText, "a.bin")
        assertContains(add.errorText, "no space left")
        XCTAssertEqual(try small.git("ls-files", "--stage", "a.bin").text, "")
        try assertContent("a.bin", in: small, is: content)
        let left = try (small.folder / ".git/data/incoming").entries()
        XCTAssertEqual(left, [], "what could not be completed is removed")
    }

    func testFileSizeLimitFailsTheAddAndLosesNothing() throws {
        let add = try work.shell("rm -f .git/data/none; cp a.bin b.bin; printf x >> b.bin; ulimit -f 64; git add b.bin")
        XCTAssertNotEqual(add.status, 0)
        XCTAssertEqual(try work.git("ls-files", "b.bin").text, "")
        try work.git("add", "b.bin")
        try work.git("commit", "--quiet", "-m", "Without the limit")
        try assertPointer("b.bin", in: work, for: content + [UInt8(ascii: "x")])
        try work.data("fsck")
    }

    private func smallFileSystem(byteCount: Int) throws -> SmallFileSystem {
        do {
            return try SmallFileSystem(byteCount: byteCount, on: laboratory.folder / "mounted")
        } catch let error as NotPossibleHere {
            throw XCTSkip(error.reason)
        }
    }
}
