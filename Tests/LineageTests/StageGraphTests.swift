import Lineage
import Platform
import XCTest

/// How stages hang together.
final class StageGraphTests: XCTestCase {
    private func stage(_ name: String, reads: [String] = [], makes: [String] = []) throws -> Stage {
        let lines = ["[stage]", "\tcommand = true"] + reads.map { "\tinput = \($0)" } + makes.map { "\toutput = \($0)" }
        return try Stage(Array((lines.joined(separator: "\n") + "\n").utf8), name: self.name(name))
    }

    private func name(_ text: String) throws -> StageName {
        try XCTUnwrap(StageName(text))
    }

    private func names(_ texts: String...) throws -> [StageName] {
        try texts.map(name)
    }

    private func refusal(_ stages: [Stage], file: StaticString = #filePath, line: UInt = #line) -> StageError? {
        do {
            _ = try StageGraph(stages)
            XCTFail("accepted", file: file, line: line)
            return nil
        } catch {
            return error
        }
    }

    func testStagesComeAfterThoseThatTheyReadOfAndElseByName() throws {
        let graph = try StageGraph([
            stage("a", reads: ["c.out"], makes: ["a.out"]), stage("b", reads: ["raw"], makes: ["b.out"]),
            stage("c", reads: ["b.out"], makes: ["c.out"]), stage("d", makes: ["d.out"]),
        ])
        XCTAssertEqual(graph.order, try names("b", "c", "a", "d"))
        XCTAssertEqual(graph.upstream[try name("a")], try names("c"))
        XCTAssertEqual(graph.downstream[try name("b")], try names("c"))
    }

    func testParametersFilesAreReadToo() throws {
        var reader = try stage("a", makes: ["a.out"])
        reader.parameters = [Stage.Listed(Stage.Parameter(file: "made.json", key: "lr"))]
        let graph = try StageGraph([reader, stage("z", makes: ["made.json"])])
        XCTAssertEqual(graph.order, try names("z", "a"))
    }

    func testClosuresFollowEachDirectionInOrder() throws {
        // raw -> a -> b -> d, raw -> a -> c -> d, and e alone
        let graph = try StageGraph([
            stage("d", reads: ["b.out", "c.out"], makes: ["d.out"]), stage("b", reads: ["a.out"], makes: ["b.out"]),
            stage("c", reads: ["a.out"], makes: ["c.out"]), stage("a", reads: ["raw"], makes: ["a.out"]), stage("e", makes: ["e.out"]),
        ])
        XCTAssertEqual(graph.closure(upstreamOf: try names("c")), try names("a", "c"))
        XCTAssertEqual(graph.closure(upstreamOf: try names("d")), try names("a", "b", "c", "d"))
        XCTAssertEqual(graph.closure(downstreamOf: try names("b")), try names("b", "d"))
        XCTAssertEqual(graph.closure(downstreamOf: try names("a", "e")), try names("a", "b", "c", "d", "e"))
    }

    func testFoldersAndFilesInThemBelongTogether() throws {
        let graph = try StageGraph([
            stage("split", makes: ["data/parts"]), stage("one", reads: ["data/parts/1.csv"], makes: ["x/1"]),
            stage("two", reads: ["data/parts-other"], makes: ["x/2"]), stage("all", reads: ["x"], makes: ["all.csv"]),
        ])
        XCTAssertEqual(graph.upstream[try name("one")], try names("split"))
        XCTAssertEqual(graph.upstream[try name("two")], [], "names that begin alike are no folder")
        XCTAssertEqual(graph.upstream[try name("all")], try names("one", "two"))
        XCTAssertEqual(graph.makers(of: "x"), try names("one", "two"))
        XCTAssertEqual(graph.makers(of: "x/1"), try names("one"))
        XCTAssertEqual(graph.makers(of: "data/parts/9/z.csv"), try names("split"))
        XCTAssertEqual(graph.makers(of: "data/parts-other"), [])
        XCTAssertEqual(graph.makers(of: ""), try names("all", "one", "split", "two"))
    }

    func testCircleIsRefusedWithFileAndLine() throws {
        let error = try XCTUnwrap(
            refusal([
                stage("a", reads: ["raw", "c.out"], makes: ["a.out"]), stage("b", reads: ["a.out"], makes: ["b.out"]),
                stage("c", reads: ["b.out"], makes: ["c.out"]),
            ]))
        XCTAssertEqual(error.file, "lineage/a.stage")
        XCTAssertEqual(error.line, 4)
        XCTAssertEqual(error.reason, "the stages depend on each other in a circle: 'a' needs 'c' needs 'b' needs 'a'")
    }

    func testCircleThroughAFolderIsRefused() throws {
        let error = try XCTUnwrap(refusal([stage("a", reads: ["b"], makes: ["a/x"]), stage("b", reads: ["a"], makes: ["b/y"])]))
        XCTAssertEqual(error.file, "lineage/a.stage")
        XCTAssertEqual(error.line, 3)
    }

    func testCircleBehindAStageThatIsNotInItNamesThoseInIt() throws {
        let error = try XCTUnwrap(
            refusal([
                stage("a", reads: ["b.out"], makes: ["a.out"]), stage("b", reads: ["c.out"], makes: ["b.out"]),
                stage("c", reads: ["b.out"], makes: ["c.out"]),
            ]))
        XCTAssertEqual(error.reason, "the stages depend on each other in a circle: 'b' needs 'c' needs 'b'")
    }

    func testTwoStagesWithOneOutputAreRefused() throws {
        let error = try XCTUnwrap(refusal([stage("a", makes: ["x", "out.csv"]), stage("b", reads: ["r"], makes: ["out.csv"])]))
        XCTAssertEqual(error.file, "lineage/b.stage")
        XCTAssertEqual(error.line, 4)
        XCTAssertEqual(error.reason, "'out.csv' is an output in lineage/a.stage:4 already")
    }

    func testOutputInsideAnotherStagesOutputIsRefused() throws {
        for order in [("a", "b"), ("b", "a")] {
            let stages = try [stage(order.0, makes: ["out/deep/x.csv"]), stage(order.1, makes: ["out"])]
            let error = try XCTUnwrap(refusal(stages))
            XCTAssertEqual(error.file, BytePath("lineage/\(order.0).stage"))
            XCTAssertEqual(error.reason, "'out/deep/x.csv' is in 'out', which is an output in lineage/\(order.1).stage:3 already")
        }
    }

    func testChainOfTenThousandStagesNeedsNoStack() throws {
        let count = 10_000
        let chain = try (0..<count).map { try stage("s\($0)", reads: ["f\($0)"], makes: ["f\($0 + 1)"]) }
        let graph = try StageGraph(chain.shuffled())
        XCTAssertEqual(graph.order, try (0..<count).map { try name("s\($0)") })
        XCTAssertEqual(graph.closure(downstreamOf: try names("s9990")).count, 10)
        XCTAssertEqual(graph.closure(upstreamOf: try names("s9990")).count, 9991)
        let map = LineageMap(graph)
        XCTAssertEqual(map.nodes.count, 2 * count + 1)
        XCTAssertEqual(map.closure(upstreamOf: [.file(BytePath("f\(count)"))]).count, 2 * count + 1)
        let circle = try Array(chain.dropLast()) + [stage("s9999", reads: ["f9999"], makes: ["f0"])]
        let error = try XCTUnwrap(refusal(circle))
        XCTAssertLessThan(error.reason.utf8.count, 400)
    }

    func testMapLeadsFromFilesThroughStagesToFiles() throws {
        var train = try stage("train", reads: ["parts/1.csv", "train.py"], makes: ["model"])
        train.metrics = [Stage.Path("scores.json")]
        train.parameters = ["lr", "depth"].map { Stage.Listed(Stage.Parameter(file: "p.json", key: $0)) }
        let map = LineageMap(try StageGraph([stage("split", reads: ["raw"], makes: ["parts"]), train]), and: ["model/weights"])
        XCTAssertEqual(map.nodes.first, .file("raw"))
        let into = map.edges(into: .stage(try name("train")))
        XCTAssertEqual(into.map(\.from), [.file("parts/1.csv"), .file("train.py"), .file("p.json")])
        XCTAssertEqual(into.map(\.relation), [.input, .input, .parameter])
        XCTAssertEqual(into.last?.keys, ["lr", "depth"])
        XCTAssertEqual(map.edges(from: .stage(try name("train"))).map(\.relation), [.output, .metrics])
        XCTAssertEqual(map.edges(into: .file("parts/1.csv")).map(\.from), [.file("parts")])
        XCTAssertEqual(map.edges(into: .file("model/weights")).map(\.relation), [.part])
        XCTAssert(map.closure(upstreamOf: [.file("model/weights")]).contains(.file("raw")))
        XCTAssert(map.closure(downstreamOf: [.file("raw")]).contains(.file("scores.json")))
        XCTAssertFalse(map.closure(downstreamOf: [.file("raw")]).contains(.file("p.json")))
    }
}
