import Filter
import Git
import ObjectStore
import Platform
import Repository
import TestSupport
import XCTest

@testable import Commands

/// The lists of an import, which are read again and again, side by side, as they are all in the order of the paths.
final class ImportFilesTests: XCTestCase {
    private var laboratory: Laboratory!
    private var work: Worktree!
    private var origin: BytePath!
    private var repository: Repository!
    /// Names with what stands before a slash, and behind it, where folders and files stand side by side.
    private let paths: [BytePath] = [
        "x/a", "x/b!", "x/b-c/d", "x/b-c/e", "x/b.bin", "x/b/a", "x/b/c-/d", "x/b/c/d", "x/b0", "x/bb/a", "x/c", "y",
    ]

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        laboratory = try Laboratory()
        (work, origin) = try laboratory.project()
        repository = try Repository.find(from: work.folder)
    }

    override func tearDown() {
        (repository, work, laboratory) = (nil, nil, nil)
    }

    private func makeFiles() throws {
        for (number, path) in paths.enumerated() { try work.write([0, UInt8(number)], to: path) }
    }

    func testFolderIsWalkedInTheOrderOfThePaths() throws {
        try makeFiles()
        try work.write("x", to: "x/b/.git/config")
        try work.write("x", to: "x/.gitignore")
        try laboratory.run("ln", ["-s", "a", work.folder / "x/link"]).expecting(0)
        var (found, strange): ([BytePath], [BytePath]) = ([], [])
        let walk = FolderWalk(top: work.folder) { path, kind in
            XCTAssertEqual(kind, .link)
            strange.append(path)
        }
        try walk.forEachFile(below: "x") { path, status in
            XCTAssertEqual(status.byteCount, path == "x/.gitignore" ? 1 : 2)
            found.append(path)
        }
        XCTAssertEqual(found, (paths.dropLast() + ["x/.gitignore"]).sorted())
        XCTAssertEqual(strange, ["x/link"])
        found = []
        try FolderWalk(top: work.folder / "x").forEachFile { path, _ in found.append("x" / path) }
        XCTAssertEqual(found, (paths.dropLast() + ["x/.gitignore"]).sorted())
    }

    func testIndexIsAskedInTheOrderOfThePaths() throws {
        try makeFiles()
        try work.commit("Files")
        try work.write("edited", to: "x/b.bin")
        try work.write("edited", to: "x/b0")
        try work.shell("rm x/c && printf q > new && git add new && printf q > x/a && git add x/a").expecting(0)
        let indexed = try IndexedFiles(repository, at: "x")
        var cursor = try indexed.cursor()
        var all: [IndexedFiles.File] = []
        while let file = try cursor.next() { all.append(file) }
        XCTAssertEqual(all.map(\.path), paths.dropLast())
        XCTAssertEqual(all.filter(\.isEdited).map(\.path), ["x/b.bin", "x/b0", "x/c"])
        XCTAssertFalse(all.contains { $0.isInConflict })
        for step in 1...4 {
            var passed: [BytePath] = []
            cursor = try indexed.cursor()
            for path in stride(from: 0, to: paths.count, by: step).map({ paths[$0].adding(suffix: "!") }).sorted() {
                XCTAssertNil(try cursor.file(at: path) { passed.append($0.path) })
            }
            while let file = try cursor.next() { passed.append(file.path) }
            XCTAssertEqual(passed, paths.dropLast(), "each once, whatever is asked for between them")
            cursor = try indexed.cursor()
            for path in stride(from: 0, to: paths.count - 1, by: step).map({ paths[$0] }) {
                XCTAssertEqual(try cursor.file(at: path)?.path, path)
            }
        }
    }

    func testConflictIsOneFile() throws {
        try makeFiles()
        try work.commit("Files")
        let name = try work.git("rev-parse", ":x/b0").line
        let lines = (1...3).map { "100644 \(name) \($0)\tx/b0\n" }.joined()
        try work.shell("printf '0 \(String(repeating: "0", count: 40))\tx/b0\n\(lines)' | git update-index --index-info").expecting(0)
        var cursor = try IndexedFiles(repository, at: "x").cursor()
        var found: [BytePath] = []
        while let file = try cursor.next() {
            found.append(file.path)
            XCTAssertEqual(file.isInConflict, file.path == "x/b0")
        }
        XCTAssertEqual(found, paths.dropLast())
    }

    func testFilesAreStagedWhateverThePortions() throws {
        let context = CommandContext(output: Output(isQuiet: true, isVerbose: false), table: Interface.table)
        try work.write("*.bin filter=data -text\nignored/\n", to: ".gitattributes")
        try work.write("ignored/\n", to: ".gitignore")
        try work.git("add", ".")
        try work.git("commit", "--quiet", "-m", "Attributes")
        // More than Git is left alone with.
        let many = (0..<40).map { BytePath("ignored/\($0)/\($0 % 3 == 0 ? "plain.txt" : "data.bin")") }.sorted()
        let empty = BytePath(try work.git("write-tree").line)
        var trees: Set<String> = []
        for (count, portion) in [(5, 2), (40, 1), (40, 7), (40, 8192)] {
            try work.git("read-tree", empty)
            let files = StagingCandidates(in: try repository.store())
            for (number, path) in many.prefix(count).enumerated() {
                try work.write("\(path)", to: path)
                try work.write("beside", to: path.parent / "beside.bin")
                files.add(StagingCandidate(path: path, entry: nil), byteCount: Int64(number))
            }
            try DataStaging(context: context, repository: repository).add(files, portion: portion)
            let staged = try work.git("diff", "--cached", "--name-only", "-z", "HEAD").records
            XCTAssertEqual(staged, Array(many.prefix(count)), "\(count) files, \(portion) at once")
            // Git, which this process asks without our filter, has the few to itself.
            guard count == 40 else { continue }
            for path in many where path.lastComponent == "data.bin" {
                XCTAssertEqual(
                    try work.git("cat-file", "blob", BytePath(":" + path.text)).output, pointerText(for: Array("\(path)".utf8)))
            }
            trees.insert(try work.git("write-tree").line)
        }
        XCTAssertEqual(trees.count, 1)
    }

    func testListIsLeftOut() throws {
        let store = try repository.store()
        try store.prepare()
        let files = StagingCandidates(in: store)
        for (number, path) in paths.enumerated() {
            let entry = StagingCandidate.Entry(isExecutable: false, name: try XCTUnwrap(GitObjectName(hex: Array(repeating: 0x61, count: 40))))
            files.add(StagingCandidate(path: path, entry: number % 2 == 0 ? entry : nil), byteCount: 1)
        }
        for (number, left) in [[], paths, ["x/a", "y"], ["x/b-c/e", "x/b/c/d"], ["nothing", "x/c", "z"]].enumerated() {
            let list = CleanFileList(in: store)
            for path in left {
                list.add(
                    CleanFile(path: path, name: try XCTUnwrap(GitObjectName(hex: Array(repeating: 0x61, count: 40))), mode: "100644", status: nil))
            }
            var found: [BytePath] = []
            try files.forEachPath(missingIn: list) { found.append($0) }
            XCTAssertEqual(found, paths.filter { !left.contains($0) }, "\(number)")
        }
        var all: [BytePath] = []
        try files.forEachPath(missingIn: nil) { all.append($0) }
        XCTAssertEqual(all, paths)
    }
}
