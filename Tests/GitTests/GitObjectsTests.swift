import Git
import Platform
import TestSupport
import XCTest

/// Objects, revisions, the index and attributes of real repositories.
final class GitObjectsTests: XCTestCase {
    private var repository: ScratchRepository!
    private var git: Git!

    /// Names that no line and no text can hold.
    private let oddNames: [BytePath] = [
        "plain", "with space", "tab\tnewline\nin it", "\nnewline first", "quote\"back\\slash", "-dash", ":(glob)*", "*",
        "grüße", BytePath(bytes: [0xff, 0xfe, 0x61]), "folder/é\u{301}/file", "trailing space ",
    ]

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        repository = try ScratchRepository()
        git = try Git(in: repository.path)
    }

    override func tearDown() {
        git = nil
        repository = nil
    }

    private func writeOddFiles() throws {
        for name in oddNames { try repository.write(Array("content of ".utf8) + name.bytes, to: name) }
        try repository.commit()
    }

    private func hash(_ content: [UInt8]) throws -> GitObjectName {
        let answer = try repository.git(["hash-object", "-w", "--stdin"], input: content)
        return try XCTUnwrap(GitObjectName(hex: answer.line.bytes))
    }

    private func blobs(_ names: [GitObjectName], shorterThan limit: Int = 1024) throws -> [(GitObjectName, [UInt8])] {
        var found: [(GitObjectName, [UInt8])] = []
        try git.forEachBlob(names, shorterThan: limit) { found.append(($0, $1)) }
        return found
    }

    func testIndexEntriesHaveTheirBytes() throws {
        try writeOddFiles()
        let entries = try git.indexEntries()
        XCTAssertEqual(entries.map(\.path), oddNames.sorted())
        for entry in entries {
            XCTAssertEqual(entry.mode, "100644")
            XCTAssertEqual(entry.stage, 0)
            XCTAssertTrue(entry.isRegularFile)
            let expected = Array("content of ".utf8) + entry.path.bytes
            XCTAssertEqual(try blobs([entry.name]).first?.1, expected)
        }
        XCTAssertEqual(try git.treeEntries("HEAD"), entries)
    }

    func testIndexEntriesOfPathsAreLiteral() throws {
        try writeOddFiles()
        XCTAssertEqual(try git.indexEntries(["*"]).map(\.path), ["*"])
        XCTAssertEqual(try git.indexEntries([":(glob)*"]).map(\.path), [":(glob)*"])
        XCTAssertEqual(try git.indexEntries(["folder"]).map(\.path), ["folder/é\u{301}/file"])
        XCTAssertEqual(try git.indexEntries(["absent"]), [])
    }

    func testEntriesTellKindsAndStages() throws {
        try repository.write("#!/bin/sh\n", to: "script")
        try repository.git("add", "script")
        try repository.git("update-index", "--chmod=+x", "script")
        let target = try hash(Array("script".utf8))
        let commit = "1234567890123456789012345678901234567890"
        try repository.git("update-index", "--add", "--cacheinfo", BytePath("120000,\(target),link"))
        try repository.git("update-index", "--add", "--cacheinfo", BytePath("160000,\(commit),module"))
        let conflict = (1...3).map { "100644 \(target) \($0)\tboth\0" }.joined()
        try repository.git(["update-index", "-z", "--index-info"], input: Array(conflict.utf8))
        let entries = try git.indexEntries()
        XCTAssertEqual(entries.map { "\($0.mode) \($0.stage) \($0.path)" }, [
            "100644 1 both", "100644 2 both", "100644 3 both", "120000 0 link", "160000 0 module", "100755 0 script",
        ])
        XCTAssertEqual(entries.map(\.isRegularFile), [true, true, true, false, false, true])
    }

    func testTreeEntriesLeaveOutSubmodules() throws {
        try repository.write("x", to: "file")
        let commit = "1234567890123456789012345678901234567890"
        try repository.git("update-index", "--add", "--cacheinfo", BytePath("160000,\(commit),module"))
        try repository.git("add", "file")
        try repository.git("commit", "-q", "-m", "x")
        XCTAssertEqual(try git.treeEntries("HEAD").map(\.path), ["file"])
        XCTAssertThrowsError(try git.treeEntries("no-such-revision")) { error in
            guard case .failed(let command, let status, _)? = error as? GitError else { return XCTFail("\(error)") }
            XCTAssertEqual(command, "git ls-tree")
            XCTAssertEqual(status, 128)
        }
    }

    func testTreeAndStagedFilesComeInPortions() throws {
        try writeOddFiles()
        let entries = try git.treeEntries("HEAD")
        try repository.write("changed", to: "plain")
        try repository.write("new", to: "\nnew one")
        try repository.git("add", "-A")
        try repository.git("rm", "-q", "--cached", "--", "-dash")
        try repository.git("update-index", "--chmod=+x", "grüße")
        let link = try hash(Array("plain".utf8))
        try repository.git("update-index", "--add", "--cacheinfo", BytePath("120000,\(link),link"))
        try repository.git(["update-index", "--index-info"], input: Array("100644 \(link) 2\tboth\n".utf8))
        let staged = try git.indexEntries().filter { ["plain", "\nnew one", "grüße"].contains($0.path) }
        XCTAssertEqual(staged.map(\.mode).filter { $0 == "100755" }.count, 1)
        for count in [1, 2, 3, 5, 100] {
            var (tree, index): ([[IndexEntry]], [[IndexEntry]]) = ([], [])
            try git.forEachTreePortion("HEAD", of: count) { tree.append($0) }
            try git.forEachStagedPortion(since: "HEAD", of: count) { index.append($0) }
            for (portions, expected) in [(tree, entries), (index, staged)] {
                XCTAssertEqual(portions.flatMap { $0 }, expected)
                XCTAssertEqual(portions.map(\.count).max(), min(count, expected.count))
            }
        }
    }

    func testOnlySmallBlobsAreReadInTheOrderGiven() throws {
        let empty = try hash([])
        let small = try hash([0, 10, 0xff, 10])
        let atLimit = try hash([UInt8](repeating: 1, count: 1024))
        let below = try hash([UInt8](repeating: 2, count: 1023))
        try repository.commit()
        let tree = try XCTUnwrap(git.resolve("HEAD^{tree}"))
        let commit = try XCTUnwrap(git.resolve("HEAD"))
        let missing = try XCTUnwrap(GitObjectName(hex: Array("1234567890123456789012345678901234567890".utf8)))
        let found = try blobs([small, missing, tree, below, atLimit, commit, empty, small])
        XCTAssertEqual(found.map(\.0), [small, below, empty, small])
        XCTAssertEqual(found.map(\.1), [[0, 10, 0xff, 10], [UInt8](repeating: 2, count: 1023), [], [0, 10, 0xff, 10]])
        XCTAssertEqual(try blobs([]).count, 0)
        XCTAssertEqual(try blobs([missing]).count, 0)
    }

    func testThousandsOfBlobsNeedNoMoreThanTwoProcesses() throws {
        var stream: [UInt8] = []
        for value in 0..<5000 { stream += Array("blob\nmark :\(value + 1)\ndata <<E\n\(value)\nE\n".utf8) }
        try repository.git(["fast-import", "--quiet", "--export-marks=marks"], input: stream)
        let marks = try XCTUnwrap((repository.path / "marks").contents())
        let names = marks.split(separator: 10).compactMap { line in
            line.split(separator: 32).last.flatMap { GitObjectName(hex: $0) }
        }
        XCTAssertEqual(names.count, 5000)
        var count = 0
        try git.forEachBlob(names, shorterThan: 1024) { _, content in count += content.isEmpty ? 0 : 1 }
        XCTAssertEqual(count, 5000)
    }

    func testErrorOfBodyEndsTheReading() throws {
        let names = try (0..<100).map { try hash(Array("\($0)".utf8)) }
        var calls = 0
        XCTAssertThrowsError(
            try git.forEachBlob(names, shorterThan: 1024) { (_, _) throws(GitError) in
                calls += 1
                throw .protocolViolation("enough")
            })
        XCTAssertEqual(calls, 1)
    }

    func testReachedBlobsAreThoseOfOneSideOnly() throws {
        try repository.write("one", to: "one")
        try repository.commit()
        try repository.write("two", to: "folder/two")
        try repository.write([UInt8](repeating: 1, count: 2000), to: "large")
        try repository.commit()
        let all = try git.reachedBlobs(from: ["HEAD"], shorterThan: 1024)
        XCTAssertEqual(Set(blobPaths(all)), ["one", "folder/two"])
        XCTAssertEqual(blobPaths(try git.reachedBlobs(from: ["HEAD"], excluding: ["HEAD~1"], shorterThan: 1024)), ["folder/two"])
        XCTAssertEqual(blobPaths(try git.reachedBlobs(from: ["HEAD"], excluding: ["HEAD"], shorterThan: 1024)), [])
        XCTAssertEqual(Set(blobPaths(try git.reachedBlobs(from: [], extra: ["--all"], shorterThan: 1024))), ["one", "folder/two"])
        XCTAssertEqual(try git.reachedBlobs(from: [], shorterThan: 1024), [])
        XCTAssertThrowsError(try git.reachedBlobs(from: ["nothing"], shorterThan: 1024))
    }

    /// The paths of those that are blobs; trees are among what a walk gives.
    private func blobPaths(_ reached: [ReachedBlob]) -> [BytePath] {
        let names = (try? blobs(reached.map(\.name)).map(\.0)) ?? []
        return reached.filter { names.contains($0.name) }.map(\.path)
    }

    func testEveryBlobIsReachedWhateverItsName() throws {
        try writeOddFiles()
        let expected = Set(try git.indexEntries().map(\.name))
        XCTAssertEqual(expected.count, oddNames.count)
        let reached = Set(try git.reachedBlobs(from: ["HEAD"], shorterThan: 1024).map(\.name))
        XCTAssertEqual(expected.subtracting(reached), [])
    }

    func testBlobThatOnlyTagNamesIsReached() throws {
        let blob = try hash(Array("a tag points at me".utf8))
        try repository.commit()
        try repository.git("tag", "light", BytePath(blob.description))
        try repository.git("tag", "-a", "-m", "x", "heavy", BytePath(blob.description))
        for revisions in [["light"], ["heavy"], [BytePath(blob.description)]] as [[BytePath]] {
            let reached = try git.reachedBlobs(from: revisions, shorterThan: 1024)
            XCTAssertTrue(reached.map(\.name).contains(blob), "\(revisions)")
        }
        XCTAssertTrue(try git.reachedBlobs(from: [], extra: ["--all"], shorterThan: 1024).map(\.name).contains(blob))
    }

    func testResolve() throws {
        XCTAssertNil(try git.resolve("HEAD"))
        try repository.commit()
        let head = try XCTUnwrap(git.resolve("HEAD"))
        XCTAssertEqual(try git.resolve("main"), head)
        XCTAssertNil(try git.resolve("no such"))
        XCTAssertNil(try git.resolve("--all"))
        XCTAssertNil(try git.resolve("-h"))
    }

    func testContentOfOneBlob() throws {
        try repository.write([1, 0, 10], to: "file")
        try repository.commit()
        XCTAssertEqual(try git.blob("HEAD:file"), [1, 0, 10])
        XCTAssertEqual(try git.blob(":file"), [1, 0, 10])
        XCTAssertNil(try git.blob("HEAD:none"))
        XCTAssertNil(try git.blob("HEAD"))
    }

    func testExistingObjects() throws {
        let here = try hash([1])
        let missing = try XCTUnwrap(GitObjectName(hex: Array("1234567890123456789012345678901234567890".utf8)))
        XCTAssertEqual(try git.existing([missing, here]), [here])
        XCTAssertEqual(try git.existing([]), [])
    }

    func testRemoteRefs() throws {
        try repository.commit()
        try repository.git("tag", "-a", "-m", "x", "v1")
        let refs = try git.remoteRefs(repository.path)
        XCTAssertEqual(refs.map(\.ref), ["refs/heads/main", "refs/tags/v1"])
        XCTAssertEqual(refs.first?.name, try git.resolve("HEAD"))
        XCTAssertThrowsError(try git.remoteRefs(repository.scratch / "nothing"))
        XCTAssertThrowsError(try git.remoteRefs("--upload-pack=touch pwned"))
        XCTAssertFalse((repository.path / "pwned").exists)
    }

    func testRepositoryOfSHA256Names() throws {
        let other = try ScratchRepository(["--object-format=sha256"])
        try other.write("x", to: "file")
        try other.commit()
        let git = try Git(in: other.path)
        let entry = try XCTUnwrap(git.indexEntries().first)
        XCTAssertEqual(entry.name.hex.count, 64)
        XCTAssertEqual(try git.treeEntries("HEAD"), [entry])
        XCTAssertTrue(try git.reachedBlobs(from: ["HEAD"], shorterThan: 1024).map(\.name).contains(entry.name))
    }

    // MARK: attributes

    func testAttributesOfOddPaths() throws {
        try repository.write("* filter=data\n\"quote\\\"*\" filter=other\n/-dash -filter\n", to: ".gitattributes")
        let values = try git.attribute("filter", of: oddNames)
        for name in oddNames where name != "-dash" && !name.bytes.starts(with: "quote".utf8) {
            XCTAssertEqual(values[name], "data", "\(name)")
        }
        XCTAssertNil(values["-dash"])
        XCTAssertEqual(values["quote\"back\\slash"], "other")
        XCTAssertEqual(try git.attribute("filter", of: []), [:])
    }

    func testAttributesFromIndexAlone() throws {
        try repository.write("*.csv filter=data\n", to: ".gitattributes")
        try repository.git("add", ".gitattributes")
        try repository.write("*.csv filter=changed diff\n", to: ".gitattributes")
        XCTAssertEqual(try git.attribute("filter", of: ["a.csv", "b.txt"]), ["a.csv": "changed"])
        XCTAssertEqual(try git.attribute("filter", of: ["a.csv", "b.txt"], cached: true), ["a.csv": "data"])
        XCTAssertEqual(try git.attribute("diff", of: ["a.csv"]), ["a.csv": "set"])
    }

    // MARK: the program

    func testIsolatedGitForgetsTheRepositoryOfItsEnvironment() throws {
        let other = try ScratchRepository()
        try other.git("config", "data.remote", "other")
        try TestProcess.with(["GIT_DIR": repository.path / ".git"]) {
            XCTAssertNil(try Git(in: other.path).configuration().value("data.remote"))
            XCTAssertEqual(try Git(in: other.path, isolated: true).configuration().value("data.remote"), "other")
        }
        let known = try repository.git("rev-parse", "--local-env-vars").text.split(separator: "\n").map(String.init)
        XCTAssertEqual(Set(known).subtracting(Git.localVariables), [])
    }

    func testGitOfWorktreeIsNotRun() throws {
        let program = try repository.write("#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n", to: "bin/git")
        try Descriptor.open(program, .read).setPermissions(0o755)
        let path = BytePath("\(repository.path / "bin")")
        try TestProcess.with(["PATH": path]) {
            XCTAssertThrowsError(try Git(in: repository.path, worktree: repository.path)) { error in
                guard case .notInstalled? = error as? GitError else { return XCTFail("\(error)") }
            }
        }
        XCTAssertFalse((repository.path / "bin/ran").exists)
    }

    func testKilledGitIsTypedError() throws {
        XCTAssertThrowsError(try git.run(["-c", "alias.die=!kill -9 $PPID", "die"])) { error in
            guard case .failed(let command, let status, _)? = error as? GitError else { return XCTFail("\(error)") }
            XCTAssertEqual(command, "git die")
            XCTAssertEqual(status, 137)
        }
    }

    func testObjectNames() {
        XCTAssertNotNil(GitObjectName(hex: Array(repeating: UInt8(ascii: "a"), count: 40)))
        XCTAssertNotNil(GitObjectName(hex: Array(repeating: UInt8(ascii: "0"), count: 64)))
        XCTAssertEqual(GitObjectName(hex: Array(repeating: UInt8(ascii: "0"), count: 40))?.isNull, true)
        for count in [0, 39, 41, 63, 65] { XCTAssertNil(GitObjectName(hex: Array(repeating: UInt8(ascii: "a"), count: count))) }
        for byte in ["A", "g", " ", "\n"] {
            XCTAssertNil(GitObjectName(hex: Array((String(repeating: "a", count: 39) + byte).utf8)), byte)
        }
    }

    func testChangesComeInPortionsInTheOrderOfTheirPaths() throws {
        try writeOddFiles()
        let old = try XCTUnwrap(try git.resolve("HEAD"))
        for name in oddNames.prefix(7) { try repository.write(Array("changed ".utf8) + name.bytes, to: name) }
        for count in [1, 2, 3, 7, 100] {
            var portions: [[WorktreeChange]] = []
            try git.forEachWorktreeChangePortion(of: count) { portions.append($0) }
            XCTAssertEqual(portions.flatMap { $0 }.map(\.path), oddNames.prefix(7).sorted())
            XCTAssert(portions.joined().allSatisfy(\.isContentAlone))
            XCTAssertEqual(portions.map(\.count), (0..<(7 + count - 1) / count).map { min(count, 7 - $0 * count) })
        }
        try repository.commit()
        for count in [1, 2, 3, 7, 100] {
            var portions: [[TreeChange]] = []
            try git.forEachTreeChangePortion(from: old, to: "HEAD", of: count) { portions.append($0) }
            XCTAssertEqual(portions.flatMap { $0 }.map(\.path), oddNames.prefix(7).sorted())
            XCTAssertEqual(portions.map(\.count), (0..<(7 + count - 1) / count).map { min(count, 7 - $0 * count) })
        }
    }
}

extension Git {
    fileprivate func reachedBlobs(
        from revisions: [BytePath], excluding excluded: [BytePath] = [], extra: [BytePath] = [], shorterThan limit: Int
    ) throws(GitError) -> [ReachedBlob] {
        var reached: [ReachedBlob] = []
        try forEachReachedBlob(from: revisions, excluding: excluded, extra: extra, shorterThan: limit) { reached.append($0) }
        return reached
    }
}
