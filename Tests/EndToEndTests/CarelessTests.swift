import TestSupport
import XCTest

/// What people do who do not think of git data: the short form of `Tests/careless`.
final class CarelessTests: EndToEndTestCase {
    func testColleagueWithoutTheFilter() throws { try run("colleagues.without_filter") }
    func testHooksWithoutTheFilter() throws { try run("colleagues.hooks_without_filter") }
    func testPushesPastTheHook() throws { try run("colleagues.bypassed") }
    func testGitLFSBesideIt() throws { try run("colleagues.beside_git_lfs") }
    func testNewerFormats() throws { try run("versions") }
    func testReadOnlyMedia() throws { try run("disks.read_only") }
    func testDiskThatFillsUp() throws { try run("disks.full") }
    func testFileSystemWithoutLinksAndCase() throws { try run("disks.simple") }
    func testLongAndDeepPaths() throws { try run("names") }
    func testManyFilesInOneFolder() throws { try run("crowd") }
    func testFilesThatChangeWhileTheyAreAdded() throws { try run("racing") }

    private func run(_ name: String) throws {
        let line = try CarelessSuite.run(.init(name), in: laboratory)
        XCTAssert(line.hasPrefix("careless") && line.contains(" 0 lost"), line)
    }
}
