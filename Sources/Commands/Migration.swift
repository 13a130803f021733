import Diagnostics
import Git
import Platform
import Repository

/// A rewrite of history, from the catalogue of what there is to the moved refs. Nothing that exists is changed before
/// `moveRefs`, which leaves the old history or the new one, whenever it is interrupted.
struct Migration {
    static let backupPrefix: BytePath = "refs/original/"

    let context: CommandContext
    let repository: Repository
    let git: Git
    let ground: MigrationGround
    let reader: ObjectReader
    let pack: PackWriter
    let catalogue: HistoryCatalogue

    init(_ repository: Repository, _ ground: MigrationGround, _ context: CommandContext) throws {
        self.context = context
        self.repository = repository
        self.ground = ground
        git = ground.git
        reader = try ObjectReader(git)
        catalogue = HistoryCatalogue(reader)
        let format = try git.query(["rev-parse", "--show-object-format"]).line
        let objects = try git.query(["rev-parse", "--git-path", "objects/pack"]).line
        pack = try PackWriter(
            in: objects.absolute(from: repository.location.worktree ?? repository.location.gitFolder),
            isSHA256: format == "sha256")
    }

    static func shortName(_ ref: BytePath) -> BytePath {
        for prefix in ["refs/heads/", "refs/tags/"] where ref.bytes.starts(with: Array(prefix.utf8)) {
            return BytePath(bytes: ref.bytes.dropFirst(prefix.utf8.count))
        }
        return ref
    }

    /// Looks at all files of the commits.
    func readHistory(_ commits: [(commit: GitObjectDigest, tree: GitObjectDigest)]) throws {
        let progress = context.progress("Reading history")
        for (position, entry) in commits.enumerated() {
            try catalogue.add(entry.tree)
            if position % 16 == 15 || position + 1 == commits.count {
                progress.advance(to: ProgressTick(filesDone: position + 1, filesTotal: commits.count))
            }
        }
    }

    /// What the rewrite has made of the commits, and which refs follow.
    struct Rewritten {
        let commits: [GitObjectDigest: GitObjectDigest]
        /// Those that follow no other of them.
        let first: [GitObjectDigest]
        let droppedSignatures: Int
        let moves: [Move]
        /// The parents-first list of the commits that have another name now.
        let order: [GitObjectDigest]
    }

    struct Move {
        let ref: GitRef
        let new: GitObjectDigest
    }

    /// Writes the commits anew, and says where the branches and tags go that name one of them.
    func rewrite(
        _ commits: [(commit: GitObjectDigest, tree: GitObjectDigest)], _ editor: any HistoryEditor
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
            order: commits.map(\.commit).filter { rewriter.commits[$0] != nil })
    }

    /// Where the names of the last rewrite are kept: a line `old,new` for each commit.
    static func commitMap(of repository: Repository) -> BytePath {
        repository.location.commonFolder / "data/commit-map"
    }

    /// Gives the new objects to the repository.
    func installObjects() throws {
        try pack.install(git)
    }

    /// Makes the new history that of the refs, and keeps the old one below `refs/original`.
    func moveRefs(_ rewritten: Rewritten, objectMap: BytePath?, reason: String) throws {
        var map: [UInt8] = []
        for old in rewritten.order {
            map += old.hex + [UInt8(ascii: ",")] + (rewritten.commits[old] ?? old).hex + [UInt8(ascii: "\n")]
        }
        let kept = Self.commitMap(of: repository)
        try kept.parent.makeFolders()
        try kept.replaceContents(with: map)
        try objectMap?.replaceContents(with: map)
        // The backups come first, as Git makes the changes of a transaction one after the other.
        let backups = rewritten.moves.map { RefChange.set(Self.backup(of: $0.ref.name), to: $0.ref.object, from: nil) }
        let named = Set(rewritten.moves.map { Self.backup(of: $0.ref.name) })
        let old = try git.refs([Self.backupPrefix]).filter { !named.contains($0.name) }
        try git.change(
            backups + rewritten.moves.map { .set($0.ref.name, to: $0.new, from: $0.ref.object) }
                + old.map { .delete($0.name, from: $0.object) },
            reason: reason)
    }

    static func backup(of ref: BytePath) -> BytePath {
        BytePath(bytes: backupPrefix.bytes + ref.bytes)
    }

    /// Says what became of the refs, and what is to be done next.
    func report(_ rewritten: Rewritten, of commits: Int, nextPush: [String]) throws {
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
        for hint in nextPush { output.message("hint: \(hint)") }
        output.message(
            "hint: to free its space, when all is well: git for-each-ref --format='delete %(refname)' refs/original | git update-ref --stdin && git reflog expire --expire=now --all && git gc --prune=now")
    }

    private func short(_ digest: GitObjectDigest) -> String { String(digest.description.prefix(10)) }

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
