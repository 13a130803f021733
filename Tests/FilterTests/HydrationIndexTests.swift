import Diagnostics
import Filter
import Git
import Platform
import Repository
import TestSupport
import XCTest

/// What hydration makes of the index: which it tells of the files, and what becomes of them where it cannot.
final class HydrationIndexTests: XCTestCase {
    private var bench: HydrationBench!

    override func setUpWithError() throws {
        bench = try HydrationBench()
    }

    override func tearDown() {
        bench = nil
    }

    func testFilesStayPointersWhereTheIndexCannotBeChanged() throws {
        try bench.add("a.bin", [1, 2, 3])
        try bench.commit()
        let pointer = try (bench.worktree / "a.bin").contents()
        let index = bench.worktree / ".git/index", lock = bench.worktree / ".git/index.lock"
        try lock.replaceContents(with: [])
        XCTAssertThrowsError(try bench.hydrate()) { error in
            guard case RepositoryError.git(.indexLocked(lock)) = error else { return XCTFail("\(error)") }
        }
        XCTAssert(lock.exists)
        try lock.removeFile()
        var bytes = try XCTUnwrap(index.contents())
        bytes[bytes.count - 1] ^= 1
        try index.replaceContents(with: bytes)
        XCTAssertThrowsError(try bench.hydrate()) { error in
            guard case RepositoryError.git(.indexDamaged(index)) = error else { return XCTFail("\(error)") }
        }
        XCTAssertEqual(try (bench.worktree / "a.bin").contents(), pointer)
        bytes[bytes.count - 1] ^= 1
        try index.replaceContents(with: bytes)
        XCTAssertEqual(try bench.hydrate().doneCount, 1)
    }

    func testIndexOfALinkedWorktreeIsTheOneRefreshed() throws {
        try bench.add("a.bin", [1, 2, 3])
        try bench.commit()
        try bench.git.query(["-c", "filter.data.smudge=cat", "worktree", "add", "--quiet", bench.scratch / "other"])
        let before = try bench.index.contents()
        let linked = try Repository.find(from: bench.scratch / "other")
        let outcome = try Hydration(repository: linked, store: linked.store(), progress: SilentProgress())
            .run(HydrationList(bench.files, in: bench.store), makingAbsent: false)
        XCTAssertEqual(outcome.doneCount, 1)
        XCTAssertNil(outcome.indexMessage)
        XCTAssertEqual(try bench.index.contents(), before)
        XCTAssertEqual(try linked.git().run(["diff-files", "--quiet"]).status, 0)
        XCTAssertEqual(try (bench.scratch / "other/a.bin").contents(), [1, 2, 3])
    }

    func testIndexThatTheEnvironmentNamesIsTheOneRefreshed() throws {
        try bench.add("a.bin", [1, 2, 3])
        try bench.commit()
        let before = try XCTUnwrap(bench.index.contents())
        try (bench.scratch / "other-index").replaceContents(with: before)
        for name: BytePath in ["../other-index", bench.scratch / "other-index"] {
            try TestProcess.with(["GIT_INDEX_FILE": name]) {
                let repository = try Repository.find(from: bench.worktree)
                _ = try Hydration(repository: repository, store: bench.store, progress: SilentProgress())
                    .run(HydrationList(bench.files, in: bench.store), makingAbsent: false)
                XCTAssert(try repository.git().query(["ls-files", "--debug", "a.bin"]).line.text.contains("size: 3\t"))
            }
            try bench.scratch.write(bench.files[0].pointerText, to: "work/a.bin")
        }
        XCTAssertEqual(try bench.index.contents(), before)
    }
}
