import Digest
import Platform
import TestSupport
import XCTest

@testable import Git

/// Packs that Git itself takes in and reads back.
final class PackWriterTests: XCTestCase {
    override func setUp() {
        TestProcess.makeHermetic()
    }

    private func check(_ options: [BytePath], isSHA256: Bool) throws {
        let repository = try ScratchRepository(options)
        let git = try Git(in: repository.path)
        let pack = try PackWriter(in: repository.path / ".git/objects/pack", isSHA256: isSHA256)
        var random = SeededRandom(seed: 1)
        var expected: [(GitObjectName, GitObjectKind, [UInt8])] = []
        // Lengths around those of a stored block, and of a number's digits.
        for count in [0, 1, 15, 16, 2047, 2048, 65_534, 65_535, 65_536, 131_071, 300_000] {
            let content = random.bytes(count)
            expected.append((try pack.add(.blob, content), .blob, content))
        }
        XCTAssertEqual(try pack.add(.blob, []), expected[0].0, "once is enough")
        // A folder of many files, changed, extended and shortened: more often than one chain of changes is long.
        var files = (0..<800).map { ("file-\(10_000 + $0)", expected[$0 % expected.count].0) }
        for version in 0..<120 {
            files[Int(random.next() % UInt64(files.count))].1 = expected[version % 11].0
            if version % 3 == 0 { files.append(("g\(1000 + version)", expected[1].0)) }
            if version % 7 == 0 { files.remove(at: version) }
            let tree = files.flatMap { Array("100644 \($0.0)\0".utf8) + $0.1.bytes }
            expected.append((try pack.add(tree: tree, of: 3), .tree, tree))
        }
        let commit = Array("tree \(expected[20].0)\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n".utf8)
        expected.append((try pack.add(.commit, commit), .commit, commit))
        try pack.install(git)
        let reader = try ObjectReader(git)
        for (digest, kind, content) in expected { XCTAssert(try reader.read(digest, kind) == content, "\(kind) \(digest)") }
        try repository.git("fsck", "--strict", "--no-dangling")
        let names = try (repository.path / ".git/objects/pack").entries().map(\.text)
        let size = try XCTUnwrap((repository.path / ".git/objects/pack/\(try XCTUnwrap(names.first { $0.hasSuffix(".pack") }))").status()).byteCount
        // 120 trees of more than 25 kB, of which three stand there whole.
        XCTAssertLessThan(size, 1 << 20)
    }

    func testGitReadsWhatWasWritten() throws {
        try check([], isSHA256: false)
    }

    func testGitReadsWhatWasWrittenInSHA256() throws {
        try check(["--object-format=sha256"], isSHA256: true)
    }

    func testNothingIsLeftWhereNothingIsInstalled() throws {
        let repository = try ScratchRepository()
        do {
            let pack = try PackWriter(in: repository.path / ".git/objects/pack", isSHA256: false)
            _ = try pack.add(.blob, [1, 2, 3])
        }
        XCTAssertEqual(try (repository.path / ".git/objects/pack").entries(), [])
    }

    func testPackOfNothingIsNotInstalled() throws {
        let repository = try ScratchRepository()
        try PackWriter(in: repository.path / ".git/objects/pack", isSHA256: false).install(Git(in: repository.path))
        XCTAssertEqual(try (repository.path / ".git/objects/pack").entries().filter { $0.text.hasSuffix(".pack") }, [])
    }

    func testChecksumsOfKnownTexts() {
        XCTAssertEqual(PackEncoding.adler32([]), 1)
        XCTAssertEqual(PackEncoding.adler32(Array("Wikipedia".utf8)), 0x11e6_0398)
        XCTAssertEqual(PackEncoding.adler32([UInt8](repeating: 255, count: 1_000_000)), 0x3843_e1be)
    }

    func testObjectReaderGivesPiecesAndGoesOn() throws {
        let repository = try ScratchRepository()
        let content = SampleData.bytes(500_000)
        try repository.write(content, to: "a")
        try repository.write("small", to: "b")
        try repository.commit()
        let reader = try ObjectReader(try Git(in: repository.path))
        let names = try ["HEAD:a", "HEAD:b"].map { try repository.git("rev-parse", BytePath($0)).output }
            .map { GitObjectName(hex: $0.dropLast()) }
        let (large, small) = (try XCTUnwrap(names[0]), try XCTUnwrap(names[1]))
        XCTAssertEqual(try reader.begin(large, .blob), content.count)
        var read: [UInt8] = []
        while true {
            let piece = try reader.next()
            if piece.isEmpty { break }
            read += piece
        }
        XCTAssert(read == content)
        XCTAssertEqual(try reader.read(small, .blob), Array("small".utf8))
        XCTAssertThrowsError(try reader.read(try XCTUnwrap(GitObjectName(bytes: [UInt8](repeating: 1, count: 20))), .blob))
    }

    func testTransactionOfRefsIsMadeWhollyOrNotAtAll() throws {
        let repository = try ScratchRepository()
        try repository.commit("One")
        let git = try Git(in: repository.path)
        let head = try XCTUnwrap(git.refs(["refs/heads/"]).first)
        XCTAssertEqual(head.name, "refs/heads/main")
        XCTAssert(head.isBranch)
        try repository.commit("Two")
        XCTAssertThrowsError(
            try git.change([.set("refs/tags/a", to: head.object, from: nil), .set("refs/heads/main", to: head.object, from: head.object)], reason: "x"))
        XCTAssertEqual(try git.refs(["refs/tags/"]), [])
        let now = try XCTUnwrap(git.refs(["refs/heads/"]).first).object
        try git.change([.set("refs/tags/a", to: now, from: nil), .set("refs/heads/main", to: head.object, from: now)], reason: "back")
        XCTAssertEqual(try git.refs(["refs/"]).map(\.name), ["refs/heads/main", "refs/tags/a"])
        try git.change([.delete("refs/tags/a", from: now)], reason: "gone")
        XCTAssertEqual(try git.refs(["refs/tags/"]), [])
        XCTAssertEqual(try repository.git("log", "-1", "--format=%gs", "-g").output, Array("back\n".utf8))
    }
}
