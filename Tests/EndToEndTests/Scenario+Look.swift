import Digest
import Platform
import Synchronization
import TestSupport

/// The look at both twins after each step.
extension Scenario {
    /// - Parameters:
    ///   - status: what `git status --porcelain` says in both; nil for whatever it says in the plain twin.
    ///   - isCompleted: whether no data file may be waiting for its content.
    /// - Throws: `Unexpected` where the twins are not alike, or git data does not agree.
    func look(status: [String]?, isCompleted: Bool = false) throws {
        try lookForWaitingFiles(isCompleted: isCompleted)
        let index = try lookAtIndex()
        try lookAtStatus(status)
        try lookAtFiles(inConflict: Set(index.filter { $0.stage != 0 }.map(\.path)))
        try lookAtDataStatus()
    }

    private var plainHome: [String: BytePath?] { ["HOME": laboratory.folder / "plain-home"] }

    // MARK: data that is waiting

    /// Where large files are written outside of the filter, an operation without a hook leaves a pointer: `git
    /// status` sees no change, git data names the file, and `git data checkout` completes it.
    private func lookForWaitingFiles(isCompleted: Bool) throws {
        guard mode == .outside else { return }
        let waiting = try ["big.bin"].filter { path in
            guard let content = try (data.folder / path).contents(limit: 100) else { return false }
            return content.starts(with: "git data pointer 1\n".utf8)
        }
        guard !waiting.isEmpty else { return }
        let pointer = try data.read("big.bin")
        guard try data.git("ls-files", "--stage", "big.bin").lines.count == 1, try data.stored("big.bin", at: "") == pointer else {
            return try completeAnother()
        }
        guard !isCompleted else { throw Unexpected("the hook left \(waiting) as pointers") }
        let missing = try data.attempt("data", "status", "--missing").expecting(1)
        guard missing.lines == waiting else {
            throw Unexpected("waiting for content: \(waiting), but git data status --missing names \(missing.lines)")
        }
        let changes = try data.git("diff-files", "--name-only").lines
        guard !changes.contains("big.bin") else { throw Unexpected("Git calls the pointer in place of 'big.bin' modified") }
        try data.data("checkout", "--quiet")
    }

    /// A pointer in the worktree that is not the one in the index, after a stash or `checkout --theirs`: Git calls the
    /// file modified, and git data names it and completes it all the same, with its own content.
    private func completeAnother() throws {
        let missing = try data.attempt("data", "status", "--missing").expecting(1)
        guard missing.lines == ["big.bin"] else { throw Unexpected("git data status --missing names \(missing.lines)") }
        try data.data("checkout", "--quiet")
        guard try !(data.read("big.bin").starts(with: "git data pointer 1\n".utf8)) else {
            throw Unexpected("git data checkout left the pointer in the place of 'big.bin'")
        }
    }

    // MARK: worktree

    private func lookAtFiles(inConflict: Set<BytePath>) throws {
        let ours = try files(of: data.folder), theirs = try files(of: plain.folder)
        guard ours == theirs else {
            let differing = Set(ours.keys).union(theirs.keys).filter { ours[$0] != theirs[$0] }.sorted()
            let lines = differing.map { "'\($0)' is \(ours[$0] ?? "absent"), and \(theirs[$0] ?? "absent") in the plain twin" }
            throw Unexpected("the worktrees have other files: \(lines.joined(separator: "; "))")
        }
        for path in ours.keys.sorted() where ours[path] != "link" {
            // What has been compared and not written since is alike still.
            let states = [try (data.folder / path).status(), try (plain.folder / path).status()]
            guard compared[path] != states else { continue }
            if states.allSatisfy({ $0?.byteCount ?? 0 > 1 << 20 }),
                try laboratory.run("cmp", ["--silent", data.folder / path, plain.folder / path]).status == 0
            {
                compared[path] = states
                continue
            }
            let content = try data.read(path), expected = try plain.read(path)
            if content == expected {
                compared[path] = states
            } else if !inConflict.contains(path) || TwinRepositories.withoutLabels(content) != TwinRepositories.withoutLabels(expected) {
                throw Unexpected("'\(path)' in worktree has \(Self.shown(content)), expected \(Self.shown(expected))")
            }
        }
    }

    /// The kind of each file, without Git's own.
    private func files(of top: BytePath) throws -> [BytePath: String] {
        var found: [BytePath: String] = [:]
        func walk(_ folder: BytePath) throws {
            for name in try (top / folder).entries() where name != ".git" {
                let path = folder.appending(name)
                guard let status = try (top / path).status() else { continue }
                switch status.kind {
                case .folder: try walk(path)
                case .link: found[path] = "link"
                default: found[path] = status.permissions & 0o100 != 0 ? "an executable file" : "a file"
                }
            }
        }
        try walk("")
        return found
    }

    static func shown(_ content: [UInt8]) -> String {
        "\(content.count) bytes: \(String(reflecting: String(decoding: content.prefix(120), as: UTF8.self)))"
    }

    // MARK: index

    private struct Entry: Equatable {
        let mode: String
        let blob: String
        let stage: Int
        let path: BytePath
    }

    /// Each entry of a data file is the pointer for what the plain twin has there, and of any other file the same.
    private func lookAtIndex() throws -> [Entry] {
        let ours = try entries(of: data), theirs = try entries(of: plain, with: plainHome)
        let places = { (entries: [Entry]) in entries.map { "\($0.mode) \($0.stage) \($0.path)" } }
        guard places(ours) == places(theirs) else {
            throw Unexpected("the index has \(places(ours)), and in the plain twin \(places(theirs))")
        }
        let filtered = try dataPaths(among: ours)
        for (entry, other) in zip(ours, theirs) {
            switch entry.mode {
            case "160000": continue
            case "120000": guard entry.blob == other.blob else { throw Unexpected("the link '\(entry.path)' in index differs") }
            default:
                if !filtered.contains(entry.path) {
                    guard entry.blob == other.blob else {
                        throw Unexpected("'\(entry.path)' in index, which is no data, is \(Self.shown(try blob(entry.blob, of: data)))")
                    }
                    continue
                }
                let stored = try blob(entry.blob, of: data)
                let expected = try pointer(of: other.blob)
                guard stored == expected else {
                    throw Unexpected("'\(entry.path)' in index is \(Self.shown(stored)), expected \(Self.shown(expected))")
                }
            }
        }
        return ours
    }

    private func entries(of worktree: Worktree, with environment: [String: BytePath?] = [:]) throws -> [Entry] {
        let records = try worktree.git("ls-files", "--stage", "-z", with: environment).records
        return try records.map { record in
            let parts = record.bytes.split(separator: UInt8(ascii: "\t"), maxSplits: 1)
            let words = String(decoding: parts[0], as: UTF8.self).split(separator: " ").map(String.init)
            guard parts.count == 2, words.count == 3, let stage = Int(words[2]) else { throw Unexpected("ls-files says \(record)") }
            return Entry(mode: words[0], blob: words[1], stage: stage, path: BytePath(bytes: parts[1]))
        }
    }

    private func dataPaths(among entries: [Entry]) throws -> Set<BytePath> {
        let all = entries.map(\.path), attributes = try (data.folder / ".gitattributes").contents() ?? []
        if let known = knownDataPaths, known.paths == all, known.attributes == attributes { return known.data }
        let input: [UInt8] = Array(Set(all).sorted().map { $0.bytes + [0] }.joined())
        let answer = try data.attempt("check-attr", "-z", "--stdin", "filter", input: input).expecting(0)
        let fields = answer.output.split(separator: 0, omittingEmptySubsequences: false)
        var paths: Set<BytePath> = []
        for start in stride(from: 0, to: fields.count - 2, by: 3) where Array(fields[start + 2]) == Array("data".utf8) {
            paths.insert(BytePath(bytes: fields[start]))
        }
        knownDataPaths = (all, attributes, paths)
        return paths
    }

    /// What Git's blobs hold with git data, and the pointers for those of the plain twins: contents are few.
    private static let known = Mutex<(blobs: [String: [UInt8]], pointers: [String: [UInt8]])>(([:], [:]))

    private func blob(_ name: String, of worktree: Worktree) throws -> [UInt8] {
        if let known = Self.known.withLock({ $0.blobs[name] }) { return known }
        let content = try worktree.git("cat-file", "blob", BytePath(name)).output
        Self.known.withLock { $0.blobs[name] = content }
        return content
    }

    private func pointer(of plainBlob: String) throws -> [UInt8] {
        if let known = Self.known.withLock({ $0.pointers[plainBlob] }) { return known }
        let content = try plain.git("cat-file", "blob", BytePath(plainBlob)).output
        let pointer = content.isEmpty ? [] : pointerText(for: content)
        Self.known.withLock { $0.pointers[plainBlob] = pointer }
        return pointer
    }

    // MARK: status

    /// Git says what is expected, and the same again once that has refreshed the index.
    func lookAtStatus(_ status: [String]?) throws {
        let expected = try status ?? statusLines(plain, plainHome)
        for time in ["", " once the index is refreshed"] {
            let lines = try statusLines(data, [:])
            guard lines == expected else { throw Unexpected("git status says \(lines)\(time), expected \(expected)") }
            // Or Git would look into it again for as long as it is as young as the index.
            if try age(plain.folder / "big.bin") { _ = try plain.attempt("update-index", "-q", "--refresh", with: plainHome) }
            _ = try age(data.folder / "big.bin")
        }
    }

    /// Dates a file back.
    /// - Returns: whether that was necessary.
    private func age(_ file: BytePath) throws -> Bool {
        guard let status = try file.status(), status.kind == .regular, status.modified.seconds > 1_600_000_000 else { return false }
        try laboratory.run("touch", ["-d", "2020-01-01", file]).expecting(0)
        return true
    }

    private func statusLines(_ worktree: Worktree, _ environment: [String: BytePath?]) throws -> [String] {
        let outcome = try worktree.git(
            "-c", "core.quotePath=false", "status", "--porcelain", "--untracked-files=all", with: environment)
        guard outcome.errors.isEmpty else { throw Unexpected(outcome.description) }
        return outcome.lines
    }

    /// git data has nothing to complain of.
    private func lookAtDataStatus() throws {
        let status = try data.attempt("data", "status").expecting(0)
        guard status.errors.isEmpty, !status.text.contains("Only a pointer"), !status.text.contains("git data fix") else {
            throw Unexpected(status.description)
        }
    }
}
