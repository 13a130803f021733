import Digest
import Platform
import TestSupport
import XCTest

/// History and data together in a bucket.
final class S3HistoryTests: S3TestCase {
    private let content = Array(repeating: UInt8(ascii: "y"), count: 300_000)

    private func historyURL(_ endpoint: String? = nil) -> BytePath {
        // Git takes what stands behind `data::` as it is.
        BytePath("data::\(url(endpoint: endpoint))")
    }

    /// Gives `origin` the URL, and pushes a data file there.
    private func push(to url: BytePath) throws {
        try work.git("remote", "set-url", "origin", url)
        try work.write(content, to: "a.bin")
        try work.commit("A data file")
        try work.git("push", "--quiet", "origin", "main")
    }

    func testWholeRepositoryLivesInABucket() throws {
        try push(to: historyURL())
        try laboratory.data(["clone", "--quiet", historyURL(), "clone"])
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        try assertContent("a.bin", in: clone, is: content)
        try assertClean(clone)
        try clone.write(Array("more".utf8), to: "b.bin")
        try clone.commit("More")
        try clone.git("push", "--quiet")
        try work.git("pull", "--quiet", "origin", "main")
        try assertContent("b.bin", in: work, is: Array("more".utf8))
        try work.data("remote", "gc", "--prune", "0")
        try laboratory.clone(historyURL(), as: "again").git("fsck", "--full", "--strict")
        XCTAssertEqual(try work.data("fsck", "--remote", "--quiet").status, 0)
    }

    func testSameScriptAsAgainstAPlainRemote() throws {
        let twins = try HistoryTwins(laboratory, url: historyURL())
        try twins.commit("a", "one.txt", "1\n")
        try twins.push("a", "-u", "origin", "main")
        try twins.git("a", "tag", "-a", "-m", "first", "v1")
        try twins.push("a", "origin", "v1")
        try twins.git(".", "clone", "--quiet", "URL", "b")
        try twins.commit("b", "two.txt", "2\n")
        try twins.push("b", "origin", "main")
        try twins.commit("a", "three.txt", "3\n")
        try twins.push("a", "origin", "main", status: 1)
        try twins.git("a", "fetch", "--quiet", "origin")
        try twins.push("a", "--force", "origin", "main", "main:dev")
        try twins.push("a", "origin", "--delete", "dev")
        try twins.git("b", "fetch", "--quiet", "--prune", "origin")
        try twins.compareObjects("b")
    }

    func testLostAnswerToAStateIsKnownAsOnesOwn() throws {
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        try push(to: historyURL(proxy.endpoint))
        try proxy.set(#"{"match": "^PUT .*git/states", "first": 1, "lose": true}"#)
        try work.write("more\n", to: "more.txt")
        try work.commit("More")
        let outcome = try work.git("push", "origin", "main")
        assertContains(outcome.errorText, "main -> main")
        XCTAssertEqual(try proxy.requests().filter { $0.method == "PUT" && $0.target.contains("git/states") }.suffix(2).map(\.status), [200, 412])
        XCTAssertEqual(try work.git("ls-remote", "origin", "main").line.prefix(40), try work.git("rev-parse", "HEAD").line[...])
    }

    func testServerWithoutConditionalWritesIsRefusedUnlessThereIsOneWriter() throws {
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        let refusal = #""answer": {"status": 501, "headers": {}, "body": "<Error><Code>NotImplemented</Code><Message>no</Message></Error>"}"#
        try proxy.set(#"{"match": "^PUT .*git/probe", \#(refusal)}"#)
        try work.git("remote", "set-url", "origin", historyURL(proxy.endpoint))
        try work.write(content, to: "a.bin")
        try work.commit("A data file")
        let refused = try work.attempt("push", "origin", "main")
        XCTAssertNotEqual(refused.ending, .exited(0))
        assertContains(refused.errorText, "does not create an object only where there is none")
        assertContains(refused.errorText, "hint: if nobody else ever pushes there: git config remote.origin.dataSoleWriter true")
        XCTAssertEqual(try work.git("ls-remote", "--quiet", "origin").lines, [])
        try work.git("config", "remote.origin.dataSoleWriter", "true")
        for number in 1...2 {
            try work.write("\(number)\n", to: "more.txt")
            try work.commit("More")
            assertContains(try work.git("push", "--quiet", "origin", "main").errorText, "warning: nobody else may push to")
        }
        XCTAssertEqual(try laboratory.clone(historyURL()).git("rev-parse", "HEAD").line, try work.git("rev-parse", "HEAD").line)
    }

    func testPushOfACommitSendsKilobytesInFewRequests() throws {
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        try work.write(Array(repeating: UInt8(ascii: "t"), count: 200_000).enumerated().map { UInt8(truncatingIfNeeded: $0.offset &* 7919 >> 3) }, to: "large.txt")
        try push(to: historyURL(proxy.endpoint))
        try work.write("small\n", to: "small.txt")
        try work.commit("Small")
        let before = try proxy.requests().count
        try work.git("push", "--quiet", "origin", "main")
        let requests = try proxy.requests()[before...]
        XCTAssertLessThan(requests.map { $0.up + $0.down }.reduce(0, +), 20_000)
        XCTAssertLessThanOrEqual(requests.count, 10, requests.map { "\($0.method) \($0.target)" }.joined(separator: "\n"))
        // Nothing new is two questions.
        let between = try proxy.requests().count
        try work.git("fetch", "--quiet", "origin")
        XCTAssertEqual(try proxy.requests().count - between, 2)
    }

    func testFetchBringsOnlyThePacksThatAreNotHere() throws {
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        try push(to: historyURL(proxy.endpoint))
        func commit(_ number: Int) throws {
            try work.write("\(number)\n", to: "number.txt")
            try work.commit("Commit \(number)")
            try work.git("push", "--quiet", "origin", "main")
        }
        func packs(_ body: () throws -> Void) throws -> Int {
            let before = try proxy.requests().count
            try body()
            return try proxy.requests()[before...].filter { $0.method == "GET" && $0.target.contains(".pack") }.count
        }
        try commit(1)
        var clone: Worktree!
        XCTAssertEqual(try packs { clone = try laboratory.clone(historyURL(proxy.endpoint)) }, 2)
        try commit(2)
        XCTAssertEqual(try packs { try clone.git("fetch", "--quiet") }, 1)
        for number in 3...5 { try commit(number) }
        XCTAssertEqual(try packs { try clone.git("fetch", "--quiet") }, 3)
        // A branch that rests on what is here.
        try work.git("checkout", "--quiet", "-b", "side", "main~3")
        try work.write("side\n", to: "side.txt")
        try work.commit("Side")
        try work.git("push", "--quiet", "origin", "side")
        try commit(6)
        XCTAssertEqual(try packs { try clone.git("fetch", "--quiet", "origin", "side") }, 1)
        // The first push, two commits, and the side's own.
        XCTAssertEqual(try packs { _ = try laboratory.clone(historyURL(proxy.endpoint), as: "one", ["--single-branch", "--branch", "side"]) }, 4)
        XCTAssertEqual(try packs { _ = try laboratory.clone(historyURL(proxy.endpoint), as: "borrowed", ["--reference", clone.folder]) }, 0)
    }

    func testPackThatArrivesDamagedIsAskedForAgain() throws {
        try work.write(SeededRandom.sample(3 << 20), to: "noise.txt")
        try push(to: historyURL())
        let proxy = try FaultProxy(before: server, laboratory.scratch)
        try proxy.set(#"{"match": "^GET .*[.]pack", "flip_down": 1000000}"#)
        let clone = try laboratory.clone(historyURL(proxy.endpoint))
        try clone.git("fsck", "--full")
        try proxy.set(#"{"match": "^GET .*[.]pack", "cut_down": 100000, "every": 2}"#)
        try laboratory.clone(historyURL(proxy.endpoint), as: "cut").git("fsck", "--full")
    }
}

extension SeededRandom {
    fileprivate static func sample(_ byteCount: Int) -> [UInt8] {
        var random = SeededRandom(seed: 5)
        return random.bytes(byteCount)
    }
}
