import Lineage
import Platform
import XCTest

/// TOML and YAML.
final class StructuredValueTests: XCTestCase {
    private static let toml = #"""
        # parameters
        title = "a \"b\" \u00e9"
        raw = 'C:\x'
        big = 1_000
        neg = -17
        bits = [0xff, 0o17, 0b101]
        float = 6.5e-3
        special = [inf, -inf, nan]
        day = 1979-05-27
        moment = 1979-05-27 07:32:00.5+01:00
        text = """
        one \
           two
        three"""
        site."example.com".up = true

        [model]
        depth = 3
        layers = [ { width = 8, act = "relu" }, # c
          { width = 16 },
        ]

        [model.optimizer]
        rate = 0.1

        [[run]]
        seed = 1
        [run.data]
        path = "x"
        [[run]]
        seed = 2

        """#

    func testTOML() throws {
        XCTAssertEqual(
            try value(Self.toml, "p.toml"),
            .object([
                "title": .text("a \"b\" é"), "raw": .text("C:\\x"), "big": .integer(1000), "neg": .integer(-17),
                "bits": .list([.integer(255), .integer(15), .integer(5)]), "float": .number(6.5e-3),
                "special": .list([.number(.infinity), .number(-.infinity), notANumber]), "day": .text("1979-05-27"),
                "moment": .text("1979-05-27 07:32:00.5+01:00"), "text": .text("one two\nthree"),
                "site": .object(["example.com": .object(["up": .boolean(true)])]),
                "model": .object([
                    "depth": .integer(3),
                    "layers": .list([.object(["width": .integer(8), "act": .text("relu")]), .object(["width": .integer(16)])]),
                    "optimizer": .object(["rate": .number(0.1)]),
                ]),
                "run": .list([.object(["seed": .integer(1), "data": .object(["path": .text("x")])]), .object(["seed": .integer(2)])]),
            ]))
    }

    func testTOMLThatIsNoneIsRefused() {
        XCTAssertEqual(refusal("a = 1\na = 2\n", "p.toml"), "line 2: 'a' stands here twice")
        XCTAssertEqual(refusal("[a]\n[a]\n", "p.toml"), "line 2: 'a' stands here twice")
        XCTAssertEqual(refusal("a.b = 1\n[a]\n", "p.toml"), "line 2: 'a' stands here twice")
        XCTAssertEqual(refusal("[a.b]\nx = 1\n[a]\nb.y = 2\n", "p.toml"), "line 4: 'b' is something else already")
        for text in [
            "a = 01", "a = 1__0", "a = _1", "a = 1_", "a = 1.", "a = .5", "a = 1_e5", "a = 0x_1", "a = +0x1", "a = 0xg", "a = tru", "a =", "= 1", "a",
            "a = 1 b = 2", "a = 'x", "a = \"x\ny\"", "a = \"\\q\"", "a = \"\\ud800\"", "a = 1979-13-01", "a = 1979-02-29", "a = 07:61:00", "a = 07:32",
            "a = {b = 1,}", "a = {b = 1\n}", "a = [1 2]", "a = {b.c = 1, b = 2}", "a = [1]\n[[a]]", "a = {}\na.b = 1", "[a", "[[a]", "a = \"\"\"x\"\"",
            "a = \"\"\"x\"\"\"\"\"\"", "a = 0x10000000000000000", "\u{0}",
        ] { XCTAssertNotNil(refusal(text, "p.toml"), text) }
    }

    private static let yaml = #"""
        %YAML 1.2
        ---
        # parameters
        seed: 42   # c
        octal: 010
        hex: 0xff
        rate: 1e-3
        half: .5
        nothing:
        tilde: ~
        yes: yes
        on: True
        url: http://x/y#z
        "quoted key": 'it''s'
        escapes: "a\tb\u00e9\
          c
          d"
        folded plain: one
          two

          three
        layers:
        - width: 8
          act: relu
        -
          width: 16
        - - 1
          - 2
        nested:
            deep:
                - [1, 2.5, "x, y", {a: b, c: }]
                - {k: [1], 'l': 2,
                   m: long
                     text}
        literal: |
          one
            two

        stripped: >-
          one
          two

          three
        kept: |+
          x

        last: -.inf
        ...

        """#

    func testYAML() throws {
        XCTAssertEqual(
            try value(Self.yaml, "p.yaml"),
            .object([
                "seed": .integer(42), "octal": .integer(10), "hex": .integer(255), "rate": .number(0.001), "half": .number(0.5),
                "nothing": .null, "tilde": .null, "yes": .text("yes"), "on": .boolean(true), "url": .text("http://x/y#z"),
                "quoted key": .text("it's"), "escapes": .text("a\tbéc d"), "folded plain": .text("one two\nthree"),
                "layers": .list([
                    .object(["width": .integer(8), "act": .text("relu")]), .object(["width": .integer(16)]), .list([.integer(1), .integer(2)]),
                ]),
                "nested": .object([
                    "deep": .list([
                        .list([.integer(1), .number(2.5), .text("x, y"), .object(["a": .text("b"), "c": .null])]),
                        .object(["k": .list([.integer(1)]), "l": .integer(2), "m": .text("long text")]),
                    ])
                ]),
                "literal": .text("one\n  two\n"), "stripped": .text("one two\nthree"), "kept": .text("x\n\n"), "last": .number(-.infinity),
            ]))
        XCTAssertEqual(try value("", "p.yaml"), .null)
        XCTAssertEqual(try value("--- 3\n", "p.yaml"), .integer(3))
        XCTAssertEqual(try value("a: |\n  x", "p.yaml"), .object(["a": .text("x")]))
        XCTAssertEqual(try value("- a\n- b", "p.yaml"), .list([.text("a"), .text("b")]))
    }

    func testYAMLThatIsNotUnderstoodIsRefusedWithItsLine() {
        XCTAssertEqual(refusal("a: 1\nb: &x 2\n", "p.yaml"), "line 2: anchors are not understood")
        XCTAssertEqual(refusal("a: *x\n", "p.yaml"), "line 1: aliases are not understood")
        XCTAssertEqual(refusal("a: !!int 3\n", "p.yaml"), "line 1: tags are not understood")
        XCTAssertEqual(refusal("a: 1\n---\nb: 2\n", "p.yaml"), "line 2: files of several documents are not understood")
        XCTAssertEqual(refusal("a: 1\na: 2\n", "p.yaml"), "line 2: 'a' stands here twice")
        XCTAssertEqual(refusal("a: 1\n  b: 2\n", "p.yaml"), "line 2: a map inside of a text; quotes are missing")
        XCTAssertEqual(refusal("a: b: 1\n", "p.yaml"), "line 1: a map in the line of its key")
        XCTAssertEqual(refusal("a:\n\tb: 1\n", "p.yaml"), "line 2: a tab in an indentation")
        for text in [
            "a:\n  b: 1\n c: 2\n", "- a\nb: 1\n", "a: 1\n- b\n", "a: - b\n", "a: [1, 2\n", "a: {b: 1\n", "a: 'x\n", "a: \"x\n", "a: \"\\q\"\n", "a: [a: 1]\n",
            "a: {b}\n", "a: @x\n", "a: `x`\n", "? a\n: b\n", "<<: {a: 1}\n", "{a: 1}: 2\n", "a: 'x' y\n", "a: |x\n", "a: %x\n", "a: 1\nb\n", "--- a: 1\n",
            "%TAG ! x\n---\n", "%YAML 1.2\na: 1\n", "[1]]\n", "a: ]\n", "{:a: 1}\n", "{?'a': 1}\n", "[#a]\n", "{a\n  b: 1}\n", "%YAML 2\n---\na: 1\n", "a: x\u{2028}\n", "a: >\n  \u{1}\n",
        ] { XCTAssertNotNil(refusal(text, "p.yaml"), text) }
    }

    /// A file that was cut off is refused or says less; it never stops the program.
    func testEveryTruncationEnds() {
        let samples: [(String, BytePath)] = [
            (Self.toml, "p.toml"), (Self.yaml, "p.yaml"), (#"{"a": [1, {"b": "x\u00e9"}, null, -1.5e3], "c": {}}"#, "m.json"),
            ("a,b\n\"x\"\"y\",1\nz,\"2\"\n", "m.csv"), ("[a]\nb = 1\n; c\n", "p.ini"), ("a = \\u00e9\\\n b\n", "p.properties"),
            ("A=\"x\\n\" # c\nexport B='y'\n", ".env"),
        ]
        var read = 0
        for (text, path) in samples {
            let bytes = Array(text.utf8)
            for count in bytes.indices {
                for bytes in [Array(bytes.prefix(count)), Array(bytes.suffix(count)), Array(bytes[..<count] + bytes[(count + 1)...])] {
                    do { _ = try ValueFile.parse(bytes, path: path) } catch { continue }
                    read += 1
                }
            }
        }
        XCTAssertGreaterThan(read, 100)
    }
}
