import Glibc
import Platform
import TestSupport
import XCTest

/// The roads for systems that do not let calls be watched.
final class WatchedFoldersTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var top: BytePath { scratch.path }

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        for name in ["in", "data/a", "data/b", ".git/config"] { try scratch.write("content\n", to: BytePath(name)) }
    }

    override func tearDown() { scratch = nil }

    private func shell(_ script: String, road: OpenedFiles.Road) throws -> OpenedFiles {
        let (ending, files) = try WatchedCommand.run(
            "/bin/sh", ["-c", BytePath(script)], folder: top, watching: top, excluding: [".git"], road: road)
        XCTAssertEqual(ending, .exited(5), script)
        XCTAssertEqual(files.road, road)
        return files
    }

    /// A stage of the usual kind.
    private let script = """
        cat in data/a .git/config > out; echo x > .git/new; mkdir -p deep/er; cat out > deep/er/file
        echo t > t; mv t data/b; rm data/a; ls data > /dev/null; cat out; echo more > again; rm again; exit 5
        """

    func testEventsSayWhatWasReadAndWritten() throws {
        let files = try shell(script, road: .byAnyProcess)
        XCTAssertEqual(files.read, ["in", "data/a"])
        XCTAssertEqual(files.written, ["out", "deep/er/file", "data/b"])
        XCTAssertEqual(files.removed, ["data/a"])
        XCTAssertEqual(files.listed, ["data"])
        XCTAssertTrue(files.isComplete)
        XCTAssertTrue(files.knowsReads)
    }

    func testComparisonSaysWhatWasWritten() throws {
        let files = try shell(script, road: .comparison)
        XCTAssertEqual(files.read, [])
        XCTAssertEqual(files.written, ["out", "deep/er/file", "data/b"])
        XCTAssertEqual(files.removed, ["data/a"])
        XCTAssertFalse(files.knowsReads)
    }

    func testReadThenWrittenIsBothAndWrittenThenReadIsNot() throws {
        let files = try shell("cat in; echo x > in; echo y > data/a; cat data/a; echo z > new; cat new; exit 5", road: .byAnyProcess)
        XCTAssertEqual(files.read, ["in"])
        XCTAssertEqual(files.written, ["in", "data/a", "new"])
    }

    func testFilesInFoldersThatComeAndMoveAreFound() throws {
        for road in [OpenedFiles.Road.byAnyProcess, .comparison] {
            try scratch.write("x", to: "old/one/two")
            let files = try shell("mkdir made; for i in 1 2 3 4 5; do mkdir -p made/$i/x; echo > made/$i/x/y; done; mv made final; mv old new; exit 5", road: road)
            XCTAssertEqual(files.written, Set((1...5).map { BytePath("final/\($0)/x/y") } + ["new/one/two"]))
            XCTAssertEqual(files.removed, ["old/one/two"])
            ScratchFolder.removeTree(top / "final")
            ScratchFolder.removeTree(top / "new")
        }
    }

    func testFilesOfOtherProcessesAreNamedToo() throws {
        // Not the command reads: what the road cannot tell apart it must not hide.
        let gate = scratch / "gate"
        XCTAssertEqual(mkfifo(gate.text, 0o600), 0)
        let path = scratch / "in", other = WorkerThread {
            let opened = try? Descriptor.open(gate, .write)
            _ = try? path.contents()
            _ = consume opened
        }
        let files = try shell("cat gate; exit 5", road: .byAnyProcess)
        other.join()
        XCTAssertTrue(files.read.contains("in"))
        XCTAssertEqual(files.road, .byAnyProcess)
    }

    func testOverflowMakesTheResultIncomplete() throws {
        // The reader of the events is held up, as it would be by a slow disk, while more come than the queue holds.
        let queue = try XCTUnwrap(try BytePath("/proc/sys/fs/inotify/max_queued_events").contents())
        let count = Int(String(decoding: queue.filter { $0 != 10 }, as: UTF8.self)) ?? 16384
        try XCTSkipIf(count > 100_000, "the queue holds too many events for a test")
        let peer = try TestPeer.executable()
        let script = """
            kill -STOP $PPID
            i=0; while [ $i -lt \(count / 2) ]; do : < in; : < data/b; i=$((i + 1)); done
            kill -CONT $PPID
            """
        let finished = try Finished(peer, ["watch-events", top, "/bin/sh", "-c", BytePath(script)])
        XCTAssertEqual(finished.text, "incomplete\n")
        let few = try Finished(peer, ["watch-events", top, "/bin/cat", "in"])
        XCTAssertEqual(few.text, "content\ncomplete\n")
    }

    func testRoadIsFoundByItself() throws {
        let (ending, files) = try WatchedCommand.run("/bin/cat", ["in"], folder: top, watching: top)
        XCTAssertEqual(ending, .exited(0))
        XCTAssertTrue(files.read == ["in"] || files.road == .comparison)
        XCTAssertTrue(OpenedFiles.Road.allCases.contains(files.road))
    }
}
