import Platform
import TestSupport
import XCTest

/// On a file system whose files can share blocks (an XFS in a file, mounted), data takes its size once.
final class ReflinkTests: EndToEndTestCase {
    private let size = 24 << 20
    private var disk: BytePath!
    private var work: Worktree!
    private var content: [UInt8] = []

    override func setUpWithError() throws {
        try super.setUpWithError()
        let image = laboratory.folder / "disk.img", mounted = laboratory.folder / "disk"
        try mounted.makeFolders()
        let made = try shell(
            "truncate -s 1G \(image) && mkfs.xfs -q -m reflink=1 \(image) && mount -o loop \(image) \(mounted)")
        guard made.status == 0 else { throw XCTSkip("only root may mount a file system here: \(made.errorText)") }
        disk = mounted
        content = SampleData.bytes(size, seed: 31)
        work = try laboratory.repository("disk/work")
        try work.data("track", "*.bin")
        try work.write(content, to: "a.bin")
        try work.write(SampleData.bytes(900, seed: 32), to: "small.bin")
        try work.commit("Data")
    }

    override func tearDown() {
        if let disk { _ = try? shell("umount \(disk)") }
        disk = nil
        work = nil
        super.tearDown()
    }

    private func shell(_ line: String) throws -> Outcome {
        try laboratory.run("sh", ["-c", BytePath("PATH=$PATH:/usr/sbin:/sbin\n" + line)], in: laboratory.folder)
    }

    /// Bytes in use on the disk, to the nearest half of what the file takes.
    private func halvesInUse() throws -> Int {
        let answer = try shell("sync -f \(disk!) && df --output=used -B1 \(disk!) | tail -1")
        let used = try XCTUnwrap(Int(answer.line.description.trimmingCharacters(in: .whitespaces)))
        return (used + size / 4) / (size / 2)
    }

    func testFileAndBlobShareTheirSpace() throws {
        let before = try halvesInUse()
        let changes = try shell("stat -c '%i %Y %Z' disk/work/a.bin").text
        assertContains(try work.data("dedup", "--dry-run").text, "would compare 'a.bin'")
        XCTAssertEqual(try halvesInUse(), before, "a dry run changes nothing")
        assertContains(try work.data("dedup").errorText, "2 files now share their space")
        XCTAssertEqual(try halvesInUse(), before - 2)
        XCTAssertEqual(try shell("stat -c '%i %Y %Z' disk/work/a.bin").text, changes, "Git need not look again")
        assertContains(try work.data("dedup").errorText, "2 files did so before")
        try assertContent("a.bin", in: work, is: content)
        try assertClean(work)
        try work.data("fsck", "--worktree")
    }

    func testEditedFileIsNotJoinedAndAnEditLeavesTheBlob() throws {
        try work.data("dedup", "--quiet")
        var edited = content
        edited[edited.count / 2] ^= 1
        try work.write(edited, to: "a.bin")
        try work.data("fsck")
        // The same length, another byte: only the comparison tells.
        assertContains(try work.data("dedup", "a.bin").errorText, "1 file left: edited")
        try assertContent("a.bin", in: work, is: edited)
        XCTAssertEqual(try work.localBlob(of: content).contents() == content, true)
    }

    func testPushAndPullOnOneDiskTakeNoSpace() throws {
        let remote = disk / "remote"
        try remote.makeFolders()
        try work.data("remote", "add", "--local", "storage", remote)
        try work.data("dedup", "--quiet")
        let before = try halvesInUse()
        try work.data("push", "--all", "--quiet")
        XCTAssertEqual(try halvesInUse(), before, "the remote's copy")
        let clone = try laboratory.cloneOfPointers(work.folder, as: "disk/clone")
        try clone.data("init", "--quiet")
        try clone.data("remote", "add", "--local", "storage", remote)
        try clone.data("pull", "--quiet")
        try assertContent("a.bin", in: clone, is: content)
        try assertClean(clone)
        XCTAssertEqual(try halvesInUse(), before, "the clone's store and worktree")
        try clone.data("fsck", "--remote", "--worktree")
    }

    func testElsewhereTheReasonIsSaid() throws {
        let other = try laboratory.repository("plain")
        try other.data("track", "*.bin")
        try other.write(content, to: "a.bin")
        try other.commit("Data")
        try XCTSkipIf(
            shell("cp --reflink=always plain/a.bin copy").status == 0, "this disk has reflinks itself")
        let answer = try other.attempt("data", "dedup")
        XCTAssertEqual(answer.status, 1, answer.description)
        assertContains(answer.errorText, "'a.bin' cannot share its blocks")
        assertContains(answer.errorText, "git config data.keep pushed")
        try assertClean(other)
    }
}
