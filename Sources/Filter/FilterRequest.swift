import Git
import Platform

/// What Git asks of the filter: the list of keys before the content.
package struct FilterRequest: Equatable, Sendable {
    package enum Command: Equatable, Sendable {
        case clean, smudge, listAvailableBlobs
        /// Of a Git that is newer than this.
        case unknown([UInt8])
    }

    package var command: Command
    /// From the top of the worktree. Empty where Git names none.
    package var path: BytePath = ""
    package var canDelay = false
    /// Whether Git names a tree that the file is of, as a checkout and git-archive(1) do, and nothing else.
    package var hasTree = false
    /// Whether what comes out is an archive, which no hook completes afterwards: a checkout lets files wait.
    var isForArchive: Bool { hasTree && !canDelay }

    /// - Parameter lines: `key=value` each; keys that this version does not know are passed over.
    package init(lines: [[UInt8]]) {
        command = .unknown([])
        for line in lines {
            let key = line.prefix { $0 != UInt8(ascii: "=") }
            let value = Array(line.dropFirst(key.count + 1))
            switch String(decoding: key, as: UTF8.self) {
            case "command": command = Self.command(value)
            case "pathname": path = BytePath(bytes: value)
            case "treeish": hasTree = true
            case "can-delay": canDelay = value == [UInt8(ascii: "1")]
            default: break
            }
        }
    }

    private static func command(_ name: [UInt8]) -> Command {
        switch String(decoding: name, as: UTF8.self) {
        case "clean": .clean
        case "smudge": .smudge
        case "list_available_blobs": .listAvailableBlobs
        default: .unknown(name)
        }
    }

    /// - Returns: nil where Git has closed the stream.
    static func read(from input: PktLineReader) throws(GitError) -> FilterRequest? {
        try input.readLines().map { FilterRequest(lines: $0) }
    }
}
