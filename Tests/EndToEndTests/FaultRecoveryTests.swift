import Digest
import Glibc
import Platform
import TestSupport
import XCTest

/// What comes after a fault: a crash of the system, a damaged blob.
final class FaultRecoveryTests: EndToEndTestCase {
    private var work: Worktree!
    private let content = SampleData.bytes(30_000, seed: 1)

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, _) = try laboratory.project()
        try work.write(content, to: "a.bin")
        try work.git("add", "a.bin")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    /// As if the system had ended before the blob was on the disk: half of it is left, under the name of what waits.
    private func loseHalf() throws {
        let blob = work.localBlob(of: content)
        let pending = work.folder / ".git/data/incoming" / BytePath("\(ObjectID.of(content).hex).pending")
        try blob.removeFile()
        try Descriptor.open(pending, [.write, .create, .truncate]).write(Array(content.prefix(content.count / 2)))
    }

    func testCommitTakesWhatACrashTookFromTheWorktree() throws {
        try loseHalf()
        try work.git("commit", "--quiet", "-m", "Data")
        XCTAssertEqual(try work.localBlob(of: content).contents(), content)
        try work.git("push", "--quiet", "origin", "main")
    }

    func testCommitOfWhatIsNowhereIsRefused() throws {
        try loseHalf()
        try work.write(SampleData.bytes(30_000, seed: 2), to: "a.bin")
        let commit = try work.attempt("commit", "--quiet", "-m", "Data")
        XCTAssertEqual(commit.status, 1)
        assertContains(commit.errorText, "did not come to the disk")
        assertContains(commit.errorText, "a.bin")
        try work.git("add", "a.bin")
        try work.git("commit", "--quiet", "-m", "Data")
        try assertPointer("a.bin", in: work, for: SampleData.bytes(30_000, seed: 2))
    }

    func testWhatAnEarlierCheckTookOutOfUseIsRepaired() throws {
        try work.git("commit", "--quiet", "-m", "Data")
        let blob = work.localBlob(of: content)
        XCTAssertEqual(blob.withCString { chmod($0, 0o644) }, 0)
        try Descriptor.open(blob, [.write]).write(Array("damaged".utf8))
        for _ in 0..<2 {
            let found = try work.attempt("data", "fsck")
            XCTAssertEqual(found.status, 1, found.description)
            assertContains(found.text, "damaged \(ObjectID.of(content).hex) a.bin")
        }
        assertContains(try work.data("fsck", "--repair").text, "repaired from the worktree")
        XCTAssertEqual(try work.localBlob(of: content).contents(), content)
        XCTAssertEqual(try work.data("fsck").text, "")
    }
}
