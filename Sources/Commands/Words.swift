import Diagnostics
import Filter
import Git
import Lineage
import ObjectStore
import Pointer
import Platform
import Repository
import Transfer

/// Errors of the rooms below, in words for a person.
enum Words {
    static func explain(_ error: any Error) -> (Explanation, ExitCode) {
        switch error {
        case let failure as CommandFailure: (failure.explanation, failure.exitCode)
        case let error as RepositoryError: (explanation(error), .fatal)
        case let error as GitError: (explanation(error), .fatal)
        case let error as SettingsError: (explanation(error), .fatal)
        case let error as StoreError: (explanation(error), .fatal)
        case let error as SystemError: (explanation(error), .fatal)
        case let error as TransferError: (explanation(error), .fatal)
        case let error as FilterError: (explanation(error), .fatal)
        case let error as WorktreePathError: (explanation(error), .fatal)
        case let error as LineageError: (explanation(error), .fatal)
        case let error as StageError: (explanation(error), .fatal)
        default: (Explanation("\(error)"), .fatal)
        }
    }

    static func explanation(_ error: RepositoryError) -> Explanation {
        switch error {
        case .git(let error): explanation(error)
        case .settings(let error): explanation(error)
        case .remote(let error): explanation(error)
        case .system(let error): explanation(error)
        case .bare: Explanation("this operation must be run in a work tree")
        case .tooOld(let required):
            Explanation(
                "this project asks for git data \(required) or newer (data.requiredVersion), and this is \(Version.current)",
                kept: "everything, as it was", hints: ["install git data \(required) or newer"])
        case .newerStore(let folder):
            Explanation(
                "a newer git data has made '\(folder)' a store that this one, \(Version.current), does not understand",
                kept: "everything, as it was", hints: ["install the newer git data here as well"])
        case .newerPointer(let path, let version):
            Explanation(
                "'\(path)' is a pointer of version \(version), and this git data, \(Version.current), cannot tell which blob it needs",
                kept: "everything, as it was", hints: ["install the newer git data here as well"])
        }
    }

    static func explanation(_ error: GitError) -> Explanation {
        switch error {
        case .notInstalled: Explanation("there is no 'git' on PATH", hints: ["install Git 2.30 or newer"])
        case .notARepository: Explanation("not a git repository (or any of the parent directories): .git")
        case .failed(let command, _, let message) where Git.tellsOfLock(message):
            Explanation(
                "'\(command)' gave up, as another process of Git is at work here" + firstLine(of: message).map { ": \($0)" }.or(""),
                hints: ["try again when it has ended; if none is running, remove that lock"])
        case .indexLocked(let lock):
            Explanation(
                "the index is in use, as '\(lock)' exists: another process of Git is at work here", kept: "the files, as they were",
                hints: ["try again when it has ended; if none is running, remove that lock"])
        case .indexDamaged(let index):
            Explanation(
                "the index '\(index)' is damaged", kept: "the files, as they were",
                hints: ["remove it and let Git make another, which unstages what is staged: rm \(ShellWord.quoted(index)) && git reset"])
        case .indexUnwritable(let error):
            Explanation(explanation(error).what, kept: "the files and the index, as they were", hints: explanation(error).hints)
        case .failed(let command, let status, let message):
            Explanation("'\(command)' ended with status \(status)" + firstLine(of: message).map { ": \($0)" }.or(""))
        case .unexpected(let command, let answer):
            Explanation("'\(command)' gave an answer that is not understood: '\(BytePath(answer))'")
        case .system(let error): explanation(error)
        case .protocolViolation(let message): Explanation("Git and the filter do not understand each other: \(message)")
        }
    }

    static func explanation(_ error: SettingsError) -> Explanation {
        Explanation(
            "bad value '\(BytePath(error.value))' for '\(error.key)'; expected \(error.expected)",
            hints: ["git config --show-origin --get \(error.key)"])
    }

    static func explanation(_ error: StoreError) -> Explanation {
        switch error {
        case .system(let error): explanation(error)
        case .damaged(let oid, let kept):
            Explanation(
                "the local copy of blob \(oid.hex.prefix(12)) is damaged", kept: "what is left of it, in '\(kept)'",
                hints: ["git data fetch"])
        }
    }

    /// What to do where this machine's disk is full.
    static let freeSpace = "free some space, for instance with: git data prune"

    static func explanation(_ error: SystemError) -> Explanation {
        let hint = error.isFull ? [freeSpace] : []
        let subject = error.path.map { "'\($0)'" } ?? (error.call == "pipe" ? "" : "a pipe")
        return Explanation("cannot \(action(error.call))\(subject.isEmpty ? "" : " ")\(subject): \(error.reason)", hints: hint)
    }

    static func explanation(_ error: WorktreePathError) -> Explanation {
        switch error {
        case .forbidden(let path): Explanation("Git writes no such path as '\(path)' to a worktree")
        case .link(let place): Explanation("'\(place)' is a symbolic link, and nothing is read or written through one", hints: ["put a file or a folder of its own in its place"])
        case .notFolder(let place): Explanation("'\(place)' is no folder, so that nothing can be below it")
        case .notFile(let place): Explanation("'\(place)' is no file")
        case .system(let error): explanation(error)
        }
    }

    private static func action(_ call: String) -> String {
        switch call {
        case "open", "read", "write", "rename", "link": call
        case "copy_file_range", "splice": "write"
        case "mkdir": "make folder"
        case "pipe": "make a pipe"
        case "unlink": "remove"
        case "stat", "fstat", "opendir", "readdir", "readlink", "realpath": "look at"
        case "fsync", "syncfs", "close": "bring to the disk"
        case "posix_spawn": "start"
        case "chdir": "change to"
        case "chmod", "fchmod": "set the permissions of"
        case "futimens", "utimensat": "set the time of"
        case "ftruncate": "set the length of"
        case "flock": "lock"
        default: "do \(call) on"
        }
    }

    static func explanation(_ error: FilterError) -> Explanation {
        switch error {
        case .repository(let error): explanation(error)
        case .store(let error): explanation(error)
        case .system(let error): explanation(error)
        case .protocolViolation(let message): Explanation("Git and the filter do not understand each other: \(message)")
        }
    }

    static func explanation(_ error: TransferError) -> Explanation {
        switch error {
        case .agentNotFound(let path):
            Explanation("the transfer agent '\(path)' is missing", hints: ["run install.sh again"])
        case .agentFailed(let message): Explanation("the transfer agent failed: \(message)")
        case .remote(_, let message): Explanation(message, hints: ["try again; to see what is wrong there: git data remote check"])
        case .store(let error): explanation(error)
        }
    }

    static func explanation(_ error: DataRemoteError) -> Explanation {
        switch error {
        case .none(let gitRemote, let url):
            Explanation(
                gitRemote.map { "no data remote for '\($0)'" + (url.map { " ('\(URLText.withoutSecrets($0))')" } ?? "") }
                    ?? "no data remote is set up, and no Git remote that is a folder",
                hints: ["git data remote add storage /path/to/folder"])
        case .unknown(let name, let key):
            Explanation(
                "there is no data remote '\(BytePath(name))'" + (key.isEmpty ? "" : ", which '\(key)' names"),
                hints: ["git data remote list"])
        case .untrusted(let remote):
            Explanation(
                "data remote '\(remote.name)' is at '\(URLText.withoutPasswords(remote.transferURL.description))', which the project alone says and you have not trusted yet",
                hints: ["git data remote trust \(remote.name)"])
        }
    }

    static func explanation(_ error: LineageError) -> Explanation {
        switch error {
        case .stage(let error): explanation(error)
        case .record(let file, let reason):
            Explanation(
                "'\(file)': \(reason)",
                hints: reason.contains("merge conflict")
                    ? ["git checkout --ours \(ShellWord.quoted(file)), or --theirs; then git data repro"] : ["git checkout HEAD -- \(ShellWord.quoted(file))"])
        case .values(let file, let reason): Explanation("'\(file)': \(reason)")
        case .git(let error): explanation(error)
        case .repository(let error): explanation(error)
        case .system(let error): explanation(error)
        }
    }

    static func explanation(_ error: StageError) -> Explanation {
        let line = error.line.map { $0 > 0 ? ":\($0)" : "" } ?? ""
        return Explanation("\(error.file)\(line): \(error.reason)", kept: "nothing was run")
    }

    /// Why one file has no content, in a few words.
    static func reason(_ reason: PointerReason) -> String {
        switch reason {
        case .noRemote(let error): explanation(error).what
        case .transfer(let error): explanation(error).what
        case .failed(let failure): failure.message
        case .damaged(let kept): "the local copy was damaged and is kept in '\(kept)'"
        case .store(let error): explanation(error).what
        case .large: "larger than data.inlineLimit"
        case .lazy: "data.lazy is set"
        case .extended: "made with Git LFS extensions"
        }
    }

    /// What to do so that the file can have its content.
    static func hints(_ reason: PointerReason) -> [String] {
        switch reason {
        case .noRemote(let error): explanation(error).hints
        case .transfer(let error): explanation(error).hints
        case .store(let error): explanation(error).hints
        case .failed, .damaged, .large, .lazy, .extended: []
        }
    }

    static func reason(_ reason: Recognition.ForeignReason) -> String {
        switch reason {
        case .version(let version): "a git data pointer of version \(version), which this version of git data cannot read"
        case .damaged: "a damaged git data pointer"
        }
    }

    private static func firstLine(of text: String) -> String? {
        text.split(separator: "\n").first.map { line in
            let line = BytePath(String(line)).description
            return ["fatal: ", "error: "].first { line.hasPrefix($0) }.map { String(line.dropFirst($0.count)) } ?? line
        }
    }
}

extension Optional where Wrapped == String {
    fileprivate func or(_ fallback: String) -> String { self ?? fallback }
}

/// URLs as they may be shown.
enum URLText {
    /// A text in which no address has a user or a password: behind each `//`, what stands before the last `@` of the
    /// host is `***`, encoded or not.
    static func withoutPasswords(_ text: String) -> String {
        var shown: [UInt8] = []
        // By bytes: to Swift, a slash and an accent behind it are one character, and no slash.
        var rest = Array(text.utf8)[...]
        while let mark = rest.firstRange(of: "//".utf8) {
            shown += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            let host = rest.prefix { !"/?&# '\"".utf8.contains($0) }
            let ends = ["@", "%40"].compactMap { host.ranges(of: $0.utf8).last }
            if let end = ends.max(by: { $0.lowerBound < $1.lowerBound }) {
                shown += "***".utf8
                rest = rest[end.lowerBound...]
            }
        }
        return String(decoding: shown + rest, as: UTF8.self)
    }

    /// The URL without what stands before an `@` of its host, and without its query.
    static func withoutSecrets(_ url: BytePath) -> String {
        let text = Array(url.description.utf8)
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text[colon...].starts(with: "://".utf8) else { return url.description }
        let rest = text[(colon + 3)...].prefix { $0 != UInt8(ascii: "?") }
        let host = rest.prefix { $0 != UInt8(ascii: "/") }
        let start = host.lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? rest.startIndex
        return String(decoding: text[..<(colon + 3)] + rest[start...], as: UTF8.self)
    }
}
