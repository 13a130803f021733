import Git
import Platform
import Repository

/// Commits, newest first, each with the files that it changed, as one process of `git log` tells them.
package enum ChangeLog {
    package struct Commit: Sendable {
        package let name: GitObjectName
        package let tree: GitObjectName
        /// When its author made it: seconds since 1970.
        package let seconds: Int64
        package let author: String
        package let subject: String
        package fileprivate(set) var changes: [Change] = []
    }

    /// A file that a commit changed.
    package struct Change: Sendable {
        package let path: BytePath
        /// Where it was before, of a file that was renamed or copied.
        package let formerPath: BytePath?
        /// nil where the commit removed it.
        package let blob: GitObjectName?
        /// Whether it was not there before.
        package let isNew: Bool
    }

    /// Which files a merge has changed.
    package enum Merges: String, Sendable {
        /// Those that differ from its first parent.
        case firstParent = "first-parent"
        /// Those that differ from all of its parents.
        case own = "combined"
    }

    /// Calls `body` for each commit, while Git walks, until it says that it has enough.
    /// - Parameter arguments: of `git log`: revisions, `--` and literal paths among them.
    package static func forEach(
        _ repository: Repository, merges: Merges, _ arguments: [BytePath], _ body: (Commit) throws(LineageError) -> Bool
    ) throws(LineageError) {
        let options: [BytePath] = [
            "--literal-pathspecs", "-c", "log.follow=false", "log", "--no-show-signature", "--no-color", "--no-decorate",
            "--no-notes", "--root", BytePath("--diff-merges=\(merges.rawValue)"), "--raw", "--no-abbrev", "-z",
            "--encoding=UTF-8", "--format=commit %H%n%T%n%at%n%aN%n%s",
        ]
        let child = try git { () throws(GitError) in
            try repository.git().start(options + arguments, errors: .pipe, isBuffered: true)
        }
        guard let output = child.takeOutput() else { return }
        var parser = Parser()
        var isEnough = false
        while !isEnough, let record = try reading({ () throws(SystemError) in try output.read(until: 0) }) {
            if let commit = try parser.take(record) { isEnough = try !body(commit) }
        }
        if isEnough {
            child.send(signal: 15)
            child.wait()
            return
        }
        if let commit = parser.finish() { _ = try body(commit) }
        let message = try reading { () throws(SystemError) in try child.takeErrors()?.readToEnd() } ?? []
        if case .exited(let status) = child.wait(), status != 0 {
            throw .git(.failed(command: "git log", status: status, message: String(decoding: message, as: UTF8.self)))
        }
    }

    private static func reading<Result>(_ body: () throws(SystemError) -> Result) throws(LineageError) -> Result {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }

    /// Takes the output of Git, cut at its NULs: for each commit its five lines, then for each file
    /// `:<mode> <mode> <name> <name> <letter>`, the first behind a newline, and its path, or two of them where the letter
    /// is `R` or `C`. A merge has a colon, a mode, a name and a letter for each parent, and one path.
    struct Parser {
        private var commit: Commit?
        private var head: (blob: GitObjectName?, isNew: Bool)?
        private var formerPath: BytePath?
        private var pathsLeft = 0

        /// - Returns: the commit that this record shows to be complete.
        mutating func take(_ record: [UInt8]) throws(LineageError) -> Commit? {
            if pathsLeft > 0 {
                pathsLeft -= 1
                add(BytePath(bytes: record))
                return nil
            }
            let record = record.drop { $0 == UInt8(ascii: "\n") }
            if record.first == UInt8(ascii: ":") {
                let fields = record.split(separator: UInt8(ascii: " "))
                let parentCount = record.prefix { $0 == UInt8(ascii: ":") }.count
                guard fields.count == 2 * parentCount + 3, let letter = fields[fields.count - 1].first,
                    let new = GitObjectName(hex: fields[fields.count - 2])
                else { throw Self.unexpected(record) }
                let old = fields[(parentCount + 1)...].prefix(parentCount)
                head = (new.isNull ? nil : new, old.allSatisfy { GitObjectName(hex: $0)?.isNull ?? false })
                let isRenamed = parentCount == 1 && (letter == UInt8(ascii: "R") || letter == UInt8(ascii: "C"))
                pathsLeft = isRenamed ? 2 : 1
                return nil
            }
            let complete = commit
            let lines = record.split(separator: UInt8(ascii: "\n"), maxSplits: 4, omittingEmptySubsequences: false)
            guard lines.count == 5, lines[0].starts(with: "commit ".utf8), let name = GitObjectName(hex: lines[0].dropFirst(7)),
                let tree = GitObjectName(hex: lines[1]), let seconds = Int64(String(decoding: lines[2], as: UTF8.self))
            else { throw Self.unexpected(record) }
            commit = Commit(
                name: name, tree: tree, seconds: seconds, author: String(decoding: lines[3], as: UTF8.self),
                subject: String(decoding: lines[4], as: UTF8.self))
            return complete
        }

        private mutating func add(_ path: BytePath) {
            guard pathsLeft == 0, let head else {
                formerPath = path
                return
            }
            commit?.changes.append(Change(path: path, formerPath: formerPath, blob: head.blob, isNew: head.isNew))
            formerPath = nil
        }

        /// The last commit.
        mutating func finish() -> Commit? {
            commit.take()
        }

        private static func unexpected(_ record: ArraySlice<UInt8>) -> LineageError {
            .git(.unexpected(command: "git log", answer: String(decoding: record.prefix(200), as: UTF8.self)))
        }
    }
}
