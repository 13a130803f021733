import Platform
import Remote
import TestSupport
import XCTest

@testable import RemoteHelper

final class DerivedFilesTests: XCTestCase {
    func testTexts() {
        var state = Sample.state([("refs/heads/main", 1), ("refs/heads/caf\u{e9}", 2)], packs: [Sample.pack(1), Sample.pack(2)])
        state.refs.append(RepositoryState.Ref(name: "refs/tags/v1", target: Sample.object(3), peeled: Sample.object(1)))
        XCTAssertEqual(String(decoding: DerivedFiles.head(state), as: UTF8.self), "ref: refs/heads/main\n")
        XCTAssertEqual(
            String(decoding: DerivedFiles.refs(state), as: UTF8.self),
            """
            \(Sample.object(2))\trefs/heads/caf\u{e9}
            \(Sample.object(1))\trefs/heads/main
            \(Sample.object(3))\trefs/tags/v1
            \(Sample.object(1))\trefs/tags/v1^{}

            """)
        XCTAssertEqual(
            String(decoding: DerivedFiles.packs(state), as: UTF8.self), "P \(Sample.packName(2).text).pack\nP \(Sample.packName(1).text).pack\n\n")
        XCTAssertEqual(DerivedFiles.refs(Sample.state()), [])
        XCTAssertEqual(DerivedFiles.packs(Sample.state()), [10])
    }

    // MARK: At a place

    private func text(_ name: DocumentName, _ remote: any Remote) throws -> String? {
        try remote.read(name).map { String(decoding: $0, as: UTF8.self) }
    }

    func testFilesFollowTheNewestStateWhoeverComesLate() throws {
        let scratch = try ScratchFolder()
        let remote = try FolderRemote(scratch.path)
        let log = StateLog(remote: remote)
        let files = DerivedFiles(log: log)
        func make(_ state: RepositoryState) throws -> RepositoryState {
            _ = try log.append(state, isSoleWriter: false)
            return state
        }
        let one = try make(Sample.state([("refs/heads/main", 1)], packs: [Sample.pack(1)], number: 1))
        XCTAssert(try files.write(of: one, before: .beginning(objectFormat: "sha1")) { XCTFail($0) })
        XCTAssertEqual(try text(Layout.refs, remote), String(decoding: DerivedFiles.refs(one), as: UTF8.self))
        XCTAssertEqual(try text(Layout.head, remote), "ref: refs/heads/main\n")
        var two = one.successor("push", by: "")
        two.refs[0] = RepositoryState.Ref(name: "refs/heads/main", target: Sample.object(2))
        two.packs.append(Sample.pack(2))
        two = try make(two)
        // Its writer is killed before it has written anything. The next adds a ref only.
        var three = two.successor("push", by: "")
        three.refs.append(RepositoryState.Ref(name: "refs/heads/new", target: Sample.object(2)))
        three = try make(three)
        XCTAssert(try files.write(of: three, before: two) { XCTFail($0) })
        XCTAssertEqual(try text(Layout.refs, remote), String(decoding: DerivedFiles.refs(three), as: UTF8.self))
        XCTAssertEqual(try text(Layout.packList, remote), String(decoding: DerivedFiles.packs(three), as: UTF8.self))
        // Who is late writes what is newest.
        XCTAssert(try files.write(of: two, before: one) { XCTFail($0) })
        XCTAssertEqual(try text(Layout.refs, remote), String(decoding: DerivedFiles.refs(three), as: UTF8.self))
        // Who was passed by leaves nothing of itself.
        var late = one.successor("push", by: "late")
        late.head = "refs/heads/late"
        late.refs = [RepositoryState.Ref(name: "refs/heads/late", target: Sample.object(9))]
        try remote.remove(Layout.state(2))
        late = try make(late)
        XCTAssertFalse(try files.write(of: late, before: one) { XCTFail($0) })
        XCTAssertEqual(try text(Layout.refs, remote), String(decoding: DerivedFiles.refs(three), as: UTF8.self))
        XCTAssertEqual(try text(Layout.packList, remote), String(decoding: DerivedFiles.packs(three), as: UTF8.self))
        XCTAssertEqual(try text(Layout.head, remote), "ref: refs/heads/main\n")
    }

    // MARK: Which packs are put together

    private func group(_ packs: [(generation: Int, byteCount: Int64)]) -> [Int]? {
        let records = packs.enumerated().map { Sample.pack($0.offset, generation: $0.element.generation, byteCount: $0.element.byteCount) }
        return Housekeeping.group(of: Sample.state(packs: records)).map { found in
            found.map { pack in records.firstIndex { $0.name == pack.name } ?? -1 }
        }
    }

    func testOldestSixteenOfThirtyTwoArePutTogether() {
        let small: (generation: Int, byteCount: Int64) = (0, 1000)
        XCTAssertNil(group([]))
        XCTAssertNil(group(Array(repeating: small, count: 31)))
        XCTAssertEqual(group(Array(repeating: small, count: 32)), Array(0..<16))
        XCTAssertEqual(group(Array(repeating: small, count: 100)), Array(0..<16))
    }

    func testPacksOfOneGenerationArePutTogetherTheLowestFirst() {
        let (zero, one): ((generation: Int, byteCount: Int64), (generation: Int, byteCount: Int64)) = ((0, 1000), (1, 1000))
        XCTAssertNil(group(Array(repeating: zero, count: 31) + Array(repeating: one, count: 31)))
        XCTAssertEqual(group(Array(repeating: one, count: 32) + Array(repeating: zero, count: 32)), Array(32..<48))
        XCTAssertEqual(group(Array(repeating: one, count: 32) + Array(repeating: zero, count: 3)), Array(0..<16))
    }

    func testLargeGroupsAreLeftForACollection() {
        let limit: Int64 = 256 << 20
        XCTAssertEqual(group(Array(repeating: (0, limit / 16), count: 32)), Array(0..<16))
        XCTAssertNil(group(Array(repeating: (0, limit / 16 + 1), count: 32)))
        // Another generation's may still be put together.
        XCTAssertEqual(group(Array(repeating: (0, limit), count: 32) + Array(repeating: (1, 10), count: 32)), Array(32..<48))
    }
}
