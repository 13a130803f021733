import Git
import Platform
import TestSupport
import XCTest

/// `git check-ref-format` is the oracle.
final class RefNameTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    private func names() -> [BytePath] {
        var names: Set<BytePath> = []
        let pieces = ["a", ".", "..", "/", "@", "@{", "{", "}", "~", "^", ":", "?", "*", "[", "]", "\\", " ", "-", ".lock", "lock", "\u{e9}", "\"", "'", "$"]
        for one in pieces {
            for other in pieces {
                for third in ["", "a", "/", ".lock"] {
                    for text in ["refs/heads/" + one + other + third, "refs/" + one + other + third, "refs/heads/x" + one + "/" + other + third] {
                        names.insert(BytePath(text))
                    }
                }
            }
        }
        // Git takes one name for each of its processes.
        var random = SeededRandom(seed: 3)
        names = Set(names.sorted().shuffled(using: &random).prefix(1500))
        for byte in Array(1...0x82) + [0xc3, 0xff] as [UInt8] {
            for bytes in [[byte], [UInt8(ascii: "a"), byte], [byte, UInt8(ascii: "a")]] { names.insert(BytePath(bytes: Array("refs/heads/".utf8) + bytes)) }
        }
        for text in [
            "", "refs", "refs/", "refs/a", "refs//a", "/refs/a", "refs/a/", "refs/a/b", "refs/a//b", "HEAD", "main", "heads/main", "@", "refs/@", "refs/@/a",
            "refs/heads/@", "refs/heads/-", "refs/-", "refs/heads/a.lock/b", "refs/heads/a./b", "refs/heads/.lock", "refs/heads/lock", "refs/heads/HEAD",
        ] { names.insert(BytePath(text)) }
        return names.sorted()
    }

    func testNamesAreValidWhereGitSaysSo() throws {
        let scratch = try ScratchFolder()
        // A shell starts Git faster than we do.
        let script = "for name; do if git check-ref-format \"$name\"; then echo yes; else echo no; fi; done"
        let names = names()
        let parts = stride(from: 0, to: names.count, by: 300).map { Array(names[$0..<min($0 + 300, names.count)]) }
        var valid = 0
        for part in parts {
            let finished = try Finished("/bin/sh", ["-c", BytePath(script), "sh"] + part, in: scratch.path)
            let answers = finished.text.split(separator: "\n")
            guard answers.count == part.count else { return XCTFail("\(answers.count) answers for \(part.count) names") }
            for (name, answer) in zip(part, answers) {
                let isValid = answer == "yes" && name.bytes.starts(with: "refs/".utf8)
                if isValid { valid += 1 }
                XCTAssertEqual(RefName.isValid(name), isValid, "\(name)")
            }
        }
        XCTAssertGreaterThan(valid, 300)
        XCTAssertGreaterThan(names.count - valid, 300)
    }

    // MARK: Names that cannot be together

    func testFoldersOfOthersAreInConflict() {
        let names = RefNames(["refs/heads/a", "refs/heads/a-b", "refs/heads/deep/er", "refs/heads/deep/est"])
        for (name, other): (BytePath, BytePath?) in [
            ("refs/heads/a/b", "refs/heads/a"), ("refs/heads/a/b/c", "refs/heads/a"), ("refs/heads/deep", "refs/heads/deep/er"), ("refs", "refs/heads/a"),
            ("refs/heads/a", nil), ("refs/heads/ab", nil), ("refs/heads/deep/es", nil), ("refs/heads/dee", nil), ("refs/tags/a/b", nil),
            ("refs/heads/a-b/c", "refs/heads/a-b"),
        ] {
            XCTAssertEqual(names.conflict(with: name), other, "\(name)")
        }
        XCTAssertNil(RefNames([]).conflict(with: "refs/heads/a"))
    }

    func testConflictsAreThoseOfAModel() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<2000 {
            let all = (0..<6).map { _ in
                BytePath("refs/" + (0...Int.random(in: 0...2, using: &random)).map { _ in ["a", "b", "a-"].randomElement(using: &random)! }.joined(separator: "/"))
            }
            let (name, others) = (all[0], Set(all[1...]))
            let expected = others.filter { other in
                other != name && (other.isInside(name) || name.isInside(other))
            }
            let found = RefNames(others).conflict(with: name)
            XCTAssertEqual(found == nil, expected.isEmpty, "\(name) \(others)")
            if let found { XCTAssert(expected.contains(found)) }
        }
    }
}
