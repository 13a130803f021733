import Diagnostics
import Git
import Platform
import Repository

/// A rewrite of history, from the catalogue of what there is to the moved refs. Nothing that exists is changed before
/// `moveRefs`.
struct Migration {
    /// Below this the old refs are kept, by their full names, as git-filter-branch keeps them.
    static let backupPrefix: BytePath = "refs/original/"

    let context: CommandContext
    let repository: Repository
    let git: Git
    /// Gives the objects that there are.
    let reader: ObjectReader
    /// Takes the new ones.
    let pack: PackWriter
    /// What the commits hold.
    let catalogue: HistoryCatalogue

    /// - Parameter ground: checked.
    init(_ repository: Repository, _ ground: MigrationGround, _ context: CommandContext) throws {
        self.context = context
        self.repository = repository
        git = ground.git
        reader = try ObjectReader(git)
        pack = try PackWriter(git, workingIn: repository.location.worktree ?? repository.location.gitFolder)
        catalogue = HistoryCatalogue(reader, scratch: pack.folder)
    }

    /// The name of a branch or a tag as a person types it.
    static func shortName(_ ref: BytePath) -> BytePath {
        for prefix in ["refs/heads/", "refs/tags/"] where ref.bytes.starts(with: Array(prefix.utf8)) {
            return BytePath(bytes: ref.bytes.dropFirst(prefix.utf8.count))
        }
        return ref
    }

    /// So many contents are few questions to Git, and little memory.
    private static let portionCount = 8192

    /// Looks at all files of the commits, and calls `body` with what they have had in them, so many at once.
    func readHistory(
        _ commits: [(commit: GitObjectName, tree: GitObjectName)], portionCount: Int = portionCount,
        _ body: ([HistoryCatalogue.Version]) throws -> Void
    ) throws {
        let progress = context.progress("Reading history")
        var portion: [HistoryCatalogue.Version] = []
        for (position, entry) in commits.enumerated() {
            try catalogue.add(entry.tree) { version in
                portion.append(version)
                guard portion.count >= portionCount else { return }
                try body(portion)
                portion.removeAll(keepingCapacity: true)
            }
            if position % 16 == 15 || position + 1 == commits.count {
                progress.advance(to: ProgressTick(filesDone: position + 1, filesTotal: commits.count))
            }
        }
        if !portion.isEmpty { try body(portion) }
        catalogue.endWalk()
    }

    /// What the rewrite has made of the commits, and which refs follow.
    struct Rewritten {
        /// The commits that have another name now, by the one that they had.
        let commits: NameTable
        /// Those that follow no other of them.
        let first: [GitObjectName]
        let droppedSignatures: Int
        let moves: [Move]
        /// All of them, parents first.
        let order: [GitObjectName]
    }

    /// A ref on its way from one commit, or tag, to another.
    struct Move {
        let ref: GitRef
        let new: GitObjectName
    }

    /// Writes the commits anew, and says where the branches and tags go that name one of them.
    func rewrite(
        _ commits: [(commit: GitObjectName, tree: GitObjectName)], _ editor: any HistoryEditor
    ) throws -> Rewritten {
        let rewriter = HistoryRewriter(reader, pack, catalogue, editor)
        let progress = context.progress("Rewriting commits")
        do {
            for (position, entry) in commits.enumerated() {
                try rewriter.rewrite(entry.commit)
                if position % 16 == 15 || position + 1 == commits.count {
                    progress.advance(to: ProgressTick(filesDone: position + 1, filesTotal: commits.count))
                }
            }
        } catch HistoryError.attributesAreNoFile(let tree) {
            throw CommandFailure(
                "'.gitattributes' of the tree \(tree) is no regular file, where Git would read no attributes",
                kept: "all refs, unchanged")
        }
        var moves: [Move] = []
        for ref in try git.refs(["refs/heads/", "refs/tags/"]) where !ref.isSymbolic {
            if let new = try rewriter.rewrittenTarget(ref.object, ref.kind) { moves.append(Move(ref: ref, new: new)) }
        }
        return Rewritten(
            commits: rewriter.commits, first: rewriter.firstCommits, droppedSignatures: rewriter.droppedSignatures, moves: moves,
            order: try commits.map(\.commit).filter { try rewriter.commits[$0] != nil })
    }

    /// Where the names of the last rewrite are kept: a line `old,new` for each commit.
    static func commitMap(of repository: Repository) -> BytePath {
        repository.location.commonFolder / "data/commit-map"
    }

    /// Makes the new history that of the refs, and keeps the old one below `refs/original`.
    func moveRefs(_ rewritten: Rewritten, objectMap: BytePath?, reason: String) throws {
        try pack.install(git)
        try refuseGaps(below: rewritten.moves.map(\.new))
        var map: [UInt8] = []
        for old in rewritten.order {
            map += old.hex + [UInt8(ascii: ",")] + (try rewritten.commits[old] ?? old).hex + [UInt8(ascii: "\n")]
        }
        let kept = Self.commitMap(of: repository)
        try kept.parent.makeFolders()
        try kept.replaceContents(with: map)
        try objectMap?.replaceContents(with: map)
        // Git makes the changes of a transaction one after the other, once it has locked all of the refs: if it is killed
        // in that moment, some have moved. The backups come first, so that there is a way back from there.
        let backups = rewritten.moves.map { RefChange.set(Self.backup(of: $0.ref.name), to: $0.ref.object, from: nil) }
        let named = Set(rewritten.moves.map { Self.backup(of: $0.ref.name) })
        let old = try git.refs([Self.backupPrefix]).filter { !named.contains($0.name) }
        try git.change(
            backups + rewritten.moves.map { .set($0.ref.name, to: $0.new, from: $0.ref.object) }
                + old.map { .delete($0.name, from: $0.object) },
            reason: reason)
    }

    /// Nothing has led to the new objects so far, so that somebody's `git gc --prune=now` may have taken some of them: then
    /// no ref moves.
    func refuseGaps(below tips: [GitObjectName]) throws {
        let input = tips.flatMap { $0.hex + [UInt8(ascii: "\n")] }
        let answer = try git.run(["rev-list", "--objects", "--quiet", "--stdin", "--not", "--all"], input: input)
        guard answer.status != 0 else { return }
        throw CommandFailure(
            "the new history is not complete: \(answer.message)", kept: "all refs, unchanged",
            hints: ["try again when no git gc is at work here"])
    }

    private static func backup(of ref: BytePath) -> BytePath {
        BytePath(bytes: backupPrefix.bytes + ref.bytes)
    }

    /// The ref that a backup is of.
    static func name(ofBackup backup: BytePath) -> BytePath {
        BytePath(bytes: backup.bytes.dropFirst(backupPrefix.bytes.count))
    }

    /// Says what became of the refs, and what is to be done next.
    func report(_ rewritten: Rewritten, of commits: Int, publishing: String) throws {
        let output = context.output
        for move in rewritten.moves {
            output.detail("\(Self.shortName(move.ref.name)): \(short(move.ref.object)) is \(short(move.new)) now")
        }
        output.message(
            "Rewrote \(rewritten.commits.count) of \(Count.noun(commits, "commit")); \(Count.noun(rewritten.moves.count, "ref")) moved.")
        if rewritten.droppedSignatures > 0 {
            output.warning("\(Count.noun(rewritten.droppedSignatures, "signature")) did not hold any more and went")
        }
        try warnOfOthers(rewritten)
        output.message("kept: the old history, below 'refs/original'")
        output.message("hint: to go back: git data migrate undo")
        output.message("hint: to publish: \(publishing)")
        output.message(
            "hint: everybody else then clones anew, or resets each branch: git fetch && git reset --hard @{upstream}")
        output.message(
            "hint: to free its space, when all is well: git for-each-ref --format='delete %(refname)' refs/original | git update-ref --stdin && git reflog expire --expire=now --all && git gc --prune=now")
    }

    private func short(_ digest: GitObjectName) -> String { String(digest.description.prefix(10)) }

    /// Names the refs that still lead to commits that were written anew.
    private func warnOfOthers(_ rewritten: Rewritten) throws {
        // Whoever contains any of the old commits contains one of the first.
        let contains = rewritten.first.prefix(64).map { BytePath("--contains=\($0)") }
        let moved = Set(rewritten.moves.map(\.ref.name))
        let others = try git.query(["for-each-ref", "--format=%(refname)"] + contains + ["refs/heads/", "refs/tags/", "refs/stash"])
            .lines.filter { !moved.contains($0) }
        guard !others.isEmpty else { return }
        let names = others.prefix(5).map { "'\(Self.shortName($0))'" }.joined(separator: ", ")
        context.output.warning(
            "\(Count.noun(others.count, "other ref")) still lead\(others.count == 1 ? "s" : "") to the old commits: \(names)"
                + (others.count > 5 ? ", …" : ""))
    }
}
