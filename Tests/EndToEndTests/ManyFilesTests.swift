import Platform
import TestSupport
import XCTest

/// Many small files in one command: the short form of `Tests/Benchmarks/run`.
final class ManyFilesTests: EndToEndTestCase {
    private let count = 1000

    private func content(_ number: Int) -> [UInt8] {
        Array("file \(number)\n".utf8) + SampleData.bytes(100 + number % 50, seed: UInt64(number))
    }

    private func path(_ number: Int) -> BytePath { BytePath("data/\(number % 10)/\(number).bin") }

    private func makeProject() throws -> (work: Worktree, origin: BytePath) {
        let (work, origin) = try laboratory.project()
        for number in 0..<count { try work.write(content(number), to: path(number)) }
        return (work, origin)
    }

    private func assertAll(_ worktree: Worktree, file: StaticString = #filePath, line: UInt = #line) throws {
        for number in 0..<count {
            try assertContent(path(number), in: worktree, is: content(number), file: file, line: line)
        }
        try assertClean(worktree, file: file, line: line)
    }

    func testOneAddOnePushOnePull() throws {
        let (work, origin) = try makeProject()
        let add = try work.git("add", "--all", with: ["GIT_TRACE": "1"])
        let starts = add.errorText.split(separator: "\n").filter { $0.contains("run_command: 'git-data filter-process'") }
        XCTAssertEqual(starts.count, 1, "one filter serves all files")
        try work.git("commit", "--quiet", "-m", "Many")
        let push = try work.git("push", "origin", "main")
        assertContains(push.errorText, "\(count) blobs")
        try work.data("fsck", "--remote")
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("pull")
        try assertAll(clone)
        try work.git("switch", "--quiet", "--detach", "HEAD~1")
        XCTAssertFalse((work.folder / path(7)).exists)
        try work.git("switch", "--quiet", "main")
        try assertAll(work)
    }

    func testOneCheckoutFetchesAll() throws {
        let (work, origin) = try makeProject()
        try work.commit("Many")
        try work.git("push", "--quiet", "origin", "main")
        try assertAll(try laboratory.clone(origin))
    }

    func testSameContentIsStoredAndSentOnce() throws {
        let (work, origin) = try laboratory.project()
        for number in 0..<50 { try work.write(content(1), to: path(number)) }
        try work.commit("The same")
        let push = try work.git("push", "origin", "main")
        assertContains(push.errorText, "1 blob ")
        let clone = try laboratory.cloneOfPointers(origin)
        let pull = try clone.data("pull")
        assertContains(pull.errorText, "1 blob ")
        assertContains(pull.errorText, "50 files")
        try assertClean(clone)
    }
}
