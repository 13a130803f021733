import Platform
import TestSupport
import XCTest

@testable import Git

/// What does not fit into memory is found on the disk, or stays in memory where there is none.
final class NameTableTests: XCTestCase {
    private var folder: ScratchFolder!

    override func setUpWithError() throws {
        folder = try ScratchFolder()
    }

    override func tearDown() {
        folder = nil
    }

    private func name(_ number: Int, of byteCount: Int = 20) throws -> GitObjectName {
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: (number &* 0x9E37_79B9 &+ $0 &* 31) >> ($0 % 4 * 8)) }
        return try XCTUnwrap(GitObjectName(bytes: bytes))
    }

    /// Fills a table in which so many names are in memory, and looks for each of them and for others.
    private func check(in folder: BytePath, limit: Int, byteCount: Int = 20, line: UInt = #line) throws {
        let table = NameTable(in: folder, limit: limit)
        XCTAssertNil(try table[name(0, of: byteCount)], line: line)
        let count = 3000
        for number in 0..<count {
            let (key, value) = (try name(number, of: byteCount), try name(number + 1, of: byteCount))
            XCTAssertTrue(try table.insert(key, value), line: line)
            XCTAssertFalse(try table.insert(key, key), "it keeps its value", line: line)
            // Of those before, one in memory or on the disk.
            XCTAssertEqual(try table[name(number / 2, of: byteCount)], try name(number / 2 + 1, of: byteCount), line: line)
        }
        XCTAssertEqual(table.count, count, line: line)
        for number in 0..<count {
            XCTAssertEqual(try table[name(number, of: byteCount)], try name(number + 1, of: byteCount), "\(number)", line: line)
        }
        for number in count..<2 * count { XCTAssertNil(try table[name(number, of: byteCount)], "\(number)", line: line) }
    }

    func testKeepsNamesInMemoryAndOnDisk() throws {
        for limit in [1, 7, 1000, 100_000] { try check(in: folder.path, limit: limit) }
        try check(in: folder.path, limit: 100, byteCount: 32)
        XCTAssertEqual(try folder.path.entries(), [], "a file that has a name")
    }

    func testKeepsNamesInMemoryWhereNoFileCanBeMade() throws {
        try check(in: folder.path / "absent", limit: 7)
    }

    func testKeepsAllWhereTheDiskFillsMeanwhile() throws {
        let disk: SmallFileSystem
        do { disk = try SmallFileSystem(byteCount: 128 << 10, on: folder / "disk") } catch let error as NotPossibleHere {
            throw XCTSkip(error.reason)
        }
        for limit in [1, 50, 500] { try check(in: disk.path, limit: limit) }
        let trees = FolderTrees(in: disk.path, limit: 10_000)
        for number in 0..<300 { trees.set([UInt8](repeating: UInt8(number % 256), count: 1000 + number), of: number) }
        for number in 0..<300 {
            XCTAssertEqual(try trees.tree(of: number), [UInt8](repeating: UInt8(number % 256), count: 1000 + number))
        }
    }

    /// Names whose first eight bytes are the same belong to one place of the table.
    func testNamesThatBeginAlikeAreToldApart() throws {
        let table = NameTable(in: folder.path, limit: 1)
        let names = try (0..<100).map { try XCTUnwrap(GitObjectName(bytes: [UInt8](repeating: 7, count: 19) + [UInt8($0)])) }
        for name in names { XCTAssertTrue(try table.insert(name, name)) }
        for name in names { XCTAssertEqual(try table[name], name) }
    }

    func testTreesThatGrowAndShrinkAreFound() throws {
        for place in [folder.path, folder.path / "absent"] {
            for limit in [0, 500, 1 << 20] {
                let trees = FolderTrees(in: place, limit: limit)
                XCTAssertNil(try trees.tree(of: 3))
                var expected: [Int: [UInt8]] = [:]
                for round in 0..<200 {
                    let number = round * 7 % 13
                    let tree = [UInt8](repeating: UInt8(round), count: round * 37 % 300)
                    trees.set(tree, of: number)
                    expected[number] = tree
                    for (number, tree) in expected { XCTAssertEqual(try trees.tree(of: number), tree) }
                }
            }
        }
    }
}
