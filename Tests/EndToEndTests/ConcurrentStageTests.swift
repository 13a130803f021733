import Digest
import Platform
import TestSupport
import XCTest

/// Stages and imports that several processes run at once in one worktree: each leaves its outputs and its record, or
/// all as it was.
final class ConcurrentStageTests: ConcurrentTestCase {
    private var work: Worktree!
    private var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write("raw\n", to: "raw.txt")
        try work.commit("Raw")
    }

    override func tearDown() {
        (work, origin) = (nil, nil)
        super.tearDown()
    }

    private var store: BytePath { work.folder / ".git/data" }

    private func assertFresh(file: StaticString = #filePath, line: UInt = #line) throws {
        let answer = try work.attempt("data", "repro", "--dry-run")
        XCTAssertEqual(answer.status, 0, "\(answer)", file: file, line: line)
        XCTAssertEqual(try (store / "aside").exists ? (store / "aside").entries() : [], [], "outputs are set aside still", file: file, line: line)
    }

    func testRunsOfDifferentStages() throws {
        let numbers = Array(0..<5)
        // They end together, which is when each needs the index.
        let commands = numbers.map { number in
            Crowd.Command(
                "git data run --name s\(number) -i raw.txt -o out\(number).dat -- \"sleep 1; { cat raw.txt; printf '\\\\0x\(number)'; } > out\(number).dat\"",
                in: work.folder)
        }
        try run(commands)
        for number in numbers {
            try assertContent(BytePath("out\(number).dat"), in: work, is: Array("raw\n\0x\(number)".utf8))
            // NULs make it data.
            try assertPointerStaged(BytePath("out\(number).dat"), for: Array("raw\n\0x\(number)".utf8))
        }
        try work.git("commit", "--quiet", "-m", "Results")
        try assertClean(work)
        try assertFresh()
        try assertSound([work], places: [store])
    }

    private func assertPointerStaged(_ path: BytePath, for content: [UInt8], file: StaticString = #filePath, line: UInt = #line) throws {
        try assertPointer(path, in: work, for: content, at: "", file: file, line: line)
    }

    private func assertPointer(
        _ path: BytePath, in work: Worktree, for content: [UInt8], at revision: String, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let stored = String(decoding: try work.stored(path, at: revision).prefix(300), as: UTF8.self)
        XCTAssertEqual(stored, String(decoding: pointerText(for: content), as: UTF8.self), file: file, line: line)
    }

    func testRunsBesideAnIndexThatIsAlwaysBusy() throws {
        let busy = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do git update-index --force-write-index; done"
        try run([
            Crowd.Command("git data run --name a -i raw.txt -o a.dat -- \"{ cat raw.txt; printf '\\\\0'; } > a.dat\"", in: work.folder),
            Crowd.Command(busy, in: work.folder), Crowd.Command(busy, in: work.folder),
        ], givingWay: ["index.lock"])
        try assertContent("a.dat", in: work, is: Array("raw\n\0".utf8))
        try assertFresh()
    }

    func testWhatWasMadeIsKeptWhereGitCannotTakeIt() throws {
        let run = try work.shell(
            "git data run --name s -i raw.txt -o out/a.dat -- \"{ cat raw.txt; printf '\\\\0'; } > out/a.dat; cp .git/index ../saved; echo x > .git/index\"")
        XCTAssertEqual(run.status, 128, "\(run)")
        assertContains(run.errorText, "what the command has made, in '")
        XCTAssertFalse((work.folder / "out/a.dat").exists)
        let aside = try (store / "aside").entries()
        XCTAssertEqual(aside.count, 1)
        XCTAssertEqual(try (store / "aside" / aside[0] / "out/a.dat").contents(), Array("raw\n\0".utf8))
        // No later command takes that away.
        try work.shell("cp ../saved .git/index").expecting(0)
        try work.shell("git data run --name s -i raw.txt -o out/a.dat -- \"printf '\\\\0' > out/a.dat\"").expecting(0)
        XCTAssertTrue((store / "aside" / aside[0] / "out/a.dat").exists)
    }

    func testTheSameStageTwice() throws {
        let line = "git data run --name s -i raw.txt -o out.dat -- \"sleep 1; { cat raw.txt; printf '\\\\0'; } > out.dat\""
        let content = Array("raw\n\0".utf8)
        try work.shell(line).expecting(0)
        try work.commit("First")
        let losers = try run((0..<3).map { _ in Crowd.Command(line, in: work.folder) }, givingWay: ["is being run by another process"])
        XCTAssertLessThanOrEqual(losers.count, 2)
        try assertContent("out.dat", in: work, is: content)
        XCTAssertEqual(try work.git("diff", "--name-only").lines, [])
        try assertFresh()
        // One that fails takes nothing from one that succeeds.
        try run([
            Crowd.Command("git data run --name s -i raw.txt -o out.dat -- \"sleep 1; { cat raw.txt; printf '\\\\0two'; } > out.dat\"", in: work.folder),
            Crowd.Command("git data run --name s -i raw.txt -o out.dat -- 'sleep 2; exit 3'; true", in: work.folder),
        ], givingWay: ["is being run by another process"])
        let there = try work.read("out.dat")
        XCTAssert(there == content || there == Array("raw\n\0two".utf8), "\(there)")
        let changes = try work.changes()
        XCTAssertFalse(changes.contains { $0.hasPrefix(" ") || $0.dropFirst().hasPrefix("M") || $0.dropFirst().hasPrefix("D") }, "\(changes)")
        try assertFresh()
        try assertSound([work], places: [store])
    }

    func testTwoRepros() throws {
        for number in 0..<3 {
            try work.data(
                "run", "--quiet", "--name", BytePath("s\(number)"), "-i", "raw.txt", "-o", BytePath("out\(number).dat"), "--",
                BytePath("sleep 0.3; { cat raw.txt; printf '\\0x\(number)'; } > out\(number).dat"))
        }
        try work.commit("Results")
        try work.write("other\n", to: "raw.txt")
        try work.git("add", "raw.txt")
        try run([
            Crowd.Command("git data repro", in: work.folder), Crowd.Command("git data repro -j 2", in: work.folder),
        ], givingWay: ["is being run by another process", "was changed and is in no commit"])
        try work.data("repro", "--quiet")
        for number in 0..<3 { try assertContent(BytePath("out\(number).dat"), in: work, is: Array("other\n\0x\(number)".utf8)) }
        try assertFresh()
        try work.git("commit", "--quiet", "-m", "Anew")
        try assertClean(work)
        try assertSound([work], places: [store])
    }

    func testImportsToOnePathAndToSeveral() throws {
        let (one, two) = (file(30), file(31))
        try (laboratory.folder / "one.bin").replaceContents(with: one)
        try (laboratory.folder / "two.bin").replaceContents(with: two)
        let losers = try run(
            ["one", "two", "one", "two"].map { Crowd.Command("git data import \(laboratory.folder)/\($0).bin data/x.bin", in: work.folder) },
            givingWay: ["is being imported by another process", "is there, and not in Git's index"])
        XCTAssertLessThan(losers.count, 4)
        let there = try work.read("data/x.bin")
        XCTAssert(there == one || there == two)
        try assertPointerStaged("data/x.bin", for: there)
        let recipe = try work.readText("lineage/data/x.bin.stage")
        XCTAssert(recipe.contains(there == one ? "one.bin" : "two.bin"), recipe)
        assertContains(try work.readText("lineage/data/x.bin.run.json"), ObjectID.of(there).hex)
        let changes = try work.changes()
        XCTAssertFalse(changes.contains { !$0.hasPrefix("A ") && !$0.hasPrefix("M ") }, "\(changes)")
        // Each brings a pattern of its own.
        for number in 0..<5 { try (laboratory.folder / BytePath("f\(number).dat")).replaceContents(with: file(number, 40)) }
        try run((0..<5).map { Crowd.Command("git data import \(laboratory.folder)/f\($0).dat data/f\($0).dat", in: work.folder) })
        for number in 0..<5 { try assertPointerStaged(BytePath("data/f\(number).dat"), for: file(number, 40)) }
        try work.git("commit", "--quiet", "-m", "Imports")
        try assertClean(work)
        try work.git("push", "--quiet")
        let fresh = try laboratory.clone(origin, as: "fresh")
        for number in 0..<5 { try assertContent(BytePath("data/f\(number).dat"), in: fresh, is: file(number, 40)) }
        try assertSound([work], places: [origin / "data"])
    }
}
