import Digest
import Platform
import TestSupport
import XCTest

/// Bundles that were cut, changed on their way, or made by somebody who means harm.
final class DamagedBundleTests: EndToEndTestCase {
    /// In the bundle's order, which is that of the oids.
    private var contents: [[UInt8]] = []
    private var sound: [UInt8] = []
    private var file: BytePath { laboratory.folder / "it.tar" }

    override func setUpWithError() throws {
        try super.setUpWithError()
        let (work, _) = try laboratory.project()
        contents = (1...3).map { SampleData.bytes(2000 * $0, seed: UInt64($0)) }.sorted { ObjectID.of($0) < ObjectID.of($1) }
        for (number, content) in contents.enumerated() { try work.write(content, to: BytePath("\(number).bin")) }
        try work.commit("Data")
        try work.data("bundle", "create", "--quiet", file)
        sound = try file.contents() ?? []
    }

    private func write(_ bytes: [UInt8]) throws {
        try file.removeFile()
        try file.replaceContents(with: bytes)
    }

    /// Where the content of a blob begins.
    private func start(of content: [UInt8]) throws -> Int {
        let name = Array("objects/\(ObjectID.of(content).shardedPath)".utf8)
        return try XCTUnwrap(stride(from: 0, to: sound.count, by: 512).first { sound[$0...].starts(with: name) }) + 512
    }

    private func attempt(_ arguments: BytePath...) throws -> Outcome {
        try laboratory.run("git", ["data", "bundle"] + arguments)
    }

    private func assertHas(_ clone: Worktree, _ wholes: [Bool], line: UInt = #line) throws {
        for (number, isWhole) in wholes.enumerated() {
            let content = contents[number]
            try assertContent(BytePath("\(number).bin"), in: clone, is: isWhole ? content : pointerText(for: content), line: line)
            XCTAssertEqual(clone.localBlob(of: content).exists, isWhole, "\(number)", line: line)
        }
        try assertClean(clone, line: line)
    }

    func testTruncatedBundleGivesWhatIsWholeAndNamesTheRest() throws {
        try write(Array(sound.prefix(try start(of: contents[1]) + 700)))
        let verified = try attempt("verify", file)
        XCTAssertEqual(verified.status, 1, verified.description)
        assertContains(verified.errorText, "ends early")
        for name in ["1.bin", "2.bin"] { assertContains(verified.errorText, name) }
        XCTAssertFalse(verified.errorText.contains("0.bin"))
        let cloned = try attempt("clone", file, "cut")
        XCTAssertEqual(cloned.status, 1, cloned.description)
        assertContains(cloned.errorText, "'\(file)' ends early")
        try assertHas(Worktree(folder: laboratory.folder / "cut", in: laboratory), [true, false, false])
        let other = try laboratory.repository("other")
        let taken = try other.attempt("data", "bundle", "unbundle", file)
        XCTAssertEqual(taken.status, 1, taken.description)
        XCTAssertTrue(other.localBlob(of: contents[0]).exists)
        // A sound copy completes it.
        try write(sound)
        let again = try other.data("bundle", "unbundle", file)
        try other.git("merge", "--quiet", BytePath(String(again.line.prefix(40))))
        try assertHas(other, [true, true, true])
    }

    func testBlobWithOtherBytesIsNotStoredAndTheOthersAre() throws {
        var changed = sound
        changed[try start(of: contents[1]) + 5] ^= 1
        try write(changed)
        let verified = try attempt("verify", file)
        XCTAssertEqual(verified.status, 1, verified.description)
        assertContains(verified.errorText, "1.bin (the bytes are others)")
        let cloned = try attempt("clone", file, "changed")
        XCTAssertEqual(cloned.status, 1, cloned.description)
        let clone = Worktree(folder: laboratory.folder / "changed", in: laboratory)
        try assertHas(clone, [true, false, true])
        // Nor under the name that its bytes would have.
        var bytes = contents[1]
        bytes[5] ^= 1
        XCTAssertFalse(clone.localBlob(of: bytes).exists)
    }

    func testBundleWithoutAWholeRepositoryMakesNothing() throws {
        let pack = try XCTUnwrap(sound.indices.first { sound[$0...].starts(with: Array("PACK".utf8)) })
        var changed = sound
        changed[pack + 40] ^= 1
        for bytes in [changed, Array(sound.prefix(pack + 40)), Array(sound.prefix(2000)), Array(sound.prefix(100)), []] {
            try write(bytes)
            XCTAssertEqual(try attempt("verify", file).status, 1)
            let cloned = try attempt("clone", file, "none")
            XCTAssertEqual(cloned.status, 128, cloned.description)
            XCTAssertFalse((laboratory.folder / "none").exists)
        }
        // A folder that was there stays, empty.
        try (laboratory.folder / "none").makeFolders()
        XCTAssertEqual(try attempt("clone", file, "none").status, 128)
        XCTAssertEqual(try (laboratory.folder / "none").entries(), [])
    }

    func testChangedTextIsToldAndKeepsNothingAway() throws {
        var changed = sound
        changed[512 + 30] ^= 1
        try write(changed)
        let verified = try attempt("verify", file)
        XCTAssertEqual(verified.status, 1)
        assertContains(verified.errorText, "README.txt")
        XCTAssertEqual(try attempt("clone", file, "told").status, 1)
        try assertHas(Worktree(folder: laboratory.folder / "told", in: laboratory), [true, true, true])
    }

    /// The bundle with another name in the head of a blob, and a sum that is right.
    private func renamed(_ index: Int, _ name: String) throws -> [UInt8] {
        var bytes = sound
        let start = try self.start(of: contents[index]) - 512
        var head = Array(bytes[start..<start + 512])
        head.replaceSubrange(0..<100, with: Array(name.utf8) + [UInt8](repeating: 0, count: 100 - name.utf8.count))
        let sum = head.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        head.replaceSubrange(148..<154, with: Array(("000000" + String(sum, radix: 8)).utf8.suffix(6)))
        bytes.replaceSubrange(start..<start + 512, with: head)
        return bytes
    }

    func testNamesThatLeadElsewhereWriteNothing() throws {
        try write(try renamed(1, "objects/\(ObjectID.of(contents[1]).shardedPath)"))
        XCTAssertEqual(try attempt("verify", file).status, 0, "the test's own heads are right")
        let before = try laboratory.scratch.files()
        for name in ["../evil", "/tmp/git-data-evil", "objects/../../../evil", ".git/hooks/post-checkout"] {
            try write(try renamed(1, name))
            let verified = try attempt("verify", file)
            XCTAssertEqual(verified.status, 1, verified.description)
            assertContains(verified.errorText, "'\(name)' does not belong in a bundle")
            XCTAssertEqual(try attempt("clone", file, "evil").status, 1)
            let clone = Worktree(folder: laboratory.folder / "evil", in: laboratory)
            try assertHas(clone, [true, false, false])
            XCTAssertFalse(try clone.read(".git/hooks/post-checkout") == contents[1])
            try laboratory.run("rm", ["-rf", "evil"]).expecting(0)
            XCTAssertEqual(try laboratory.scratch.files(), before)
            XCTAssertFalse(BytePath("/tmp/git-data-evil").exists)
        }
    }

    /// One blob's bytes below another one's name.
    func testBlobBelowAnotherNameIsNotStored() throws {
        let index = try XCTUnwrap(contents.indices.last)
        let name = String(repeating: "f", count: 64)
        try write(try renamed(index, "objects/ff/ff/\(name)"))
        let cloned = try attempt("clone", file, "renamed")
        XCTAssertEqual(cloned.status, 1, cloned.description)
        let clone = Worktree(folder: laboratory.folder / "renamed", in: laboratory)
        try assertHas(clone, [true, true, false])
        XCTAssertFalse((clone.folder / ".git/data/objects/ff/ff" / BytePath(name)).exists)
    }

    /// Sound in itself, but a data file has no blob, and nobody says so.
    func testBundleThatLacksABlobIsNoticedByTheTrees() throws {
        let folder = laboratory.folder / "unpacked"
        try folder.makeFolders()
        let first = try start(of: contents[2]) - 512
        let sums = Array("\(ObjectID.of(contents[2]))  objects/\(ObjectID.of(contents[2]).shardedPath)\n".utf8)
        var bytes = Array(sound[..<first]) + [UInt8](repeating: 0, count: 1024)
        let at = try XCTUnwrap(bytes.indices.first { bytes[$0...].starts(with: sums) })
        // The line becomes another member's, which is there.
        let others = Array("\(ObjectID.of(contents[0]))  objects/\(ObjectID.of(contents[0]).shardedPath)\n".utf8)
        bytes.replaceSubrange(at..<at + sums.count, with: others)
        try write(bytes)
        let verified = try attempt("verify", file)
        XCTAssertEqual(verified.status, 1, verified.description)
        assertContains(verified.errorText, "2.bin (not in the file)")
    }

    func testOtherFilesAreToldFromBundles() throws {
        try write(SampleData.bytes(5000))
        assertContains(try attempt("verify", file).errorText, "is no bundle of git data")
        try laboratory.git(["-C", "work", "bundle", "create", "--quiet", file, "main"])
        let outcome = try attempt("clone", file, "none")
        assertContains(outcome.errorText, "is a bundle of Git, without data")
        assertContains(outcome.errorText, "hint: git bundle verify ")
        XCTAssertEqual(try attempt("verify", laboratory.folder).status, 128)
        XCTAssertEqual(try attempt("verify", "nothing").status, 128)
    }
}
