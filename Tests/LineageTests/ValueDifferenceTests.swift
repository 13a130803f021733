import Digest
import Lineage
import Platform
import XCTest

/// Numbers that are compared, and values that are collected.
final class ValueDifferenceTests: XCTestCase {
    private func growth(_ old: JSONValue?, _ new: JSONValue?) throws -> String? {
        try difference(old, new).growth?.cellText
    }

    private func difference(_ old: JSONValue?, _ new: JSONValue?) throws -> ValueDifference {
        func values(_ value: JSONValue?) throws -> [ValueEntry] {
            var sources = VersionValues.Sources()
            sources.add("lineage/a.stage", Array("[stage]\ncommand = x\nmetrics = m.json\n".utf8))
            return VersionValues(sources, file: { _ in value.map { .values([ValueLeaf("k", $0)]) } ?? .absent }, blob: { _, _ in .absent }).metrics
        }
        return try XCTUnwrap(ValueDifference.between(values(old), values(new)).first)
    }

    func testGrowthHasNoMoreDigitsThanTheNumbers() throws {
        let cases: [(JSONValue, JSONValue, String?)] = [
            (.number(0.9), .number(0.8), "-0.1"), (.number(0.8), .number(0.9), "0.1"), (.number(0.9123), .number(0.9), "-0.0123"),
            (.integer(3), .integer(10), "7"), (.integer(.min), .integer(.max), "1.8446744073709552e+19"), (.integer(1), .number(1.5), "0.5"),
            (.number(1e-05), .number(3e-05), "2e-05"), (.number(1234.5678), .number(1300.1234), "65.5556"),
            (.number(0.12345678901234567), .number(0.5), "0.376543"), (.number(1e22), .number(3e22), "2e+22"), (.number(1), .number(1), "0.0"),
            (.number(99.99), .number(100), "0.01"), (.number(0.001), .number(1000), "999.999"),
            (.number(.nan), .number(1), nil), (.number(.infinity), .number(.infinity), nil), (.text("a"), .integer(1), nil),
        ]
        for (old, new, expected) in cases { XCTAssertEqual(try growth(old, new), expected, "\(old) → \(new)") }
        XCTAssertNil(try growth(nil, .integer(1)))
    }

    func testEqualNumbersAreNoChange() throws {
        XCTAssertFalse(try difference(.integer(1), .number(1)).isChange)
        XCTAssertFalse(try difference(.number(.nan), .number(.nan)).isChange)
        XCTAssertTrue(try difference(.number(.nan), .number(1)).isChange)
        XCTAssertTrue(try difference(nil, .number(1)).isChange)
        XCTAssertTrue(try difference(.integer(9_007_199_254_740_993), .integer(9_007_199_254_740_992)).isChange)
        XCTAssertTrue(try difference(.text("1"), .integer(1)).isChange)
    }

    func testNumbersAreWrittenSoThatTheyAreReadBack() {
        for number in [0.1, 1e-7, 1.0, 1e22, 123456.789, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude] {
            XCTAssertEqual(Double(JSONValue.number(number).cellText), number)
        }
        XCTAssertEqual(JSONValue.number(.nan).cellText, "NaN")
        XCTAssertEqual(JSONValue.number(-.infinity).cellText, "-Infinity")
    }

    private func sources(_ recipe: String, metrics: [String: JSONValue] = [:], parameters: [String: JSONValue] = [:], outputs: [String: ContentID] = [:])
        -> VersionValues.Sources
    {
        var sources = VersionValues.Sources()
        sources.add("lineage/train.stage", Array("[stage]\ncommand = x\n\(recipe)".utf8))
        var causes = RunRecord.Causes()
        causes.parameters = parameters
        var record = RunRecord(causes)
        record.metrics = metrics
        record.outputs = outputs
        sources.add("lineage/train.run.json", record.text)
        return sources
    }

    func testRecordTellsWhatFilesDoNot() {
        let oid = ObjectID.of([1])
        let all = sources(
            "metrics = m.json\nmetrics = p.json\nparameter = q.yaml:a.b\n",
            metrics: ["m.json": .object(["loss": .number(.nan)]), "p.json": .integer(3)], parameters: ["q.yaml:a.b": .object(["c": .integer(1)])],
            outputs: ["p.json": .blob(oid)])
        let fromRecord = VersionValues(all, file: { $0 == "p.json" ? .pointer(oid) : .absent }, blob: { _, _ in .absent })
        XCTAssertEqual(fromRecord.metrics.map(\.key), ["loss", "value"])
        XCTAssertEqual(fromRecord.metrics.first?.value.cellText, "NaN")
        XCTAssertEqual(fromRecord.metrics.last?.value, .integer(3))
        XCTAssertEqual(fromRecord.parameters.map(\.key), ["a.b.c"])
        XCTAssertEqual(fromRecord.problems, [])
        // A record of other content is no witness.
        let other = VersionValues(all, file: { $0 == "p.json" ? .pointer(.of([2])) : .absent }, blob: { _, _ in .absent })
        XCTAssertEqual(other.metrics.map(\.key), ["loss"])
        XCTAssertEqual(other.problems.map(\.file), ["p.json"])
    }

    func testSelectionKnowsStagesFilesAndBeginnings() {
        var sources = self.sources("metrics = a.json\nmetrics = b.json\n")
        sources.add("lineage/x/eval.stage", Array("[stage]\ncommand = x\nmetrics = c.json\n".utf8))
        sources.add("lineage/bad.stage", Array("[stage]\nnonsense = 1\n".utf8))
        let leaves = [ValueLeaf("val.loss", .integer(1)), ValueLeaf("valid", .integer(2))]
        func keys(_ asked: String...) -> [String] {
            var values = VersionValues(sources, file: { _ in .values(leaves) }, blob: { _, _ in .absent })
            values.select(metrics: asked)
            return values.metrics.map { "\($0.name.scope) \($0.name.key)" }
        }
        XCTAssertEqual(keys("val"), ["train a.json:val.loss", "train b.json:val.loss", "x/eval val.loss"])
        XCTAssertEqual(keys("x/eval:valid", "a.json:val.loss"), ["train a.json:val.loss", "x/eval valid"])
        XCTAssertEqual(keys("loss"), [])
        XCTAssertEqual(sources.problems.map(\.file), ["lineage/bad.stage"])
    }
}
