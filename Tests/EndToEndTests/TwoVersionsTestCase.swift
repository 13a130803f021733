import Platform
import TestSupport
import XCTest

/// A project in which one data file has an old version and the present one, both in the local store and neither
/// pushed.
class TwoVersionsTestCase: EndToEndTestCase {
    let old = SampleData.bytes(40_000, seed: 1)
    let present = SampleData.bytes(41_000, seed: 2)
    private(set) var work: Worktree!
    private(set) var origin: BytePath!

    override func setUpWithError() throws {
        try super.setUpWithError()
        (work, origin) = try laboratory.project()
        try work.write(old, to: "a.bin")
        try work.commit("Old")
        try work.write(present, to: "a.bin")
        try work.commit("Present")
        // Git looks into a file as young as its index again, and what it cleans then goes into the store again.
        XCTAssertEqual(try work.shell("touch -d 2020-01-01 a.bin && git update-index --refresh").status, 0)
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    /// Puts the content in the file's place, with one bit changed.
    func damage(_ file: BytePath, _ content: [UInt8]) throws {
        var damaged = content
        damaged[damaged.count / 2] ^= 4
        try file.removeFile()
        try file.replaceContents(with: damaged, permissions: 0o444)
    }
}
