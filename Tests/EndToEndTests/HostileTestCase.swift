import Digest
import Platform
import TestSupport
import XCTest
import Synchronization

/// A laboratory beside which lies what no command may touch, and in which programs lie that no command may start.
class HostileTestCase: EndToEndTestCase {
    /// What a person has outside of any repository.
    private(set) var outside: BytePath!
    private var treasure: [BytePath: [UInt8]] = [:]

    /// What a terminal would obey.
    static let escape = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31m"

    private struct Tally {
        var inputs = 0
        var commands = 0
        var harmed = 0
    }

    private static let tally = Mutex(Tally())

    override class func tearDown() {
        let tally = tally.withLock { tally in
            defer { tally = Tally() }
            return tally
        }
        print("hostile: \(tally.inputs) inputs in \(tally.commands) commands, \(tally.harmed) harmed")
        super.tearDown()
    }

    override func setUpWithError() throws {
        try super.setUpWithError()
        outside = laboratory.folder / "outside"
        for name in ["secret.json", "config", "hooks/post-checkout", "big.bin"] {
            let content = Array("{\"what\": \"the treasure \(name)\"}\n".utf8)
            try laboratory.scratch.write(content, to: BytePath("outside/\(name)"))
            treasure[BytePath(name)] = content
        }
    }

    override func tearDown() {
        (outside, treasure) = (nil, [:])
        super.tearDown()
    }

    /// Notes that so many hostile things were given to the commands that follow.
    func count(inputs: Int) { Self.tally.withLock { $0.inputs += inputs } }

    /// Runs a program on what was made to harm, however it ends: not by a signal, nor never, nor with words of a crash,
    /// and with nothing in what it says that a terminal would obey.
    /// - Parameters:
    ///   - limit: seconds after which it hangs.
    ///   - memory: KiB of address space that it and its children have at most.
    ///   - showsContent: whether it gives out what is in a file, as it is.
    @discardableResult
    func attack(
        _ program: BytePath, _ arguments: [BytePath], in folder: BytePath, with environment: [String: BytePath?] = [:],
        input: [UInt8] = [], limit: Int = 180, memory: Int? = nil, showsContent: Bool = false, file: StaticString = #filePath, line: UInt = #line
    ) throws -> Outcome {
        let outcome: Outcome
        if let memory {
            let words: [BytePath] = ["-c", BytePath("ulimit -v \(memory); exec \"$@\""), "sh", program]
            outcome = try laboratory.run("sh", words + arguments, in: folder, input: input, with: environment, limit: limit)
        } else {
            outcome = try laboratory.run(program, arguments, in: folder, input: input, with: environment, limit: limit)
        }
        Self.tally.withLock { $0.commands += 1 }
        // Where Git cannot read a file to its end, Git itself ends the filter, with SIGTERM.
        let said = outcome.errorText.replacing("git-data filter-process died of signal 15", with: "")
        for word in ["died of signal", "Swift runtime failure", "Fatal error", "Backtrac", "by signal"] {
            let isSaid = said.contains(word)
            XCTAssertFalse(isSaid, outcome.description, file: file, line: line)
            if isSaid { noteHarm() }
        }
        if case .killed = outcome.ending {
            noteHarm()
            XCTFail(outcome.description, file: file, line: line)
        }
        let obeyed = Self.obeyed((showsContent ? [] : outcome.output) + [10] + outcome.errors)
        if !obeyed.isEmpty {
            noteHarm()
            XCTFail("\(outcome.command): a terminal would obey \(obeyed.map { BytePath(bytes: $0).description })", file: file, line: line)
        }
        try assertUnharmed(outcome.command, file: file, line: line)
        return outcome
    }

    /// Runs `git data …` as `attack` does.
    @discardableResult
    func attack(
        _ arguments: BytePath..., in worktree: Worktree, memory: Int? = nil, file: StaticString = #filePath, line: UInt = #line
    ) throws -> Outcome {
        try attack("git", ["data"] + arguments, in: worktree.folder, memory: memory, file: file, line: line)
    }

    /// Whether everything is tried with everything: `Tests/hostile`.
    static let isLong = Environment.value("GIT_DATA_HOSTILE_LONG") != nil

    /// All of them in the long form; in the short one a few, others for each number.
    func some<Element>(_ all: [Element], _ number: Int, of count: Int = 3) -> [Element] {
        guard !Self.isLong, all.count > count else { return all }
        return (0..<count).map { all[(number * count + $0) % all.count] }
    }

    private func noteHarm() { Self.tally.withLock { $0.harmed += 1 } }

    /// The lines in which something stands that a terminal would obey.
    private static func obeyed(_ said: [UInt8]) -> [[UInt8]] {
        said.split(separator: 10).map(Array.init).filter { line in
            line.indices.contains { position in
                let byte = line[position]
                if byte == 9 { return false }
                if byte < 0x20 || byte == 0x7f { return true }
                // The same as one character of UTF-8.
                return byte == 0xc2 && position + 1 < line.count && (0x80...0x9f).contains(line[position + 1])
            }
        }
    }

    /// What is outside is as it was, and no program of the attacker's has run.
    func assertUnharmed(_ command: String = "", file: StaticString = #filePath, line: UInt = #line) throws {
        let found = try laboratory.scratch.files(below: "outside")
        var harm = found.filter { treasure[$0.relative(to: "outside") ?? $0] == nil }.map { "'\($0)' was made" }
        for (path, content) in treasure where try (outside / path).contents() != content || (outside / path).status()?.kind != .regular {
            harm.append("'\(path)' was changed")
        }
        harm += try laboratory.folder.entries().filter { $0.text.hasPrefix("pwned") }.map { "\($0.text.dropFirst(6)) was run" }
        for what in harm {
            noteHarm()
            XCTFail("\(command): \(what)", file: file, line: line)
        }
    }

    // MARK: hostile things

    /// Puts programs into a folder that leave a mark in the laboratory when they run.
    func plant(_ names: [String], in folder: BytePath) throws {
        try folder.makeFolders()
        for name in names {
            let script = "#!/bin/sh\n: > '\(laboratory.folder)/pwned-\(name.replacing("/", with: "-"))'\nexit 0\n"
            let file = folder / BytePath(name)
            try file.removeFile()
            try Descriptor.open(file, [.write, .create, .exclusive], permissions: 0o755).write(Array(script.utf8))
        }
    }

    /// A planted program does run where it is asked for; its mark is taken away.
    func assertPlantWorks(_ program: BytePath, file: StaticString = #filePath, line: UInt = #line) throws {
        _ = try laboratory.run(program)
        let mark = laboratory.folder / "pwned-\(program.lastComponent)"
        XCTAssert(mark.exists, "the plant is none", file: file, line: line)
        try mark.removeFile()
    }

    func link(_ target: BytePath, at path: BytePath) throws {
        try path.parent.makeFolders()
        let result = target.withCString { old in path.withCString { symlink(old, $0) } }
        guard result == 0 else { throw SystemError.last("symlink", path: path) }
    }

    /// Writes a pointer for content, which may claim another size.
    func pointer(for content: [UInt8], byteCount: String? = nil) -> [UInt8] {
        Array("git data pointer 1\noid sha256:\(ObjectID.of(content).hex)\nsize \(byteCount ?? "\(content.count)")\n".utf8)
    }

    /// Gives a path of the index another name of the same length, which Git itself would not stage.
    func rename(inIndexOf worktree: Worktree, _ old: BytePath, to new: BytePath) throws {
        guard old.bytes.count == new.bytes.count else { throw Unexpected("'\(old)' and '\(new)' differ in length") }
        let file = worktree.folder / ".git/index"
        var bytes = try file.contents() ?? []
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: old.bytes + [0]) }) else {
            throw Unexpected("'\(old)' is not in the index")
        }
        bytes.replaceSubrange(start..<start + old.bytes.count, with: new.bytes)
        bytes.removeLast(20)
        var digest = MessageDigest(.sha1)
        bytes.withUnsafeBytes { digest.update($0) }
        try file.replaceContents(with: bytes + digest.finalize())
    }

    /// Makes a commit, on a branch, of a tree with names that Git would not make.
    func commitTree(_ entries: [(mode: String, name: [UInt8], content: [UInt8])], in worktree: Worktree, branch: BytePath) throws {
        var tree: [UInt8] = []
        for entry in entries {
            let kind: BytePath = entry.mode == "40000" ? "tree" : "blob"
            let name = try laboratory.run(
                "git", ["hash-object", "-t", kind, "--literally", "-w", "--stdin"], in: worktree.folder, input: entry.content
            ).expecting(0).line
            tree += Array("\(entry.mode) ".utf8) + entry.name + [0] + Self.bytes(ofHex: name)
        }
        let name = try laboratory.run(
            "git", ["hash-object", "-t", "tree", "--literally", "-w", "--stdin"], in: worktree.folder, input: tree
        ).expecting(0).line
        let commit = try worktree.git("commit-tree", "-m", "Hostile", BytePath(name)).line
        try worktree.git("update-ref", BytePath("refs/heads/\(branch)"), BytePath(commit))
    }

    /// The bytes of a tree with one entry, to be the content of another entry.
    func tree(_ mode: String, _ name: String, of content: [UInt8], in worktree: Worktree) throws -> [UInt8] {
        let blob = try laboratory.run("git", ["hash-object", "-w", "--stdin"], in: worktree.folder, input: content).expecting(0).line
        return Array("\(mode) \(name)".utf8) + [0] + Self.bytes(ofHex: blob)
    }

    private static func bytes(ofHex hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) }
    }
}

/// `Tests/Servers/hostile`, running until the test lets it go.
final class HostileServer {
    private let process: ChildProcess
    private let log: BytePath
    let port: Int

    init(_ scratch: ScratchFolder) throws {
        log = scratch / "hostile.log"
        let script = BytePath(#filePath).parent.parent / "Servers/hostile"
        process = try ChildProcess("/usr/bin/env", ["python3", script, log], input: .pipe, output: .pipe)
        let line = try process.output?.read(until: 10) ?? []
        guard let port = Int(String(decoding: line, as: UTF8.self)) else { throw Unexpected("the server has not started") }
        self.port = port
    }

    deinit { process.wait() }

    var endpoint: String { "http://127.0.0.1:\(port)" }

    /// The heads of all requests so far, as they came.
    func heads() throws -> [String] {
        String(decoding: try log.contents() ?? [], as: UTF8.self).components(separatedBy: "----\n").filter { !$0.isEmpty }
    }
}
