import Platform

/// A Git repository for one test, driven by the real `git`.
package final class ScratchRepository {
    package let scratch: ScratchFolder
    /// The top of the worktree.
    package let path: BytePath

    /// Git ended badly.
    package struct GitFailure: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter options: further ones of `git init`.
    package init(_ options: [BytePath] = [], name: BytePath = "repository") throws {
        scratch = try ScratchFolder()
        path = scratch / name
        try path.makeFolders()
        try git(["init", "-q", "-b", "main"] + options)
    }

    /// Runs Git at the top of the worktree, or in `folder`, which must succeed.
    @discardableResult
    package func git(_ arguments: [BytePath], input: [UInt8]? = nil, in folder: BytePath? = nil) throws -> Finished {
        let finished = try Self.run(arguments, input: input, in: folder ?? path)
        guard finished.ending == .exited(0) else {
            let message = String(decoding: finished.errors, as: UTF8.self)
            throw GitFailure(description: "git \(arguments.map(\.description)): \(finished.ending): \(message)")
        }
        return finished
    }

    @discardableResult
    package func git(_ arguments: BytePath...) throws -> Finished {
        try git(arguments)
    }

    /// Runs Git anywhere, however it ends.
    package static func run(_ arguments: [BytePath], input: [UInt8]? = nil, in folder: BytePath) throws -> Finished {
        guard let program = Environment.findProgram("git") else { throw NotPossibleHere(reason: "there is no git") }
        return try Finished(program, ["-c", "protocol.file.allow=always"] + arguments, input: input, in: folder)
    }

    /// Writes a file of the worktree.
    @discardableResult
    package func write(_ content: [UInt8], to name: BytePath) throws -> BytePath {
        let file = path / name
        try file.parent.makeFolders()
        try file.removeFile()
        try Descriptor.open(file, [.write, .create, .truncate]).write(content)
        return file
    }

    @discardableResult
    package func write(_ text: String, to name: BytePath) throws -> BytePath {
        try write(Array(text.utf8), to: name)
    }

    /// Commits all that the worktree has.
    package func commit(_ message: BytePath = "Change") throws {
        try git("add", "-A")
        try git("commit", "-q", "--allow-empty", "-m", message)
    }
}
