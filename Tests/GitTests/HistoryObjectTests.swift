import Platform
import TestSupport
import XCTest

@testable import Git

/// Trees, commits and tags as bytes.
final class HistoryObjectTests: XCTestCase {
    private func digest(_ byte: UInt8) -> GitObjectName { GitObjectName(bytes: [UInt8](repeating: byte, count: 20))! }

    private func tree(_ entries: (mode: String, name: String, digest: UInt8)...) -> [UInt8] {
        entries.flatMap { Array("\($0.mode) \($0.name)\0".utf8) + digest($0.digest).bytes }
    }

    private func names(_ tree: [UInt8]) throws -> [String] {
        var cursor = TreeCursor(tree, digestByteCount: 20)
        var names: [String] = []
        while let entry = try cursor.next() { names.append(String(decoding: tree[entry.name], as: UTF8.self)) }
        return names
    }

    // MARK: digests

    func testDigestsAndNamesAreTheSame() throws {
        for count in [40, 64] {
            let hex = String("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".prefix(count))
            let digest = try XCTUnwrap(GitObjectName(hex: Array(hex.utf8)))
            XCTAssertEqual("\(digest)", hex)
            XCTAssertEqual(digest.bytes.count, count / 2)
            XCTAssertEqual(GitObjectName(hex: digest.hex), digest)
        }
        for text in ["", "ab", String(repeating: "a", count: 39), String(repeating: "A", count: 40), String(repeating: "a", count: 41)] {
            XCTAssertNil(GitObjectName(hex: Array(text.utf8)), text)
        }
        // 20 bytes are another digest than the same ones with zeros behind.
        XCTAssertNotEqual(GitObjectName(bytes: [UInt8](repeating: 0, count: 20)), GitObjectName(bytes: [UInt8](repeating: 0, count: 32)))
    }

    // MARK: trees

    func testEntriesAreRead() throws {
        let content = tree(("100644", "a b", 1), ("40000", "c", 2), ("120000", "d", 3), ("160000", "e", 4), ("100755", "f", 5))
        var cursor = TreeCursor(content, digestByteCount: 20)
        var kinds: [(Bool, Bool)] = []
        while let entry = try cursor.next() { kinds.append((entry.isTree, entry.isRegularFile)) }
        XCTAssertEqual(kinds.map(\.0), [false, true, false, false, false])
        XCTAssertEqual(kinds.map(\.1), [true, false, false, false, true])
        XCTAssertEqual(try names(content), ["a b", "c", "d", "e", "f"])
    }

    func testEveryTruncationIsDamageOrEndsBetweenEntries() throws {
        let content = tree(("100644", "a", 1), ("40000", "b", 2))
        let ends = [0, "100644 a".utf8.count + 21]
        for count in 0..<content.count {
            let cut = Array(content.prefix(count))
            if ends.contains(count) {
                XCTAssertNoThrow(try names(cut))
            } else {
                XCTAssertThrowsError(try names(cut), "\(count)")
            }
        }
        XCTAssertThrowsError(try names(Array("1006x4 a\0".utf8) + digest(1).bytes))
        XCTAssertThrowsError(try names(Array("100644 \0".utf8) + digest(1).bytes))
    }

    func testTwinsAreTheEntriesThatStandInBothTrees() throws {
        let old = tree(("100644", "a", 1), ("100644", "b.c", 2), ("40000", "b", 3), ("100644", "c", 4), ("100644", "z", 9))
        let new = tree(("100644", "aa", 1), ("100644", "b.c", 7), ("40000", "b", 3), ("100755", "c", 4), ("100644", "d", 5), ("100644", "z", 9))
        var pairing = try TreePairing(new, beside: old, digestByteCount: 20)
        var twins: [String: Bool] = [:]
        while let (entry, twin) = try pairing.next() {
            twins[String(decoding: new[entry.name], as: UTF8.self)] = twin != nil
            if let twin { XCTAssertEqual(old[twin.start..<twin.digest.upperBound], new[entry.start..<entry.digest.upperBound]) }
        }
        XCTAssertEqual(twins, ["aa": false, "b.c": false, "b": true, "c": false, "d": false, "z": true])
    }

    func testFileIsPutWhereGitWantsIt() throws {
        let name = Array(".gitattributes".utf8)
        let content = tree(("40000", ".git", 1), ("40000", ".gitattributes.d", 2), ("100644", "a", 3))
        let added = try TreeEditing.setting(name, to: digest(9), in: content, digestByteCount: 20)
        XCTAssertEqual(try names(added), [".git", ".gitattributes", ".gitattributes.d", "a"])
        XCTAssertEqual(try TreeEditing.setting(name, to: nil, in: added, digestByteCount: 20), content)
        XCTAssertEqual(try TreeEditing.setting(name, to: nil, in: content, digestByteCount: 20), content)
        let executable = tree(("100755", ".gitattributes", 1))
        XCTAssertEqual(
            try TreeEditing.setting(name, to: digest(9), in: executable, digestByteCount: 20), tree(("100755", ".gitattributes", 9)))
        XCTAssertEqual(try names(try TreeEditing.setting(name, to: digest(9), in: [], digestByteCount: 20)), [".gitattributes"])
        // A folder sorts as if its name ended with a slash.
        let folder = tree(("100644", "x-", 1), ("40000", "x", 2))
        XCTAssertEqual(try names(try TreeEditing.setting(Array("x.".utf8), to: digest(9), in: folder, digestByteCount: 20)), ["x-", "x.", "x"])
    }

    // MARK: commits

    private func commit(_ middle: String, _ rest: String) -> [UInt8] {
        Array("tree \(digest(1))\nparent \(digest(2))\nparent \(digest(3))\n\(middle)\(rest)".utf8)
    }

    func testCommitIsRewrittenByteForByte() throws {
        let middle = "author  odd <a@b> 1 +0000\ncommitter C <c@d> 2 -0130\nencoding latin1\nunknown one\n two\n three\n"
        for rest in ["\nmessage\n", "\n", "", "\nno newline", "\n\n\ngpgsig in the message\ntree x\n"] {
            let object = try XCTUnwrap(CommitObject(commit(middle, rest)))
            XCTAssertEqual(object.tree, digest(1))
            XCTAssertEqual(object.parents, [digest(2), digest(3)])
            let (same, none) = object.rewritten(tree: digest(1)) { $0 }
            XCTAssertEqual(same, commit(middle, rest))
            XCTAssertEqual(none, 0)
            let (other, _) = object.rewritten(tree: digest(7)) { $0 == self.digest(3) ? self.digest(8) : $0 }
            XCTAssertEqual(
                String(decoding: other, as: UTF8.self),
                "tree \(digest(7))\nparent \(digest(2))\nparent \(digest(8))\n\(middle)\(rest)")
        }
    }

    func testSignaturesGoAndMergedTagsOfOtherCommitsStay() throws {
        let tag = { (digest: GitObjectName) in "mergetag object \(digest)\n type commit\n tag v1\n \n message\n" }
        let signature = "gpgsig -----BEGIN\n \n abc\n -----END\n"
        let content = commit(tag(digest(2)) + tag(digest(3)) + "x y\n" + signature + "gpgsig-sha256 a\n b\n", "\nmessage\n")
        let (new, dropped) = try XCTUnwrap(CommitObject(content)).rewritten(tree: digest(1)) { $0 == self.digest(3) ? self.digest(8) : $0 }
        XCTAssertEqual(dropped, 3)
        XCTAssertEqual(
            String(decoding: new, as: UTF8.self),
            "tree \(digest(1))\nparent \(digest(2))\nparent \(digest(8))\n\(tag(digest(2)))x y\n\nmessage\n")
    }

    func testWhatIsNoCommitIsNone() {
        XCTAssertNil(CommitObject([]))
        XCTAssertNil(CommitObject(Array("author a\n\ntree x\n".utf8)))
        XCTAssertNil(CommitObject(Array("tree 12\n\n".utf8)))
        XCTAssertNil(TagObject(Array("object \(digest(1))\ntype thing\n\n".utf8)))
    }

    func testTagLosesItsSignatureAlone() throws {
        let head = "type commit\ntag v1\ntagger T <t@u> 1 +0000\n"
        let cases = [
            ("\nmessage\n", "\nmessage\n", 0),
            ("\nmessage\n-----BEGIN PGP SIGNATURE-----\nabc\n", "\nmessage\n", 1),
            ("\n-----BEGIN SSH SIGNATURE-----\nabc", "\n", 1),
            ("\nsays -----BEGIN PGP SIGNATURE-----\n", "\nsays -----BEGIN PGP SIGNATURE-----\n", 0),
            ("", "", 0),
        ]
        for (rest, expected, count) in cases {
            let tag = try XCTUnwrap(TagObject(Array("object \(digest(1))\n\(head)\(rest)".utf8)))
            XCTAssertEqual(tag.target, digest(1))
            XCTAssertEqual(tag.targetKind, .commit)
            let (content, dropped) = tag.rewritten(target: digest(2))
            XCTAssertEqual(String(decoding: content, as: UTF8.self), "object \(digest(2))\n\(head)\(expected)")
            XCTAssertEqual(dropped, count)
        }
    }
}
