import Digest
import Platform

/// A worktree in a laboratory.
package struct Worktree {
    package let folder: BytePath
    package let laboratory: Laboratory

    package init(folder: BytePath, in laboratory: Laboratory) {
        self.folder = folder
        self.laboratory = laboratory
    }

    /// Runs Git here, which must succeed.
    @discardableResult
    package func git(_ arguments: BytePath..., with environment: [String: BytePath?] = [:]) throws -> Outcome {
        try laboratory.run("git", arguments, in: folder, with: environment).expecting(0)
    }

    /// Runs `git data …` here, which must succeed.
    @discardableResult
    package func data(_ arguments: BytePath..., with environment: [String: BytePath?] = [:]) throws -> Outcome {
        try laboratory.run("git", ["data"] + arguments, in: folder, with: environment).expecting(0)
    }

    /// Runs Git here, however it ends.
    package func attempt(
        _ arguments: BytePath..., input: [UInt8] = [], with environment: [String: BytePath?] = [:]
    ) throws -> Outcome {
        try laboratory.run("git", arguments, in: folder, input: input, with: environment)
    }

    /// Runs a line of shell here, however it ends.
    package func shell(_ line: String, with environment: [String: BytePath?] = [:]) throws -> Outcome {
        try laboratory.run("sh", ["-c", BytePath(line)], in: folder, with: environment)
    }

    // MARK: files

    /// Writes a file and the folders above it.
    package func write(_ content: [UInt8], to path: BytePath) throws {
        let file = folder / path
        try file.parent.makeFolders()
        try file.removeFile()
        try Descriptor.open(file, [.write, .create, .exclusive]).write(content)
    }

    package func write(_ text: String, to path: BytePath) throws {
        try write(Array(text.utf8), to: path)
    }

    /// A file's content.
    package func read(_ path: BytePath) throws -> [UInt8] {
        guard let content = try (folder / path).contents() else { throw Unexpected("there is no '\(path)'") }
        return content
    }

    package func readText(_ path: BytePath) throws -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    // MARK: states

    /// Adds everything and commits.
    package func commit(_ message: String) throws {
        try git("add", "--all")
        try git("commit", "--quiet", "-m", BytePath(message))
    }

    /// What `git status` has to say; empty where the worktree is clean.
    package func changes() throws -> [String] {
        try git("status", "--porcelain").lines
    }

    /// What Git stores at a path of a revision, before any filter.
    package func stored(_ path: BytePath, at revision: String = "HEAD") throws -> [UInt8] {
        try git("cat-file", "blob", BytePath(bytes: Array("\(revision):".utf8) + path.bytes)).output
    }

    /// The local copy of the blob with this content, once everything that is whole has come to its place.
    package func localBlob(of content: [UInt8]) -> BytePath {
        _ = try? laboratory.run("git-data", ["settle", folder / ".git/data"])
        return folder / ".git/data/objects" / ObjectID.of(content).shardedPath
    }
}

/// The copy of the blob with this content in a Git remote that is a folder.
package func remoteBlob(of content: [UInt8], in origin: BytePath) -> BytePath {
    origin / "data/objects" / ObjectID.of(content).shardedPath
}

/// The pointer that stands for this content.
package func pointerText(for content: [UInt8]) -> [UInt8] {
    Array("git data pointer 1\noid sha256:\(ObjectID.of(content).hex)\nsize \(content.count)\n".utf8)
}
