import Git
import Platform

/// The locks that a killed Git has left in an unfinished clone, and half-made submodules.
enum CloneRemains {
    private static let longestWait = 20

    /// Removes the locks, after a moment in which a living Git would end.
    static func removeLocks(in gitFolder: BytePath) {
        var locks = self.locks(in: gitFolder)
        for _ in 0..<longestWait where !locks.isEmpty {
            pause(.milliseconds(50))
            let present = self.locks(in: gitFolder)
            locks = locks.filter(present.contains)
        }
        for lock in locks { try? lock.removeFile() }
    }

    /// No ref's name ends so.
    private static func locks(in folder: BytePath) -> [BytePath] {
        ((try? folder.entries()) ?? []).flatMap { name -> [BytePath] in
            let entry = folder / name
            if (try? entry.status())?.kind == .folder {
                return ["objects", "data", "lfs"].contains(name) ? [] : locks(in: entry)
            }
            return name.bytes.suffix(5).elementsEqual(".lock".utf8) ? [entry] : []
        }
    }

    /// Removes the submodules that Git had not finished to clone, so that it clones them again.
    static func removeUnfinishedSubmodules(_ top: BytePath, _ gitFolder: BytePath, _ git: Git) throws {
        guard (top / ".gitmodules").isPresent else { return }
        let listing = try git.run(["config", "--no-includes", "-z", "--file", ".gitmodules", "--get-regexp", "^submodule\\..*\\.path$"])
        for record in listing.records {
            let parts = record.bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = BytePath(bytes: parts[0].dropFirst("submodule.".utf8.count).dropLast(".path".utf8.count))
            let path = BytePath(bytes: parts[1])
            // A name from a repository may lead anywhere.
            guard [name, path].allSatisfy({ place in
                !place.isEmpty && !place.isAbsolute && !place.components.contains { $0 == ".." || $0.text.lowercased() == ".git" }
            }) else { continue }
            let module = gitFolder / "modules" / name, worktree = top / path
            guard module.isFolder, (try? worktree.resolved()).map({ $0.isInside(top) }) ?? true else { continue }
            let names = (try? worktree.entries()) ?? []
            guard Set(names).isSubset(of: [".git"]), !(module / "index").isPresent else { continue }
            module.removeTree()
            try? (worktree / ".git").removeFile()
        }
    }
}
