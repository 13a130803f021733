import Digest
import Platform
import TestSupport
import XCTest

/// A project of a team that works in Python: data in two folders whose names are alike, a model of which the tag `v1`
/// has another version, and a colleague's clone in which everything is a pointer.
class PythonTestCase: EndToEndTestCase {
    private(set) var work: Worktree!
    private(set) var origin: BytePath!
    private(set) var clone: Worktree!

    let contents: [BytePath: [UInt8]] = [
        "data/train/0.csv": SampleData.bytes(30_000, seed: 1), "data/train/1.csv": SampleData.bytes(30_001, seed: 2),
        "data/train2/0.csv": SampleData.bytes(30_002, seed: 3), "model.bin": SampleData.bytes(50_000, seed: 4),
    ]
    let earlierModel = SampleData.bytes(40_000, seed: 5)

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        for (path, content) in contents { try work.write(content, to: path) }
        try work.write(earlierModel, to: "model.bin")
        try work.write("seed = 1\n", to: "notes.txt")
        try work.commit("Data")
        try work.git("tag", "v1")
        try work.write(contents["model.bin"] ?? [], to: "model.bin")
        try work.write("seed = 2\n", to: "notes.txt")
        try work.commit("A better model")
        try work.git("push", "--quiet", "--tags", "origin", "main")
        clone = try laboratory.cloneOfPointers(origin)
        laboratory.variables["PYTHONPATH"] = laboratory.installation.sources / "Sources/Python"
        laboratory.variables["PYTHONDONTWRITEBYTECODE"] = "1"
    }

    override func tearDown() {
        (work, clone) = (nil, nil)
        super.tearDown()
    }

    func content(_ path: BytePath) throws -> [UInt8] { try XCTUnwrap(contents[path]) }

    /// What the scripts print of a file.
    func digest(_ content: [UInt8]) -> String { ObjectID.of(content).hex }

    /// The lines that scripts begin with: `show` prints the digest of a file's content.
    private let head = """
        import git_data, hashlib, os, sys
        def show(path): print(hashlib.sha256(open(path, "rb").read()).hexdigest())

        """

    /// Writes a script into the clone, without running it.
    func write(_ script: String, as name: BytePath = "train.py") throws {
        try clone.write(head + script + "\n", to: name)
    }

    /// Writes a script into the clone and runs it there, or in another folder.
    func python(
        _ script: String, as name: BytePath = "train.py", in folder: BytePath? = nil, with environment: [String: BytePath?] = [:]
    ) throws -> Outcome {
        try write(script, as: name)
        return try laboratory.run("python3", [clone.folder / name], in: folder ?? clone.folder, with: environment)
    }

    /// The last lines of what Python says of an error: the error itself.
    func error(of run: Outcome) -> [String] {
        run.errorText.split(separator: "\n").map(String.init).drop { !$0.hasPrefix("git_data.DataError: ") }.map { $0 }
    }

    func assertPointers(_ paths: BytePath..., file: StaticString = #filePath, line: UInt = #line) throws {
        for path in paths { try assertContent(path, in: clone, is: pointerText(for: content(path)), file: file, line: line) }
    }

    func record(of script: String = "train.py", in worktree: Worktree? = nil) throws -> [String] {
        try (worktree ?? clone).readText(BytePath("lineage/uses/\(script).uses")).split(separator: "\n").map(String.init)
    }

    /// Changes one bit of a blob in the clone's store.
    func damage(_ content: [UInt8]) throws {
        let blob = clone.localBlob(of: content)
        var damaged = content
        damaged[7] ^= 1
        try blob.removeFile()
        try blob.replaceContents(with: damaged)
    }
}
