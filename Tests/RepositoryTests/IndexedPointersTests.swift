import Git
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

/// What the index has for single paths, in each of its forms.
final class IndexedPointersTests: XCTestCase {
    private var scratch: ScratchRepository!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchRepository()
    }

    override func tearDown() {
        scratch = nil
    }

    private func pointer(_ number: Int) -> Pointer {
        Pointer(oid: .of(Array("\(number)".utf8)), byteCount: Int64(number + 1), form: .gitData)
    }

    private func stage(_ files: [(path: BytePath, text: [UInt8], stage: Int)]) throws {
        var records: [UInt8] = []
        for file in files {
            let name = try scratch.git(["hash-object", "-w", "--stdin"], input: file.text).line
            records += Array("100644 \(name) \(file.stage)\t".utf8) + file.path.bytes + [0]
        }
        try scratch.git(["update-index", "-z", "--index-info"], input: records)
    }

    private func check(file: StaticString = #filePath, line: UInt = #line) throws {
        let found = IndexedPointers(try Repository.find(from: scratch.path))
        for number in 0..<50 {
            XCTAssertEqual(found.pointer(at: BytePath("data/\(number).dat")), pointer(number), file: file, line: line)
        }
        for path: BytePath in ["plain.txt", "large.txt", "conflict.dat", "data", "data/50.dat", "missing"] {
            XCTAssertNil(found.pointer(at: path), "\(path)", file: file, line: line)
        }
    }

    func testPointersAreFoundInEachFormOfTheIndex() throws {
        try stage((0..<50).map { (BytePath("data/\($0).dat"), pointer($0).text, 0) })
        try stage([
            ("plain.txt", [1, 2, 3], 0), ("large.txt", [UInt8](repeating: 1, count: 9000), 0),
            ("conflict.dat", pointer(60).text, 2), ("conflict.dat", pointer(61).text, 3),
        ])
        for version: BytePath in ["2", "4"] {
            try scratch.git("update-index", "--index-version", version)
            try check()
        }
        // Only Git can read this one.
        try scratch.git("update-index", "--split-index")
        try check()
    }

    func testThereIsNoneWithoutAnIndex() throws {
        XCTAssertNil(IndexedPointers(try Repository.find(from: scratch.path)).pointer(at: "data/1.dat"))
    }

    func testPointersAreFoundByTheirNames() throws {
        let name = try scratch.git(["hash-object", "-w", "--stdin"], input: pointer(7).text).line
        let found = IndexedPointers(try Repository.find(from: scratch.path))
        XCTAssertEqual(found.pointer(named: try XCTUnwrap(GitObjectName(hex: name.bytes))), pointer(7))
        XCTAssertNil(found.pointer(named: try XCTUnwrap(GitObjectName(hex: Array(String(repeating: "1", count: 40).utf8)))))
        // An object that is not there ends nothing.
        XCTAssertEqual(found.pointer(named: try XCTUnwrap(GitObjectName(hex: name.bytes))), pointer(7))
    }
}
