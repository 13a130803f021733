@testable import Git
import Platform
import TestSupport
import XCTest

/// The index as it is read here, against what Git says of it.
final class IndexContentsTests: XCTestCase {
    private let odd: [BytePath] = ["a.b", "a/b/c", BytePath(bytes: [0x66, 0xff, 0xfe]), "line\nbreak", "quote\"back\\slash"]

    private func repository(isSHA256: Bool = false) throws -> IndexRepository {
        let repository = try IndexRepository(isSHA256: isSHA256)
        for (position, path) in odd.enumerated() { try repository.write(Array("\(position)".utf8), to: path) }
        try repository.addAll()
        return repository
    }

    private func contents(_ repository: IndexRepository) throws -> IndexContents {
        try XCTUnwrap(IndexContents(file: repository.index))
    }

    private func assertAsGitSays(_ repository: IndexRepository, file: StaticString = #filePath, line: UInt = #line) throws {
        let contents = try contents(repository)
        let expected = try repository.git.indexEntries()
        XCTAssertEqual(contents.items.map { contents.entry($0) }, expected, file: file, line: line)
        XCTAssertEqual(contents.items.map(\.isRegularFile), expected.map(\.isRegularFile), file: file, line: line)
        XCTAssertEqual(try portions(of: repository).flatMap { $0 }, expected, file: file, line: line)
    }

    private func portions(of repository: IndexRepository) throws -> [[IndexEntry]] {
        let portions = try XCTUnwrap(IndexPortions(file: repository.index))
        var all: [[IndexEntry]] = []
        while let portion = try portions.next() { all.append(portion.items.map { portion.entry($0) }) }
        return all
    }

    func testLargeIndexOfEveryVersionIsAsGitSays() throws {
        for isSHA256 in [false, true] {
            let repository = try repository(isSHA256: isSHA256)
            let blob = try repository.git.query(["hash-object", "-w", "--stdin"], input: [1]).line
            var random = SeededRandom(seed: 5)
            let paths = (0..<40_000).map { "folder \($0 / 1000)/" + String(repeating: "x", count: .random(in: 1...90, using: &random)) + "-\($0)" }
            try repository.git.query(
                ["update-index", "--index-info"], input: Array(paths.map { "100644 \(blob) 0\t\($0)\n" }.joined().utf8))
            for version: BytePath in ["2", "4"] {
                try repository.git.query(["update-index", "--index-version", version])
                try assertAsGitSays(repository)
                XCTAssertEqual(try portions(of: repository).map(\.count), [16_384, 16_384, 40_000 + odd.count - 2 * 16_384])
            }
        }
    }

    func testEveryVersionIsAsGitSays() throws {
        for isSHA256 in [false, true] {
            for version: BytePath in ["2", "3", "4"] {
                let repository = try repository(isSHA256: isSHA256)
                try repository.git.query(["update-index", "--index-version", version])
                try assertAsGitSays(repository)
            }
        }
    }

    func testIntentToAddAndSkippedFilesAreAsGitSays() throws {
        for isSHA256 in [false, true] {
            let repository = try repository(isSHA256: isSHA256)
            try repository.write([1], to: "new")
            try repository.git.query(["add", "--intent-to-add", "new"])
            try repository.git.query(["update-index", "--skip-worktree", "a/b/c"])
            try repository.git.query(["update-index", "--assume-unchanged", "a.b"])
            try assertAsGitSays(repository)
        }
    }

    func testConflictsLinksAndSubmodulesAreAsGitSays() throws {
        let repository = try repository()
        try repository.commit()
        let commit = try XCTUnwrap(try repository.git.resolve("HEAD"))
        let blob = try repository.git.query(["hash-object", "-w", "--stdin"], input: [1]).line
        var input = (1...3).map { "100644 \(blob) \($0)\tfile\n" }.joined()
        input += "120000 \(blob) 0\tlink\n100755 \(blob) 0\trun\n160000 \(commit) 0\tsub\n"
        try repository.git.query(["update-index", "--index-info"], input: Array(input.utf8))
        try assertAsGitSays(repository)
    }

    func testAbsentIndexHasNoEntries() throws {
        let repository = try IndexRepository()
        XCTAssertEqual(try contents(repository).items.count, 0)
        XCTAssertEqual(try portions(of: repository), [])
        try repository.git.query(["read-tree", "--empty"])
        XCTAssertEqual(try contents(repository).items.count, 0)
        XCTAssertEqual(try portions(of: repository), [])
    }

    func testSplitSparseAndDamagedIndexesAreLeftToGit() throws {
        let split = try repository()
        try split.git.query(["update-index", "--split-index"])
        XCTAssertNil(IndexContents(file: split.index))
        XCTAssertNil(IndexPortions(file: split.index))
        let sparse = try IndexRepository()
        for path: BytePath in ["in/a", "out/b", "out/deep/c", "top"] { try sparse.write([1], to: path) }
        try sparse.commit()
        try sparse.git.query(["sparse-checkout", "set", "--cone", "--sparse-index", "in"])
        XCTAssertNil(IndexContents(file: sparse.index))
        XCTAssertNil(IndexPortions(file: sparse.index))
        let damaged = try repository()
        let bytes = try damaged.bytes()
        for count in [0, 11, 40, 100, bytes.count / 2, bytes.count - 30] {
            try damaged.index.replaceContents(with: Array(bytes.prefix(count)))
            XCTAssertNil(IndexContents(file: damaged.index), "\(count)")
            XCTAssertNil(IndexPortions(file: damaged.index), "\(count)")
        }
    }

    func testFilesAreKnownAgainByTheirStatus() throws {
        let repository = try repository()
        try repository.age(odd)
        try repository.git.query(["update-index", "--refresh"])
        let contents = try contents(repository)
        let top = try Descriptor.open(repository.worktree, [.read, .folder])
        for item in contents.items {
            let path = contents.path(of: item)
            let status = try XCTUnwrap(contents.status(of: item, in: top))
            XCTAssertEqual(status, try (repository.worktree / path).status())
            XCTAssertEqual(contents.knownStatus(of: item)?.matches(status), true, "\(path)")
        }
        try repository.write(Array("changed".utf8), to: "a.b")
        let changed = try XCTUnwrap(contents.items.first { contents.path(of: $0) == "a.b" })
        let status = try XCTUnwrap(try contents.status(of: changed, in: top))
        XCTAssertEqual(contents.knownStatus(of: changed)?.matches(status), false)
        try (repository.worktree / "a.b").removeFile()
        XCTAssertNil(try contents.status(of: changed, in: top))
    }

    func testFileThatIsAsYoungAsTheIndexIsNotKnown() throws {
        let repository = try repository()
        let written = try XCTUnwrap(repository.index.status()).modified
        let bytes = try repository.bytes()
        let modified = try XCTUnwrap((repository.worktree / "a.b").status()).modified
        for (seconds, isKnown) in [(modified.seconds, false), (modified.seconds - 1, false), (written.seconds + 10, true)] {
            let contents = try IndexContents(bytes, written: FileStatus.Time(seconds: seconds, nanoseconds: 0))
            let item = try XCTUnwrap(contents.items.first { contents.path(of: $0) == "a.b" })
            XCTAssertEqual(contents.knownStatus(of: item) != nil, isKnown)
        }
    }
}
