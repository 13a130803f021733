import Lineage
import Platform
import XCTest

final class StageFileTests: XCTestCase {
    private func stage(_ text: String, _ name: String = "train") throws -> Stage {
        try Stage(Array(text.utf8), name: try XCTUnwrap(StageName(name)))
    }

    private func refusal(_ text: String, file: StaticString = #filePath, line: UInt = #line) -> StageError? {
        do {
            _ = try stage(text)
            XCTFail("accepted", file: file, line: line)
            return nil
        } catch {
            return error as? StageError
        }
    }

    func testRecipeIsReadWithItsLines() throws {
        let stage = try stage(
            """
            # how it is trained
            [stage]
            \tcommand = python train.py \\
              --fast
            \tinput = data/train.csv
            \tinput = ./train.py
            \tparameter = params.json:model.depth
            \tenvironment = python:numpy
            \tvariable = SEED
            \toutput = model/
            \tmetrics = reports/train.json

            """)
        XCTAssertEqual(stage.command?.value, "python train.py   --fast")
        XCTAssertEqual(stage.inputs.map(\.value), ["data/train.csv", "train.py"])
        XCTAssertEqual(stage.inputs.map(\.line), [5, 6])
        XCTAssertEqual(stage.parameters.map(\.value), [Stage.Parameter(file: "params.json", key: "model.depth")])
        XCTAssertEqual(stage.environment.map(\.value), ["python:numpy"])
        XCTAssertEqual(stage.variables.map(\.value), ["SEED"])
        XCTAssertEqual(stage.outputs.map(\.value), ["model"])
        XCTAssertEqual(stage.folders, ["model"])
        XCTAssertEqual(try Stage(stage.text, name: stage.name).folders, ["model"])
        XCTAssertEqual(stage.metrics.map(\.line), [11])
    }

    func testTextThatIsWrittenIsReadAgain() throws {
        var written = Stage(try XCTUnwrap(StageName("eu/train-1")))
        written.command = Stage.Listed("printf '%s\\n' \"a # b; c\"\n\techo  two ")
        written.folder = "sub folder"
        written.inputs = [Stage.Path("data/ä;#\"\\.csv"), Stage.Path("b")]
        written.outputs = [Stage.Path("out")]
        let read = try Stage(written.text, name: written.name)
        XCTAssertEqual(read.command?.value, written.command?.value)
        XCTAssertEqual(read.folder, written.folder)
        XCTAssertEqual(read.inputs.map(\.value), written.inputs.map(\.value))
        XCTAssertEqual(read.outputs.map(\.value), written.outputs.map(\.value))
        XCTAssertEqual(read.text, written.text)
    }

    func testSourceIsRead() throws {
        let stage = try stage("[source]\n\tgit = https://example.org/x.git\n\trevision = v1\n\tpath = a/b\n\toutput = data/b\n")
        XCTAssertEqual(stage.source?.kind, .git)
        XCTAssertEqual(stage.source?.revision, "v1")
        XCTAssertEqual(stage.source?.path, "a/b")
        XCTAssertEqual(try Stage(stage.text, name: stage.name).source, stage.source)
    }

    func testWhatMakesNoSenseIsNamedWithItsLine() {
        let cases: [(text: String, line: Int?, reason: String)] = [
            ("[stage]\ncommand = a\noutput = ../b\n", 3, "not a path inside"),
            ("[stage]\ncommand = a\noutput = /tmp/b\n", 3, "not a path inside"),
            ("[stage]\ncommand = a\ninput = x/.GIT/b\n", 3, "not a path inside"),
            ("[stage]\ncommand = a\n\noutput = b\noutput = b\n", 5, "already in line 4"),
            ("[stage]\ncommand = a\noutput = b\nmetrics = ./b\n", 4, "already in line 3"),
            ("[stage]\ncommand = a\ninput = b/c\noutput = b\n", 3, "output of the same stage"),
            ("[stage]\ncommand = a\noutput = lineage/x\n", 3, "where the records are"),
            ("[stage]\ncommand = a\noutput = .\n", 3, "whole worktree"),
            ("[stage]\ncommand = a\ncommand = b\n", 3, "second command"),
            ("[stage]\ncommand = a\nparameter = p.json:\n", 3, "FILE:KEY"),
            ("[stage]\ncommand = a\nvariable = 1A\n", 3, "environment variable"),
            ("[stage]\ncommand = a\ninputs = b\n", 3, "no key of a stage"),
            ("[stage]\ncommand =\n", 2, "no value"),
            ("[stage]\ncommand = \"a\n", 2, "syntax"),
            ("[stage]\noutput = b\n", nil, "neither a command nor a source"),
            ("[source]\nurl = u\n", nil, "one output"),
            ("[source]\nurl = u\nquery = q\noutput = b\n", 3, "second source"),
            ("", nil, "neither"),
        ]
        for (text, line, reason) in cases {
            let error = refusal(text)
            XCTAssertEqual(error?.line, line, text)
            XCTAssertTrue(error?.reason.contains(reason) == true, "\(text): \(error?.reason ?? "")")
            XCTAssertEqual(error?.file, "lineage/train.stage")
        }
    }

    func testEveryTruncationEndsWithAStageOrARefusal() throws {
        let text = Array("[stage]\n\tcommand = \"a \\\" b\" # c\n\tinput = x\n\toutput = y\n\tmetrics = z\n".utf8)
        let name = try XCTUnwrap(StageName("t"))
        for count in 0...text.count { _ = try? Stage(Array(text[..<count]), name: name) }
    }

    func testNamesThatWouldLeaveTheFolderAreNone() {
        for text in ["", ".", "..", "a/..", "../a", "a//b", "/a", "a/", ".hidden", "-x", "a b", "a\u{0}b", "ä"] {
            XCTAssertNil(StageName(text), text)
        }
        for text in ["a", "eu/train", "a.b-c_1"] { XCTAssertEqual(StageName(text)?.text, text) }
        XCTAssertEqual(StageName(stageFile: "lineage/eu/train.stage")?.text, "eu/train")
        XCTAssertNil(StageName(stageFile: "other/train.stage"))
        XCTAssertEqual(StageName(recordFile: "lineage/train.run.json")?.recordFile, "lineage/train.run.json")
    }
}
