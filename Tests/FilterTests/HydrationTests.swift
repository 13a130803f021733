import Diagnostics
import Digest
@testable import Filter
import Git
import ObjectStore
import Platform
import TestSupport
import Repository
import XCTest

final class HydrationTests: XCTestCase {
    private var bench: HydrationBench!

    override func setUpWithError() throws {
        bench = try HydrationBench()
    }

    override func tearDown() {
        bench = nil
    }

    private func checkUnfinished(
        _ outcome: HydrationOutcome, _ expected: [(BytePath, HydrationOutcome.Reason)], file: StaticString = #filePath,
        line: UInt = #line
    ) {
        XCTAssertEqual(outcome.unfinished.map(\.file.path), expected.map(\.0), file: file, line: line)
        XCTAssertEqual(outcome.unfinished.map(\.reason), expected.map(\.1), file: file, line: line)
    }

    // MARK: content

    func testPointersBecomeContentThatGitCallsClean() throws {
        let contents: [(BytePath, [UInt8])] = [
            ("a.bin", [1, 2, 3]), ("deep/er/b.bin", [UInt8](repeating: 9, count: 3_000_000)),
            (BytePath(bytes: [0xff, 0x0a, 0x2e, 0x62, 0x69, 0x6e]), Array("odd".utf8)),
        ]
        for (path, content) in contents { try bench.add(path, content) }
        try bench.commit()
        let outcome = try bench.hydrate()
        XCTAssertEqual(outcome.doneCount, contents.count)
        XCTAssertEqual(outcome.unfinished.count, 0)
        XCTAssertNil(outcome.indexMessage)
        for (path, content) in contents { XCTAssertEqual(try bench.content(path), content) }
        XCTAssertEqual(try bench.leftovers(), [])
        // No index entry is as young as the index once both have aged by a second.
        pause(.milliseconds(1100))
        try bench.index.replaceContents(with: try XCTUnwrap(bench.index.contents()))
        XCTAssertEqual(try bench.git.query(["status", "--porcelain"]).output, [])
        XCTAssertEqual(try bench.git.run(["diff-files", "--quiet"]).status, 0)
        XCTAssertEqual(try bench.filterRuns, 0)
    }

    func testThousandFilesAreWrittenAtOnce() throws {
        for number in 0..<1000 { try bench.add(BytePath("\(number % 7)/\(number).bin"), Array("content \(number)".utf8)) }
        try bench.commit()
        let outcome = try bench.hydrate()
        XCTAssertEqual(outcome.doneCount, 1000)
        for number in 0..<1000 {
            XCTAssertEqual(try bench.content(BytePath("\(number % 7)/\(number).bin")), Array("content \(number)".utf8))
        }
        XCTAssertEqual(try bench.leftovers(), [])
        XCTAssertEqual(try bench.store.incoming.entries(), [], "the pointers' files are deleted in the end")
        let last = ProgressTick(
            filesDone: 1000, filesTotal: 1000, bytesDone: bench.files.reduce(0) { $0 + $1.byteCount },
            bytesTotal: bench.files.reduce(0) { $0 + $1.byteCount })
        XCTAssert(bench.progress.all.contains(last))
    }

    func testSameBlobInManyFilesIsWrittenToEach() throws {
        for number in 0..<20 { try bench.add(BytePath("\(number).bin"), [4, 5, 6]) }
        try bench.commit()
        XCTAssertEqual(try bench.hydrate().doneCount, 20)
        for number in 0..<20 { XCTAssertEqual(try bench.content(BytePath("\(number).bin")), [4, 5, 6]) }
    }

    func testBlobOfGitLFSIsUsedWhereItIs() throws {
        let content: [UInt8] = [1, 2, 3]
        try bench.add("a.bin", content, isStored: false)
        try bench.commit()
        let place = try XCTUnwrap(bench.store.alternates.first) / ObjectID.of(content).shardedPath
        try place.parent.makeFolders()
        try place.replaceContents(with: content)
        XCTAssertEqual(try bench.hydrate().doneCount, 1)
        XCTAssertEqual(try bench.content("a.bin"), content)
        XCTAssert(place.exists)
    }

    func testPointerToNothingBecomesAnEmptyFile() throws {
        try bench.add("a.bin", [], isStored: false, pointer: Array("some text of Git LFS with size 0\n".utf8))
        try bench.commit()
        XCTAssertEqual(try bench.hydrate().doneCount, 1)
        XCTAssertEqual(try bench.content("a.bin"), [])
    }

    // MARK: permissions

    func testPermissionsFollowModeAndUmask() throws {
        try bench.add("plain.bin", [1])
        try bench.add("program.bin", [2], mode: "100755")
        try bench.commit()
        XCTAssertEqual(try bench.hydrate().doneCount, 2)
        // What this process's umask makes of new files.
        let plain = try Descriptor.open(bench.scratch / "plain", [.write, .create], permissions: 0o666).status()
        let program = try Descriptor.open(bench.scratch / "program", [.write, .create], permissions: 0o777).status()
        XCTAssertEqual(try (bench.worktree / "plain.bin").status()?.permissions, plain.permissions)
        XCTAssertEqual(try (bench.worktree / "program.bin").status()?.permissions, program.permissions)
        XCTAssertEqual(program.permissions & 0o100, 0o100)
    }

    // MARK: what is left alone

    func testEditedFileIsKept() throws {
        try bench.add("a.bin", [1, 2, 3])
        try bench.add("same-length.bin", [4, 5, 6])
        try bench.add("b.bin", [7])
        try bench.commit()
        try bench.scratch.write("mine", to: "work/a.bin")
        var text = bench.files[1].pointerText
        text[text.count - 2] ^= 1
        try bench.scratch.write(text, to: "work/same-length.bin")
        let outcome = try bench.hydrate()
        checkUnfinished(outcome, [("a.bin", .edited), ("same-length.bin", .edited)])
        XCTAssertEqual(outcome.doneCount, 1)
        XCTAssertEqual(try bench.content("b.bin"), [7])
        XCTAssertEqual(try bench.content("a.bin"), Array("mine".utf8))
        XCTAssertEqual(try bench.content("same-length.bin"), text)
        XCTAssertEqual(try bench.leftovers(), [])
    }

    func testEditDuringTheCopyIsKept() throws {
        try bench.add("a.bin", [UInt8](repeating: 1, count: 5_000_000))
        try bench.commit()
        let file = bench.worktree / "a.bin"
        var isEdited = false
        let ending = hydrateFirst(makingAbsent: false) {
            if !isEdited { try? file.replaceContents(with: Array("mine".utf8)) }
            isEdited = true
        }
        guard case .left(.edited) = ending else { return XCTFail("\(ending)") }
        XCTAssertEqual(try bench.content("a.bin"), Array("mine".utf8))
        XCTAssertEqual(try bench.leftovers(), [])
    }

    private func hydrateFirst(makingAbsent: Bool, meanwhile: () -> Void) -> Hydration.Ending {
        let hydration = HydrationOfFolder(
            files: bench.files, store: bench.store, retired: RetiredFiles(bench.store), worktree: bench.worktree,
            makingAbsent: makingAbsent, modified: .now)
        var ending = Hydration.Ending.passedOver
        hydration.run([0]) { _ in meanwhile() } note: { ending = $1 }
        return ending
    }

    func testFileThatAppearsDuringTheCopyIsKept() throws {
        try bench.add("a.bin", [1, 2, 3])
        try bench.commit()
        let file = bench.worktree / "a.bin"
        try file.removeFile()
        let ending = hydrateFirst(makingAbsent: true) { try? file.replaceContents(with: Array("mine".utf8)) }
        guard case .left(.edited) = ending else { return XCTFail("\(ending)") }
        XCTAssertEqual(try bench.content("a.bin"), Array("mine".utf8))
        XCTAssertEqual(try bench.leftovers(), [])
    }

    func testOtherThingsInTheFilesPlaceAreKept() throws {
        for name in ["link", "dangling", "folder", "pipe"] { try bench.add(BytePath("\(name).bin"), Array(name.utf8)) }
        try bench.commit()
        let outside = try bench.scratch.write(bench.files[0].pointerText, to: "outside")
        for name in ["link", "dangling", "folder", "pipe"] { try (bench.worktree / "\(name).bin").removeFile() }
        _ = try Finished("/bin/ln", ["-s", outside, bench.worktree / "link.bin"])
        _ = try Finished("/bin/ln", ["-s", bench.scratch / "nowhere", bench.worktree / "dangling.bin"])
        _ = try Finished("/usr/bin/mkfifo", [bench.worktree / "pipe.bin"])
        try (bench.worktree / "folder.bin").makeFolders()
        for makingAbsent in [false, true] {
            checkUnfinished(
                try bench.hydrate(makingAbsent: makingAbsent),
                [("dangling.bin", .edited), ("folder.bin", .edited), ("link.bin", .edited), ("pipe.bin", .edited)])
        }
        XCTAssertEqual(try outside.contents(), bench.files[0].pointerText)
        XCTAssertFalse((bench.scratch / "nowhere").exists)
    }

    func testHardLinkIsNotWrittenThrough() throws {
        try bench.add("a.bin", [1, 2, 3])
        try bench.commit()
        let other = bench.scratch / "other"
        try (bench.worktree / "a.bin").link(to: other)
        XCTAssertEqual(try bench.hydrate().doneCount, 1)
        XCTAssertEqual(try other.contents(), bench.files[0].pointerText)
        XCTAssertEqual(try bench.content("a.bin"), [1, 2, 3])
    }

    // MARK: paths

    func testLinkedFolderIsNotEntered() throws {
        try bench.add("folder/a.bin", [1, 2, 3])
        try bench.commit()
        let outside = bench.scratch / "outside"
        try (bench.worktree / "folder").rename(to: outside)
        _ = try Finished("/bin/ln", ["-s", outside, bench.worktree / "folder"])
        let reason = HydrationOutcome.Reason.pathUnsafe("'\(bench.worktree / "folder")' is a symbolic link")
        for makingAbsent in [false, true] {
            checkUnfinished(try bench.hydrate(makingAbsent: makingAbsent), [("folder/a.bin", reason)])
        }
        XCTAssertEqual(try (outside / "a.bin").contents(), bench.files[0].pointerText)
    }

    func testPathsOutsideTheWorktreeAreRefused() throws {
        try bench.insert([1])
        let text = HydrationBench.pointer(for: [1]).text
        let name = try XCTUnwrap(GitObjectName(hex: [UInt8](repeating: 0x31, count: 40)))
        for path: BytePath in ["../a.bin", "/tmp/a.bin", ".git/hooks/post-checkout", "x/.GIT/config", "git~1/config", "a//b", ""] {
            let file = HydrationFile(path: path, mode: "100755", gitBlob: name, pointerText: text, oid: .of([1]), byteCount: 1)
            checkUnfinished(
                try bench.hydrate([file], makingAbsent: true),
                [(path, .pathUnsafe("Git writes no such path to a worktree"))])
        }
        XCTAssertFalse((bench.scratch / "a.bin").exists)
        XCTAssertFalse((bench.worktree / "x").exists)
    }

    // MARK: absent files

    func testAbsentFilesArePassedOver() throws {
        try bench.add("a.bin", [1])
        try bench.add("gone/b.bin", [2])
        try bench.add("replaced/c.bin", [3])
        try bench.commit()
        try (bench.worktree / "a.bin").removeFile()
        ScratchFolder.removeTree(bench.worktree / "gone")
        ScratchFolder.removeTree(bench.worktree / "replaced")
        try bench.scratch.write("mine", to: "work/replaced")
        let outcome = try bench.hydrate()
        XCTAssertEqual(outcome.doneCount, 0)
        XCTAssertEqual(outcome.unfinished.count, 0)
        XCTAssertEqual(try bench.scratch.files(below: "work").filter { !$0.isInside("work/.git") }, ["work/.gitattributes", "work/replaced"])
    }

    func testAbsentFilesAreMadeWhenAsked() throws {
        try bench.add("a.bin", [1])
        try bench.add("gone/deep/b.bin", [2], mode: "100755")
        try bench.add("replaced/c.bin", [3])
        try bench.commit()
        try (bench.worktree / "a.bin").removeFile()
        ScratchFolder.removeTree(bench.worktree / "gone")
        ScratchFolder.removeTree(bench.worktree / "replaced")
        try bench.scratch.write("mine", to: "work/replaced")
        let outcome = try bench.hydrate(makingAbsent: true)
        XCTAssertEqual(outcome.doneCount, 2)
        XCTAssertEqual(try bench.content("a.bin"), [1])
        checkUnfinished(outcome, [("replaced/c.bin", .edited)])
        XCTAssertEqual(try bench.content("gone/deep/b.bin"), [2])
        XCTAssertEqual(try bench.content("replaced"), Array("mine".utf8))
    }

    // MARK: blobs

    func testAbsentBlobLeavesThePointer() throws {
        try bench.add("a.bin", [1], isStored: false)
        try bench.commit()
        checkUnfinished(try bench.hydrate(), [("a.bin", .blobAbsent)])
        XCTAssertEqual(try bench.content("a.bin"), bench.files[0].pointerText)
    }

    func testDamagedBlobIsSetAsideAndNeverHandedOut() throws {
        let content = [UInt8](repeating: 3, count: 2_500_000)
        for path: BytePath in ["a.bin", "b.bin"] { try bench.add(path, content) }
        try bench.commit()
        let oid = ObjectID.of(content)
        try damage(bench.store.path(of: oid))
        let outcome = try bench.hydrate()
        XCTAssertEqual(outcome.doneCount, 0)
        XCTAssertEqual(outcome.unfinished.count, 2)
        let kept = bench.store.damaged / oid.hex
        XCTAssert(outcome.unfinished.map(\.reason).contains(.blobDamaged(kept: kept)))
        for (_, reason) in outcome.unfinished { XCTAssert(reason == .blobDamaged(kept: kept) || reason == .blobAbsent) }
        XCTAssert(kept.exists)
        XCTAssertFalse(bench.store.contains(oid))
        XCTAssertEqual(try bench.content("a.bin"), bench.files[0].pointerText)
        XCTAssertEqual(try bench.leftovers(), [])
    }

    func testDamagedBlobOfGitLFSStaysWhereItIs() throws {
        let content: [UInt8] = [1, 2, 3]
        try bench.add("a.bin", content, isStored: false)
        try bench.commit()
        let place = try XCTUnwrap(bench.store.alternates.first) / ObjectID.of(content).shardedPath
        try place.parent.makeFolders()
        try place.replaceContents(with: [1, 2, 4])
        checkUnfinished(try bench.hydrate(), [("a.bin", .blobDamaged(kept: place))])
        XCTAssertEqual(try place.contents(), [1, 2, 4])
    }

    private func damage(_ blob: BytePath) throws {
        try Descriptor.open(blob, .read).setPermissions(0o644)
        let file = try Descriptor.open(blob, .readWrite)
        try file.seek(to: try file.status().byteCount - 1)
        try file.write([0xee])
    }

    // MARK: what the system refuses

    func testFullDiskLeavesPointersAndNothingElse() throws {
        let small: SmallFileSystem
        do {
            small = try SmallFileSystem(byteCount: 1 << 20, on: bench.worktree / "small")
        } catch let error as NotPossibleHere {
            throw XCTSkip(error.reason)
        }
        try bench.add("small/fits.bin", [1, 2, 3])
        try bench.add("small/large.bin", [UInt8](repeating: 5, count: 4 << 20))
        try bench.commit()
        let outcome = try bench.hydrate()
        XCTAssertEqual(outcome.unfinished.map(\.file.path), ["small/large.bin"])
        guard case .system(let error)? = outcome.unfinished.first?.reason else { return XCTFail("\(outcome)") }
        XCTAssert(error.isFull)
        XCTAssertEqual(try bench.content("small/large.bin"), bench.files[1].pointerText)
        XCTAssertEqual(try bench.leftovers(), [])
        _ = small
    }

    func testHalfWrittenFilesOfKilledProcessesAreRemovedAndOthersStay() throws {
        try bench.add("folder/a.bin", [1, 2, 3])
        try bench.commit()
        try bench.scratch.write("half", to: "work/folder/.git-data-1d3ad0a1b2c3")
        try bench.scratch.write("not ours", to: "work/folder/.git-dat")
        let folder = try Descriptor.open(bench.worktree / "folder", [.read, .folder])
        let living = try TemporaryEntry(in: folder, prefix: ".git-data-", permissions: 0o666)
        XCTAssertEqual(try bench.hydrate().doneCount, 1)
        let names = try (bench.worktree / "folder").entries()
        XCTAssertEqual(names.count, 3)
        XCTAssertFalse(names.contains(".git-data-1d3ad0a1b2c3"))
        XCTAssert(names.contains(".git-dat"))
        _ = consume living
        XCTAssertEqual(try bench.leftovers(), [])
    }

    func testRepositoryWithoutWorktreeIsRefused() throws {
        try bench.git.query(["init", "--quiet", "--bare", bench.scratch / "bare"])
        let bare = try Repository.find(from: bench.scratch / "bare")
        let hydration = Hydration(repository: bare, store: try bare.store(), progress: SilentProgress())
        XCTAssertThrowsError(try hydration.run(HydrationList(in: bench.store), makingAbsent: false)) {
            guard case .bare? = $0 as? RepositoryError else { return XCTFail("\($0)") }
        }
    }

    func testStagesWithTheSamePointerAreWrittenOnce() throws {
        try bench.add("a.bin", [1, 2, 3])
        try bench.commit()
        let outcome = try bench.hydrate(bench.files + bench.files)
        XCTAssertEqual(outcome.doneCount, 1)
        XCTAssertEqual(outcome.unfinished.count, 0)
    }
}
