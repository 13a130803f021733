import Digest
import Platform
import TestSupport
import XCTest

/// A repository and its data as one file, and back.
final class BundleTests: EndToEndTestCase {
    func testCloneTakesABundleForARepository() throws {
        try work.write(Array("real data".utf8), to: "a.bin")
        try work.commit("Data")
        try work.data("bundle", "create", "../churn.tar")
        try laboratory.data(["clone", "--quiet", "churn.tar"])
        let clone = Worktree(folder: laboratory.folder / "churn", in: laboratory)
        try assertContent("a.bin", in: clone, is: Array("real data".utf8))
        try assertClean(clone)
        let refused = try laboratory.run("git", ["data", "clone", "--depth", "1", "churn.tar", "other"]).expecting(129)
        assertContains(refused.errorText, "knows --lazy alone")
    }

    private var work: Worktree!
    private var origin: BytePath!
    private let old = SampleData.bytes(300_000, seed: 1)
    private let model = SampleData.bytes(5 << 20, seed: 2)
    private let table = Array(SampleData.table(rows: 500).utf8)
    private var tar: BytePath { laboratory.folder / "churn.tar" }

    /// Two commits, both pushed; the tag `v1` names the first.
    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write(old, to: "model.bin")
        try work.write(table, to: "data/tab\tle ü.csv")
        try work.write("code\n", to: "code.txt")
        try work.commit("First")
        try work.git("tag", "-a", "-m", "One", "v1")
        try work.write(model, to: "model.bin")
        try work.commit("Second")
        try work.git("push", "--quiet", "--follow-tags")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func create(_ arguments: BytePath..., as name: BytePath = "churn.tar") throws {
        try laboratory.data(["bundle", "create", "--quiet", laboratory.folder / name] + arguments, in: work.folder)
    }

    /// A worktree out of the bundle, on a machine that has nothing of the origin.
    private func clone(_ file: BytePath = "churn.tar", as name: BytePath = "clone") throws -> Worktree {
        try hideOrigin()
        try laboratory.data(["bundle", "clone", "--quiet", file, name])
        return Worktree(folder: laboratory.folder / name, in: laboratory)
    }

    /// As on a machine without a network.
    private func hideOrigin() throws {
        if origin.exists { try origin.rename(to: laboratory.folder / "elsewhere") }
    }

    private func verify(_ name: BytePath, in folder: BytePath? = nil) throws -> Outcome {
        try laboratory.run("git", ["data", "bundle", "verify", laboratory.folder / name], in: folder)
    }

    private func unpack(_ name: BytePath = "unpacked") throws -> BytePath {
        let folder = laboratory.folder / name
        try folder.makeFolders()
        try laboratory.run("tar", ["-xf", tar, "-C", folder]).expecting(0)
        return folder
    }

    // MARK: there and back

    func testCloneHasEveryByteAndIsClean() throws {
        try create()
        let clone = try clone()
        try assertContent("model.bin", in: clone, is: model)
        try assertContent("data/tab\tle ü.csv", in: clone, is: table)
        try assertContent("code.txt", in: clone, is: Array("code\n".utf8))
        try assertClean(clone)
        XCTAssertEqual(try clone.git("rev-parse", "HEAD").line, try work.git("rev-parse", "HEAD").line)
        XCTAssertEqual(try clone.git("symbolic-ref", "HEAD").line, "refs/heads/main")
        XCTAssertEqual(try clone.git("fsck", "--strict").status, 0)
        XCTAssertEqual(try clone.data("fsck").status, 0)
        // The data of older commits was not asked for.
        XCTAssertFalse(clone.localBlob(of: old).exists)
        XCTAssertTrue((clone.folder / ".git/hooks/pre-push").exists)
    }

    func testSameRepositoryGivesTheSameBytes() throws {
        try create("--all", "--history", as: "one.tar")
        try create("--all", "--history", as: "two.tar")
        XCTAssertTrue(try (laboratory.folder / "one.tar").contents() == (laboratory.folder / "two.tar").contents())
        XCTAssertEqual(try laboratory.folder.entries().filter { $0.description.hasPrefix(".") }, [])
    }

    func testStandardStreamsAreFiles() throws {
        let made = try work.data("bundle", "create", "--quiet", "-", "main")
        try create("main")
        XCTAssertTrue(try tar.contents() == made.output)
        let clone = try laboratory.run("git", ["data", "bundle", "clone", "--quiet", "-", "piped"], input: made.output)
        XCTAssertEqual(clone.status, 0, clone.description)
        try assertContent("model.bin", in: Worktree(folder: laboratory.folder / "piped", in: laboratory), is: model)
        let verified = try laboratory.run("git", ["data", "bundle", "verify", "-"], input: made.output)
        XCTAssertEqual(verified.status, 0, verified.description)
        XCTAssertEqual(try laboratory.run("git", ["data", "bundle", "clone", "-"], input: made.output).status, 129)
    }

    func testAllRefsAndTheWholeHistoryComeBack() throws {
        try work.git("switch", "--quiet", "-c", "side", "v1")
        try work.write(Array("side\n".utf8), to: "side.csv")
        try work.commit("Side")
        try work.git("switch", "--quiet", "main")
        try create("--all", "--history")
        let verified = try verify("churn.tar")
        XCTAssertEqual(verified.status, 0, verified.description)
        let clone = try clone()
        XCTAssertEqual(try clone.git("branch", "--format=%(refname:short)").lines, ["main", "side"])
        try assertClean(clone)
        for (revision, content) in [("v1", old), ("main", model)] {
            try clone.git("checkout", "--quiet", BytePath(revision))
            try assertContent("model.bin", in: clone, is: content)
            try assertClean(clone)
        }
        try clone.git("switch", "--quiet", "side")
        try assertContent("side.csv", in: clone, is: Array("side\n".utf8))
    }

    func testTagAloneIsCheckedOut() throws {
        try create("v1")
        let clone = try clone()
        try assertContent("model.bin", in: clone, is: old)
        XCTAssertEqual(try clone.git("describe", "--exact-match").line, "v1")
        XCTAssertFalse(clone.localBlob(of: model).exists)
        try assertClean(clone)
    }

    func testRepositoryOfSHA256() throws {
        try laboratory.git(["init", "--quiet", "--object-format=sha256", "--initial-branch=trunk", "long"])
        let long = Worktree(folder: laboratory.folder / "long", in: laboratory)
        try long.data("init", "--quiet")
        try long.write("*.bin filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try long.write(old, to: "a.bin")
        try long.commit("A")
        try long.data("bundle", "create", "--quiet", tar)
        XCTAssertEqual(try verify("churn.tar").status, 0)
        let clone = try clone()
        try assertContent("a.bin", in: clone, is: old)
        XCTAssertEqual(try clone.git("symbolic-ref", "HEAD").line, "refs/heads/trunk")
        try assertClean(clone)
    }

    func testHeadsAreListed() throws {
        try create()
        let commit = try work.git("rev-parse", "HEAD").line
        let listed = try laboratory.data(["bundle", "list-heads", tar])
        XCTAssertEqual(listed.lines, ["\(commit) HEAD", "\(commit) refs/heads/main"])
        XCTAssertEqual(try laboratory.git(["bundle", "list-heads", try unpack() / "repository.bundle"]).lines, listed.lines)
    }

    // MARK: updates

    func testUpdateHasWhatIsNewAndIsTaken() throws {
        try create("v1")
        try create("v1..main", as: "week.tar")
        let members = try laboratory.run("tar", ["-tf", laboratory.folder / "week.tar"]).lines
        XCTAssertEqual(members.filter { $0.hasPrefix("objects/") }, ["objects/" + ObjectID.of(model).shardedPath])
        let clone = try clone()
        XCTAssertEqual(try verify("week.tar").status, 1)
        let verified = try verify("week.tar", in: clone.folder)
        XCTAssertEqual(verified.status, 0, verified.description)
        let taken = try clone.data("bundle", "unbundle", laboratory.folder / "week.tar")
        XCTAssertEqual(taken.lines, ["\(try work.git("rev-parse", "main").line) refs/heads/main"])
        try clone.git("merge", "--quiet", "--ff-only", BytePath(taken.line.split(separator: " ").first.map(String.init) ?? ""))
        try assertContent("model.bin", in: clone, is: model)
        try assertContent("data/tab\tle ü.csv", in: clone, is: table)
        try assertClean(clone)
    }

    func testUpdateOfAnotherRepositoryIsRefusedBeforeAnythingIsStored() throws {
        try create("v1..main")
        let other = try laboratory.repository("other")
        let taken = try other.attempt("data", "bundle", "unbundle", tar)
        XCTAssertEqual(taken.status, 128, taken.description)
        assertContains(taken.errorText, try work.git("rev-parse", "v1^{commit}").line)
        XCTAssertFalse(other.localBlob(of: model).exists)
        let cloned = try laboratory.run("git", ["data", "bundle", "clone", tar, "nothing"])
        XCTAssertEqual(cloned.status, 128, cloned.description)
        XCTAssertFalse((laboratory.folder / "nothing").exists)
    }

    // MARK: what is not here

    func testMissingBlobsAreFetched() throws {
        let lazy = try laboratory.cloneOfPointers(origin, as: "lazy")
        try lazy.data("bundle", "create", "--quiet", tar, "main", "v1")
        try create("main", "v1", as: "full.tar")
        XCTAssertTrue(try tar.contents() == (laboratory.folder / "full.tar").contents())
        XCTAssertEqual(try verify("churn.tar").status, 0)
    }

    func testBlobThatCannotBeHadIsNamedAndNothingIsWritten() throws {
        let lazy = try laboratory.cloneOfPointers(origin, as: "lazy")
        try remoteBlob(of: table, in: origin).removeFile()
        for target in ["../churn.tar", "-"] as [BytePath] {
            let made = try lazy.attempt("data", "bundle", "create", target)
            XCTAssertEqual(made.status, 1, made.description)
            assertContains(made.errorText, "nothing is written")
            assertContains(made.errorText, "data/tab\\tle")
            XCTAssertFalse(made.errorText.contains("model.bin"))
            XCTAssertEqual(made.output, [])
        }
        XCTAssertEqual(try laboratory.folder.entries().filter { $0.description.contains("tar") }, [])
    }

    /// With `data.keep = pushed` the worktree has the only copy here.
    func testContentOfTheWorktreeIsTakenWithoutANetwork() throws {
        try work.localBlob(of: model).removeFile()
        try hideOrigin()
        try create()
        try assertContent("model.bin", in: try clone(), is: model)
    }

    func testDamagedBlobIsNotWritten() throws {
        let blob = work.localBlob(of: model)
        var changed = model
        changed[4_000_000] ^= 1
        try blob.removeFile()
        try Descriptor.open(blob, [.write, .create, .exclusive], permissions: 0o444).write(changed)
        try tar.replaceContents(with: Array("what was there".utf8))
        let made = try work.attempt("data", "bundle", "create", tar)
        XCTAssertEqual(made.status, 128, made.description)
        assertContains(made.errorText, "model.bin")
        XCTAssertEqual(try tar.contents(), Array("what was there".utf8))
        XCTAssertEqual(try laboratory.folder.entries().filter { $0.description.hasPrefix(".") }, [])
    }

    func testWhatIsNoRefIsRefusedWithTheWayOut() throws {
        for (arguments, words) in [
            (["HEAD~1"], "git tag NAME"), (["nowhere"], "no revision"), (["main...v1"], "two dots"),
            (["main", "^main"], "nothing to bundle"),
        ] as [([BytePath], String)] {
            let made = try laboratory.run("git", ["data", "bundle", "create", tar] + arguments, in: work.folder)
            XCTAssertEqual(made.status, 128, made.description)
            assertContains(made.errorText, words)
            XCTAssertFalse(tar.exists)
        }
        let shallow = try laboratory.clone(BytePath("file://\(origin.text)"), as: "shallow", ["--depth", "1"])
        assertContains(try shallow.attempt("data", "bundle", "create", tar).errorText, "git fetch --unshallow")
    }

    // MARK: without git data

    /// The lines of the README in the bundle, on a machine that has Git alone.
    func testReadmeInTheBundleGivesEverythingBackWithGitAlone() throws {
        try create("v1", "main")
        let folder = try unpack()
        let readme = String(decoding: try (folder / "README.txt").contents() ?? [], as: UTF8.self)
        let lines = readme.split(separator: "\n").map(String.init)
        let script = lines.drop { !$0.contains("git clone") }.prefix { $0.hasPrefix("    ") }.joined(separator: "\n")
        let plain: [String: BytePath?] = ["HOME": folder, "PATH": "/usr/local/bin:/usr/bin:/bin"]
        let run = try laboratory.run("sh", ["-e", "-c", BytePath(script)], in: folder, with: plain)
        XCTAssertEqual(run.status, 0, run.description)
        let project = Worktree(folder: folder / "project", in: laboratory)
        try assertContent("model.bin", in: project, is: model)
        try assertContent("data/tab\tle ü.csv", in: project, is: table)
        let sums = try laboratory.run("sha256sum", ["--quiet", "--strict", "-c", "SHA256SUMS"], in: folder)
        XCTAssertEqual(sums.status, 0, sums.description)
        let files = String(decoding: try (folder / "files.txt").contents() ?? [], as: UTF8.self)
        assertContains(files, "\(ObjectID.of(model))\t\(model.count)\tmodel.bin\n")
        assertContains(files, "\(ObjectID.of(old))\t\(old.count)\tmodel.bin\n")
        assertContains(files, "\(ObjectID.of(table))\t\(table.count)\t\"data/tab\\tle \\303\\274.csv\"\n")
    }

    func testUnpackedBundleIsADataRemote() throws {
        try create()
        let folder = try unpack()
        try hideOrigin()
        let clone = try laboratory.cloneOfPointers(folder / "repository.bundle")
        try clone.data("remote", "add", "--local", "storage", folder)
        try clone.data("pull", "--quiet")
        try assertContent("model.bin", in: clone, is: model)
        try assertClean(clone)
    }
}
