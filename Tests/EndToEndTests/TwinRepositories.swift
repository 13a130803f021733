import Platform
import TestSupport

/// The same repository twice: with git data, and with the data as plain files in plain Git. Whatever is done is
/// done to both, and both must look alike.
struct TwinRepositories {
    /// Which of the twins this is.
    let number: Int
    let data: Worktree
    let plain: Worktree
    private let laboratory: Laboratory
    private let plainHome: BytePath

    /// - Parameters:
    ///   - number: where there are several pairs.
    ///   - plainHome: a home without git data.
    init(_ number: Int = 0, data: Worktree, plain: Worktree, plainHome: BytePath, in laboratory: Laboratory) {
        self.number = number
        self.data = data
        self.plain = plain
        self.plainHome = plainHome
        self.laboratory = laboratory
    }

    /// Runs Git in both at the same moment of their clocks.
    /// - Parameters:
    ///   - folder: from the tops of both; nil for the tops.
    ///   - isInstalled: whether git data is there; otherwise Git works as on a machine without it.
    /// - Returns: the exit status, which is the same for both.
    @discardableResult
    func git(_ arguments: [BytePath], at second: Int, in folder: BytePath? = nil, isInstalled: Bool = true) throws -> Int32 {
        try outcome(of: arguments, at: second, in: folder, isInstalled: isInstalled).status
    }

    /// Runs Git in both at the same moment of their clocks.
    /// - Returns: what it did with git data; in the plain twin it ended with the same status.
    func outcome(
        of arguments: [BytePath], at second: Int, in folder: BytePath? = nil, isInstalled: Bool = true
    ) throws -> Outcome {
        let moment: BytePath = BytePath("@\(1_767_312_000 + second) +0000")
        var clocks: [String: BytePath?] = ["GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment, "GIT_MERGE_AUTOEDIT": "no"]
        if !isInstalled { clocks["HOME"] = plainHome }
        let ours = try laboratory.run("git", arguments, in: folder.map { data.folder / $0 } ?? data.folder, with: clocks)
        clocks["HOME"] = plainHome
        let theirs = try laboratory.run("git", arguments, in: folder.map { plain.folder / $0 } ?? plain.folder, with: clocks)
        guard ours.status == theirs.status else {
            throw Unexpected("the twins end differently\nwith git data: \(ours.description)\nplain: \(theirs.description)")
        }
        return ours
    }

    /// Writes the same file in both.
    func write(_ content: [UInt8], to path: BytePath) throws {
        try data.write(content, to: path)
        try plain.write(content, to: path)
    }

    func remove(_ path: BytePath) throws {
        try (data.folder / path).removeFile()
        try (plain.folder / path).removeFile()
    }

    /// The answer of a question that changes nothing; for both the same.
    func answer(_ arguments: BytePath...) throws -> [String] {
        let ours = try laboratory.run("git", arguments, in: data.folder)
        let theirs = try laboratory.run("git", arguments, in: plain.folder, with: ["HOME": plainHome])
        guard ours.lines == theirs.lines else {
            throw Unexpected("the twins answer differently\nwith git data: \(ours.description)\nplain: \(theirs.description)")
        }
        return ours.lines
    }

    /// Whether a file of Git's own state is there; for both the same.
    func isInState(_ name: BytePath) throws -> Bool {
        let ours = (data.folder / ".git" / name).exists
        guard ours == (plain.folder / ".git" / name).exists else { throw Unexpected("only one twin is in '\(name)'") }
        return ours
    }

    /// Compares everything that a person sees.
    func compare() throws {
        _ = try answer("status", "--porcelain", "--untracked-files=all")
        _ = try answer("ls-tree", "-r", "--name-only", "HEAD")
        _ = try answer("rev-list", "--count", "--all")
        let files = try self.files(of: data), others = try self.files(of: plain)
        guard files == others else { throw Unexpected("the twins have other files: \(files) and \(others)") }
        for file in files {
            let ours = Self.withoutLabels(try data.read(file)), theirs = Self.withoutLabels(try plain.read(file))
            guard ours == theirs else {
                let shown = String(decoding: ours.prefix(600), as: UTF8.self), other = String(decoding: theirs.prefix(600), as: UTF8.self)
                throw Unexpected("'\(file)' differs:\nwith git data:\n\(shown)\nplain:\n\(other)")
            }
        }
        let missing = try laboratory.run("git", ["data", "status", "--missing"], in: data.folder)
        guard missing.status == 0 else { throw Unexpected("files lack their data: \(missing.description)") }
    }

    private func files(of worktree: Worktree) throws -> [BytePath] {
        try laboratory.filesOfPeople(in: worktree.folder).sorted()
    }

    /// Conflict markers name the sides each in its own way.
    static func withoutLabels(_ content: [UInt8]) -> [UInt8] {
        guard !content.prefix(8000).contains(0) else { return content }
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return Array(
            lines.map { line in
                let isMarker = ["<<<<<<< ", ">>>>>>> ", "||||||| "].contains { line.starts(with: $0.utf8) }
                return isMarker ? line.prefix(7) : line
            }.joined(separator: [UInt8(ascii: "\n")]))
    }
}

extension Laboratory {
    /// The files of a worktree, from its top, without those of Git.
    func filesOfPeople(in worktree: BytePath) throws -> [BytePath] {
        try worktree.entries().filter { $0 != ".git" }.flatMap { name in
            let path = worktree / name
            guard try path.status()?.kind == .folder else { return [name] }
            return try scratch.files(below: path).compactMap { $0.relative(to: worktree) }
        }
    }
}
