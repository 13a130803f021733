import Git
import Platform
import Remote

/// Why the helper could not do what was asked: the words for it, in Git's manner.
struct HelperError: Error {
    let message: String
    let hints: [String]

    init(_ message: String, hints: [String] = []) {
        self.message = message
        self.hints = hints
    }

    /// Any error that comes up here, in words.
    init(_ error: any Error) {
        switch error {
        case let error as HelperError: self = error
        case let error as RemoteError: self.init(error.message)
        case let error as SystemError: self.init("\(error)")
        case let error as GitError: self.init(Self.words(error))
        default: self.init("\(error)")
        }
    }

    private static func words(_ error: GitError) -> String {
        switch error {
        case .notInstalled: "there is no 'git' on PATH"
        case .notARepository(let folder): "'\(folder)' belongs to no Git repository"
        case .failed(let command, let status, let message):
            message.isEmpty
                ? "'\(command)' ended with status \(status)" : "'\(command)' failed: \(message.split(separator: "\n").joined(separator: "; "))"
        case .unexpected(let command, let answer): "'\(command)' answered '\(BytePath(answer))'"
        case .indexLocked(let lock): "'\(lock)' exists: another process of Git is at work here"
        case .indexDamaged(let index): "the index '\(index)' is damaged"
        case .system(let error), .indexUnwritable(let error): "\(error)"
        case .protocolViolation(let reason): reason
        }
    }

    /// Tells the user.
    func print() {
        var text = "fatal: \(message)\n"
        for hint in hints { text += "hint: \(hint)\n" }
        Descriptor.writeToStandardError(text)
    }
}
