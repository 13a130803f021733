import Git
import Inspection
import ObjectStore
import Platform
import Pointer
import Repository

/// The lines that differ of a short text that is no table, as Git shows them.
struct DiffLines {
    private let change: DiffChange
    private let repository: Repository?

    init(_ change: DiffChange, _ repository: Repository?) {
        self.change = change
        self.repository = repository
    }

    /// - Returns: nil for what is no text, longer than `limit`, or not at hand as a file.
    func text(limit: Int64) throws -> [UInt8]? {
        guard let old = change.old, let new = change.new, change.difference != nil, max(old.byteCount, new.byteCount) <= limit,
            [old, new].allSatisfy({ $0.summary?.kind == .text || $0.summary?.kind == .json }),
            let before = try file(old), let after = try file(new)
        else { return nil }
        let git = try Git(worktree: repository?.location.worktree)
        let arguments: [BytePath] = ["diff", "--no-index", "--no-ext-diff", "--no-textconv", "--no-color", "--", before, after]
        let output = try git.run(arguments).output
        // Git's head has the names under which the versions lie in the store.
        let lines = output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return Array(lines.drop { !$0.starts(with: "@@".utf8) }.joined(separator: [UInt8(ascii: "\n")]))
    }

    private func file(_ side: DiffChange.Side) throws -> BytePath? {
        switch side.version.place {
        case .file(let path): path
        case .pointer(let pointer): try repository?.store().location(of: pointer.oid)
        case .bytes: nil
        }
    }
}
