import Platform
import TestSupport
import XCTest

/// A blob that cannot be had fails its own file, says so, and nothing else.
final class MissingDataTests: EndToEndTestCase {
    private let contents = (0..<6).map { SampleData.bytes(20_000 + $0, seed: UInt64($0)) }
    private var origin: BytePath!

    /// `0.bin` to `5.bin` are pushed; then the remote loses `2.bin`.
    override func setUpWithError() throws {
        try super.setUpWithError()
        let (work, origin) = try laboratory.project()
        self.origin = origin
        for (number, content) in contents.enumerated() { try work.write(content, to: path(number)) }
        try work.commit("Data")
        try work.git("push", "--quiet")
        try remoteBlob(of: contents[2], in: origin).removeFile()
    }

    private func path(_ number: Int) -> BytePath { BytePath("\(number).bin") }

    private func assertAllButTheLostOne(_ clone: Worktree, file: StaticString = #filePath, line: UInt = #line) throws {
        for (number, content) in contents.enumerated() {
            let expected = number == 2 ? pointerText(for: content) : content
            try assertContent(path(number), in: clone, is: expected, file: file, line: line)
        }
        try assertClean(clone, file: file, line: line)
    }

    func testCloneKeepsThePointerAndNamesTheFile() throws {
        let result = try laboratory.run("git", ["clone", origin, "clone"]).expecting(0)
        assertContains(result.errorText, "2.bin")
        assertContains(result.errorText, "git data pull")
        try assertAllButTheLostOne(Worktree(folder: laboratory.folder / "clone", in: laboratory))
    }

    func testPullWritesTheOthersAndExitsWith1() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        let pull = try clone.attempt("data", "pull").expecting(1)
        assertContains(pull.errorText, "2.bin")
        XCTAssertFalse(pull.errorText.contains("3.bin"))
        try assertAllButTheLostOne(clone)
    }

    func testCloneByGitDataExitsWith1AndIsUsable() throws {
        let result = try laboratory.run("git", ["data", "clone", "--quiet", origin, "clone"]).expecting(1)
        assertContains(result.errorText, "2.bin")
        try assertAllButTheLostOne(Worktree(folder: laboratory.folder / "clone", in: laboratory))
    }

    func testFetchTellsWhatItLacks() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        let fetch = try clone.attempt("data", "fetch").expecting(1)
        assertContains(fetch.errorText, "2.bin")
        for (number, content) in contents.enumerated() {
            XCTAssertEqual(clone.localBlob(of: content).exists, number != 2)
            try assertContent(path(number), in: clone, is: pointerText(for: content))
        }
    }

    func testStatusTellsWhatIsMissing() throws {
        let clone = try laboratory.clone(origin)
        let missing = try clone.attempt("data", "status", "--missing").expecting(1)
        XCTAssertEqual(missing.lines, ["2.bin"])
        XCTAssertEqual(try clone.attempt("data", "status", "--missing", "1.bin").expecting(0).text, "")
        XCTAssertEqual(try clone.attempt("data", "status", "--missing", "2.bin").expecting(1).lines, ["2.bin"])
    }

    func testStatusMissingIsSilentWhenNothingIs() throws {
        let clone = try laboratory.clone(origin)
        try clone.git("rm", "--quiet", "2.bin")
        XCTAssertEqual(try clone.attempt("data", "status", "--missing").expecting(0).text, "")
    }

    func testCommittingAroundThePointerKeepsIt() throws {
        let clone = try laboratory.clone(origin)
        try clone.write("note\n", to: "note.txt")
        try clone.commit("Around it")
        XCTAssertEqual(try clone.stored("2.bin"), pointerText(for: contents[2]))
        try assertClean(clone)
    }

    func testBlobThatComesBackIsPulled() throws {
        let clone = try laboratory.clone(origin)
        let place = remoteBlob(of: contents[2], in: origin)
        try place.parent.makeFolders()
        try place.replaceContents(with: contents[2])
        try clone.data("pull", "--quiet")
        try assertContent("2.bin", in: clone, is: contents[2])
        try assertClean(clone)
    }

    func testDamagedBlobOnTheRemoteIsNotTaken() throws {
        let place = remoteBlob(of: contents[3], in: origin)
        var damaged = contents[3]
        damaged[100] ^= 1
        try place.removeFile()
        try place.replaceContents(with: damaged)
        let clone = try laboratory.cloneOfPointers(origin)
        let pull = try clone.attempt("data", "pull").expecting(1)
        assertContains(pull.errorText, "3.bin")
        try assertContent("3.bin", in: clone, is: pointerText(for: contents[3]))
        XCTAssertFalse(clone.localBlob(of: contents[3]).exists)
    }

    func testTruncatedBlobOnTheRemoteIsNotTaken() throws {
        let place = remoteBlob(of: contents[3], in: origin)
        try place.removeFile()
        try place.replaceContents(with: Array(contents[3].prefix(1000)))
        let clone = try laboratory.cloneOfPointers(origin)
        let pull = try clone.attempt("data", "pull").expecting(1)
        assertContains(pull.errorText, "3.bin")
        try assertContent("3.bin", in: clone, is: pointerText(for: contents[3]))
    }

    func testDamagedLocalBlobIsNeverHandedOut() throws {
        let clone = try laboratory.clone(origin)
        let blob = clone.localBlob(of: contents[4])
        var damaged = contents[4]
        damaged[0] ^= 0x80
        try blob.removeFile()
        try blob.replaceContents(with: damaged)
        try (clone.folder / "4.bin").removeFile()
        let restore = try clone.attempt("restore", "4.bin")
        let content = try clone.read("4.bin")
        XCTAssert(content == contents[4] || content == pointerText(for: contents[4]), restore.description)
        try clone.attempt("data", "pull").expecting(1)
        try assertContent("4.bin", in: clone, is: contents[4])
    }

    func testRemoteFolderThatIsGoneLeavesPointers() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        try origin.rename(to: laboratory.folder / "moved.git")
        let pull = try clone.attempt("data", "pull")
        XCTAssertNotEqual(pull.status, 0)
        assertContains(pull.errorText, "origin")
        try assertContent("0.bin", in: clone, is: pointerText(for: contents[0]))
        try assertClean(clone)
    }

    func testProgramKilledInTheMiddleOfACheckoutLeavesARepositoryThatGoesOn() throws {
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("pull", "--quiet", "0.bin", "1.bin")
        // The filter ends after its first answer.
        let broken = "sh -c 'git-data filter-process | { dd bs=1 count=3000 status=none; kill -9 $$; }'"
        try (clone.folder / "0.bin").removeFile()
        let restore = try clone.attempt("-c", BytePath("filter.data.process=\(broken)"), "restore", "0.bin")
        XCTAssertNotEqual(restore.status, 0)
        try clone.git("restore", "0.bin")
        try assertContent("0.bin", in: clone, is: contents[0])
        try assertClean(clone)
    }
}
