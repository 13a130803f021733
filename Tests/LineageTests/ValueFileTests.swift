import Lineage
import Platform
import XCTest

/// What all kinds of value files have in common, and those that are simple.
final class ValueFileTests: XCTestCase {
    func testNameTellsHowAFileIsWritten() {
        let names: [(BytePath, ValueFile.Kind?)] = [
            ("a/m.json", .json), ("Notes.IPYNB", .json), ("log.jsonl", .jsonLines), ("t.csv", .csv), ("t.tsv", .tsv), ("p.yml", .yaml),
            ("p.yaml", .yaml), ("p.toml", .toml), (".env", .environment), ("a/.env.local", .environment), ("prod.env", .environment),
            ("s.ini", .sections), ("s.cfg", .sections), ("j.properties", .properties), ("params.py", nil), ("json", nil), ("a.json/b", nil),
        ]
        for (name, kind) in names { XCTAssertEqual(ValueFile.Kind(name), kind, "\(name)") }
        XCTAssertEqual(refusal("a = 1", "params.py")?.contains("its name does not say"), true)
    }

    func testJSONHasWhatPythonWrites() throws {
        XCTAssertEqual(
            try value(#"{"a": {"b": [1, -0.5, 1e-05, true, null, "x\u00e9\n\ud83d\ude00"]}, "n": NaN, "i": -Infinity}"#, "m.json"),
            .object([
                "a": .object(["b": .list([.integer(1), .number(-0.5), .number(1e-05), .boolean(true), .null, .text("xé\n😀")])]),
                "n": notANumber, "i": .number(-.infinity),
            ]))
        XCTAssertEqual(try value("[9223372036854775807, 9223372036854775808, 100000000000000000000]", "m.json"),
            .list([.integer(.max), .text("9223372036854775808"), .number(1e20)]))
        XCTAssertEqual(refusal("{\n \"a\": 01}", "m.json"), "line 2: this is no value of JSON")
        XCTAssertEqual(refusal("{\"a\": 1}\n}", "m.json"), "line 2: something stands behind the value")
        for text in ["", "{", "[1,]", "{\"a\" 1}", "{a: 1}", "\"\n\"", "1.", ".5", "+1", "0x1", "nul", "\"\\x\"", "[1 2]", "--1", "1e"] {
            XCTAssertNotNil(refusal(text, "m.json"), text)
        }
    }

    func testLastLineOfJSONLinesCounts() throws {
        XCTAssertEqual(try value("{\"step\": 1}\n{\"step\": 2}\r\n\n", "log.jsonl"), .object(["step": .integer(2)]))
        XCTAssertEqual(try value("\n", "log.jsonl"), .object([:]))
        XCTAssertEqual(refusal("{\"step\": 1}\n{\"step\"", "log.jsonl"), "line 2: ':' is missing behind a key")
    }

    func testTableIsRowOrPairs() throws {
        XCTAssertEqual(
            try value("epoch,loss,note\r\n1,0.5,\r\n2,1e-3,\"a, \"\"b\"\"\"\r\n", "log.csv"),
            .object(["epoch": .integer(2), "loss": .number(0.001), "note": .text("a, \"b\"")]))
        XCTAssertEqual(
            try value("metric\tvalue\naccuracy\t0.9\nf1\tnan\n", "m.tsv"), .object(["accuracy": .number(0.9), "f1": notANumber]))
        // As pandas writes a series, and a table with row numbers.
        XCTAssertEqual(try value(",0\naccuracy,0.9\nrows,12\n", "m.csv"), .object(["accuracy": .number(0.9), "rows": .integer(12)]))
        XCTAssertEqual(try value(",a,ok\n0,1.0,True\n", "m.csv"), .object(["a": .number(1), "ok": .boolean(true)]))
        XCTAssertEqual(try value("accuracy,0.9\nloss,0.1\n", "m.csv"), .object(["accuracy": .number(0.9), "loss": .number(0.1)]))
        // Numbers in the first column, or the same text twice, are rows.
        XCTAssertEqual(try value("epoch,loss\n1,0.5\n2,0.25\n", "m.csv"), .object(["epoch": .integer(2), "loss": .number(0.25)]))
        XCTAssertEqual(try value("set,loss\ntrain,0.5\ntrain,0.25\n", "m.csv"), .object(["set": .text("train"), "loss": .number(0.25)]))
        XCTAssertEqual(try value("a,b\n", "m.csv"), .object([:]))
        XCTAssertEqual(try value("", "m.csv"), .object([:]))
        XCTAssertEqual(try value("a,b,c\n007,1_0,0x1\n", "m.csv"), .object(["a": .text("007"), "b": .text("1_0"), "c": .text("0x1")]))
        XCTAssertEqual(refusal("a,b,c\n1,2,3\n4,5\n", "m.csv"), "line 3: 2 values where the header has 3")
        XCTAssertEqual(refusal("a,b,c\n1,\"2\n", "m.csv"), "line 2: a value without its closing quote")
        XCTAssertEqual(refusal("a,a,b\n1,2,3\n", "m.csv"), "line 1: the header has 'a' twice")
    }

    func testFlatFilesOfEachKind() throws {
        XCTAssertEqual(
            try value("# c\nexport A=1\nB = \"x\\n#y\" # c\nC='$a\\b'\nD=a#b # c\nE=\n", ".env"),
            .object(["A": .integer(1), "B": .text("x\n#y"), "C": .text("$a\\b"), "D": .text("a#b"), "E": .null]))
        XCTAssertEqual(
            try value("; c\ntop = 1\n[model]\n  depth: 3\n  rate = 0.5\n[a.b]\nc = x ; y\n", "p.ini"),
            .object([
                "top": .integer(1), "model": .object(["depth": .integer(3), "rate": .number(0.5)]), "a.b": .object(["c": .text("x ; y")]),
            ]))
        XCTAssertEqual(
            try value("! c\na.b = 1\npath : c\\:\\\\d\nlong = one \\\n   two\nk\\=1 = \\u00e9\n", "p.properties"),
            .object(["a.b": .integer(1), "path": .text("c:\\d"), "long": .text("one two"), "k=1": .text("é")]))
        XCTAssertEqual(
            try value("[a]\nx = 1\n[b]\n[a]\ny = 2\n", "p.ini"), .object(["a": .object(["x": .integer(1), "y": .integer(2)]), "b": .object([:])]))
        XCTAssertEqual(refusal("a = 1\n[a]\n", "p.ini"), "line 2: 'a' is a key already")
        XCTAssertEqual(refusal("[a]\nx = 1\n[a]\nx = 2\n", "p.ini"), "line 4: 'x' stands twice in 'a'")
        XCTAssertEqual(refusal("a = 1\n  goes = on\n", "p.ini"), "line 2: values over several lines are not understood")
        XCTAssertEqual(refusal("[a]\nx = 1\nx = 2\n", "p.ini"), "line 3: 'x' stands twice in 'a'")
        XCTAssertEqual(refusal("a\n", ".env"), "line 1: this is not 'key = value'")
        XCTAssertEqual(refusal("A='x\n", ".env"), "line 1: a value without its closing quote")
    }

    func testKeysFindValues() throws {
        let all = try value(#"{"split": {"seed": 3}, "layers": [{"width": 8}], "a.b": {"c.d": 1}, "a": {"b": 2}}"#, "p.json")
        XCTAssertEqual(ValueFile.value(at: "split.seed", in: all), .integer(3))
        XCTAssertEqual(ValueFile.value(at: "layers.0.width", in: all), .integer(8))
        XCTAssertEqual(ValueFile.value(at: "a.b.c.d", in: all), .integer(1))
        XCTAssertEqual(ValueFile.value(at: "a.b", in: all), .integer(2))
        XCTAssertEqual(ValueFile.value(at: "", in: all), all)
        // A dot and the accent behind it are one character to Swift.
        let accented = JSONValue.object(["a": .object(["\u{301}b": .integer(3)])])
        XCTAssertEqual(ValueFile.flattened(accented).map(\.key), ["a.\u{301}b"])
        XCTAssertEqual(ValueFile.value(at: "a.\u{301}b", in: accented), .integer(3))
        for key in ["layers.1", "layers.-1", "layers.x", "split.seed.x", "x", ".", "split."] {
            XCTAssertNil(ValueFile.value(at: key, in: all), key)
        }
    }

    func testFlattenedGivesLeavesInOrder() throws {
        let all = try value(#"{"b": {"y": 1, "x": "t"}, "a": [true, null, 2.5], "c": [], "curve": [1, 2, 3, 4]}"#, "m.json")
        XCTAssertEqual(ValueFile.flattened(all, longestList: 3).map(\.key), ["a.0", "a.2", "b.x", "b.y"])
        XCTAssertEqual(ValueFile.flattened(all).count, 8)
        XCTAssertEqual(ValueFile.flattened(.integer(3)).map(\.key), [""])
        // Keys may be empty.
        let odd = JSONValue.object(["": .list([.integer(1)]), "c": .object(["": .integer(2)])])
        XCTAssertEqual(ValueFile.flattened(odd).map(\.key), [".0", "c."])
        for leaf in ValueFile.flattened(odd) { XCTAssertEqual(ValueFile.value(at: leaf.key, in: odd), leaf.value) }
    }

    func testHostileFilesAreRefused() {
        let deep = 100_000
        XCTAssertEqual(refusal(String(repeating: "[", count: deep), "m.json"), "line 1: it is nested too deeply")
        XCTAssertEqual(refusal("a = " + String(repeating: "[", count: deep), "m.toml"), "line 1: it is nested too deeply")
        XCTAssertEqual(refusal("a" + String(repeating: ".a", count: deep) + " = 1", "m.toml"), "line 1: it is nested too deeply")
        XCTAssertEqual(refusal(String(repeating: "[", count: deep), "m.yaml"), "line 1: it is nested too deeply")
        XCTAssertEqual(refusal(String(repeating: "- ", count: deep), "m.yaml"), "line 1: it is nested too deeply")
        XCTAssertEqual(refusal(String(repeating: "{a: ", count: deep), "m.yaml"), "line 1: it is nested too deeply")
        XCTAssertEqual(refusal(String(repeating: " ", count: ValueFile.maximumByteCount + 1), "m.json"), "it is longer than 16 MiB")
        XCTAssertThrowsError(try ValueFile.parse([0x22, 0xff, 0x22], path: "m.json"))
        XCTAssertEqual(refusal("{\"\\u001b[31m\": ", "m.json"), "line 1: it ends where a value should be")
    }
}

/// Reads a text as the file that its name tells. What is no number is `notANumber`, which equals itself.
func value(_ text: String, _ path: BytePath) throws -> JSONValue {
    func comparable(_ value: JSONValue) -> JSONValue {
        switch value {
        case .number(let number) where number.isNaN: notANumber
        case .list(let elements): .list(elements.map(comparable))
        case .object(let members): .object(members.mapValues(comparable))
        default: value
        }
    }
    return comparable(try ValueFile.parse(Array(text.utf8), path: path))
}

let notANumber = JSONValue.text("not a number")

/// Why a text is refused; nil, and a failure, where it is not.
func refusal(_ text: String, _ path: BytePath, file: StaticString = #filePath, line: UInt = #line) -> String? {
    do {
        let value = try ValueFile.parse(Array(text.utf8), path: path)
        XCTFail("accepted as \(value)", file: file, line: line)
    } catch {
        if case .values(path, let reason) = error { return reason }
        XCTFail("\(error)", file: file, line: line)
    }
    return nil
}
