import Diagnostics
import Git
import Platform
import Repository

/// The pre-push hook: no push lands whose blobs are not on the data remote.
///
/// Spec: githooks(5), "pre-push".
struct PrePush {
    /// One ref that Git is about to push.
    struct Update: Equatable {
        let local: GitObjectName
        let remote: GitObjectName

        /// - Parameter line: `<local ref> <local object> <remote ref> <remote object>`
        init?(line: BytePath) {
            let fields = line.bytes.split(separator: UInt8(ascii: " "))
            guard fields.count == 4, let local = GitObjectName(hex: fields[1]), let remote = GitObjectName(hex: fields[3])
            else { return nil }
            self.local = local
            self.remote = remote
        }

        var isDeletion: Bool { local.isNull }
        var isCreation: Bool { remote.isNull }
    }

    let context: CommandContext
    let repository: Repository

    /// - Parameters:
    ///   - arguments: the Git remote's name and its URL.
    ///   - input: what Git gives the hook to read.
    func run(_ arguments: [BytePath], _ input: [UInt8]) throws -> ExitCode {
        guard arguments.count >= 2 else { throw UsageError("pre-push takes the remote's name and its URL") }
        let lines = input.split(separator: UInt8(ascii: "\n")).map { BytePath(bytes: $0) }
        let updates = try lines.map { line in
            guard let update = Update(line: line) else { throw CommandFailure("Git gave a line that is no ref update: '\(line)'") }
            return update
        }.filter { !$0.isDeletion }
        guard !updates.isEmpty else { return .success }
        let known = try knownToRemote(updates, url: arguments[1])
        let pointers = try repository.reachedPointers(
            from: Array(Set(updates.map(\.local))).map { BytePath(bytes: $0.hex) },
            excluding: known.map { BytePath(bytes: $0.hex) })
        guard !pointers.isEmpty else { return .success }
        // Where there is no name, Git gives the URL in its place.
        let name = arguments[0] == arguments[1] ? nil : arguments[0].text
        let remote = try repository.dataRemote(forGitRemote: name, url: arguments[1])
        let isCheckOnly = try repository.settings().prePush == .check
        let upload = Upload(context: context, repository: repository, remote: remote)
        return try upload.run(pointers, isCheckOnly: isCheckOnly) ? .success : .failure
    }

    /// The commits that the Git remote has, by its own word and not by that of tracking refs, which may
    /// be stale: the ends of the refs that are updated, and where refs are made, all refs it names now.
    private func knownToRemote(_ updates: [Update], url: BytePath) throws -> [GitObjectName] {
        let git = try repository.git()
        var names = Set(updates.map(\.remote).filter { !$0.isNull })
        if updates.contains(where: \.isCreation) {
            for (_, name) in try git.remoteRefs(url) { names.insert(name) }
        }
        return try git.existing(Array(names))
    }
}
