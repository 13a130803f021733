import Digest
import Git
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

/// Pointers in the index, in trees and in the history of real repositories.
final class PointerScanTests: XCTestCase {
    private var scratch: ScratchRepository!
    private var repository: Repository!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchRepository()
        repository = try Repository.find(from: scratch.path)
        try scratch.write("*.dat filter=data\n*.lfs filter=lfs\n", to: ".gitattributes")
    }

    override func tearDown() {
        repository = nil
        scratch = nil
    }

    private func pointer(_ text: String, _ form: Pointer.Form = .gitData) -> Pointer {
        let content = Array(text.utf8)
        return Pointer(oid: .of(content), byteCount: Int64(content.count), form: form)
    }

    /// Puts content into the index as it is, past any filter.
    private func stage(_ content: [UInt8], _ path: BytePath, mode: String = "100644", stage: Int = 0) throws {
        let answer = try scratch.git(["hash-object", "-w", "--stdin"], input: content)
        let record = Array("\(mode) ".utf8) + answer.line.bytes + Array(" \(stage)\t".utf8) + path.bytes + [0]
        try scratch.git(["update-index", "-z", "--index-info"], input: record)
    }

    private func scan() throws -> [IndexScan] {
        var scans: [IndexScan] = []
        try repository.forEachIndexScan { scans.append($0) }
        return scans
    }

    private func commitIndex() throws {
        try scratch.git("-c", "filter.data.clean=cat", "add", ".gitattributes")
        try scratch.git("commit", "-q", "--allow-empty", "-m", "x")
    }

    private let odd = BytePath(bytes: [0x0a, 0xff, 0x20, 0x22] + Array(".dat".utf8))

    func testPointersOfIndexAreThoseUnderTheFilter() throws {
        let ours = pointer("ours")
        let lfs = pointer("lfs", .lfs(extensions: []))
        try stage(ours.text, "a.dat")
        try stage(lfs.text, "b.dat")
        try stage(lfs.text, "c.lfs")
        try stage(ours.text, odd)
        try stage(ours.text, "run.dat", mode: "100755")
        // None of these is a file's pointer.
        try stage(ours.text, "not-tracked.txt")
        try stage(ours.text, "link.dat", mode: "120000")
        try stage(Array("raw content".utf8), "raw.dat")
        try stage([], "empty.dat")
        try stage(Array(ours.text.dropLast()), "cut.dat")
        try stage([UInt8](repeating: 1, count: 5000), "large.dat")
        let found = try repository.indexPointers()
        XCTAssertEqual(Set(found.map(\.path)), ["a.dat", "b.dat", "c.lfs", odd, "run.dat"])
        XCTAssertEqual(found.first { $0.path == "b.dat" }?.pointer, lfs)
        XCTAssertEqual(found.first { $0.path == "b.dat" }?.text, lfs.text)
        XCTAssertEqual(found.first { $0.path == "run.dat" }?.entry.mode, "100755")
    }

    func testLargeIndexIsReadPortionByPortionInItsOrder() throws {
        let (first, second) = (pointer("first"), pointer("second"))
        let names = try [first, second].map { try scratch.git(["hash-object", "-w", "--stdin"], input: $0.text).line }
        // Around the end of the first portion every path is in conflict.
        let count = IndexPortions.entryCount + 600, conflicts = IndexPortions.entryCount - 5..<IndexPortions.entryCount + 5
        var records = ""
        for number in 0..<count {
            let path = "\(String(100_000 + number)).\(number % 7 == 0 ? "txt" : "dat")"
            for stage in conflicts.contains(number) ? [1, 2, 3] : [0] {
                records += "100644 \(names[(number + stage) % 2]) \(stage)\t\(path)\n"
            }
        }
        try scratch.git(["update-index", "--index-info"], input: Array(records.utf8))
        let expected = try repository.git().indexEntries().filter { $0.path.description.hasSuffix(".dat") }
        XCTAssertEqual(expected.count, (count - (count + 6) / 7) + 2 * conflicts.filter { $0 % 7 != 0 }.count)
        var portions: [[PointerFile]] = []
        try repository.forEachIndexPointers { portions.append($0) }
        XCTAssertEqual(portions.count, 2)
        XCTAssertNotEqual(portions[0].last?.path, portions[1].first?.path, "the sides of a conflict are together")
        for found in [portions.flatMap { $0 }, try scan().flatMap(\.pointers)] {
            XCTAssertEqual(found.map(\.entry), expected)
            let pointers = [BytePath(bytes: names[0].bytes): first, BytePath(bytes: names[1].bytes): second]
            XCTAssertEqual(found.map(\.pointer), expected.map { pointers[BytePath("\($0.name)")] })
        }
    }

    func testLenientLFSPointerKeepsItsText() throws {
        let text = Array(String(decoding: pointer("lfs", .lfs(extensions: [])).text, as: UTF8.self)
            .replacing("\n", with: "\r\n").utf8)
        try stage(text, "a.lfs")
        let found = try XCTUnwrap(repository.indexPointers().first)
        XCTAssertEqual(found.text, text)
        XCTAssertEqual(found.pointer, pointer("lfs", .lfs(extensions: [])))
    }

    func testAllSidesOfConflictAreFound() throws {
        for stage in 1...3 { try self.stage(pointer("side \(stage)").text, "both.dat", stage: stage) }
        let found = try repository.indexPointers()
        XCTAssertEqual(found.map(\.entry.stage), [1, 2, 3])
        XCTAssertEqual(found.map(\.pointer), (1...3).map { pointer("side \($0)") })
    }

    func testPointersOfTreeAreFoundByContentAlone() throws {
        try stage(pointer("one").text, "a.dat")
        try stage(pointer("two").text, "folder/not-tracked.txt")
        try commitIndex()
        let found = try repository.treePointers("HEAD")
        XCTAssertEqual(found.map(\.path), ["a.dat", "folder/not-tracked.txt"])
        XCTAssertThrowsError(try repository.treePointers("nothing"))
        try stage(pointer("three").text, "b.dat")
        try stage(Array("no pointer".utf8), "c.dat")
        try commitIndex()
        let three = try repository.treePointers("HEAD")
        XCTAssertEqual(three.map(\.path), ["a.dat", "b.dat", "folder/not-tracked.txt"])
        for (count, expected) in [(1, 3), (2, 3), (3, 2), (5, 1)] {
            var portions: [[PointerFile]] = []
            try repository.forEachTreePointers("HEAD", portion: count) { portions.append($0) }
            XCTAssertEqual(portions.flatMap { $0 }, three)
            XCTAssertEqual(portions.count, expected)
        }
    }

    func testReachedPointersAreEachFoundOnce() throws {
        try stage(pointer("old").text, "a.dat")
        try stage(pointer("old").text, "copy.dat")
        try commitIndex()
        try stage(pointer("new").text, "a.dat")
        try stage(pointer("odd").text, odd)
        try commitIndex()
        let all = try repository.reachedPointers(from: ["HEAD"])
        XCTAssertEqual(Set(all.map(\.pointer.oid)), Set(["old", "new", "odd"].map { pointer($0).oid }))
        XCTAssertEqual(all.count, 3)
        XCTAssertEqual(all.first { $0.pointer == pointer("new") }?.path, "a.dat")
        let new = try repository.reachedPointers(from: ["HEAD"], excluding: ["HEAD~1"])
        XCTAssertEqual(Set(new.map(\.pointer.oid)), Set(["new", "odd"].map { pointer($0).oid }))
        XCTAssertEqual(try repository.reachedPointers(from: ["HEAD"], excluding: ["HEAD"]), [])
        XCTAssertEqual(try repository.reachedPointers(from: [], extra: ["--all"]).count, 3)
    }

    func testWorktreeStates() throws {
        let one = pointer("one")
        for name in ["pointer.dat", "edited.dat", "same-length.dat", "absent.dat", "link.dat", "folder.dat"] as [BytePath] {
            try stage(one.text, name)
        }
        try scratch.write(one.text, to: "pointer.dat")
        try scratch.write("one", to: "edited.dat")
        try scratch.write([UInt8](repeating: 0x20, count: one.text.count), to: "same-length.dat")
        try (scratch.path / "folder.dat").makeFolders()
        XCTAssertEqual(try Finished("/bin/ln", ["-s", "pointer.dat", scratch.path / "link.dat"]).ending, .exited(0))
        var states: [BytePath: WorktreeState] = [:]
        for file in try repository.indexPointers() { states[file.path] = try repository.worktreeState(of: file) }
        XCTAssertEqual(
            states,
            [
                "pointer.dat": .pointer, "edited.dat": .content, "same-length.dat": .content, "absent.dat": .absent,
                "link.dat": .content, "folder.dat": .content,
            ])
    }

    private func waiting() throws -> [PointerFile] {
        var files: [PointerFile] = []
        try repository.forEachShortPointers { (portion) throws(RepositoryError) in files += try repository.waiting(among: portion) }
        return files
    }

    func testWaitingFilesAreThoseThatStandAsPointersUnderTheFilter() throws {
        let one = pointer("one")
        for name in ["pointer.dat", "edited.dat", "other.dat", "absent.dat", "not-tracked.txt", odd] as [BytePath] {
            try stage(one.text, name)
        }
        try stage(Array("raw".utf8), "raw.dat")
        for name in ["pointer.dat", "not-tracked.txt", odd] as [BytePath] { try scratch.write(one.text, to: name) }
        try scratch.write("one", to: "edited.dat")
        try scratch.write(pointer("another").text, to: "other.dat")
        try scratch.write(one.text, to: "raw.dat")
        let waiting = try waiting()
        XCTAssertEqual(waiting.map(\.path), [odd, "other.dat", "pointer.dat"])
        XCTAssertEqual(waiting.map(\.pointer), [one, pointer("another"), one])
    }

    func testWaitingFilesAreTheSameByWhomeverTheIndexIsRead() throws {
        let one = pointer("one")
        try stage(one.text, "kept.dat")
        try scratch.write(one.text, to: "kept.dat")
        try scratch.write(pointer("new").text, to: "new.dat")
        try scratch.git("add", "--intent-to-add", "new.dat")
        for stage in 1...3 { try self.stage(pointer("side \(stage)").text, "both.dat", stage: stage) }
        try scratch.write(pointer("side 2").text, to: "both.dat")
        try stage(one.text, "skipped.dat")
        try scratch.git("update-index", "--skip-worktree", "skipped.dat")
        let read = try (waiting(), repository.indexPointers(), scan())
        XCTAssertEqual(read.0.map(\.path), ["both.dat", "both.dat", "both.dat", "kept.dat"])
        XCTAssertEqual(Set(read.0.map(\.pointer.oid)).count, 2)
        for form: [BytePath] in [["--index-version", "4"], ["--split-index"]] {
            try scratch.git(["update-index"] + form)
            XCTAssertEqual(try waiting(), read.0)
            XCTAssertEqual(try repository.indexPointers(), read.1)
            XCTAssertEqual(try scan().flatMap(\.pointers), read.2.flatMap(\.pointers))
            XCTAssertEqual(try scan().flatMap(\.raw), read.2.flatMap(\.raw))
        }
    }

    func testFileThatGitKnowsUnchangedIsReadOnlyWhereItIsAsLongAsThePointer() throws {
        // A clean filter that makes this pointer of everything, so that Git calls any content unchanged.
        let one = pointer("one")
        try scratch.write(one.text, to: "text")
        let files: [(BytePath, [UInt8])] = [("same.dat", one.text), ("longer.dat", pointer("0123456789").text)]
        for (path, content) in files {
            try scratch.write(content, to: path)
            _ = try Finished("/usr/bin/touch", ["-d", "2020-01-02 03:04:05", scratch.path / path])
            try scratch.git(["-c", "filter.data.clean=cat text", "add", path])
        }
        func states() throws -> [WorktreeState] {
            var files = try repository.indexPointers()
            return try repository.look(at: &files)
        }
        XCTAssertEqual(try repository.indexPointers().map(\.path), ["longer.dat", "same.dat"])
        XCTAssertEqual(try states(), [.content, .pointer])
        try (scratch.path / "longer.dat").touch()
        XCTAssertEqual(try states(), [.pointer, .pointer])
    }

    func testPathsMatchingPatternsOfGitignore() throws {
        for name in ["a.dat", "deep/b.dat", "deep/c.txt", odd] as [BytePath] { try stage(pointer("x").text, name) }
        XCTAssertEqual(try repository.indexPaths(matching: ["*.dat"]), ["a.dat", "deep/b.dat", odd])
        XCTAssertEqual(try repository.indexPaths(matching: ["/*.dat"]), ["a.dat", odd])
        XCTAssertEqual(try repository.indexPaths(matching: ["deep/"]), ["deep/b.dat", "deep/c.txt"])
        XCTAssertEqual(try repository.indexPaths(matching: ["*.dat", "!a.dat"]), ["deep/b.dat", odd])
        XCTAssertEqual(try repository.indexPaths(matching: []), [])
    }

    func testBareRepositoryHasNoWorktree() throws {
        try stage(pointer("one").text, "a.dat")
        try commitIndex()
        try scratch.git(["clone", "-q", "--bare", scratch.path, "bare.git"], in: scratch.scratch.path)
        let bare = try Repository.find(from: scratch.scratch / "bare.git")
        XCTAssertThrowsError(try bare.worktree()) { error in
            guard case .bare? = error as? RepositoryError else { return XCTFail("\(error)") }
        }
        XCTAssertEqual(try bare.treePointers("HEAD").map(\.path), ["a.dat"])
        XCTAssertEqual(try bare.reachedPointers(from: ["HEAD"]).count, 1)
        XCTAssertEqual(try bare.store().folder, scratch.scratch / "bare.git/data")
    }

    func testNoRepositoryIsTypedError() throws {
        XCTAssertThrowsError(try Repository.find(from: scratch.scratch.path)) { error in
            guard case .git(.notARepository(let folder))? = error as? RepositoryError else { return XCTFail("\(error)") }
            XCTAssertEqual(folder, scratch.scratch.path)
        }
    }

    func testRealGitLFSPointersAreFound() throws {
        guard Environment.findProgram("git-lfs") != nil else { throw XCTSkip("git-lfs is not installed") }
        try scratch.git("lfs", "install", "--local", "--skip-repo")
        try scratch.write("content of git-lfs", to: "a.lfs")
        try scratch.git("add", "a.lfs")
        let found = try XCTUnwrap(repository.indexPointers().first)
        XCTAssertEqual(found.path, "a.lfs")
        XCTAssertEqual(found.pointer.oid, .of(Array("content of git-lfs".utf8)))
        XCTAssertEqual(found.text, found.pointer.text)
        // The blob is found where git-lfs keeps it.
        let store = try repository.store()
        XCTAssertEqual(try store.isIntact(found.pointer.oid), true)
    }
}
