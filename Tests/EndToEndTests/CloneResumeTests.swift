import Digest
import Platform
import TestSupport
import XCTest

/// Clones that were interrupted: run again they are completed, and nothing of anybody else's is ever touched.
///
/// `GIT_DATA_KILL_ROUNDS=40 Tests/run CloneResume` kills for long; `GIT_DATA_KILL_SEED` repeats a run's choices.
final class CloneResumeTests: EndToEndTestCase {
    private var work: Worktree!
    private var origin: BytePath!
    private var contents: [BytePath: [UInt8]] = [:]
    private var random = SeededRandom(seed: 0)

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
    }

    override func tearDown() {
        work = nil
        contents = [:]
        super.tearDown()
    }

    private var clone: Worktree { Worktree(folder: laboratory.folder / "clone", in: laboratory) }
    private var url: BytePath { BytePath(bytes: Array("file://".utf8) + origin.bytes) }

    /// Data of many sizes, and sources, among them one that takes Git a while to write.
    private func makeProject(files: Int, in project: Worktree) throws {
        for number in 0..<files {
            let size = 1 << Int.random(in: 0...18, using: &random)
            let isData = number % 3 > 0
            let path = BytePath("f\(number % 7)/\(number).\(isData ? "bin" : "txt")")
            let content = random.bytes(size)
            try project.write(content, to: path)
            contents[path] = content
        }
        let large = random.bytes(6_000_000)
        try project.write(large, to: "large.txt")
        contents["large.txt"] = large
        try project.commit("Project")
        try project.git("push", "--quiet", "origin", "main")
    }

    private func assertWhole(_ clone: Worktree, _ context: String) throws {
        for (path, content) in contents where try (clone.folder / path).contents() != content {
            throw Unexpected("\(context): '\(path)' is not what it was")
        }
        let changes = try clone.changes()
        guard changes.isEmpty else { throw Unexpected("\(context): \(changes)") }
        for check in [["fsck", "--no-progress"], ["data", "fsck"]] as [[BytePath]] {
            try laboratory.run("git", check, in: clone.folder).expecting(0)
        }
        guard try clone.attempt("config", "data.clonePending").status == 1 else { throw Unexpected("\(context): still pending") }
    }

    // MARK: kills

    /// Every process, or one of them, is killed at any moment of a clone, again and again until it comes through.
    func testKilledCloneIsCompletedByTheSameCommand() throws {
        let seed = Environment.value("GIT_DATA_KILL_SEED").flatMap { UInt64($0.text) } ?? UInt64.random(in: 0..<1_000_000)
        let rounds = Environment.value("GIT_DATA_KILL_ROUNDS").flatMap { Int($0.text) } ?? 3
        random = SeededRandom(seed: seed)
        print("kill: seed \(seed)")
        try makeProject(files: 60, in: work)
        let command: [BytePath] = ["data", "clone", "--quiet", "--revision", "main", url, "clone"]
        try play(command, rounds: rounds, "seed \(seed)")
    }

    func testKilledCloneWithSubmodulesIsCompletedByTheSameCommand() throws {
        let seed = Environment.value("GIT_DATA_KILL_SEED").flatMap { UInt64($0.text) } ?? UInt64.random(in: 0..<1_000_000)
        let rounds = Environment.value("GIT_DATA_KILL_ROUNDS").flatMap { Int($0.text) } ?? 2
        random = SeededRandom(seed: seed)
        print("kill: seed \(seed)")
        try makeProject(files: 30, in: work)
        let module = contents
        let outer = try laboratory.bareRepository("outer.git"), project = try laboratory.repository("outer")
        try project.git("remote", "add", "origin", outer)
        try project.write("*.bin filter=data diff=data merge=data -text\n", to: ".gitattributes")
        try project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "-b", "main", url, "part/module")
        contents = [:]
        try makeProject(files: 20, in: project)
        for (path, content) in module { contents["part/module" / path] = content }
        let command: [BytePath] = [
            "-c", "protocol.file.allow=always", "data", "clone", "--quiet", "--recurse-submodules",
            BytePath(bytes: Array("file://".utf8) + outer.bytes), "clone",
        ]
        try play(command, rounds: rounds, "seed \(seed)")
    }

    private func play(_ command: [BytePath], rounds: Int, _ seed: String) throws {
        let duration = try ContinuousClock().measure {
            let run = try KilledRun(command, in: laboratory.folder, laboratory)
            guard run.finish().isSuccess else { throw Unexpected("the clone fails without any kill") }
        }
        try assertWhole(clone, "without a kill")
        var kills = 0, round = 0
        // Kills that come when all is done are none: more rounds make up for them.
        while round < rounds || (kills <= rounds && round < 5 * rounds) {
            round += 1
            ScratchFolder.removeTree(clone.folder)
            for attempt in 0..<8 {
                let run = try KilledRun(command, in: laboratory.folder, laboratory)
                let share = Double.random(in: 0...1, using: &random)
                // Every second time all processes go at once, as when the power fails.
                let killed = try run.kill(all: attempt % 2 == 0, after: duration * share, &random)
                if killed.isEmpty { break }
                kills += 1
            }
            let ending = try laboratory.run("git", command)
            // A kill may have come when all was done.
            let isDone = ending.status == 128 && ending.errorText.contains("already exists") && !ending.errorText.contains("unfinished")
            guard ending.status == 0 || isDone else { throw Unexpected("\(seed), round \(round): \(ending.description)") }
            try assertWhole(clone, "\(seed), round \(round)")
        }
        XCTAssertGreaterThan(kills, rounds, seed)
        print("kill: \(round) clones, \(kills) kills")
    }

    /// What has arrived is not fetched again.
    func testBlobsThatArrivedAreKept() throws {
        try makeProject(files: 30, in: work)
        let blobs = origin / "data", away = laboratory.folder / "away"
        let lost = contents.filter { $0.key.text.hasSuffix(".bin") }.sorted { $0.key < $1.key }[0]
        try remoteBlob(of: lost.value, in: origin).rename(to: away)
        try laboratory.run("git", ["data", "clone", "--quiet", url, "clone"]).expecting(1)
        try away.rename(to: remoteBlob(of: lost.value, in: origin))
        // All but the one that was missing could not be had any more.
        for (path, content) in contents where path != lost.key { try remoteBlob(of: content, in: origin).removeFile() }
        XCTAssertTrue(blobs.exists)
        try laboratory.run("git", ["data", "clone", "--quiet", url, "clone"]).expecting(0)
        try assertWhole(clone, "after a blob came late")
    }

    // MARK: half-way states, made by hand

    private func mark(_ step: String) throws -> BytePath {
        let empty = ObjectID.of([]).hex.prefix(12)
        return BytePath(bytes: Array("\(step) \(empty) ".utf8) + url.bytes)
    }

    /// A clone in which Git has fetched, and no more.
    private func beginClone(_ step: String) throws {
        try laboratory.run("git", ["clone", "--quiet", "--no-checkout", "-c", "data.clonePending=" + mark(step), url, "clone"]).expecting(0)
    }

    private func again(_ status: Int32 = 0) throws -> Outcome {
        try laboratory.run("git", ["data", "clone", url, "clone"]).expecting(status)
    }

    func testLocksAndHalfWrittenFilesOfAKilledCheckoutAreNoObstacle() throws {
        try makeProject(files: 20, in: work)
        try beginClone("checkout")
        let large = try XCTUnwrap(contents["large.txt"])
        try clone.write(Array(large.prefix(1_234_567)), to: "large.txt")
        try clone.write([], to: ".gitattributes")
        for name in ["index.lock", "HEAD.lock", "config.lock", "refs/heads/main.lock"] { try clone.write("", to: BytePath(".git/\(name)")) }
        assertContains(try again().errorText, "Going on with the clone in 'clone'...\n")
        try assertWhole(clone, "after a killed checkout")
    }

    func testHalfAFetchIsBegunAnew() throws {
        try makeProject(files: 20, in: work)
        try beginClone("clone")
        try clone.write("half", to: ".git/objects/pack/tmp_pack_x")
        for name in ["refs/heads/main", "refs/remotes", "packed-refs"] { ScratchFolder.removeTree(clone.folder / ".git" / BytePath(name)) }
        _ = try again()
        try assertWhole(clone, "after half a fetch")
        XCTAssertFalse((clone.folder / ".git/objects/pack/tmp_pack_x").exists)
        XCTAssertFalse((clone.folder / ".git-data-unfinished").exists)
    }

    /// Before Git has written its configuration, a note on the folder alone says whose it is.
    func testFirstMomentOfACloneIsKnownByItsNote() throws {
        try makeProject(files: 3, in: work)
        try laboratory.git(["init", "--quiet", "clone"])
        let note = Array(ObjectID.of(url.bytes).hex.utf8)
        guard try Descriptor.open(clone.folder, [.read, .folder]).setAttribute("user.git-data-clone", note) else {
            throw XCTSkip("the file system keeps no notes")
        }
        _ = try again()
        try assertWhole(clone, "after the first moment")
        XCTAssertNil(try Descriptor.open(clone.folder, [.read, .folder]).attribute("user.git-data-clone"))
        // With anything in it, the note does not help; nor does that of another clone.
        for deed in ["git commit --quiet --allow-empty -m x", "git config user.email a@b", "echo x > file", "git hash-object -w --stdin < /dev/null"] {
            ScratchFolder.removeTree(clone.folder)
            try laboratory.git(["init", "--quiet", "clone"])
            XCTAssertTrue(try Descriptor.open(clone.folder, [.read, .folder]).setAttribute("user.git-data-clone", note))
            try clone.shell(deed).expecting(0)
            _ = try again(128)
        }
        ScratchFolder.removeTree(clone.folder)
        try laboratory.git(["init", "--quiet", "clone"])
        XCTAssertTrue(try Descriptor.open(clone.folder, [.read, .folder]).setAttribute("user.git-data-clone", Array(note.reversed())))
        _ = try again(128)
    }

    /// Ctrl-C: everybody in the terminal's group gets the signal, Git tidies up, and no lock stays.
    func testInterruptedCloneIsCompleted() throws {
        try makeProject(files: 40, in: work)
        for delay in [5, 20, 60, 120, 200, 300] {
            _ = try laboratory.run("timeout", [
                "--signal=INT", "--kill-after=60", BytePath("0.\(String(1000 + delay).dropFirst())"), "git", "data", "clone", "--quiet", url, "clone",
            ])
        }
        let last = try laboratory.run("git", ["data", "clone", "--quiet", url, "clone"])
        XCTAssert(last.status == 0 || !last.errorText.contains("unfinished"), last.description)
        try assertWhole(clone, "after interrupts")
    }

    /// Each of these has something of somebody else in it.
    func testWorkOfAPersonIsNeverTouched() throws {
        try makeProject(files: 3, in: work)
        let cases: [(String, String, String)] = [
            ("clone", "echo mine > notes.txt", "somebody has worked"),
            ("clone", "git checkout --quiet main", "somebody has worked"),
            ("clone", "git update-ref refs/heads/own $(git commit-tree -m x HEAD^{tree})", "somebody has worked"),
            ("checkout", "echo mine > notes.txt", "'notes.txt', which is not of it"),
            ("checkout", "echo mine > large.txt", "changes of 'large.txt'"),
            ("checkout", "git update-ref refs/heads/own $(git commit-tree -m x HEAD^{tree})", "a commit that is not on the remote"),
            ("fill", "git checkout --quiet main && echo mine > notes.txt", "'notes.txt', which is not of it"),
            ("fill", "git checkout --quiet main && echo mine > large.txt", "changes of 'large.txt'"),
            ("fill", "git checkout --quiet main && echo mine > f1/1.bin", "changes of 'f1/1.bin'"),
            ("fill", "git checkout --quiet main && git commit --quiet --allow-empty -m x", "a commit that is not on the remote"),
            ("fill", "git checkout --quiet --detach && git commit --quiet --allow-empty -m x", "a commit that is not on the remote"),
            ("fill", "git config data.clonePending 'fill 000000000000 \(url)'", "begun with other options"),
            ("fill", "git config data.clonePending 'fill 000000000000 /elsewhere'", "an unfinished clone of '/elsewhere'"),
            ("fill", "git config --unset data.clonePending", ""),
            ("clone", "git config --unset data.clonePending", ""),
        ]
        for (step, deed, reason) in cases {
            ScratchFolder.removeTree(clone.folder)
            try beginClone(step)
            try clone.shell(deed).expecting(0)
            let before = try listing()
            let refused = try again(128)
            assertContains(refused.errorText, "error: destination path 'clone' already exists and is not an empty directory\n")
            XCTAssert(reason.isEmpty || refused.errorText.contains(reason), "\(step): \(deed): \(refused.errorText)")
            XCTAssertEqual(try listing(), before, "\(step): \(deed)")
        }
    }

    /// All paths and contents below the clone, without what Git reads only for speed.
    private func listing() throws -> [String] {
        let shell = "find . -type f ! -path './.git/index' ! -path './.git/data/*' ! -name clone-index -exec sha256sum {} + | sort -k 2"
        return try clone.shell(shell).expecting(0).lines
    }

    /// What an earlier run has filled is read again before it is called verified, as a crash may have come between.
    func testFilesOfAnEarlierRunAreVerified() throws {
        try makeProject(files: 9, in: work)
        try beginClone("fill")
        try clone.git("checkout", "--quiet", "main")
        try clone.git("config", "core.trustctime", "false")
        let damage = "touch -r f1/1.bin ../time && printf X | dd of=f1/1.bin conv=notrunc status=none && touch -r ../time f1/1.bin"
        try clone.shell("sleep 1.1; git update-index --refresh; " + damage).expecting(0)
        XCTAssertEqual(try clone.changes(), [], "Git sees nothing")
        let found = try again(1)
        assertContains(found.errorText, "error: 1 file whose bytes are not those of the commit:\n\tf1/1.bin\n")
        assertContains(found.errorText, "1 without content\n")
        try clone.shell("rm f1/1.bin && git checkout -- .").expecting(0)
        _ = try again()
        try assertWhole(clone, "after the repair")
    }

    func testForeignFoldersAreRefused() throws {
        try makeProject(files: 3, in: work)
        try clone.write("mine", to: "file")
        _ = try again(128)
        ScratchFolder.removeTree(clone.folder)
        try laboratory.git(["init", "--quiet", "clone"])
        _ = try again(128)
        XCTAssertEqual(try clone.folder.entries(), [".git"])
        ScratchFolder.removeTree(clone.folder)
        try laboratory.scratch.write("mine", to: "clone")
        _ = try again(128)
        XCTAssertEqual(try clone.folder.contents(), Array("mine".utf8))
    }

    func testSecondRunWaitsForTheProcessesOfTheFirst() throws {
        try makeProject(files: 12, in: work)
        try beginClone("checkout")
        // As a Git that outlived the command would.
        let run = try laboratory.run(
            "sh",
            ["-c", BytePath("(flock 9; sleep 1; touch released) 9< clone & sleep 0.2; git data clone --quiet '\(url)' clone && test -e released; s=$?; wait; exit $s")])
        XCTAssertEqual(run.status, 0, run.description)
        try assertWhole(clone, "after the first has ended")
    }
}

extension BytePath {
    fileprivate static func + (prefix: String, path: BytePath) -> BytePath {
        BytePath(bytes: Array(prefix.utf8) + path.bytes)
    }
}
