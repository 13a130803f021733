import Platform
import TestSupport
import XCTest

@testable import Inspection

/// Rows and columns of two versions of a table.
final class TableComparisonTests: XCTestCase {
    private func compare(_ old: String, _ new: String) throws -> DataDifference {
        try .between(ByteSource(Array(old.utf8)), ByteSource(Array(new.utf8)))
    }

    private func assertRows(
        _ old: String, _ new: String, added: Int = 0, removed: Int = 0, changed: Int = 0, key: String? = nil,
        file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let rows = try XCTUnwrap(try compare(old, new).rows, file: file, line: line)
        XCTAssertEqual(rows.outcome, .compared, file: file, line: line)
        XCTAssertEqual([rows.added, rows.removed, rows.changed], [added, removed, changed], file: file, line: line)
        XCTAssertEqual(rows.key, key, file: file, line: line)
    }

    func testRowsWithAKeyAreKnownAgain() throws {
        try assertRows("id,v\n1,a\n2,b\n3,c\n", "id,v\n1,a\n2,B\n4,d\n", added: 1, removed: 1, changed: 1, key: "id")
        try assertRows("id,v\n1,a\n2,b\n3,c\n", "id,v\n3,c\n1,x\n2,b\n", changed: 1, key: "id")
        try assertRows("v,id\na,k1\nb,k2\na,k3\n", "v,id\na,k1\nb,k2\nb,k3\n", changed: 1, key: "id")
        let rows = try XCTUnwrap(try compare("id,v,w\n1,a,x\n2,b,y\n", "id,v,w\n1,a,x\n2,c,\n").rows)
        XCTAssertEqual(rows.changedSamples.map(\.text), ["2: v b → c, w y → nothing"])
        XCTAssertEqual(rows.changedCells, ["v": 1, "w": 1])
    }

    func testRowsWithoutAKeyAreCountedByAllTheirCells() throws {
        try assertRows("a,b\nx,y\nx,y\nz,z\n", "a,b\nx,y\nz,z\nx,y\nx,y\n", added: 1)
        try assertRows("a,b\nx,y\nx,y\nx,z\n", "a,b\nx,z\nx,y\nx,w\n", added: 1, removed: 1)
        try assertRows("a,b\nx,y\nx,y\n", "a,b\nq,q\nq,q\n", added: 2, removed: 2)
    }

    func testTheSameRowsInAnotherOrderOrFormAreNoChange() throws {
        let reordered = try compare("id,v\n1,a\n2,b\n3,c\n", "id,v\n3,c\n2,b\n1,a\n")
        XCTAssertEqual(reordered.rows?.isReordered, true)
        XCTAssertEqual(reordered.parts, [])
        let requoted = try compare("id,v\n1,a\n2,\n", "id,v\r\n\"1\",\"a\"\r\n2,\"\"\r\n")
        XCTAssertEqual(requoted.rows?.isEmpty, true)
        let turned = try compare("id,v,w\n1,a,x\n2,b,y\n", "w,id,v\nx,1,a\ny,2,b\n")
        XCTAssertEqual(turned.rows?.isEmpty, true)
    }

    func testColumnsThatCameWentAndGotANewName() throws {
        let change = try compare("id,v,w\n1,a,x\n2,b,y\n", "id,name,n\n1,a,7\n2,b,8\n")
        XCTAssertEqual(change.parts.map { "\($0.kind) \($0.name)" }, ["renamed name", "removed w", "added n"])
        XCTAssertEqual(change.parts.first?.oldName, "v")
        XCTAssertEqual(change.rows?.isEmpty, true, "rows are compared in the columns that both have")
        let retyped = try compare("id,v\n1,1\n2,2\n", "id,v\n1,1\n2,two\n")
        XCTAssertEqual(retyped.parts.first { $0.name == "v" }?.facts.first, .init(name: "type", old: .text("integer"), new: .text("mixed")))
        XCTAssertEqual(try compare("a,b\n1,2\n3,4\n", "c,d\n5,6\n7,8\n").rows?.outcome, .noCommonColumns)
    }

    func testJSONLinesAreComparedByKey() throws {
        let old = "{\"id\":\"a\",\"n\":1}\n{\"id\":\"b\",\"n\":2}\n"
        try assertRows(old, "{\"n\":1,\"id\":\"a\"}\n{\"id\":\"b\",\"n\":3,\"x\":true}\n", changed: 1, key: "id")
        try assertRows(old, old + "not json\n", added: 1)
        // An empty text and none are two things in JSON.
        try assertRows("{\"id\":1,\"s\":\"\"}\n{\"id\":2}\n", "{\"id\":1}\n{\"id\":2,\"s\":\"\"}\n", changed: 2, key: "id")
    }

    func testRowsOfAnotherWidthAreComparedWhole() throws {
        let old = "id,v\n" + (0..<30).map { "\($0),a\n" }.joined()
        try assertRows(old + "30,a,b\n31\n", old + "30,a,c\n31\n", changed: 1, key: "id")
        try assertRows(old + "30,a\n", old + "30,a,b,c\n", changed: 1, key: "id")
        try assertRows(old + "30,a\n", old + "30\n", changed: 1, key: "id")
    }

    func testDamagedVersionIsNotCompared() throws {
        let old = "id,v\n" + (0..<50).map { "\($0),a\n" }.joined()
        XCTAssertEqual(try compare(old, old + "51,\"open\n").rows?.outcome, .damaged)
    }

    func testWhatTakesTooMuchMemoryIsNotCompared() throws {
        let format = TableFormat.delimited(by: UInt8(ascii: ","))
        func table(_ first: String) throws -> (ByteSource, TableSummary) {
            let source = ByteSource(Array(("a,b\n" + (0..<60).map { "\(first),\($0 / 2)\n" }.joined()).utf8))
            return (source, try TableSummary(source, format))
        }
        func compare(limit: Int) throws -> RowDifference {
            try TableComparison(old: try table("x"), new: try table("y"), pairs: [(0, 0), (1, 1)], heldLimit: limit).result
        }
        let rows = try compare(limit: 59)
        XCTAssertEqual(rows.outcome, .tooMany(59))
        XCTAssertEqual([rows.added, rows.removed, rows.changed], [0, 0, 0])
        XCTAssertEqual(try compare(limit: 60).added, 60)
    }

    /// Against a model in which all rows are in memory.
    func testRandomEditsAreCountedRight() throws {
        var random = SeededRandom(seed: 11)
        for round in 0..<200 {
            let hasKey = round % 2 == 0
            var next = 0
            func row() -> [String] {
                next += 1
                return [hasKey ? "k\(next)" : "g\(Int.random(in: 0..<4, using: &random))", "\(Int.random(in: 0..<3, using: &random))", "x"]
            }
            let old = (0..<Int.random(in: 0...40, using: &random)).map { _ in row() }
            var new = old
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: new.insert(row(), at: Int.random(in: 0...new.count, using: &random))
                case 1: if !new.isEmpty { new.remove(at: Int.random(in: 0..<new.count, using: &random)) }
                case 2: if !new.isEmpty { new[Int.random(in: 0..<new.count, using: &random)][1] = "changed" }
                default: new.shuffle(using: &random)
                }
            }
            func text(_ rows: [[String]]) -> String { "key,v,c\n" + rows.map { $0.joined(separator: ",") + "\n" }.joined() }
            // Tables of one row or none may be told as other kinds of text.
            guard old.count > 2, new.count > 2 else { continue }
            let rows = try XCTUnwrap(try compare(text(old), text(new)).rows)
            if rows.key != nil {
                let before = Dictionary(uniqueKeysWithValues: old.map { ($0[0], $0) })
                let after = Dictionary(uniqueKeysWithValues: new.map { ($0[0], $0) })
                XCTAssertEqual(rows.removed, before.keys.filter { after[$0] == nil }.count)
                XCTAssertEqual(rows.added, after.keys.filter { before[$0] == nil }.count)
                XCTAssertEqual(rows.changed, before.filter { after[$0.key] != nil && after[$0.key] != $0.value }.count)
            } else {
                let counts = Dictionary(grouping: new, by: { $0 }).mapValues(\.count)
                    .merging(Dictionary(grouping: old, by: { $0 }).mapValues { -$0.count }) { $0 + $1 }
                XCTAssertEqual(rows.added, counts.values.filter { $0 > 0 }.reduce(0, +))
                XCTAssertEqual(rows.removed, -counts.values.filter { $0 < 0 }.reduce(0, +))
            }
        }
    }
}
