import Lineage
import Platform
import XCTest

final class ScriptUsesTests: XCTestCase {
    private func stage(_ command: String, folder: BytePath = "", inputs: [BytePath] = []) throws -> Stage {
        var stage = Stage(try XCTUnwrap(StageName("train")))
        stage.command = .init(command)
        stage.folder = folder
        stage.inputs = inputs.map { .init($0) }
        return stage
    }

    func testRecordIsBelowTheScriptsOwnPath() {
        XCTAssertEqual(ScriptUses.file(of: "src/train.py"), "lineage/uses/src/train.py.uses")
    }

    func testLinesArePathsAndPathsOfRevisions() {
        var uses = ScriptUses()
        uses.add(record: Array("data/train\n\n./data//x y.csv\nmodel.bin\tv1\n.\n".utf8))
        XCTAssertEqual(uses.paths, ["data/train", "data/x y.csv", ""])
        XCTAssertEqual(uses.earlier.map(\.path), ["model.bin"])
        XCTAssertEqual(uses.earlier.map(\.revision), ["v1"])
    }

    func testLinesThatNameNothingInsideArePassedOver() {
        var uses = ScriptUses()
        uses.add(record: Array("/etc/passwd\n../up\na/../../up\n<<<<<<< HEAD\n=======\n>>>>>>> topic\n\tv1\ta\n".utf8))
        XCTAssertEqual(uses.paths, [])
        XCTAssertEqual(uses.earlier.map(\.path), ["v1"])
    }

    func testStageRunsTheScriptThatItNames() throws {
        for command in [
            "python src/train.py --fast", "cd x; python ./src/train.py", "python 'src/train.py'>log", "env A=1 python -m src.train",
            "jupyter nbconvert --execute=src/train.py",
        ] {
            XCTAssert(try stage(command).runs("src/train.py"), command)
        }
        XCTAssert(try stage("python train.py", folder: "src").runs("src/train.py"))
        XCTAssert(try stage("python -m pack", folder: "src").runs("src/pack/__main__.py"))
        XCTAssert(try stage("make", inputs: ["src/train.py"]).runs("src/train.py"))
    }

    func testStageDoesNotRunWhatIsOnlyAlike() throws {
        for command in ["python train.py", "python src/train.pyc", "python src/train.py.old", "python -m src.train.py2", "python xsrc/train.py"] {
            XCTAssertFalse(try stage(command).runs("src/train.py"), command)
        }
        // A folder holds other scripts too, whose data this one does not read.
        XCTAssertFalse(try stage("make", inputs: ["src", "src/train.py2"]).runs("src/train.py"))
    }
}
