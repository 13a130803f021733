import Diagnostics
import Platform
import TestSupport
import XCTest

@testable import Commands

final class TextTests: XCTestCase {
    // MARK: sizes

    func testSizesAreRead() {
        let sizes: [(String, Int64?)] = [
            ("0", 0), ("4096", 4096), ("17b", 17), ("500k", 512_000), ("500K", 512_000), ("10M", 10_485_760),
            ("10MiB", 10_485_760), ("10mib", 10_485_760), ("10MB", 10_000_000), ("1.5G", 1_610_612_736),
            ("1.5GB", 1_500_000_000), ("2T", 2_199_023_255_552), ("9223372036854775807", .max),
            ("9223372036854775808", nil), ("8388608T", nil), ("8388607.5T", 9_223_371_487_098_961_920), ("", nil), ("k", nil), ("-1", nil), ("+1", nil),
            ("1.5", nil), ("1.", nil), (".5k", nil), ("1 k", nil), ("1kk", nil), ("1x", nil), ("1ki", nil), ("0x10", nil), ("1e3", nil),
        ]
        for (text, size) in sizes { XCTAssertEqual(ByteCountText.parse(Array(text.utf8)), size, text) }
    }

    func testSizesAreWrittenAsGitDoes() {
        let sizes: [(Int64, String)] = [
            (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1.00 KiB"), (1536, "1.50 KiB"),
            (1_048_575, "1023.99 KiB"), (1_048_576, "1.00 MiB"), (5 << 30, "5.00 GiB"), (.max, "7.99 EiB"),
        ]
        for (size, text) in sizes { XCTAssertEqual(ByteCountText.format(size), text) }
    }

    /// What is written can be read, and is the size cut off at two digits.
    func testWrittenSizeReadsAsNearlyTheSame() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<2000 {
            let size = Int64.random(in: 0...((1 << Int64.random(in: 1...50)) - 1), using: &random)
            let text = ByteCountText.format(size).replacing(" bytes", with: "").replacing(" byte", with: "").replacing(" ", with: "")
            guard let read = ByteCountText.parse(Array(text.utf8)) else { return XCTFail("\(size): \(text)") }
            XCTAssertLessThanOrEqual(read, size, text)
            XCTAssertGreaterThanOrEqual(Double(read), Double(size) * 0.99 - 1, text)
            if size < 1024 { XCTAssertEqual(read, size) }
        }
    }

    // MARK: progress

    func testProgressLine() {
        let half = ProgressTick(filesDone: 5, filesTotal: 10, bytesDone: 3 << 20, bytesTotal: 6 << 20)
        XCTAssertEqual(TerminalProgress.line("Uploading data", half, elapsed: 0.2), "Uploading data:  50% (5/10), 3.00 MiB")
        XCTAssertEqual(
            TerminalProgress.line("Uploading data", half, elapsed: 2), "Uploading data:  50% (5/10), 3.00 MiB | 1.50 MiB/s")
    }

    func testProgressLineOfFilesWithoutBytes() {
        XCTAssertEqual(
            TerminalProgress.line("Writing", ProgressTick(filesDone: 1, filesTotal: 3), elapsed: 9), "Writing:  33% (1/3)")
        XCTAssertEqual(TerminalProgress.line("Writing", ProgressTick(), elapsed: 0), "Writing:   0% (0/0)")
    }

    func testProgressLineSaysAllOnlyAtTheEnd() {
        let nearly = ProgressTick(filesDone: 9, filesTotal: 10, bytesDone: 9999, bytesTotal: 10_000)
        XCTAssertEqual(TerminalProgress.line("x", nearly, elapsed: 0), "x:  99% (9/10), 9.76 KiB")
        let done = ProgressTick(filesDone: 10, filesTotal: 10, bytesDone: 10_000, bytesTotal: 10_000)
        XCTAssertEqual(TerminalProgress.line("x", done, elapsed: 0), "x: 100% (10/10), 9.76 KiB")
    }

    // MARK: URLs

    func testSecretsOfURLsAreNotShown() {
        let urls: [(BytePath, String)] = [
            ("/srv/churn.git", "/srv/churn.git"), ("s3://bucket/prefix", "s3://bucket/prefix"),
            ("https://ada:secret@example.org/x.git", "https://example.org/x.git"),
            ("https://token@example.org/x.git", "https://example.org/x.git"),
            ("https://a:b@c@example.org/x", "https://example.org/x"),
            ("https://example.org/a@b/c", "https://example.org/a@b/c"),
            ("https://example.org/x?X-Amz-Signature=abc", "https://example.org/x"),
            ("git@example.org:x.git", "git@example.org:x.git"),
            ("https://ada:secret@\u{301}example.org/\u{301}x", "https://\u{301}example.org/\u{301}x"),
        ]
        for (url, shown) in urls {
            XCTAssertEqual(URLText.withoutSecrets(url), shown)
        }
        XCTAssertEqual(
            URLText.withoutPasswords("at https://ada:pw@host, //\u{301}eve:q%40h/ and //x/a@b"), "at https://***@host, //***%40h/ and //x/a@b")
    }

    // MARK: shell words

    func testShellReadsQuotedWordsAsTheyAre() throws {
        let names: [BytePath] = [
            "plain.bin", "a b", "it's", "\"q\"", "$HOME `x` \\", "*?[x]", "", "ünï", "~", "!x", "#x", BytePath(bytes: [0xff, 0x0a, 0x27, 0x5c, 0x31]),
            "tab\tnew\nline",
        ]
        for name in names {
            let line = BytePath(bytes: Array("printf %s ".utf8) + Array(ShellWord.quoted(name).utf8))
            XCTAssertEqual(try Finished("/bin/bash", ["-c", line]).output, name.bytes, ShellWord.quoted(name))
        }
    }

    func testWhatWouldBeAnOptionBeginsWithItsFolder() {
        XCTAssertEqual(ShellWord.quoted("-x"), "./-x")
        XCTAssertEqual(ShellWord.quoted(":(top)x"), "'./:(top)x'")
        XCTAssertEqual(ShellWord.quoted("a/b-c.bin"), "a/b-c.bin")
    }

    // MARK: guesses

    func testNearestWordIsFound() {
        let words = ["status", "track", "untrack", "fetch"]
        XCTAssertEqual(Similarity.closest(to: "tarck", among: words), ["track"])
        XCTAssertEqual(Similarity.closest(to: "stat", among: words), ["status"])
        XCTAssertEqual(Similarity.closest(to: "elephant", among: words), [])
        XCTAssertEqual(Similarity.closest(to: "", among: words), [])
    }

    func testDistanceCountsEachEditOnce() {
        for (first, second, distance) in [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("abc", "axc", 1), ("kitten", "sitting", 3)] {
            XCTAssertEqual(Similarity.distance(first, second), distance)
            XCTAssertEqual(Similarity.distance(second, first), distance)
        }
    }
}
