// Lineage: where data comes from. Recipes and records of stages, what identifies a file's content, the graph that
// stages form, and which of them are stale and why. It starts no stage's command, moves no blobs and prints nothing.

import Git
import Platform
import Repository

/// Why lineage cannot be worked with.
package enum LineageError: Error, Sendable {
    /// A stage file, or what several of them say together, makes no sense.
    case stage(StageError)
    /// A record that no git data of this version has written, or one with a merge conflict in it.
    case record(BytePath, reason: String)
    /// A file of values, such as metrics or parameters, cannot be read as what its name says it is.
    case values(BytePath, reason: String)
    case git(GitError)
    case repository(RepositoryError)
    case system(SystemError)
}

/// What is wrong in a stage file.
package struct StageError: Error, Equatable, Sendable {
    /// From the top of the worktree.
    package let file: BytePath
    /// From 1 on; nil where it is the whole file.
    package let line: Int?
    /// In words: lower case, no full stop.
    package let reason: String

    package init(_ file: BytePath, line: Int? = nil, _ reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }
}
