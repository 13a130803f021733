import Digest
import Platform
import TestSupport
import XCTest

@testable import Commands

/// A bundle's members, written and read: all that is cut off, changed or smuggled in.
final class BundleFormatTests: XCTestCase {
    private typealias Member = (member: BundleMember, content: [UInt8])

    private var scratch: ScratchFolder!
    /// Two blobs: one that fills its last block, one that does not.
    private let blobs = [SampleData.bytes(512, seed: 1), SampleData.bytes(700, seed: 2)].sorted { ObjectID.of($0) < ObjectID.of($1) }

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
    }

    override func tearDown() {
        scratch = nil
    }

    private var members: [Member] {
        [
            (.readme, BundleMember.signature + Array("Hello\n".utf8)), (.files, []), (.sums, Array("sums".utf8)),
            (.repository, Array("# v2 git bundle\n\n".utf8)),
        ] + blobs.map { (.blob(.of($0)), $0) }
    }

    private func file(_ content: [UInt8]) throws -> BytePath {
        try scratch.write(content, to: "content")
    }

    private func bundle(_ members: [Member]) throws -> [UInt8] {
        let path = scratch / "made.tar"
        try path.removeFile()
        var writer = BundleWriter(ByteWriter(try .open(path, [.write, .create, .truncate])), modified: 1_767_323_045)
        for (member, content) in members {
            guard case .blob(let oid) = member else {
                try writer.write(member, content)
                continue
            }
            let source = try Descriptor.open(try file(content), .read)
            XCTAssertEqual(try writer.write(member, source, byteCount: Int64(content.count)), oid)
        }
        try writer.finish()
        return try XCTUnwrap(path.contents())
    }

    /// All members of a bundle, and what stopped the reading.
    private func read(_ path: BytePath) throws -> (members: [Member], failure: BundleFormatError?) {
        let reader = BundleReader(ByteReader(try .open(path, .read)))
        var members: [Member] = []
        do {
            while let item = try reader.next() {
                var content: [UInt8] = []
                try reader.forEachPiece { content += $0 }
                XCTAssertEqual(Int64(content.count), item.byteCount)
                members.append((item.member, content))
            }
            return (members, nil)
        } catch let error as BundleFormatError {
            return (members, error)
        }
    }

    private func read(_ bytes: [UInt8]) throws -> (members: [Member], failure: BundleFormatError?) {
        try read(try scratch.write(bytes, to: "read.tar"))
    }

    private func assertPrefix(_ members: [Member], line: UInt = #line) {
        XCTAssertTrue(zip(members, self.members).allSatisfy { $0.member == $1.member && $0.content == $1.content }, line: line)
    }

    // MARK: what is whole

    func testBundleIsReadAsItWasWritten() throws {
        let bytes = try bundle(members)
        XCTAssertEqual(bytes.count % 10_240, 0)
        let (found, failure) = try read(bytes)
        XCTAssertNil(failure)
        XCTAssertEqual(found.count, members.count)
        assertPrefix(found)
    }

    func testBundleWithoutBlobsIsWhole() throws {
        let (found, failure) = try read(try bundle(Array(members.prefix(4))))
        XCTAssertNil(failure)
        XCTAssertEqual(found.count, 4)
    }

    func testMembersNeedNotBeRead() throws {
        let reader = BundleReader(ByteReader(try .open(try scratch.write(try bundle(members), to: "a.tar"), .read)))
        var count = 0
        while try reader.next() != nil { count += 1 }
        XCTAssertEqual(count, members.count)
    }

    func testOtherProgramsFindTheSameMembers() throws {
        let path = try scratch.write(try bundle(members), to: "a.tar")
        for (program, arguments) in [
            ("tar", ["-xf", path, "-C"]),
            ("python3", ["-c", "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])", path]),
        ] as [(String, [BytePath])] {
            guard let executable = Environment.findProgram(program) else { throw XCTSkip("there is no \(program)") }
            let folder = scratch / BytePath(program)
            try folder.makeFolders()
            let run = try Finished(executable, arguments + [folder])
            XCTAssertTrue(run.ending.isSuccess, String(decoding: run.errors, as: UTF8.self))
            for (member, content) in members {
                XCTAssertEqual(try (folder / member.name).contents(), content, "\(program): \(member.name)")
            }
        }
    }

    /// Long content takes the way over several threads.
    func testLongBlobIsWrittenAndHashed() throws {
        let content = SampleData.bytes(9 << 20)
        let (found, failure) = try read(try bundle(Array(members.prefix(4)) + [(.blob(.of(content)), content)]))
        XCTAssertNil(failure)
        XCTAssertTrue(found.last?.content == content)
    }

    func testContentOfAnotherLengthIsRefused() throws {
        for count in [699, 701, 5 << 20] as [Int64] {
            var writer = BundleWriter(ByteWriter(try .open(scratch / "x.tar", [.write, .create])), modified: 0)
            let source = try Descriptor.open(try file(SampleData.bytes(700)), .read)
            XCTAssertNil(try writer.write(.blob(.of([])), source, byteCount: count))
        }
    }

    /// A member of nine gigabytes, without its bytes.
    func testSizeAboveEightGigabytesIsRead() throws {
        for byteCount in [0o77_777_777_777, 0o100_000_000_000, 9 << 30] as [Int64] {
            let path = scratch / "large.tar"
            try path.removeFile()
            var writer = BundleWriter(ByteWriter(try .open(path, [.write, .create]), bufferSize: 1), modified: 1)
            let nothing = try Descriptor.open(try file([]), .read)
            XCTAssertNil(try writer.write(.readme, nothing, byteCount: byteCount))
            let reader = BundleReader(ByteReader(try .open(path, .read)))
            XCTAssertEqual(try reader.next(), BundleReader.Item(member: .readme, byteCount: byteCount))
            XCTAssertThrowsError(try reader.next()) { XCTAssertEqual($0 as? BundleFormatError, .truncated) }
        }
    }

    // MARK: what is cut off or changed

    func testEveryTruncationIsNoticedAndKeepsWhatIsWhole() throws {
        let bytes = try bundle(members)
        let path = try scratch.write(bytes, to: "cut.tar")
        let end = try XCTUnwrap(bytes.lastIndex { $0 != 0 }) + 1
        // Up to the second block of zeros, behind which nothing is missing.
        let whole = (end + 511) / 512 * 512 + 1024
        for count in stride(from: whole - 1, through: 0, by: -1) {
            try Descriptor.open(path, .write).truncate(to: Int64(count))
            let (found, failure) = try read(path)
            XCTAssertEqual(failure, count < 512 ? .foreign : .truncated, "\(count)")
            assertPrefix(found)
        }
    }

    func testEveryChangedByteOutsideOfContentsIsNoticed() throws {
        let bytes = try bundle(members)
        var contents: [Range<Int>] = []
        var offset = 0
        for (_, content) in members {
            contents.append(offset + 512..<offset + 512 + content.count)
            offset += 512 + (content.count + 511) / 512 * 512
        }
        for position in 0..<offset + 1024 where !contents.contains(where: { $0.contains(position) }) {
            var changed = bytes
            changed[position] ^= 0x01
            XCTAssertNotNil(try read(changed).failure, "byte \(position)")
        }
        var behind = bytes
        behind[bytes.count - 1] = 1
        XCTAssertNotNil(try read(behind).failure)
    }

    // MARK: what was smuggled in

    /// The bundle with one of its heads changed, and the head's sum made right again.
    private func bundle(changing index: Int, _ change: (inout [UInt8]) -> Void) throws -> [UInt8] {
        var bytes = try bundle(members)
        let offset = members[..<index].reduce(0) { $0 + 512 + ($1.content.count + 511) / 512 * 512 }
        var head = Array(bytes[offset..<offset + 512])
        change(&head)
        let sum = head.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        let digits = String(sum, radix: 8)
        head.replaceSubrange(148..<154, with: Array((String(repeating: "0", count: 6 - digits.count) + digits).utf8))
        bytes.replaceSubrange(offset..<offset + 512, with: head)
        return bytes
    }

    private func rename(_ head: inout [UInt8], _ name: String) {
        head.replaceSubrange(0..<100, with: Array(name.utf8) + [UInt8](repeating: 0, count: 100 - name.utf8.count))
    }

    func testUnchangedHeadIsTaken() throws {
        for index in members.indices { XCTAssertNil(try read(try bundle(changing: index) { _ in }).failure) }
    }

    func testNamesOfOtherShapesAreRefused() throws {
        let oid = ObjectID.of(blobs[1]).hex
        let (a, b) = (oid.prefix(2), oid.dropFirst(2).prefix(2))
        for name in [
            "../\(oid)", "/objects/\(a)/\(b)/\(oid)", "objects/../\(b)/\(oid)", "./objects/\(a)/\(b)/\(oid)", "objects/\(a)/\(oid)",
            "objects/\(b)/\(a)/\(oid)", "objects/\(a)/\(b)/\(oid.uppercased())", "objects/\(a)/\(b)/\(oid)/", "objects/\(a)/\(b)/x",
            "objects//\(a)/\(b)/\(oid)", "Objects/\(a)/\(b)/\(oid)", "hooks/post-checkout", ".git/config", "", "README.txt/../x",
        ] {
            let (found, failure) = try read(try bundle(changing: 5) { rename(&$0, name) })
            guard case .damaged = failure else { return XCTFail("\(name): \(String(describing: failure))") }
            XCTAssertEqual(found.count, 5, name)
        }
    }

    func testWhatIsNoPlainFileIsRefused() throws {
        for kind in "123456789LKgSxVMA\0".utf8 {
            let (found, failure) = try read(try bundle(changing: 5) { $0[156] = kind })
            XCTAssertNotNil(failure, "\(kind)")
            XCTAssertEqual(found.count, 5)
        }
        let link = try read(try bundle(changing: 5) { $0.replaceSubrange(157..<168, with: Array("/etc/passwd".utf8)) })
        XCTAssertNotNil(link.failure)
    }

    func testPrefixOwnerModeAndOtherFormsOfNumbersAreRefused() throws {
        for (range, text) in [
            (345..<348, "../"), (100..<107, "0004755"), (108..<115, "0001750"), (265..<269, "root"), (124..<135, "     000700"),
            (257..<265, "ustar  \0"), (257..<265, "\0\0\0\0\0\0\0\0"), (124..<136, "\u{0}00000001274"),
        ] {
            XCTAssertNotNil(try read(try bundle(changing: 4) { $0.replaceSubrange(range, with: Array(text.utf8)) }).failure, "\(range) \(text)")
        }
    }

    func testDuplicatesAndOtherOrdersAreRefused() throws {
        let all = members
        for order in [
            [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 5, 4], [0, 0, 1, 2, 3], [1, 0, 2, 3], [0, 2, 3], [0, 1, 2, 4], [4], [0, 1, 2, 3, 4, 3],
        ] {
            XCTAssertNotNil(try read(try bundle(order.map { all[$0] })).failure, "\(order)")
        }
        XCTAssertEqual(try read(try bundle([all[0], all[1]])).failure, .truncated)
    }

    func testWrongSizesAreNoticed() throws {
        // 700 bytes are 1274 in octal digits.
        for size in ["00000001275", "00000001273", "00000000000", "00000002274", "77777777777"] {
            let (found, failure) = try read(try bundle(changing: blobs[0].count == 700 ? 4 : 5) {
                $0.replaceSubrange(124..<135, with: Array(size.utf8))
            })
            // What is a byte shorter or longer shows in the padding or in the oid.
            let isOther = found.contains { item in if case .blob(let oid) = item.member { oid != ObjectID.of(item.content) } else { false } }
            XCTAssertTrue(failure != nil || isOther, size)
        }
    }

    func testBundlesAreToldByTheirBeginning() throws {
        let bytes = try bundle(members)
        XCTAssertTrue(BundleClone.isBundle(try scratch.write(Array(bytes.prefix(1024)), to: "a")))
        var other = bytes
        other[512] ^= 1
        for content in [other, [], Array(bytes.prefix(500)), SampleData.bytes(1000)] {
            XCTAssertFalse(BundleClone.isBundle(try scratch.write(content, to: "b")))
        }
        XCTAssertFalse(BundleClone.isBundle(scratch.path))
        XCTAssertFalse(BundleClone.isBundle(scratch / "nothing"))
    }

    func testCloneIsNamedAfterTheFile() {
        for (file, folder) in [
            ("/a/churn.tar", "churn"), ("churn.bundle.tar", "churn.bundle"), ("churn.bundle", "churn"), (".tar", ".tar"), ("x", "x"),
        ] as [(BytePath, BytePath)] { XCTAssertEqual(BundleClone.folderName(for: file), folder) }
    }

    func testOtherFilesAreForeign() throws {
        XCTAssertEqual(try read(Array("# v2 git bundle\n".utf8) + SampleData.bytes(2000)).failure, .gitBundle)
        XCTAssertEqual(try read(SampleData.bytes(4000)).failure, .foreign)
        XCTAssertEqual(try read([]).failure, .foreign)
        XCTAssertEqual(try read([UInt8](repeating: 0, count: 4096)).failure, .foreign)
        if let tar = Environment.findProgram("tar") {
            try scratch.write("x", to: "README.md")
            let made = try Finished(tar, ["-cf", "-", "README.md"], in: scratch.path)
            XCTAssertEqual(try read(made.output).failure, .foreign)
        }
    }
}
