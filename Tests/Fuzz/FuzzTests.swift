import Platform
import TestSupport
import XCTest

/// The short form of `Tests/fuzz`: every parser gets the inputs that are kept, and some that are made of them at random.
/// GIT_DATA_FUZZ_SEED and GIT_DATA_FUZZ_INPUTS, so many for each parser, steer it; what made a parser trap is in
/// `/dev/shm/git-data-fuzz-PID/TARGET.input`, for `Tests/fuzz --again TARGET FILE`.
final class FuzzTests: XCTestCase {
    private static let corpus = BytePath(#filePath).parent / "corpus"

    override func setUp() {
        TestProcess.makeHermetic()
    }

    override class func tearDown() {
        _ = FuzzFolder.path.removeTree()
        super.tearDown()
    }

    func testTexts() throws { try fuzz(FuzzTarget.textTargets) }
    func testWires() throws { try fuzz(FuzzTarget.wireTargets) }
    func testGit() throws { try fuzz(FuzzTarget.gitTargets) }
    func testLineage() throws { try fuzz(FuzzTarget.lineageTargets) }
    func testValues() throws { try fuzz(FuzzTarget.valueTargets) }
    func testData() throws { try fuzz(FuzzTarget.dataTargets) }

    func testInputsAreKeptAsText() throws {
        let bytes = Array("a\\\n\t\r".utf8) + [UInt8](repeating: 0, count: 12) + [0xff]
        XCTAssertEqual(KeptInput.read("a\\\\\\n\\t\\r\\x00\\*12;\\xff"), bytes)
        XCTAssertNil(KeptInput.read("\\q"))
        let kept = try Self.corpus.entries().map(\.text)
        XCTAssertEqual(Set(kept).subtracting(FuzzTarget.all.map(\.name)), [], "kept for nobody")
    }

    private func fuzz(_ targets: [FuzzTarget]) throws {
        let seed = number("GIT_DATA_FUZZ_SEED") ?? 1
        let count = number("GIT_DATA_FUZZ_INPUTS").map { Int($0) } ?? 400
        var inputs = 0
        for target in targets {
            let kept = try KeptInput.all(Self.corpus / target.name)
            XCTAssertFalse(kept.isEmpty, "nothing is kept for \(target.name)")
            var maker = InputMaker(kept, target, seed: seed)
            for position in 0..<kept.count + count {
                let input = position < kept.count ? kept[position] : maker.next()
                FuzzTarget.found = { XCTFail("\(target.name): \($0), by \(KeptInput.written(input))") }
                // A trap ends the process: the input is in memory's file system then, and stays there.
                _ = try FuzzFolder.file(BytePath("\(target.name).input"), input)
                // What is refused is refused.
                try? target.run(input)
                inputs += 1
            }
        }
        XCTAssertGreaterThan(inputs, targets.count * count)
        print("fuzz: \(targets.map(\.name).joined(separator: " ")): \(inputs) inputs, seed \(seed)")
    }

    private func number(_ name: String) -> UInt64? { Environment.value(name).flatMap { UInt64($0.text) } }
}

/// An input as a line of text: printable ASCII as it is, the rest behind `\`; `\*12;` has the byte before it twelve times in all.
private enum KeptInput {
    static func all(_ file: BytePath) throws -> [[UInt8]] {
        let text = String(decoding: try file.contents() ?? [], as: UTF8.self)
        return try text.split(separator: "\n").map { try XCTUnwrap(read(String($0)), "no input: \($0)") }
    }

    static func read(_ line: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(line.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): bytes.append(byte)
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "r"): bytes.append(0x0d)
            case UInt8(ascii: "x"):
                guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "*"):
                let digits = rest.prefix { $0 != UInt8(ascii: ";") }
                guard let count = Int(String(decoding: digits, as: UTF8.self)), let last = bytes.last else { return nil }
                bytes += [UInt8](repeating: last, count: count - 1)
                rest = rest.dropFirst(digits.count + 1)
            default: return nil
            }
        }
        return bytes
    }

    static func written(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            switch byte {
            case UInt8(ascii: "\\"): "\\\\"
            case 0x20..<0x7f: String(Unicode.Scalar(byte))
            default: "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }.joined()
    }
}

/// Makes inputs of others: bytes changed, pieces left out, repeated, or taken from another one, and words put in.
private struct InputMaker {
    private let kept: [[UInt8]]
    private let words: [[UInt8]]
    private let limit: Int
    private var random: SeededRandom

    init(_ kept: [[UInt8]], _ target: FuzzTarget, seed: UInt64) {
        self.kept = kept
        words = target.words.map { Array($0.utf8) }
        limit = target.maximumByteCount
        random = SeededRandom(seed: seed)
    }

    mutating func next() -> [UInt8] {
        var input = kept.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&input) }
        return Array(input.prefix(limit))
    }

    private mutating func change(_ input: inout [UInt8]) {
        let place = Int.random(in: 0...input.count, using: &random)
        let count = min(Int.random(in: 1...16, using: &random), input.count - place)
        switch Int.random(in: 0..<7, using: &random) {
        case 0 where count > 0: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where count > 0: input[place] = [0, 0x7f, 0x80, 0xff, 0x0a, UInt8(ascii: "9")].randomElement(using: &random) ?? 0
        case 2: input.removeSubrange(place..<place + count)
        case 3: input.insert(contentsOf: input[place..<place + count], at: place)
        case 4: input.removeSubrange(place...)
        case 5:
            let other = kept.randomElement(using: &random) ?? []
            input = Array(input[..<place] + other.dropFirst(Int.random(in: 0...other.count, using: &random)))
        default: input.insert(contentsOf: words.randomElement(using: &random) ?? [0x22], at: place)
        }
    }
}
