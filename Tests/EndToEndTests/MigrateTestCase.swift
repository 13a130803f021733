import Digest
import Platform
import TestSupport
import XCTest

/// A repository whose history has all that a rewrite must not disturb, and what to compare it by afterwards.
class MigrateTestCase: EndToEndTestCase {
    let small = SampleData.bytes(900, seed: 1)
    let large = SampleData.bytes(70_000, seed: 2)
    let larger = SampleData.bytes(90_000, seed: 3)
    /// Has bytes that are no UTF-8, a newline, a quote and a backslash.
    let hostile = BytePath(bytes: Array("-d\"a\\t\na/".utf8) + [0xff, 0xfe] + Array(" *.bin".utf8))

    /// A repository of plain Git, on `main`. Its second commit brings the first data file.
    func makeHistory(_ name: String = "work", _ options: [BytePath] = []) throws -> Worktree {
        try laboratory.git(["init", "--quiet", "--initial-branch=main"] + options + [BytePath(name)])
        let work = Worktree(folder: laboratory.folder / name, in: laboratory)
        try work.attempt("fast-import", "--quiet", "--done", "--date-format=raw", input: stream()).expecting(0)
        try work.git("reset", "--quiet", "--hard")
        try work.data("init", "--quiet")
        return work
    }

    private func stream() -> [UInt8] {
        var stream = FastImport()
        stream.commit("main", mark: 1, message: Array("First\n".utf8))
        stream.file("README", Array("read me\n".utf8))
        stream.commit("main", mark: 2, message: [0xe9, 0xff] + Array(" no newline".utf8), from: 1, author: [0xe9] + Array(" Ada".utf8), encoding: "ISO-8859-1")
        stream.file("data/a.bin", large)
        stream.file(hostile, small)
        stream.file("code.txt", Array("1\n".utf8))
        stream.commit("side", mark: 3, message: Array("Side\n\n\n".utf8), from: 2)
        stream.file("side/b.bin", larger, mode: "100755")
        stream.file("data/copy.bin", large)
        stream.commit("main", mark: 4, message: [], from: 2)
        stream.file(".gitattributes", Array("*.txt text\n# no end".utf8))
        stream.file("data/a.bin", larger)
        stream.file("data/link.bin", Array("a.bin".utf8), mode: "120000")
        stream.submodule("module.bin")
        stream.file("empty.bin", [])
        stream.commit("main", mark: 5, message: Array("Merge\n".utf8), from: 4, merge: 3)
        stream.file("side/b.bin", larger, mode: "100755")
        stream.file("data/copy.bin", large)
        stream.commit("main", mark: 6, message: Array("Nothing\n".utf8), from: 5)
        stream.commit("main", mark: 7, message: Array("Without side\n".utf8), from: 6)
        stream.delete("side")
        stream.file("code.txt", Array("2\n".utf8))
        stream.tag("v1", of: 5, message: Array("Version 1\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\n".utf8))
        stream.tag("plain", of: 4, message: Array("Not signed\n".utf8))
        stream.tag("before", of: 1, message: Array("-----BEGIN PGP SIGNATURE-----\nabc\n".utf8))
        return stream.finished + Array("reset refs/tags/light\nfrom :3\n\ndone\n".utf8)
    }

    // MARK: what there is

    /// Old and new names of the commits, as the last migration has noted them.
    func commitMap(of work: Worktree, _ path: BytePath = ".git/data/commit-map") throws -> [(old: String, new: String)] {
        try work.readText(path).split(separator: "\n").map { line in
            let names = line.split(separator: ",").map(String.init)
            return (names[0], names[1])
        }
    }

    func refs(of work: Worktree) throws -> [String] {
        try work.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags").lines
    }

    struct File: Equatable {
        let mode: String
        let name: String
    }

    /// All of a commit's entries, by their paths.
    func tree(_ commit: String, in work: Worktree) throws -> [BytePath: File] {
        var files: [BytePath: File] = [:]
        for record in try work.git("ls-tree", "-r", "-z", BytePath(commit)).records {
            let halves = record.bytes.split(separator: UInt8(ascii: "\t"), maxSplits: 1)
            let fields = String(decoding: halves[0], as: UTF8.self).split(separator: " ").map(String.init)
            files[BytePath(bytes: halves[1])] = File(mode: fields[0], name: fields[2])
        }
        return files
    }

    /// The contents of objects, by their names.
    func objects(_ names: some Collection<String>, in work: Worktree) throws -> [String: [UInt8]] {
        let input = Array(names.map { $0 + "\n" }.joined().utf8)
        var rest = try work.attempt("cat-file", "--batch", input: input).expecting(0).output[...]
        var contents: [String: [UInt8]] = [:]
        for name in names {
            let header = String(decoding: rest.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            let byteCount = try XCTUnwrap(header.split(separator: " ").last.flatMap { Int($0) }, header)
            contents[name] = Array(rest.dropFirst(header.utf8.count + 1).prefix(byteCount))
            rest = rest.dropFirst(header.utf8.count + byteCount + 2)
        }
        return contents
    }

    /// The content that a Git blob stands for: its own, or that of the blob that it points to.
    func content(behind text: [UInt8], in work: Worktree) throws -> [UInt8] {
        let text = String(decoding: text.prefix(1024), as: UTF8.self)
        guard let start = text.range(of: "sha256:"), text.hasPrefix("git data pointer 1\n") || text.hasPrefix("version https") else {
            return Array(text.utf8)
        }
        let oid = try XCTUnwrap(ObjectID(String(text[start.upperBound...].prefix(64))))
        for folder in ["data", "lfs"] {
            if let content = try (work.folder / ".git/\(folder)/objects" / oid.shardedPath).contents() { return content }
        }
        throw Unexpected("there is no blob \(oid)")
    }

    // MARK: comparisons

    /// Each commit of the map has the same files with the same contents, of which those that `isData` says are
    /// pointers, and the same headers and message.
    func assertSameHistory(
        _ work: Worktree, isData: (BytePath, [UInt8]) -> Bool, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let map = try commitMap(of: work)
        XCTAssertFalse(map.isEmpty, file: file, line: line)
        let renamed = Dictionary(uniqueKeysWithValues: map.map { ($0.old, $0.new) })
        let commits = try objects(Set(map.flatMap { [$0.old, $0.new] }).sorted(), in: work)
        for (old, new) in map {
            let expected = text(try XCTUnwrap(commits[old]), renaming: renamed)
            XCTAssertEqual(expected, text(try XCTUnwrap(commits[new]), renaming: [:]), file: file, line: line)
            var oldFiles = try tree(old, in: work)
            var newFiles = try tree(new, in: work)
            oldFiles[".gitattributes"] = nil
            newFiles[".gitattributes"] = nil
            XCTAssertEqual(Set(oldFiles.keys), Set(newFiles.keys), file: file, line: line)
            let blobs = Set((Array(oldFiles.values) + Array(newFiles.values)).filter { $0.mode != "160000" }.map(\.name))
            let contents = try objects(blobs.sorted(), in: work)
            for (path, before) in oldFiles {
                let after = try XCTUnwrap(newFiles[path])
                XCTAssertEqual(before.mode, after.mode, "\(path)", file: file, line: line)
                let content = contents[before.name] ?? []
                guard before.mode.hasPrefix("100"), !content.isEmpty, isData(path, content) else {
                    XCTAssertEqual(before, after, "\(path)", file: file, line: line)
                    continue
                }
                XCTAssertEqual(contents[after.name], pointerText(for: content), "\(path)", file: file, line: line)
                XCTAssertEqual(try work.localBlob(of: content).contents(), content, "\(path)", file: file, line: line)
            }
        }
    }

    /// A commit without its tree's name, its parents as they are called now.
    private func text(_ commit: [UInt8], renaming renamed: [String: String]) -> [[UInt8]] {
        var isInside = true
        return commit.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).compactMap { line in
            if line.isEmpty { isInside = false }
            let text = String(decoding: line, as: UTF8.self)
            guard isInside else { return Array(line) }
            if text.hasPrefix("tree ") { return nil }
            guard text.hasPrefix("parent ") else { return Array(line) }
            let parent = String(text.dropFirst("parent ".count))
            return Array("parent \(renamed[parent] ?? parent)".utf8)
        }
    }

    /// Every commit of the map checks out as the files that it had before, and Git finds nothing to do.
    func assertEachChecksOut(_ work: Worktree, file: StaticString = #filePath, line: UInt = #line) throws {
        for (old, new) in try commitMap(of: work) {
            try work.git("checkout", "--quiet", "--detach", BytePath(new))
            try assertClean(work, file: file, line: line)
            let files = try tree(old, in: work).filter { $0.value.mode.hasPrefix("100") && $0.key != ".gitattributes" }
            let contents = try objects(Set(files.values.map(\.name)).sorted(), in: work)
            for (path, entry) in files {
                try assertContent(path, in: work, is: try XCTUnwrap(contents[entry.name]), file: file, line: line)
            }
        }
        try work.git("checkout", "--quiet", "main")
    }
}

/// A stream for `git fast-import`.
struct FastImport {
    private var bytes: [UInt8] = []
    private var seconds = 1_700_000_000

    /// All of it; a `done` is still to come.
    var finished: [UInt8] { bytes }

    private mutating func line(_ text: String) { bytes += Array(text.utf8) + [UInt8(ascii: "\n")] }

    private mutating func data(_ content: [UInt8]) {
        line("data \(content.count)")
        bytes += content + [UInt8(ascii: "\n")]
    }

    mutating func commit(
        _ branch: String, mark: Int, message: [UInt8], from: Int? = nil, merge: Int? = nil, author: [UInt8] = Array("Ada".utf8),
        encoding: String? = nil
    ) {
        seconds += 3600
        line("commit refs/heads/\(branch)\nmark :\(mark)")
        bytes += Array("author ".utf8) + author + Array(" <ada@example.org> \(seconds - 60) -0330\n".utf8)
        line("committer Bob <bob@example.org> \(seconds) +1245")
        if let encoding { line("encoding \(encoding)") }
        data(message)
        if let from { line("from :\(from)") }
        if let merge { line("merge :\(merge)") }
    }

    mutating func file(_ path: BytePath, _ content: [UInt8], mode: String = "100644") {
        line("M \(mode) inline \(quoted(path))")
        data(content)
    }

    mutating func submodule(_ path: BytePath) {
        line("M 160000 1234567890123456789012345678901234567890 \(quoted(path))")
    }

    mutating func delete(_ path: BytePath) { line("D \(quoted(path))") }

    mutating func tag(_ name: String, of mark: Int, message: [UInt8]) {
        line("tag \(name)\nfrom :\(mark)\ntagger Cy <cy@example.org> \(seconds) +0000")
        data(message)
    }

    /// Quoted in C's manner, whatever is in it.
    private func quoted(_ path: BytePath) -> String {
        let escaped = path.bytes.map { byte -> String in
            let octal = String(byte, radix: 8)
            return "\\" + String(repeating: "0", count: 3 - octal.count) + octal
        }
        return "\"\(escaped.joined())\""
    }
}
