import Diagnostics
import Git
import Platform
import Pointer
import Repository

/// `git data conflicts`: the data files that wait for a decision, and how to take it.
struct ConflictsCommand: Command {
    static let declaration = Declaration(
        "conflicts", group: .files, summary: "explain the conflicts in data files",
        description: """
            For each data file in conflict: the size of each side's version, who changed it last and when, and \
            the commands that take a side or keep both. The worktree has real content in any case: text with \
            conflict markers, else our version.
            """,
        options: [CommonOptions.json], operands: [FileSelection.paths],
        examples: [Example("git data conflicts", "after a merge that stopped")], seeAlso: ["status", "diff"])

    /// One side of a conflict.
    private struct Side: Encodable {
        /// `base`, `ours` or `theirs`.
        let side: String
        let oid: String?
        let size: Int64
        /// The last commit of that side which changed the file.
        var commit: String?
        var author: String?
        var when: String?
        var subject: String?
    }

    private struct Conflict: Encodable {
        let path: String
        let pathBytes: String?
        let hasMarkers: Bool
        let sides: [Side]
    }

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        _ = try repository.worktree()
        let selection = try FileSelection(arguments, context, repository)
        let git = try repository.git()
        var entries: [IndexEntry] = []
        try git.forEachIndexEntry { if $0.stage != 0 && selection.contains($0.path) { entries.append($0) } }
        let filters = try git.attribute("filter", of: Array(Set(entries.map(\.path))))
        let conflicts = Dictionary(grouping: entries.filter { filters[$0.path] == "data" }, by: \.path)
        let explainer = try Explainer(repository, conflicts.values.flatMap { $0 })
        let sorted = conflicts.sorted { $0.key < $1.key }
        if arguments[CommonOptions.json] {
            try context.output.json(try sorted.map { try explainer.conflict($0.key, $0.value) })
            return .success
        }
        let top = try repository.worktree()
        if !sorted.isEmpty, try BytePath.currentFolder() != top {
            context.output.message("hint: the commands work from the top of the worktree: cd \(ShellWord.quoted(top))")
        }
        for (path, entries) in sorted { explain(path, try explainer.conflict(path, entries), explainer, context.output) }
        if sorted.isEmpty { context.output.message("No data file is in conflict.") }
        return .success
    }

    // MARK: what is known

    private struct Explainer {
        let repository: Repository
        let pointers: [GitObjectName: Pointer]
        /// What the other side's commit is called now: `MERGE_HEAD` and the like.
        let theirs: BytePath?

        init(_ repository: Repository, _ entries: [IndexEntry]) throws {
            self.repository = repository
            pointers = Dictionary(
                try repository.pointers(among: entries).map { ($0.entry.name, $0.pointer) }, uniquingKeysWith: { one, _ in one })
            let names: [BytePath] = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"]
            theirs = try names.first { try repository.git().resolve($0) != nil }
        }

        var isRebase: Bool { theirs == "REBASE_HEAD" || (repository.location.gitFolder / "rebase-merge").isFolder }

        func conflict(_ path: BytePath, _ entries: [IndexEntry]) throws -> Conflict {
            let sides = try entries.sorted { $0.stage < $1.stage }.map { try side($0) }
            let named = JSONPath(path)
            return Conflict(
                path: named.path, pathBytes: named.pathBytes, hasMarkers: try hasMarkers(path), sides: sides)
        }

        private func side(_ entry: IndexEntry) throws -> Side {
            let git = try repository.git()
            let pointer = pointers[entry.name]
            let size = try pointer?.byteCount
                ?? Int64(git.query(["cat-file", "-s", BytePath(bytes: entry.name.hex)]).line.text) ?? 0
            var side = Side(side: ["base", "ours", "theirs"][max(1, min(3, entry.stage)) - 1], oid: pointer?.oid.hex, size: size)
            guard entry.stage > 1, let revision = entry.stage == 2 ? "HEAD" : theirs else { return side }
            let answer = try git.run([
                "--literal-pathspecs", "log", "-1", "--format=%h%x00%an%x00%ar%x00%s", revision, "--", entry.path,
            ])
            let fields = answer.output.split(separator: 0, omittingEmptySubsequences: false).map {
                BytePath(bytes: $0.last == UInt8(ascii: "\n") ? $0.dropLast() : $0).text
            }
            guard answer.status == 0, fields.count == 4 else { return side }
            (side.commit, side.author, side.when, side.subject) = (fields[0], fields[1], fields[2], fields[3])
            return side
        }

        /// Whether the worktree's file has conflict markers, as far as its first lines tell.
        private func hasMarkers(_ path: BytePath) throws -> Bool {
            let file = try repository.worktree().appending(path)
            guard let status = try file.status(), status.kind == .regular else { return false }
            let reader = ByteReader(try Descriptor.open(file, [.read, .noFollow, .nonBlocking]), bufferSize: 1 << 18)
            let marker = Array("<<<<<<<".utf8)
            if try reader.readSome().prefix(8000).contains(0) { return false }
            let lines = ByteReader(try Descriptor.open(file, [.read, .noFollow, .nonBlocking]), bufferSize: 1 << 18)
            while let line = try lines.read(until: UInt8(ascii: "\n")) {
                if line.starts(with: marker) { return true }
            }
            return false
        }
    }

    // MARK: words

    private static func explain(_ path: BytePath, _ conflict: Conflict, _ explainer: Explainer, _ output: Output) {
        let names = Set(conflict.sides.map(\.side))
        output.line("\(path): \(summary(names))")
        for side in conflict.sides { output.line("\t\(line(side))") }
        if explainer.isRebase { output.line("\t(in a rebase, 'ours' is what you rebase onto, and 'theirs' your own commit)") }
        let word = ShellWord.quoted(path)
        if conflict.hasMarkers { output.line("\tedit the lines between the markers, then: git add \(word)") }
        for side in ["ours", "theirs"] {
            let command = names.contains(side) ? "git checkout --\(side) -- \(word) && git add \(word)" : "git rm \(word)"
            output.line("\ttake \(side): \(command)")
        }
        if names.isSuperset(of: ["ours", "theirs"]) {
            let copy = ShellWord.quoted(copyName(path))
            output.line(
                "\tkeep both: git cat-file --filters :3:\(word) > \(copy) && git checkout --ours -- \(word) && git add \(word) \(copy)")
        }
    }

    private static func summary(_ sides: Set<String>) -> String {
        if !sides.contains("ours") { return "deleted by us, changed by them" }
        if !sides.contains("theirs") { return "changed by us, deleted by them" }
        return sides.contains("base") ? "both sides changed it" : "both sides added it"
    }

    private static func line(_ side: Side) -> String {
        let padded = side.side + String(repeating: " ", count: max(1, 8 - side.side.count))
        var line = padded + ByteCountText.format(side.size) + (side.oid == nil ? ", in Git itself" : "")
        if let commit = side.commit, let author = side.author, let when = side.when, let subject = side.subject {
            line += ", \(BytePath(author)), \(when): \(BytePath(subject)) (\(commit))"
        }
        return line
    }

    /// `data/train.theirs.csv` for `data/train.csv`.
    static func copyName(_ path: BytePath) -> BytePath {
        let name = path.lastComponent.bytes
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return path.adding(suffix: ".theirs") }
        let prefix = path.bytes.dropLast(name.count - dot)
        return BytePath(bytes: Array(prefix) + Array(".theirs".utf8) + name[dot...])
    }
}
