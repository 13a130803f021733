import Digest
import Platform
import TestSupport
import XCTest

/// `git data add` beside `git add`: two worktrees with the same files must end with the same index.
final class AddTests: EndToEndTestCase {
    private var ours: Worktree!
    private var gits: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        ours = try laboratory.repository("ours")
        gits = try laboratory.repository("gits")
        try both { work in
            try work.write("*.bin filter=data diff=data merge=data -text\n*.csv filter=data -text\n", to: ".gitattributes")
            try work.write("ignored/\n*.tmp.bin\n", to: ".gitignore")
            // Enough files for the road that does not lead through the filter.
            for number in 0..<40 { try work.write(SampleData.bytes(3000, seed: UInt64(number)), to: BytePath("data/\(number).bin")) }
        }
    }

    override func tearDown() {
        ours = nil
        gits = nil
        super.tearDown()
    }

    private func both(_ body: (Worktree) throws -> Void) throws {
        try body(ours)
        try body(gits)
    }

    /// Adds in both, each in its way, and compares all that Git says of the outcome.
    private func addAndCompare(
        _ arguments: [BytePath], in folder: BytePath = "", file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let first = try laboratory.run("git", ["data", "add"] + arguments, in: ours.folder / folder)
        let second = try laboratory.run("git", ["add"] + arguments, in: gits.folder / folder)
        XCTAssertEqual(first.status, second.status, "\(first.description)\n\(second.description)", file: file, line: line)
        for question: [BytePath] in [
            ["ls-files", "--stage", "--debug"], ["status", "--porcelain", "--ignored"], ["write-tree"], ["fsck", "--strict"],
        ] {
            let answers = try [ours, gits].map { work in
                try laboratory.run("git", question, in: work!.folder).lines.filter { line in
                    // Times and inodes are those of each worktree's own files.
                    !["  ctime", "  mtime", "  dev", "  uid"].contains { line.hasPrefix($0) }
                        && !line.hasPrefix("dangling")
                }
            }
            XCTAssertEqual(answers[0], answers[1], "git \(question.map(\.description))", file: file, line: line)
        }
        XCTAssertEqual(first.errorText, second.errorText, file: file, line: line)
    }

    func testFilesBecomePointersAndTheIndexIsThatOfGit() throws {
        try both { work in
            try work.write([], to: "data/empty.bin")
            try work.write("git data pointer 1\noid sha256:\(ObjectID.of([1]))\nsize 1\n", to: "data/pointer.bin")
            try work.write("text", to: "notes.txt")
            try work.write(SampleData.bytes(100), to: "data/päth with \"quotes\"\tand tabs.bin")
            XCTAssertEqual(try work.shell("chmod +x data/7.bin; ln -s 8.bin data/link.bin").status, 0)
            try work.write([1], to: "ignored/a.bin")
            try work.write([1], to: "data/b.tmp.bin")
        }
        try addAndCompare(["."])
        try ours.git("commit", "--quiet", "-m", "All")
        for number in [0, 39] {
            let content = SampleData.bytes(3000, seed: UInt64(number))
            try assertPointer(BytePath("data/\(number).bin"), in: ours, for: content)
        }
        XCTAssertTrue(ours.localBlob(of: SampleData.bytes(3000, seed: 0)).exists)
        try assertClean(ours)
        try ours.data("fsck")
    }

    func testFilterIsNotStartedForWhatIsAdded() throws {
        XCTAssertEqual(try ours.shell("find data -type f -exec touch -d 2020-01-01 {} +").status, 0)
        let trace = laboratory.folder / "trace"
        try laboratory.run("git", ["data", "add", "."], in: ours.folder, with: ["GIT_TRACE": trace]).expecting(0)
        let said = String(decoding: try trace.contents() ?? [], as: UTF8.self)
        assertContains(said, "update-index")
        XCTAssertFalse(said.contains("filter-process"), said)
        // Nor by the status that follows.
        let after = laboratory.folder / "trace-after"
        try laboratory.run("git", ["status"], in: ours.folder, with: ["GIT_TRACE": after]).expecting(0)
        XCTAssertFalse(String(decoding: try after.contents() ?? [], as: UTF8.self).contains("filter-process"))
    }

    func testChangesDeletionsAndConflictsOfNames() throws {
        try addAndCompare(["--all"])
        try both { work in
            try work.git("commit", "--quiet", "-m", "First")
            for number in 0..<30 { try work.write(SampleData.bytes(4000, seed: UInt64(100 + number)), to: BytePath("data/\(number).bin")) }
            XCTAssertEqual(
                try work.shell("rm data/30.bin data/31.bin; mkdir data/31.bin; chmod +x data/32.bin; touch data/33.bin").status, 0)
            try work.write(SampleData.bytes(10), to: "data/31.bin/inside.bin")
            try work.write(SampleData.bytes(10), to: "data/new.bin")
        }
        try addAndCompare(["--update"])
        try addAndCompare(["data"])
        try both { try $0.git("commit", "--quiet", "-m", "Second") }
        try addAndCompare(["--all"])
        try ours.data("fsck")
    }

    /// Of old and new files, more than are cleaned at once.
    func testManyFilesAreTakenPortionByPortion() throws {
        try both { work in
            for number in 0..<1100 { try work.write(Array("old \(number)".utf8), to: BytePath("many/\(number).bin")) }
        }
        try addAndCompare(["--all"])
        try both { work in
            try work.git("commit", "--quiet", "-m", "First")
            for number in 0..<1100 {
                try work.write(Array("changed \(number)\0".utf8), to: BytePath("many/\(number).bin"))
                try work.write(Array("new \(number)\0".utf8), to: BytePath("many/\(number)-b.bin"))
            }
            try work.write("same\0", to: "many/77.bin")
            try work.write("same\0", to: "many/1099-b.bin")
        }
        let trace = laboratory.folder / "trace"
        try laboratory.run("git", ["data", "add", "--all"], in: ours.folder, with: ["GIT_TRACE": trace]).expecting(0)
        XCTAssertFalse(String(decoding: try trace.contents() ?? [], as: UTF8.self).contains("filter-process"))
        try addAndCompare(["--all"])
        try ours.git("commit", "--quiet", "-m", "Second")
        try assertPointer("many/1099-b.bin", in: ours, for: Array("same\0".utf8))
        try assertClean(ours)
        try ours.data("fsck")
    }

    func testPathspecsAreSeenFromTheFolder() throws {
        try addAndCompare(["[0-9].bin", ":!3.bin", ":(top,glob)**/1?.bin"], in: "data")
        try addAndCompare(["-A"], in: "data")
    }

    func testIgnoredFilesAndOnesThatAreNotThere() throws {
        try both { work in
            for number in 0..<20 { try work.write([UInt8(number)], to: BytePath("ignored/\(number).bin")) }
        }
        try addAndCompare(["ignored/1.bin", "data"])
        try addAndCompare(["nothing.bin"])
        try addAndCompare([])
        try addAndCompare(["--force", "ignored"])
    }

    func testFilesInConflictIntentToAddAndNestedRepositories() throws {
        try both { work in
            try work.git("add", "data/1.bin", ".gitattributes")
            try work.git("commit", "--quiet", "-m", "Base")
            try work.git("switch", "--quiet", "-c", "side")
            try work.write(SampleData.bytes(50, seed: 7), to: "data/1.bin")
            try work.git("commit", "--quiet", "-am", "Side")
            try work.git("switch", "--quiet", "-")
            try work.write(SampleData.bytes(60, seed: 8), to: "data/1.bin")
            try work.git("commit", "--quiet", "-am", "Ours")
            XCTAssertEqual(try work.attempt("merge", "side").status, 1)
            try work.git("add", "--intent-to-add", "data/2.bin")
            try laboratory.git(["init", "--quiet", "data/inner"], in: work.folder)
            try work.write([1], to: "data/inner/x.bin")
        }
        try addAndCompare(["data/1.bin", "data/2.bin", "data/[3-9].bin", "data/1?.bin"])
    }

    func testModesThatAreNotKept() throws {
        try both { work in
            try work.git("config", "core.fileMode", "false")
            XCTAssertEqual(try work.shell("chmod +x data/*.bin").status, 0)
        }
        try addAndCompare(["."])
    }

    func testIndexOfOtherVersionsAndSHA256() throws {
        try both { work in
            try work.git("config", "index.version", "4")
            try work.git("config", "core.untrackedCache", "true")
        }
        try addAndCompare(["."])
        let sha256 = try laboratory.git(["init", "--quiet", "--object-format=sha256", "sha256"])
        XCTAssertEqual(sha256.status, 0)
        let work = Worktree(folder: laboratory.folder / "sha256", in: laboratory)
        try work.data("init", "--quiet")
        try work.write("*.bin filter=data -text\n", to: ".gitattributes")
        for number in 0..<120 { try work.write(SampleData.bytes(2000, seed: UInt64(number)), to: BytePath("\(number).bin")) }
        try work.data("add", ".")
        try work.git("commit", "--quiet", "-m", "All")
        try assertPointer("119.bin", in: work, for: SampleData.bytes(2000, seed: 119))
        try assertClean(work)
        try work.git("fsck", "--strict")
    }

    func testLockedIndexIsSaidAndNothingIsLost() throws {
        try ours.write("", to: ".git/index.lock")
        let answer = try ours.attempt("data", "add", ".")
        XCTAssertEqual(answer.status, 128, answer.description)
        assertContains(answer.errorText, "index.lock")
        XCTAssertEqual(try ours.shell("rm .git/index.lock").status, 0)
        try ours.data("add", ".")
        try ours.git("commit", "--quiet", "-m", "All")
        try ours.data("fsck")
    }

    func testDryRunAndVerboseSayWhatGitSays() throws {
        let dry = try ours.data("add", "--dry-run", ".")
        XCTAssertEqual(dry.text, try gits.git("add", "--dry-run", ".").text)
        XCTAssertEqual(try ours.git("ls-files").text, "")
        let said = try ours.data("add", "--verbose", ".").lines.sorted()
        XCTAssertEqual(said, try gits.git("add", "--verbose", ".").lines.sorted())
    }
}
