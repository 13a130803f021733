import Platform
import TestSupport
import XCTest

/// The built filter, spoken to as a newer Git, a broken Git, or none might.
final class FilterProtocolTests: EndToEndTestCase {
    private var work: Worktree!

    override func setUpWithError() throws {
        try super.setUpWithError()
        work = try laboratory.repository()
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func packet(_ content: [UInt8]) -> [UInt8] {
        let digits = String(content.count + 4, radix: 16)
        return Array((String(repeating: "0", count: 4 - digits.count) + digits).utf8) + content
    }

    private func lines(_ lines: String...) -> [UInt8] { lines.flatMap { packet(Array("\($0)\n".utf8)) } + flush }
    private let flush = Array("0000".utf8)

    private var handshake: [UInt8] {
        lines("git-filter-client", "version=2", "version=3")
            + lines("capability=clean", "capability=smudge", "capability=delay", "capability=telepathy")
    }

    private func speak(_ input: [UInt8]) throws -> Outcome {
        try laboratory.run(laboratory.installation.gitData, ["filter-process"], in: work.folder, input: input)
    }

    /// The payloads of an answer; nil for a flush.
    private func packets(_ bytes: [UInt8]) -> [String?] {
        var packets: [String?] = []
        var rest = bytes[...]
        while let length = Int(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) {
            packets.append(length == 0 ? nil : String(decoding: rest.dropFirst(4).prefix(length - 4), as: UTF8.self))
            rest = rest.dropFirst(max(4, length))
        }
        return packets
    }

    private let greeting: [String?] = [
        "git-filter-server\n", "version=2\n", nil, "capability=clean\n", "capability=smudge\n", "capability=delay\n", nil,
    ]

    func testCapabilitiesThatAreNotKnownAreNotClaimed() throws {
        let answer = try speak(handshake).expecting(0)
        XCTAssertEqual(packets(answer.output), greeting)
    }

    func testUnknownCommandIsAnErrorAndTheNextOneIsServed() throws {
        let content = SampleData.bytes(2000)
        let answer = try speak(
            handshake + lines("command=levitate", "pathname=a.bin", "moon=full") + packet(content) + flush
                + lines("command=clean", "pathname=a.bin") + packet(content) + flush
        ).expecting(0)
        let rest = Array(packets(answer.output).dropFirst(greeting.count))
        XCTAssertEqual(
            rest,
            ["status=error\n", nil, "status=success\n", nil, String(decoding: pointerText(for: content), as: UTF8.self), nil, nil])
    }

    func testUnknownKeysArePassedOver() throws {
        let content = SampleData.bytes(2000)
        let answer = try speak(
            handshake + lines("command=clean", "pathname=a.bin", "ref=refs/heads/main", "treeish=abc", "tint=blue")
                + packet(content) + flush
        ).expecting(0)
        assertContains(answer.text, String(decoding: pointerText(for: content), as: UTF8.self))
    }

    func testGitOfAnotherProtocolIsRefusedWithWords() throws {
        let answer = try speak(lines("git-filter-client", "version=9"))
        XCTAssertNotEqual(answer.status, 0)
        assertContains(answer.errorText, "protocol")
    }

    func testEndInTheMiddleOfContentStoresNothing() throws {
        let content = SampleData.bytes(50_000)
        let whole = handshake + lines("command=clean", "pathname=a.bin") + packet(content)
        _ = try speak(Array(whole.dropLast(1)))
        _ = try speak(whole)
        let objects = work.folder / ".git/data/objects"
        XCTAssertEqual(try laboratory.run("find", [objects, "-type", "f"]).text, "")
        XCTAssertEqual(try (work.folder / ".git/data/incoming").entries(), [])
    }

    func testNonsenseEndsItWithoutACrash() throws {
        for nonsense in ["zzzz", "0001", "0003", "ffff", "0005"] {
            let answer = try speak(handshake + Array(nonsense.utf8))
            guard case .exited = answer.ending else { return XCTFail(answer.description) }
            XCTAssertNotEqual(answer.status, 0, nonsense)
        }
    }

    func testAbsentBlobIsDelayedAndThenGivenAsThePointer() throws {
        let pointer = pointerText(for: SampleData.bytes(9000))
        let answer = try speak(
            handshake + lines("command=smudge", "pathname=a.bin", "can-delay=1") + packet(pointer) + flush
                + lines("command=list_available_blobs") + lines("command=smudge", "pathname=a.bin") + flush
                + lines("command=list_available_blobs")
        ).expecting(0)
        let rest = Array(packets(answer.output).dropFirst(greeting.count))
        XCTAssertEqual(rest.prefix(2), ["status=delayed\n", nil])
        XCTAssert(rest.contains("pathname=a.bin\n"))
        XCTAssert(rest.contains(String(decoding: pointer, as: UTF8.self)))
    }
}
