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
        /// nil for a ref that the remote does not have yet.
        let remote: GitObjectName?

        init(local: GitObjectName, remote: GitObjectName?) {
            self.local = local
            self.remote = remote
        }

        /// - Parameter line: `<local ref> <local object> <remote ref> <remote object>`
        init?(line: BytePath) {
            let fields = line.bytes.split(separator: UInt8(ascii: " "))
            guard fields.count == 4, let local = GitObjectName(hex: fields[1]), let remote = GitObjectName(hex: fields[3])
            else { return nil }
            self.init(local: local, remote: remote.isNull ? nil : remote)
        }

        var isDeletion: Bool { local.isNull }
    }

    let context: CommandContext
    let repository: Repository

    /// - Parameters:
    ///   - arguments: the Git remote's name and its URL.
    ///   - input: what Git gives the hook to read.
    func run(_ arguments: [BytePath], _ input: [UInt8]) throws -> ExitCode {
        if arguments.isEmpty, let push = try pushOfPreCommit() { return try complete(push) }
        guard arguments.count >= 2 else { throw UsageError("pre-push takes the remote's name and its URL") }
        let lines = input.split(separator: UInt8(ascii: "\n")).map { BytePath(bytes: $0) }
        let updates = try lines.map { line in
            guard let update = Update(line: line) else { throw CommandFailure("Git gave a line that is no ref update: '\(line)'") }
            return update
        }.filter { !$0.isDeletion }
        return try complete(Push(remote: arguments[0], url: arguments[1], updates: updates))
    }

    private struct Push {
        let remote: BytePath
        let url: BytePath
        let updates: [Update]
    }

    /// The pre-commit framework gives its hooks neither arguments nor input; it has one ref in variables.
    /// Which others are pushed it does not tell, so all branches count as pushed.
    ///
    /// Source: pre-commit, `pre_commit/commands/run.py`.
    private func pushOfPreCommit() throws -> Push? {
        guard let remote = Environment.value("PRE_COMMIT_REMOTE_NAME"), let url = Environment.value("PRE_COMMIT_REMOTE_URL") else {
            return nil
        }
        let branches = try repository.git().query(["for-each-ref", "--format=%(objectname)", "refs/heads"]).lines
        let pushed = [Environment.value("PRE_COMMIT_TO_REF")].compactMap { $0 } + branches
        let updates = Set(pushed).compactMap { GitObjectName(hex: $0.bytes) }.map { Update(local: $0, remote: nil) }
        return Push(remote: remote, url: url, updates: updates)
    }

    /// Brings what the pushed commits need to the data remote.
    private func complete(_ push: Push) throws -> ExitCode {
        let updates = push.updates
        guard !updates.isEmpty else { return .success }
        Process.returnLargeMemory()
        guard try StaleResults(context: context, repository: repository).allowPush(of: updates.map(\.local)) else { return .failure }
        let known = try knownToRemote(updates, url: push.url)
        guard try allowRawFiles(updates, known) else { return .failure }
        // Where there is no name, Git gives the URL in its place.
        let name = push.remote == push.url ? nil : push.remote.text
        let earlier = name.map { EarlierPushes(repository: repository, remote: $0) }
        let (ends, excluded) = (Set(updates.map(\.local)).map { BytePath(bytes: $0.hex) }, known.map { BytePath(bytes: $0.hex) })
        let blobs = try PushedBlobs(repository) { body in
            try repository.forEachReachedPointer(from: ends, excluding: excluded, isStrict: true, body)
            try earlier?.forEachPointerPastTheHook(body)
        }
        guard !blobs.isEmpty else {
            earlier?.note(updates.map(\.local))
            return .success
        }
        let remote = try repository.dataRemote(forGitRemote: name, url: push.url)
        let isCheckOnly = try repository.settings().prePush == .check
        let upload = Upload(context: context, repository: repository, remote: remote)
        guard try upload.run(blobs, isCheckOnly: isCheckOnly) else { return .failure }
        earlier?.note(updates.map(\.local))
        return .success
    }

    /// Stops raw content that the pushed commits bring to a place where a pointer belongs: it was committed past the
    /// filter and the hook before. Of the branch at hand only, as the attributes are those of the worktree; what somebody
    /// else has brought, and what the end of the branch has not any more, is none of this push's.
    private func allowRawFiles(_ updates: [Update], _ known: [GitObjectName]) throws -> Bool {
        guard repository.location.worktree != nil else { return true }
        let git = try repository.git()
        guard let head = try git.resolve("HEAD"), updates.contains(where: { $0.local == head }) else { return true }
        var raw = BroughtRawFiles()
        try raw.find(in: head, excluding: known, repository)
        guard raw.count > 0 else { return true }
        let list = raw.first.map { "\t\($0.path) (\(ByteCountText.format($0.byteCount)) of raw content)" }
        context.output.error(
            Explanation(
                "\(Count.files(raw.count)) of data committed without the filter:\n"
                    + (list + (raw.count > list.count ? ["\t… and \(raw.count - list.count) more"] : [])).joined(separator: "\n"),
                kept: "your commits, which were not pushed",
                hints: [
                    "git data fix && git commit; the content stays in the commits before, unless you rewrite them: git data migrate import",
                    "git push --no-verify, to push them as they are",
                ]))
        return false
    }

    /// The commits that the Git remote has, by its own word and not by that of tracking refs, which may
    /// be stale: the ends of the refs that are updated, and where refs are made, all refs it names now.
    private func knownToRemote(_ updates: [Update], url: BytePath) throws -> [GitObjectName] {
        let git = try repository.git()
        let ends = Array(Set(updates.compactMap(\.remote)))
        let here = try git.existing(ends)
        // What somebody else has pushed may be unknown here; then other refs may tell what is there.
        guard updates.contains(where: { $0.remote == nil }) || here.count < ends.count else { return here }
        // A place that the first push will make has no refs. To know of none is safe: more is looked at then.
        let isPlace = DataRemote.place(ofGitRemote: url) != nil
        let refs = try isPlace ? (try? git.remoteRefs(url)) ?? [] : git.remoteRefs(url)
        return try git.existing(Array(Set(ends + refs.map(\.name))))
    }
}
