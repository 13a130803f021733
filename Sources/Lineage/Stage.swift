import Platform

/// The recipe of a stage, as `lineage/<name>.stage` has it: a command with what it reads and makes, or a source outside
/// the repository. Paths are from the top of the worktree.
package struct Stage: Equatable, Sendable {
    /// A value of a recipe, and where it stands.
    package struct Listed<Value: Equatable & Sendable>: Equatable, Sendable {
        package let value: Value
        /// From 1 on; 0 in a recipe that was never a file.
        package let line: Int

        package init(_ value: Value, line: Int = 0) {
            self.value = value
            self.line = line
        }
    }

    /// A file or folder.
    package typealias Path = Listed<BytePath>

    /// A value in a file of parameters.
    package struct Parameter: Hashable, Sendable {
        package let file: BytePath
        /// The keys that lead to it, separated by dots; empty for the whole file.
        package let key: String

        package init(file: BytePath, key: String) {
            self.file = file
            self.key = key
        }

        /// `params.json:split.seed`
        package var text: String { key.isEmpty ? file.text : "\(file.text):\(key)" }
    }

    package let name: StageName
    /// What `/bin/sh` is given; nil for a source.
    package var command: Listed<String>?
    /// Where the command runs; empty for the top of the worktree.
    package var folder: BytePath = ""
    package var inputs: [Path] = []
    package var parameters: [Listed<Parameter>] = []
    /// Files that determine the environment (`uv.lock`), and what is asked of an interpreter (`python`, `python:numpy`).
    package var environment: [Listed<String>] = []
    /// Names of environment variables whose values count.
    package var variables: [Listed<String>] = []
    package var outputs: [Path] = []
    /// Those of the outputs that are written with a slash at their end: folders, which are there when the command begins.
    package var folders: Set<BytePath> = []
    /// Outputs that hold metrics.
    package var metrics: [Path] = []
    /// Where the outputs come from, for what no command of the repository makes.
    package var source: Source?

    package init(_ name: StageName) {
        self.name = name
    }

    /// What came from outside.
    package struct Source: Equatable, Sendable {
        package enum Kind: String, CaseIterable, Sendable {
            /// A file of a web server, a bucket or a folder.
            case url
            /// What a command printed: a query.
            case query
            /// A path of another repository.
            case git
            /// What a person brought, in their words.
            case manual
        }

        package let kind: Kind
        /// The URL, the command, the repository's URL, or the words. Never with a secret.
        package let value: String
        /// Of `git`: the revision that was asked for, and the path there.
        package var revision: String?
        package var path: BytePath?

        package init(_ kind: Kind, _ value: String) {
            self.kind = kind
            self.value = value
        }
    }

    /// The recipe's file, from the top of the worktree.
    package var file: BytePath { name.stageFile }

    /// All that the stage makes: outputs, then metrics.
    package var products: [Path] { outputs + metrics }
}

/// The name of a stage: components of letters, digits, `-`, `_` and `.`, separated by slashes, none beginning with a dot.
package struct StageName: Hashable, Sendable, Comparable {
    package let text: String

    /// - Returns: nil where it would be no safe name of a file below `lineage/`.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 200 else { return nil }
        for component in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let first = component.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return nil }
            guard component.allSatisfy({ Self.isAllowed($0) }) else { return nil }
        }
        self.text = text
    }

    /// - Parameter path: from the top of the worktree, such as `lineage/train.stage`.
    /// - Returns: nil where that is no place of a stage.
    package init?(stageFile path: BytePath) {
        self.init(path, suffix: Self.stageSuffix)
    }

    /// - Parameter path: from the top of the worktree, such as `lineage/train.run.json`.
    package init?(recordFile path: BytePath) {
        self.init(path, suffix: Self.recordSuffix)
    }

    private init?(_ path: BytePath, suffix: String) {
        let text = path.text
        guard text.hasPrefix(Self.folder.text + "/"), text.hasSuffix(suffix) else { return nil }
        self.init(String(text.dropFirst(Self.folder.text.count + 1).dropLast(suffix.count)))
    }

    /// Where stages are, from the top of the worktree.
    package static let folder: BytePath = "lineage"
    package static let stageSuffix = ".stage"
    package static let recordSuffix = ".run.json"

    package var stageFile: BytePath { BytePath("\(Self.folder)/\(text)\(Self.stageSuffix)") }
    package var recordFile: BytePath { BytePath("\(Self.folder)/\(text)\(Self.recordSuffix)") }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    package static func < (left: StageName, right: StageName) -> Bool { left.text < right.text }
}

extension StageName: CustomStringConvertible {
    package var description: String { text }
}
