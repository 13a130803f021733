import Digest
@testable import Git
import Platform
import Synchronization
import TestSupport
import XCTest

/// Entries that are made clean in place, with Git to say whether they are.
final class IndexCleanFilesTests: XCTestCase {
    private static let farFuture = FileStatus.Time(seconds: 4_000_000_000, nanoseconds: 0)

    /// A filter that notes each of its runs, and turns content into one line, as ours does.
    private func repository(_ paths: [BytePath], isSHA256: Bool = false) throws -> IndexRepository {
        let repository = try IndexRepository(isSHA256: isSHA256)
        let log = repository.scratch / "log"
        let program = try repository.scratch.write(
            "#!/bin/sh\nprintf 'run\\n' >> '\(log)'\ncat > /dev/null\necho pointer\n", to: "filter", permissions: 0o755)
        try repository.set("filter.data.clean", program)
        try repository.set("filter.data.required", "true")
        try repository.write(Array("*.bin filter=data -text\n".utf8), to: ".gitattributes")
        for path in paths { try repository.write(Array("pointer\n".utf8), to: path) }
        // Young files would be compared by Git, filter and all, whatever we do.
        try repository.age(paths + [".gitattributes"])
        try repository.commit()
        return repository
    }

    private func filterRuns(_ repository: IndexRepository) throws -> Int {
        try (repository.scratch / "log").contents()?.split(separator: 10).count ?? 0
    }

    /// Gives the files other content, as hydration does, and makes them clean.
    private func hydrate(_ repository: IndexRepository, _ paths: [BytePath]) throws -> CleanFilesOutcome {
        for path in paths { try repository.write(Array("content of \(path)".utf8), to: path) }
        try repository.age(paths)
        return try repository.git.markClean(
            CleanFiles(try paths.map { try repository.cleanFile($0) }), index: repository.index, worktree: repository.worktree)
    }

    private func checkClean(_ repository: IndexRepository, file: StaticString = #filePath, line: UInt = #line) throws {
        let runs = try filterRuns(repository)
        XCTAssertEqual(try repository.changes(), "", file: file, line: line)
        XCTAssertEqual(try filterRuns(repository), runs, "the filter ran", file: file, line: line)
        XCTAssertEqual(try repository.git.run(["diff-files", "--quiet"]).status, 0, file: file, line: line)
        try repository.git.query(["fsck", "--strict"])
        XCTAssertFalse((repository.worktree / ".git/index.lock").exists, file: file, line: line)
    }

    /// Whether the bytes before the checksum differ in the stat fields of these entries alone.
    private func checkOnlyStatFieldsChanged(
        _ before: [UInt8], _ after: [UInt8], _ repository: IndexRepository, file: StaticString = #filePath,
        line: UInt = #line
    ) throws {
        XCTAssertEqual(before.count, after.count, file: file, line: line)
        var masked = before
        var cursor = try IndexCursor(before, nameByteCount: repository.algorithm.byteCount)
        while let entry = try cursor.next() {
            for position in 0..<40 where !(24..<28).contains(position) {
                masked[entry.offset + position] = after[entry.offset + position]
            }
        }
        let body = before.count - repository.algorithm.byteCount
        XCTAssertEqual(masked.prefix(body), after.prefix(body), file: file, line: line)
    }

    func testFilesAreCleanWithoutTheFilter() throws {
        let paths: [BytePath] = ["a.bin", "deep/er/b.bin", "deep/er.bin", BytePath(bytes: [0xff, 10, 0x2e, 0x62, 0x69, 0x6e])]
        for isSHA256 in [false, true] {
            for version: BytePath in ["2", "3", "4"] {
                let repository = try repository(paths, isSHA256: isSHA256)
                try repository.git.query(["update-index", "--index-version", version])
                if version == "3" {
                    try repository.write([], to: "other")
                    try repository.git.query(["add", "--intent-to-add", "other"])
                    try (repository.worktree / "other").removeFile()
                    try repository.git.query(["update-index", "--skip-worktree", "other"])
                }
                let before = try repository.bytes()
                XCTAssertEqual(try hydrate(repository, Array(paths.dropLast())), .refreshed)
                try checkOnlyStatFieldsChanged(before, try repository.bytes(), repository)
                let runs = try filterRuns(repository)
                for path in paths.dropLast() {
                    XCTAssertEqual(
                        try repository.git.run(["diff-files", "--quiet", "--", path]).status, 0, "\(path) in \(version)")
                }
                XCTAssertEqual(try filterRuns(repository), runs)
                if version != "3" { try checkClean(repository) }
            }
        }
    }

    /// Git is asked to refresh an index in which the entries are merely stale, and we are; both must agree.
    func testFieldsAreThoseThatGitWrites() throws {
        var random = SeededRandom(seed: 7)
        for round in 0..<6 {
            let repository = try IndexRepository(isSHA256: round % 3 == 2)
            let paths = Self.randomPaths(40, &random)
            for path in paths { try repository.write(random.bytes(Int.random(in: 1...300, using: &random)), to: path) }
            try repository.commit()
            try repository.git.query(["update-index", "--index-version", round % 2 == 0 ? "2" : "4"])
            let chosen = paths.filter { _ in Bool.random(using: &random) }
            // Other times and inodes, the same content.
            for path in chosen { try repository.write(try (repository.worktree / path).contents() ?? [], to: path) }
            try repository.age(paths)
            let stale = try repository.bytes()
            var file = try IndexImage(stale, algorithm: repository.algorithm)
            let changes = try file.markClean(
                try paths.map { try repository.cleanFile($0) }, writtenAt: Self.farFuture, sizeOfMultiples: 0)
            XCTAssertEqual(changes, IndexCopy.Changes(refreshed: paths.count, unsettled: 0))
            try repository.git.query(["update-index", "--refresh"])
            let expected = try repository.debug()
            try repository.index.replaceContents(with: file.bytes)
            XCTAssertEqual(try repository.debug(), expected)
            try checkOnlyStatFieldsChanged(stale, file.bytes, repository)
        }
    }

    private static func randomPaths(_ count: Int, _ random: inout SeededRandom) -> [BytePath] {
        let letters: [UInt8] = [0x61, 0x62, 0x2d, 0x2e, 0x5f, 0xff, 0x0a, 0x20, 0x22, 0xc3]
        var paths: Set<BytePath> = []
        while paths.count < count {
            let depth = Int.random(in: 0...2, using: &random)
            let names = (0...depth).map { level in
                let name = (0..<Int.random(in: 1...4, using: &random)).map { _ in letters.randomElement(using: &random) ?? 0x61 }
                // A folder's name is never a file's.
                return name + [level < depth ? 0x64 : 0x66]
            }
            paths.insert(BytePath(bytes: names.joined(separator: [0x2f])))
        }
        return Array(paths)
    }

    func testExtensionsStayByteForByte() throws {
        let paths = (0..<3000).map { BytePath("many/\($0).bin") }
        let repository = try IndexRepository()
        try repository.set("index.threads", "4")
        try repository.set("core.untrackedCache", "true")
        for path in paths { try repository.write([1], to: path) }
        try repository.commit()
        try repository.age(paths)
        try repository.git.query(["update-index", "--refresh"])
        _ = try repository.changes()
        let before = try repository.bytes()
        let extensions = try repository.file().extensions()
        for name in ["TREE", "UNTR", "EOIE", "IEOT"] { XCTAssert(extensions.contains(name), "\(name) in \(extensions)") }
        let chosen = Array(paths.prefix(50))
        for path in chosen { try repository.write([1], to: path) }
        try repository.age(chosen)
        XCTAssertEqual(
            try repository.git.markClean(
                CleanFiles(try chosen.map { try repository.cleanFile($0) }), index: repository.index, worktree: repository.worktree),
            .refreshed)
        try checkOnlyStatFieldsChanged(before, try repository.bytes(), repository)
        XCTAssertEqual(try repository.changes(), "")
    }

    func testIndexWatchedByAMonitorIsChangedInPlace() throws {
        // One monitor says that nothing changed, which Git believes; the other that everything may have.
        for answer in ["", "/\\0"] {
            let repository = try repository(["a.bin", "b.bin"])
            let monitor = try repository.scratch.write(
                "#!/bin/sh\nprintf 'token\\0\(answer)'\n", to: "monitor", permissions: 0o755)
            try repository.set("core.fsmonitor", monitor)
            try repository.git.query(["update-index", "--fsmonitor"])
            _ = try repository.changes()
            XCTAssert(try repository.file().extensions().contains("FSMN"))
            let before = try repository.bytes()
            XCTAssertEqual(try hydrate(repository, ["a.bin"]), .refreshed)
            try checkOnlyStatFieldsChanged(before, try repository.bytes(), repository)
            try checkClean(repository)
        }
    }

    func testSplitIndexIsComparedByGit() throws {
        let repository = try repository(["a.bin", "b.bin", "flagged.bin"])
        try repository.git.query(["update-index", "--assume-unchanged", "flagged.bin"])
        try repository.git.query(["update-index", "--split-index"])
        XCTAssertEqual(try hydrate(repository, ["a.bin", "flagged.bin"]), .comparedByGit(.split))
        try checkClean(repository)
        let flags = try repository.git.query(["ls-files", "-v", "flagged.bin"]).line
        XCTAssertEqual(flags, "h flagged.bin")
    }

    func testSplitIndexThatOthersLockAgainAndAgain() throws {
        let repository = try repository(["a.bin"])
        try repository.git.query(["update-index", "--split-index"])
        let index = repository.index
        let isOver = Atomic<Bool>(false)
        let other = WorkerThread {
            while !isOver.load(ordering: .relaxed) {
                // As Git takes it: where there is none.
                if let lock = try? LockFile(for: index) {
                    pause(.milliseconds(60))
                    _ = consume lock
                }
                pause(.milliseconds(40))
            }
        }
        for _ in 0..<10 { XCTAssertEqual(try hydrate(repository, ["a.bin"]), .comparedByGit(.split)) }
        isOver.store(true, ordering: .relaxed)
        other.join()
        XCTAssertEqual(try repository.changes(), "")
    }

    func testGitStagesNoEditWhereItCompares() throws {
        let repository = try repository(["a.bin"])
        try repository.set("filter.data.clean", "cat")
        try repository.git.query(["update-index", "--split-index"])
        let before = try repository.entry("a.bin")
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .comparedByGit(.split))
        XCTAssertEqual(try repository.entry("a.bin"), before)
        XCTAssertEqual(try repository.changes(), " M a.bin\n")
    }

    func testSparseIndexIsChangedInPlace() throws {
        let repository = try repository(["in/a.bin", "out/b.bin"])
        try repository.git.query(["sparse-checkout", "set", "--cone", "--sparse-index", "in"])
        XCTAssertEqual(try hydrate(repository, ["in/a.bin"]), .refreshed)
        XCTAssert(try repository.file().extensions().contains("sdir"))
        try checkClean(repository)
    }

    func testSkippedChecksumStaysSkipped() throws {
        let repository = try repository(["a.bin"])
        let zeros = [UInt8](repeating: 0, count: 20)
        try repository.index.replaceContents(with: Array(try repository.bytes().dropLast(20)) + zeros)
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .refreshed)
        XCTAssertEqual(Array(try repository.bytes().suffix(20)), zeros)
        XCTAssertEqual(try repository.changes(), "")
    }

    func testWrongChecksumLeavesTheIndexAlone() throws {
        let repository = try repository(["a.bin"])
        var bytes = try repository.bytes()
        bytes[bytes.count - 1] ^= 1
        try repository.index.replaceContents(with: bytes)
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .unsound(.wrongChecksum))
        XCTAssertEqual(try repository.bytes(), bytes)
    }

    func testHeldLockLeavesTheIndexAlone() throws {
        let repository = try repository(["a.bin"])
        let bytes = try repository.bytes()
        let lock = try LockFile(for: repository.index)
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .locked(repository.worktree / ".git/index.lock"))
        XCTAssertEqual(try repository.bytes(), bytes)
        XCTAssert((repository.worktree / ".git/index.lock").exists)
        _ = consume lock
    }

    func testLockThatIsReleasedIsWaitedFor() throws {
        let repository = try repository(["a.bin"])
        let held = repository.worktree / ".git/index.lock"
        try held.replaceContents(with: [])
        WorkerThread.detach {
            pause(.milliseconds(300))
            try? held.removeFile()
        }
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .refreshed)
        try checkClean(repository)
    }

    func testEntryWithAnotherObjectIsLeftAlone() throws {
        let repository = try repository(["a.bin", "b.bin"])
        let stale = try repository.cleanFile("a.bin")
        try repository.set("filter.data.clean", "cat")
        try repository.write([1, 2, 3], to: "a.bin")
        try repository.addAll()
        let before = try repository.debug(["a.bin"])
        XCTAssertEqual(
            try repository.git.markClean(CleanFiles([stale]), index: repository.index, worktree: repository.worktree), .refreshed)
        XCTAssertEqual(try repository.debug(["a.bin"]), before)
    }

    /// Most builds of Git could not tell such an edit by the times.
    func testFileThatChangedInTheSameSecondIsComparedByGit() throws {
        let repository = try repository(["a.bin"])
        try repository.set("filter.data.clean", "cat")
        try repository.set("core.trustctime", "false")
        try repository.write(Array("content".utf8), to: "a.bin")
        try repository.age(["a.bin"])
        let clean = try repository.cleanFile("a.bin")
        try Descriptor.open(repository.worktree / "a.bin", .write).write(Array("written".utf8))
        _ = try Finished("/usr/bin/touch", ["-d", "2020-01-02 03:04:05.6", repository.worktree / "a.bin"])
        XCTAssertEqual(
            try repository.git.markClean(CleanFiles([clean]), index: repository.index, worktree: repository.worktree), .refreshed)
        XCTAssertEqual(try repository.changes(), " M a.bin\n")
    }

    /// An edit in the second in which Git wrote the index, that leaves size and time as they were, is known to
    /// Git only by the index's age, which changes with our writing.
    func testYoungEditElsewhereStaysVisible() throws {
        let repository = try repository(["a.bin"])
        try repository.write(Array("one".utf8), to: "text")
        try repository.age(["text", "a.bin", ".gitattributes"])
        try repository.addAll()
        // Over the same inode, so that nothing but the content differs; the change of status is not compared.
        try repository.set("core.trustctime", "false")
        try Descriptor.open(repository.worktree / "text", .write).write(Array("two".utf8))
        try repository.age(["text"])
        _ = try Finished("/usr/bin/touch", ["-d", "2020-01-02 03:04:05.9", repository.index])
        XCTAssertEqual(try repository.git.run(["diff-files", "--quiet", "--", "text"]).status, 1, "the test's own premise")
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .refreshed)
        XCTAssertEqual(try repository.changes(), "AM text\n")
    }

    func testLargeFilesAreOlderThanTheIndex() throws {
        let repository = try repository(["a.bin", "sub/b.bin"])
        let content = [UInt8](repeating: 7, count: 33 << 20)
        for path: BytePath in ["a.bin", "sub/b.bin"] { try repository.write(content, to: path) }
        let files = try (["a.bin", "sub/b.bin"] as [BytePath]).map { try repository.cleanFile($0) }
        XCTAssertEqual(
            try repository.git.markClean(CleanFiles(files), index: repository.index, worktree: repository.worktree), .refreshed)
        try checkClean(repository)
    }

    func testSizesOfMultiplesOf4GiB() throws {
        let repository = try repository(["a.bin"])
        try Descriptor.open(repository.worktree / "a.bin", .write).truncate(to: 1 << 32)
        try repository.age(["a.bin"])
        let clean = try repository.cleanFile("a.bin")
        for size: UInt32 in [0, 1 << 31] {
            var file = try repository.file()
            _ = try file.markClean([clean], writtenAt: Self.farFuture, sizeOfMultiples: size)
            var cursor = try IndexCursor(file.bytes, nameByteCount: 20)
            while let entry = try cursor.next() {
                if cursor.path == clean.path.bytes { XCTAssertEqual(entry.byteCount, size) }
            }
        }
        XCTAssertEqual(
            try repository.git.markClean(CleanFiles([clean]), index: repository.index, worktree: repository.worktree), .refreshed)
        // What Git itself would write, it says by its version.
        let numbers = try repository.git.query(["version"]).line.text.split { !$0.isNumber }.compactMap { Int($0) }
        let expected = (numbers[0], numbers[1]) < (2, 43) ? "size: 0\t" : "size: 2147483648\t"
        XCTAssert(try repository.debug(["a.bin"]).contains(expected))
    }

    func testLinkedIndexStaysALink() throws {
        let repository = try repository(["a.bin"])
        let elsewhere = repository.scratch / "index-elsewhere"
        try repository.index.rename(to: elsewhere)
        _ = try Finished("/bin/ln", ["-s", elsewhere, repository.index])
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .refreshed)
        XCTAssertEqual(try repository.index.status()?.kind, .link)
        try checkClean(repository)
    }

    func testPermissionsOfTheIndexStay() throws {
        let repository = try repository(["a.bin"])
        try Descriptor.open(repository.index, .read).setPermissions(0o664)
        XCTAssertEqual(try hydrate(repository, ["a.bin"]), .refreshed)
        XCTAssertEqual(try repository.index.status()?.permissions, 0o664)
    }
}
