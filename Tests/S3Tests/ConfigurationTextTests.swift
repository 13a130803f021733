import Foundation
import Platform
import TestSupport
import XCTest

@testable import S3

/// Files of the AWS tools, read as botocore reads them.
final class ConfigurationTextTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    func testSectionsKeysAndBlocks() throws {
        let text = try ConfigurationText(
            """
            # the first line
            [default]
            Region = eu-west-1
            s3 =
                addressing_style = path
                max_concurrent_requests=20
            output: json ; no comment

            [profile "two words"]
            key = "quotes stay" # and this
            long = one
              two

              three
            """)
        XCTAssertEqual(
            text.sections["default"],
            [
                "region": .text("eu-west-1"), "output": .text("json ; no comment"),
                "s3": .block(["addressing_style": "path", "max_concurrent_requests": "20"]),
            ])
        XCTAssertEqual(
            text.sections["profile \"two words\""],
            ["key": .text("\"quotes stay\" # and this"), "long": .text("one\ntwo\n\nthree")])
    }

    func testMalformedTextNamesTheLine() {
        for (text, line) in [
            ("key = 1", 1), ("[a]\nx", 2), ("[a]\nx=1\nX = 2", 3), ("[a]\n[b]\n[a]", 3), ("[a]\n= 1", 2), ("[a]\nx =\n  y", 2),
        ] {
            XCTAssertThrowsError(try ConfigurationText(text), text) {
                XCTAssertEqual(($0 as? ConfigurationText.Malformed)?.line, line, text)
            }
        }
    }

    private struct Answer: Decodable {
        var sections: [String: [String: Either]]?
    }

    private enum Either: Decodable {
        case text(String)
        case block([String: String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) { self = .text(text) } else {
                self = .block(try container.decode([String: String].self))
            }
        }

        var value: ConfigurationText.Value {
            switch self {
            case .text(let text): .text(text)
            case .block(let block): .block(block)
            }
        }
    }

    func testRandomFilesAsBotocoreReadsThem() throws {
        var random = SeededRandom(seed: 9)
        let lines = [
            "[default]", "[profile a]", "[profile \"b c\"]", "[DEFAULT]", "[x] tail", "[]", "key = value", "key=", "Key : v",
            "other = a = b", "s3 =", "  inner = 1", "    deeper = 2", "  word", "", "   ", "# comment", "  ; comment",
            "\tx = y", "name:value=2", "= none", "plain", " spaced = x ; y", "last = é", "[a]b]",
        ]
        let texts = (0..<3000).map { _ in
            (0..<Int.random(in: 0...7, using: &random)).map { _ in lines.randomElement(using: &random) ?? "" }
                .joined(separator: Int.random(in: 0..<8, using: &random) == 0 ? "\r\n" : "\n")
        }
        let answers = try JSONDecoder().decode(
            [Answer].self, from: Data(try Botocore.run(Self.script, input: [UInt8](JSONEncoder().encode(texts)))))
        XCTAssertEqual(answers.count, texts.count)
        var wellFormed = 0
        for (text, answer) in zip(texts, answers) {
            let own = try? ConfigurationText(text)
            XCTAssertEqual(own?.sections, answer.sections?.mapValues { $0.mapValues(\.value) }, text)
            if own != nil { wellFormed += 1 }
        }
        XCTAssertGreaterThan(wellFormed, 300)
    }

    private static let script = """
        import json, os, sys, tempfile
        import botocore.configloader, botocore.exceptions
        answers = []
        for text in json.load(sys.stdin):
            with tempfile.NamedTemporaryFile('wb', delete=False) as f: f.write(text.encode())
            try: answers.append({'sections': botocore.configloader.raw_config_parse(f.name)})
            except botocore.exceptions.ConfigParseError: answers.append({})
            os.unlink(f.name)
        json.dump(answers, sys.stdout)
        """

    func testWordsAsAShellSplitsThem() {
        XCTAssertEqual(ShellWords.split("profile 'a b' c\\ d \"e\\\"f\\g\" ''"), ["profile", "a b", "c d", "e\"f\\g", ""])
        XCTAssertEqual(ShellWords.split("  "), [])
        for text in ["'", "\"a", "a\\"] { XCTAssertNil(ShellWords.split(text), text) }
    }
}
