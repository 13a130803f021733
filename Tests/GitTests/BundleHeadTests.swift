import Platform
import TestSupport
import XCTest

@testable import Git

/// The head of Git's bundles.
final class BundleHeadTests: XCTestCase {
    private let one = String(repeating: "1", count: 40)
    private let two = String(repeating: "2", count: 40)

    override func setUp() {
        TestProcess.makeHermetic()
    }

    private func head(_ text: String) -> BundleHead? {
        var parser = BundleHeadParser()
        Array(text.utf8).withUnsafeBytes { parser.take($0) }
        return parser.head
    }

    func testHeadIsReadInPiecesOfAnyLength() throws {
        let text = "# v2 git bundle\n-\(one) a comment\n\(two) HEAD\n\(two) refs/heads/main\n\nPACK\n\n\n"
        let expected = try XCTUnwrap(head(text))
        XCTAssertEqual(expected.prerequisites.map { "\($0)" }, [one])
        XCTAssertEqual(expected.refs.map { "\($0.name)" }, ["HEAD", "refs/heads/main"])
        XCTAssertEqual(expected.refs.map { "\($0.object)" }, [two, two])
        for split in 0...text.utf8.count {
            var parser = BundleHeadParser()
            Array(text.utf8)[..<split].withUnsafeBytes { parser.take($0) }
            Array(text.utf8)[split...].withUnsafeBytes { parser.take($0) }
            XCTAssertEqual(parser.head, expected, "split at \(split)")
        }
    }

    func testTruncatedHeadIsNone() {
        let text = "# v3 git bundle\n@object-format=sha1\n\(two) refs/heads/main\n\n"
        XCTAssertNotNil(head(text))
        for count in 0..<text.utf8.count { XCTAssertNil(head(String(text.prefix(count))), "\(count)") }
    }

    func testWhatIsNoHeadIsNone() {
        for text in [
            "# v4 git bundle\n\n", "# v2 git bundle \n\n", "\n", "# v2 git bundle\n\(one)\n\n", "# v2 git bundle\n-\(one)0\n\n",
            "# v2 git bundle\n\(one.uppercased().replacing("1", with: "A")) refs/heads/main\n\n",
            "# v2 git bundle\n\(one) " + String(repeating: "x", count: 10_000) + "\n\n",
        ] { XCTAssertNil(head(text), text) }
    }

    func testBundlesOfGitAreReadAndAreTheSameEachTime() throws {
        let repository = try ScratchRepository()
        for number in 0..<40 {
            try repository.write(SampleData.table(rows: 200 + number, seed: UInt64(number / 10)), to: BytePath("table\(number % 7).txt"))
            try repository.commit(BytePath("Commit \(number)"))
        }
        let git = try Git(in: repository.path)
        func bundle(_ arguments: [BytePath]) throws -> [UInt8] {
            var bytes: [UInt8] = []
            try git.makeBundle(of: arguments) { bytes += $0 }
            return bytes
        }
        let bytes = try bundle(["HEAD", "refs/heads/main", "^HEAD~3"])
        XCTAssertEqual(try bundle(["HEAD", "refs/heads/main", "^HEAD~3"]), bytes)
        var parser = BundleHeadParser()
        bytes.withUnsafeBytes { parser.take($0) }
        let head = try XCTUnwrap(parser.head)
        XCTAssertEqual(head.refs.map { "\($0.name)" }, ["HEAD", "refs/heads/main"])
        XCTAssertEqual(head.refs.first?.object, try git.resolve("HEAD"))
        XCTAssertEqual(head.prerequisites, [try XCTUnwrap(try git.resolve("HEAD~3"))])
    }

    func testNothingToBundleIsAFailureOfGit() throws {
        let repository = try ScratchRepository()
        try repository.write("a", to: "a")
        try repository.commit("A")
        XCTAssertThrowsError(try Git(in: repository.path).makeBundle(of: ["refs/heads/main", "^HEAD"]) { _ in }) { error in
            guard case GitError.failed(_, _, let message) = error else { return XCTFail("\(error)") }
            XCTAssertTrue(message.contains("empty bundle"), message)
        }
    }
}
