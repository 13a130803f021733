import Inspection
import Platform
import TestSupport
import XCTest

final class FileKindTests: XCTestCase {
    override func setUp() { TestProcess.makeHermetic() }

    private func kind(_ bytes: [UInt8], isWhole: Bool = true) -> FileKind {
        FileKind(prefix: bytes, isWhole: isWhole)
    }

    private func kind(_ text: String, isWhole: Bool = true) -> FileKind {
        kind(Array(text.utf8), isWhole: isWhole)
    }

    func testSignatures() {
        for (bytes, expected) in Samples.binaries { XCTAssertEqual(kind(bytes), expected, expected.name) }
        let covered = Set(Samples.binaries.map(\.kind.name))
        for kind in FileKind.allCases where !kind.isText && kind != .binary {
            XCTAssertTrue(covered.contains(kind.name), "\(kind) has no sample")
        }
    }

    func testNamesTellKindsApart() {
        XCTAssertEqual(Set(FileKind.allCases.map(\.name)).count, FileKind.allCases.count)
        XCTAssertEqual(FileKind.parquet.name, "Parquet table")
        XCTAssertTrue(FileKind.csv.isText)
        XCTAssertFalse(FileKind.parquet.isText)
    }

    func testAlmostSignaturesAreNone() {
        XCTAssertEqual(kind("PAR"), .text)
        XCTAssertEqual(kind("ORCHESTRA of words\n"), .text)
        XCTAssertEqual(kind("ID3ntity\n"), .text)
        XCTAssertEqual(kind("BZh9 is how bzip2 begins\n"), .text)
        XCTAssertEqual(kind("RIFF is a word, WAVE another"), .text)
        XCTAssertEqual(kind([0x80, 0x04, 0x00, 0x01]), .binary)
        XCTAssertEqual(kind([0x08, 0x07, 0x12, 0x03, 0x00, 0x01, 0x02]), .binary)
        XCTAssertEqual(kind([0xff, 0xfb, 0x90, 0x00] + [UInt8](repeating: 0, count: 600)), .binary, "one frame is no MP3")
        XCTAssertEqual(kind([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]), .binary)
        // A length as in safetensors, but no object behind it.
        XCTAssertEqual(kind([16, 0, 0, 0, 0, 0, 0, 0, 0x5b, 0x22]), .binary)
        XCTAssertEqual(kind([0, 0, 0, 0, 0, 0, 1, 0, 0x7b, 0x22]), .binary, "a head larger than the specification's limit")
    }

    func testText() {
        XCTAssertEqual(kind(""), .empty)
        XCTAssertEqual(kind("", isWhole: false), .binary)
        for text in ["a", "one line\n", "two\nlines\n", "grüße, \u{1b}[31mred\u{1b}[0m\n", "import os\nprint(1, 2)\n", "# Title\n\nA, b and c.\n"] {
            XCTAssertEqual(kind(text), .text, text)
        }
        XCTAssertEqual(kind([0x61, 0xe9, 0x0a]), .text, "Latin-1")
        XCTAssertEqual(kind([0xff, 0xfe, 0x61, 0, 0x0a, 0]), .text)
        XCTAssertEqual(kind([0xfe, 0xff, 0, 0x61, 0, 0x0a]), .text)
        XCTAssertEqual(kind([0xff, 0xfe, 0, 0, 1, 0]), .binary)
        XCTAssertEqual(kind([0x61, 0, 0x62]), .binary)
        XCTAssertEqual(kind([0x61, 0x01, 0x62]), .binary)
    }

    func testTables() {
        XCTAssertEqual(kind("a,b\n1,2\n"), .csv)
        XCTAssertEqual(kind("\u{feff}a,b\r\n1,2\r\n"), .csv)
        XCTAssertEqual(kind("a;b\n1,5;2,5\n3,5;4\n"), .csv)
        XCTAssertEqual(kind("a\tb\n1\t2\n"), .tsv)
        XCTAssertEqual(kind("a|b\n1|2"), .csv)
        XCTAssertEqual(kind("name,text\nx,\"with, comma\nand \"\"line\"\"\"\ny,z\n"), .csv)
        XCTAssertEqual(kind("a,b\n1,2,3\n"), .text)
        XCTAssertEqual(kind("a,b\n"), .text, "one line may be anything")
        XCTAssertEqual(kind("a,b\n1,\"never closed\n2,3\n"), .text)
        // What is cut off at the end of the prefix does not count.
        XCTAssertEqual(kind("a,b\n1,2\n3", isWhole: false), .csv)
        XCTAssertEqual(kind("a,b\n1,2\n3,\"cut", isWhole: false), .csv)
        XCTAssertEqual(kind("a,b\n1,2\n3"), .text)
    }

    func testJSON() {
        for text in ["{}", "[]", " [1, 2.5e-3, -0, true, false, null]\n", "{\"a\": {\"b\": [\"\\\"}\"]}, \"c\": []}", "\u{feff}{\"a\":1}"] {
            XCTAssertEqual(kind(text), .json, text)
        }
        for text in ["{\"a\":1}\n{\"a\":2}\n", "{}\r\n{}", "[1,2]\n[3,4]\n", "{\"a\":1}\n{\"a\":"] {
            XCTAssertEqual(kind(text, isWhole: false), .jsonLines, text)
        }
        for text in ["{", "[1,", "[1 2]", "{a: 1}", "{\"a\" 1}", "[tru]", "[1] [2]", "{} x", "[01x]", "{\"a\":1,}", "[\"\n\"]", "[}", "{]"] {
            XCTAssertNotEqual(kind(text), .json, text)
            XCTAssertNotEqual(kind(text), .jsonLines, text)
        }
        XCTAssertEqual(kind("[1, [2, \"cut o", isWhole: false), .json)
        XCTAssertEqual(kind("{\"a\": tr", isWhole: false), .json)
    }

    func testDeepNestingHarmsNothing() {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 64 << 10)
        XCTAssertEqual(kind(deep, isWhole: false), .text)
        XCTAssertEqual(kind(Array(deep.prefix(200)), isWhole: false), .json)
    }

    func testEveryTruncationAndChangeIsRecognisedAsSomething() throws {
        var random = SeededRandom(seed: 4)
        for sample in Samples.binaries.map(\.bytes) + Samples.texts {
            for count in 0...min(sample.count, 700) {
                let cut = Array(sample[..<count])
                _ = try DataSummary.read(ByteSource(cut)).lines
                _ = FileKind(prefix: cut, isWhole: false)
            }
            for _ in 0..<500 {
                var changed = sample
                for _ in 0..<Int.random(in: 1...4, using: &random) where !changed.isEmpty {
                    changed[Int.random(in: 0..<min(changed.count, 64), using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                _ = try DataSummary.read(ByteSource(changed)).lines
            }
        }
    }

    func testRandomBytesHarmNothing() throws {
        var random = SeededRandom(seed: 5)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 0...200, using: &random))
            _ = try DataSummary.read(ByteSource(bytes)).lines
        }
    }

    // MARK: files of this machine

    func testProgramsAreELF() throws {
        XCTAssertEqual(try DataSummary.read(ByteSource(.open("/proc/self/exe", .read))).kind, .elf)
    }

    func testFilesOfRealToolsAreRecognised() throws {
        let scratch = try ScratchFolder()
        try scratch.write("content\n", to: "file")
        let scripts: [(BytePath, BytePath, FileKind)] = [
            ("gzip", "gzip -c file > out", .gzip), ("xz", "xz -c file > out", .xz), ("bzip2", "bzip2 -c file > out", .bzip2),
            ("zstd", "zstd -qc file > out", .zstandard), ("tar", "tar -cf out file", .tar),
            ("zip", "rm -f out; zip -q out.zip file && mv out.zip out", .zip),
            ("sqlite3", "rm -f out; sqlite3 out 'create table t(a)'", .sqlite),
            ("python3", "python3 -c 'import pickle,sys; pickle.dump({1: \"a\"}, open(\"out\",\"wb\"))'", .pickle),
            ("python3", "python3 -c 'import pickle,sys; pickle.dump([1, 2], open(\"out\",\"wb\"), protocol=2)'", .pickle),
            ("python3", "python3 -c 'import wave; w=wave.open(\"out\",\"wb\"); w.setparams((1,2,8000,0,\"NONE\",\"\")); w.writeframes(bytes(8))'", .wav),
            ("python3", "rm -f out; python3 -c 'import sqlite3; c=sqlite3.connect(\"out\"); c.execute(\"create table t(a)\"); c.commit()'", .sqlite),
        ]
        var count = 0
        for (program, script, expected) in scripts where Environment.findProgram(program.text) != nil {
            let finished = try Finished("/bin/sh", ["-c", script], in: scratch.path)
            guard finished.ending.isSuccess else { continue }
            XCTAssertEqual(try DataSummary.read(ByteSource(.open(scratch / "out", .read))).kind, expected, "\(script)")
            count += 1
        }
        XCTAssertGreaterThan(count, 0)
    }
}
