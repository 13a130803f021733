import Diagnostics
import Git
import Platform
import Repository

/// `git data push`: blobs to the data remote, without pushing commits.
struct PushCommand: Command {
    static let all = Flag("all", "the data of every commit that any ref reaches")
    static let gitRemote = OptionalOperand<String>(
        "GIT-REMOTE", "the Git remote whose data remote is used", parse: .text(.gitRemotes))
    static let refs = Operands("REF", "whose data is wanted; HEAD where none is given", completion: .revisions)
    static let declaration = Declaration(
        "push", group: .sharing, summary: "upload data to the data remote",
        description: """
            Uploads every blob that the refs' commits name and the data remote lacks. `git push` does so by \
            itself for what it pushes; this command is for what was pushed without, for another data remote, \
            and for getting long uploads done early.
            """,
        options: [all, DownloadOptions.remote, CommonOptions.dryRun], operands: [gitRemote, refs],
        exitCodes: [ExitMeaning(.failure, "some blobs are not on the remote; they are named")],
        examples: [Example("git data push --all", "the data of all branches and tags")], seeAlso: ["fetch", "remote"])

    static func run(_ arguments: ParsedArguments, _ context: CommandContext) throws -> ExitCode {
        let repository = try context.repository()
        let remote: DataRemote
        if let name = arguments[DownloadOptions.remote] {
            remote = try repository.dataRemote(named: name)
        } else {
            remote = try repository.dataRemote(forGitRemote: arguments[gitRemote])
        }
        let refs = arguments[self.refs].isEmpty ? ["HEAD"] : arguments[self.refs]
        Process.returnLargeMemory()
        let git = try repository.git()
        if !arguments[all] {
            for ref in refs where try git.resolve(ref) == nil {
                if ref == "HEAD", arguments[self.refs].isEmpty {
                    context.output.message("Nothing to push: there is no commit yet.")
                    return .success
                }
                throw CommandFailure("'\(ref)' is no revision of this repository")
            }
        }
        let (revisions, extra): ([BytePath], [BytePath]) = arguments[all] ? ([], ["--all"]) : (refs, [])
        let blobs = try PushedBlobs(repository) { try repository.forEachReachedPointer(from: revisions, extra: extra, isStrict: true, $0) }
        let upload = Upload(context: context, repository: repository, remote: remote)
        if arguments[CommonOptions.dryRun] {
            let session = try context.session(to: remote, repository)
            defer { session.finish() }
            let plan = try upload.plan(blobs, session)
            var uploads = try plan.uploads.reader()
            while let item = try uploads.next() { context.output.line("\(item.oid) \(item.byteCount)") }
            context.output.message("would upload \(Count.blobs(plan.total.filesTotal)); \(plan.present) are there")
            for lost in plan.lost { context.output.warning("no copy of '\(lost.path)' (\(lost.pointer.oid)) anywhere") }
            return plan.lost.isEmpty ? .success : .failure
        }
        guard try upload.run(blobs) else { return .failure }
        context.output.message("Everything is on '\(remote.name)'.")
        return .success
    }
}
