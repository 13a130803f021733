import Digest
@testable import Git
import Platform
import TestSupport
import XCTest

/// The reader of the index against indexes that Git wrote.
final class IndexFileTests: XCTestCase {
    private static let oddPaths: [BytePath] = [
        "a.b", "a/b/c", "a0", "b", BytePath(bytes: [0x66, 0xff, 0xfe]), "line\nbreak", "quote\"back\\slash", "ä", "zz/ ",
        BytePath(String(repeating: "long/", count: 60) + "name"),
    ]

    private func repository(isSHA256: Bool = false, _ paths: [BytePath] = oddPaths) throws -> IndexRepository {
        let repository = try IndexRepository(isSHA256: isSHA256)
        for (position, path) in paths.enumerated() { try repository.write(Array("\(position)".utf8), to: path) }
        try repository.addAll()
        return repository
    }

    private func checkPaths(_ repository: IndexRepository, file: StaticString = #filePath, line: UInt = #line) throws {
        let expected = try repository.git.query(["ls-files", "-z", "--sparse"]).records
        XCTAssertEqual(try repository.file().paths(), expected, file: file, line: line)
    }

    func testVersion2IsRead() throws {
        let repository = try repository()
        XCTAssertEqual(try repository.file().version, 2)
        try checkPaths(repository)
    }

    func testVersion3WithExtendedFlagsIsRead() throws {
        let repository = try repository()
        try repository.write([1], to: "new")
        try repository.git.query(["add", "--intent-to-add", "new"])
        try repository.git.query(["update-index", "--skip-worktree", "a/b/c"])
        XCTAssertEqual(try repository.file().version, 3)
        try checkPaths(repository)
    }

    func testVersion4WithSharedPrefixesIsRead() throws {
        let repository = try repository()
        try repository.git.query(["update-index", "--index-version", "4"])
        XCTAssertEqual(try repository.file().version, 4)
        try checkPaths(repository)
    }

    func testIndexOfSHA256RepositoryIsRead() throws {
        for version: BytePath in ["2", "4"] {
            let repository = try repository(isSHA256: true)
            try repository.git.query(["update-index", "--index-version", version])
            try checkPaths(repository)
        }
    }

    /// There is no room for four thousand million paths, and none is wanted.
    func testHeadThatPromisesMoreThanThereIsIsRefused() {
        let bytes = Array("DIRC".utf8) + [0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff] + [UInt8](repeating: 0, count: 64)
        XCTAssertThrowsError(try IndexContents(bytes, written: .init(seconds: 0, nanoseconds: 0)))
    }

    func testPathsOf4095BytesAndMoreAreRead() throws {
        let repository = try IndexRepository()
        let blob = try repository.git.query(["hash-object", "-w", "--stdin"], input: [1]).line
        let paths = [4094, 4095, 4096, 9000].map { BytePath(bytes: [UInt8](repeating: 0x78, count: $0)) }
        var input: [UInt8] = []
        for path in paths { input += Array("100644 \(blob) 0\t".utf8) + path.bytes + [0] }
        for version: BytePath in ["2", "4"] {
            try repository.git.query(["update-index", "-z", "--index-info"], input: input)
            try repository.git.query(["update-index", "--index-version", version])
            XCTAssertEqual(try repository.file().paths(), paths)
        }
    }

    func testExtensionsArePassedOver() throws {
        let repository = try repository()
        try repository.set("core.untrackedCache", "true")
        try repository.set("index.threads", "4")
        try repository.set("feature.manyFiles", "true")
        try repository.commit()
        for number in 0..<4000 { try repository.write([], to: BytePath("many/\(number)")) }
        try repository.commit()
        _ = try repository.changes()
        let extensions = try repository.file().extensions()
        for name in ["TREE", "UNTR", "EOIE", "IEOT"] { XCTAssert(extensions.contains(name), "\(name) in \(extensions)") }
        try checkPaths(repository)
    }

    func testConflictStagesAreRead() throws {
        let repository = try IndexRepository()
        let blob = try repository.git.query(["hash-object", "-w", "--stdin"], input: [1]).line
        let input = (1...3).map { "100644 \(blob) \($0)\tfile\n" }.joined()
        try repository.git.query(["update-index", "--index-info"], input: Array(input.utf8))
        var cursor = try IndexCursor(try repository.bytes(), nameByteCount: 20)
        var stages: [Int] = []
        while let entry = try cursor.next() { stages.append(entry.stage) }
        XCTAssertEqual(stages, [1, 2, 3])
    }

    func testSparseIndexIsRead() throws {
        let repository = try repository(["in/a", "out/b", "out/deep/c", "top"])
        try repository.commit()
        try repository.git.query(["sparse-checkout", "set", "--cone", "--sparse-index", "in"])
        XCTAssert(try repository.file().extensions().contains("sdir"))
        XCTAssertEqual(try repository.file().paths(), ["in/a", "out/", "top"])
    }

    func testSplitIndexIsLeftToGit() throws {
        let repository = try repository()
        try repository.git.query(["update-index", "--split-index"])
        XCTAssertThrowsError(try repository.file()) { XCTAssertEqual($0 as? IndexFormatError, .split) }
    }

    func testUnknownVersionIsLeftToGit() throws {
        var bytes = try repository().bytes()
        bytes[7] = 5
        XCTAssertThrowsError(try IndexImage(bytes, algorithm: .sha1)) {
            XCTAssertEqual($0 as? IndexFormatError, .unknownVersion(5))
        }
    }

    func testUnknownExtensionIsPassedOverOnlyWhereItMayBe() throws {
        let bytes = try repository().bytes()
        for (name, expected) in [("ABCD", nil), ("abcd", IndexFormatError.unknownExtension("abcd"))] {
            var changed = Array(bytes.dropLast(20))
            changed += Array(name.utf8) + [0, 0, 0, 3, 1, 2, 3]
            changed += [UInt8](repeating: 0, count: 20)
            do {
                _ = try IndexImage(changed, algorithm: .sha1)
                XCTAssertNil(expected)
            } catch {
                XCTAssertEqual(error as? IndexFormatError, expected)
            }
        }
    }

    func testWrongChecksumIsRefused() throws {
        var bytes = try repository().bytes()
        bytes[20] ^= 1
        XCTAssertThrowsError(try IndexImage(bytes, algorithm: .sha1)) {
            XCTAssertEqual($0 as? IndexFormatError, .wrongChecksum)
        }
    }

    func testEveryTruncationIsRefused() throws {
        for version: BytePath in ["2", "3", "4"] {
            let repository = try repository()
            try repository.git.query(["update-index", "--index-version", version])
            if version == "3" { try repository.git.query(["update-index", "--skip-worktree", "b"]) }
            let bytes = try repository.bytes()
            let body = bytes.dropLast(20)
            for count in 0..<bytes.count {
                XCTAssertThrowsError(try IndexImage(Array(bytes.prefix(count)), algorithm: .sha1)) { error in
                    XCTAssert(error is IndexFormatError)
                }
            }
            // With no checksum to betray it, a cut still shows, save at the border of an extension.
            let borders = Set(try extensionStarts(bytes))
            for count in 0..<body.count where !borders.contains(count) {
                let cut = Array(body.prefix(count)) + [UInt8](repeating: 0, count: 20)
                XCTAssertThrowsError(try IndexImage(cut, algorithm: .sha1), "cut at \(count)") { error in
                    XCTAssert(error is IndexFormatError)
                }
            }
        }
    }

    private func extensionStarts(_ bytes: [UInt8]) throws -> [Int] {
        var cursor = try IndexCursor(bytes, nameByteCount: 20)
        while try cursor.next() != nil {}
        var starts: [Int] = []
        var offset = cursor.offset
        while offset < bytes.count - 20 {
            starts.append(offset)
            offset += 8 + Int(bytes.bigEndianWord(at: offset + 4))
        }
        return starts
    }

    func testChangedBytesNeverCrash() throws {
        for version: BytePath in ["2", "4"] {
            let repository = try repository()
            try repository.git.query(["update-index", "--index-version", version])
            let bytes = Array(try repository.bytes().dropLast(20)) + [UInt8](repeating: 0, count: 20)
            let files = try Self.oddPaths.map { try repository.cleanFile($0) }
            for position in 0..<bytes.count - 20 {
                for value: UInt8 in [0, 0x7f, 0x80, 0xff, bytes[position] ^ 1] {
                    var changed = bytes
                    changed[position] = value
                    guard var file = try? IndexImage(changed, algorithm: .sha1) else { continue }
                    let written = FileStatus.Time(seconds: 0, nanoseconds: 0)
                    _ = try file.markClean(files, writtenAt: written, sizeOfMultiples: 0)
                    XCTAssertEqual(file.bytes.count, bytes.count)
                }
            }
        }
    }
}
