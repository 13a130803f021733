import Diagnostics
import Lineage
import Platform
import Pointer
import Repository

extension ScriptUses {
    /// Whether a file is what the script reads, or in a folder that it reads. Whole components count.
    func contains(_ file: BytePath) -> Bool {
        if paths.contains("") { return true }
        var path = file
        while path != "." && path != "/" {
            if paths.contains(path) { return true }
            path = path.parent
        }
        return false
    }
}

extension FileSelection {
    /// What the scripts read, all together.
    /// - Parameter operands: from the top of the worktree; a script among them has lost its option.
    static func uses(
        of scripts: [BytePath], besides operands: [BytePath], _ context: CommandContext, _ repository: Repository
    ) throws -> ScriptUses {
        var all = ScriptUses()
        let top = try repository.worktree()
        for script in try context.paths(scripts, in: repository) {
            guard let uses = try repository.uses(of: script) else {
                guard (top / script).exists else {
                    throw CommandFailure("there is no script '\(script)', and no record of what it reads", exitCode: .failure)
                }
                throw CommandFailure(
                    "nothing is known of the data that '\(script)' reads",
                    hints: [
                        "name its data with git_data.track(…) and run it once; that leaves '\(ScriptUses.file(of: script))', to be committed",
                        "or fetch everything: git data pull",
                    ], exitCode: .failure)
            }
            all.formUnion(uses)
        }
        for operand in operands where (top / ScriptUses.file(of: operand)).exists {
            throw UsageError("'\(operand)' is a script too; each has a '--for' of its own")
        }
        return all
    }
}

extension FileSelection {
    /// What the scripts of `--for` read of other revisions than the one that is checked out.
    /// - Parameter unknown: told of each revision that is not here.
    func earlierFiles(in repository: Repository, unknown: (BytePath) -> Void) throws -> [PointerFile] {
        guard let uses else { return [] }
        var files: [PointerFile] = []
        let groups = Dictionary(grouping: uses.earlier, by: \.revision)
        for (revision, wanted) in groups.sorted(by: { $0.key < $1.key }) {
            // The record is committed: anybody may have written it.
            let isOption = revision.bytes.first == UInt8(ascii: "-")
            guard !isOption, let name = try repository.git().resolve(revision) else {
                unknown(revision)
                continue
            }
            try repository.forEachTreePointers(BytePath(bytes: name.hex)) { portion in
                files += portion.filter { file in
                    wanted.contains { file.path.isInside($0.path) } && passesPatterns(file.path) && isNamed(file.path)
                }
            }
        }
        return files
    }
}
