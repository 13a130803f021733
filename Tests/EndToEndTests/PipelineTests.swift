import Platform
import TestSupport
import XCTest

/// A project of Python scripts, as `Tests/pipeline` has it with real libraries: one command recreates it where nothing
/// of it ever was, and a package makes those stages stale whose scripts import it.
final class PipelineTests: EndToEndTestCase {
    private var work: Worktree!
    private var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        laboratory.variables["PYTHONPATH"] = laboratory.folder / "site"
        laboratory.variables["PYTHONDONTWRITEBYTECODE"] = "1"
        for name in ["scale", "floor", "unused"] { try install(name, "1.0") }
        (work, origin) = try laboratory.project()
        try work.write((1...300).map { "\($0),\($0 * 7 % 11)\n" }.joined(), to: "raw.csv")
        try work.write("{\"train\": {\"steps\": 3}}\n", to: "params.json")
        try work.write("open('clean.csv', 'w').writelines(line for line in open('raw.csv') if not line.endswith(',0\\n'))\n", to: "clean.py")
        try work.write(
            """
            import json, scale
            steps = json.load(open('params.json'))['train']['steps']
            rows = [int(line.split(',')[1]) for line in open('clean.csv')]
            open('model.bin', 'wb').write(bytes(scale.up(value, steps) % 256 for value in rows))

            """, to: "train.py")
        try work.write("import json\nmodel = open('model.bin', 'rb').read()\njson.dump({'score': sum(model)}, open('score.json', 'w'))\n", to: "evaluate.py")
        try work.data("run", "-i", "clean.py", "-i", "raw.csv", "-o", "clean.csv", "--", "python3", "clean.py")
        try work.data("run", "-i", "train.py", "-i", "clean.csv", "-p", "params.json:train", "-o", "model.bin", "--", "python3", "train.py")
        try work.data("run", "-i", "evaluate.py", "-i", "model.bin", "-m", "score.json", "--", "python3", "evaluate.py")
        try work.commit("First results")
        try work.git("tag", "v1")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    /// Makes a package of which each version does the same; `scale` requires `floor`.
    private func install(_ name: String, _ version: String) throws {
        let site = laboratory.folder / "site"
        try site.makeFolders()
        for other in try site.entries() where other.text.hasPrefix("\(name)-") { _ = site.appending(other).removeTree() }
        try (site / "\(name)-\(version).dist-info").makeFolders()
        let needed = name == "scale" ? "Requires-Dist: floor\n" : ""
        try (site / "\(name)-\(version).dist-info/METADATA").replaceContents(
            with: Array("Metadata-Version: 2.1\nName: \(name)\nVersion: \(version)\n\(needed)".utf8))
        try (site / "\(name).py").replaceContents(with: Array("def up(value, steps): return value * steps\n".utf8))
    }

    private func stale(in worktree: Worktree) throws -> [String] {
        try worktree.attempt("data", "repro", "--dry-run").lines.filter { !$0.hasPrefix("\t") }.map { String($0.prefix { $0 != ":" }) }
    }

    func testOneCommandOnAFreshMachineBringsEverythingAndWhatItWasMadeOf() throws {
        try work.write(try work.readText("clean.py") + "# Later.\n", to: "clean.py")
        try work.commit("Later")
        try work.git("push", "--quiet", "origin", "main", "v1")
        let other = laboratory.folder / "other"
        try (other / "home").makeFolders()
        laboratory.variables["HOME"] = other / "home"
        try laboratory.run("git-data", ["clone", "--quiet", "--revision", "v1", origin, "clone"], in: other).expecting(0)
        let clone = Worktree(folder: other / "clone", in: laboratory)
        let files = try work.git("ls-tree", "-r", "--name-only", "v1").lines
        XCTAssertEqual(files.filter { $0.hasPrefix("lineage/environments/") }.count, 1)
        XCTAssertEqual(try clone.git("ls-files").lines, files)
        for path in files.map({ BytePath($0) }) where path != "clean.py" { try assertContent(path, in: clone, is: work.read(path)) }
        try assertPointer("model.bin", in: clone, for: work.read("model.bin"))
        XCTAssertEqual(try stale(in: clone), [])
        XCTAssertEqual(try clone.data("verify-repro").lines, ["clean: the same bits", "train: the same bits", "evaluate: the same bits"])
        assertContains(try clone.data("environment", "show", "v1:train").text, "scale")
        try assertClean(clone)
    }

    func testPackageMakesThoseStagesStaleWhoseScriptsImportIt() throws {
        let cases: [(package: String, stale: [String], ran: [String])] = [
            ("unused", [], []),
            ("scale", ["train", "evaluate"], ["train"]),
            // `scale` requires it.
            ("floor", ["train", "evaluate"], ["train"]),
        ]
        for (package, stale, ran) in cases {
            try install(package, "1.1")
            XCTAssertEqual(try self.stale(in: work), stale, package)
            let repro = try work.data("repro")
            XCTAssertEqual(repro.errorText.split(separator: "\n").filter { $0.hasPrefix("[") }.map { String($0.dropFirst().prefix { $0 != "]" }) }, ran, package)
            XCTAssertEqual(try self.stale(in: work), [], package)
            if !ran.isEmpty { try work.commit(package) }
        }
        // As it was: the first runs are found again.
        for package in ["scale", "floor"] { try install(package, "1.0") }
        let repro = try work.data("repro")
        assertContains(repro.errorText, "[train] taken from")
        XCTAssertEqual(try stale(in: work), [])
    }
}
