import Digest
import Git
import Platform
import Repository

/// Git's part of a bundle of ours, as a file of its own.
struct BundleGitPart {
    /// Absolute.
    let path: BytePath
    let head: BundleHead

    /// The words for a bundle whose first commits are not here.
    func refuseMissingPrerequisites(_ git: Git, _ file: BundleFile) throws {
        let present = Set(try git.existing(head.prerequisites))
        let missing = head.prerequisites.filter { !present.contains($0) }
        guard !missing.isEmpty else { return }
        throw CommandFailure(
            "\(file.name) is an update, for a repository that has these commits:\n"
                + missing.map { "\t\($0)" }.joined(separator: "\n"),
            hints: ["run this in the repository that it is for, and take the bundles before this one first"])
    }

    /// Makes an empty repository that can take it.
    func makeRepository(_ folder: BytePath) throws -> Git {
        let isLong = head.refs.first?.object.byteCount == 32
        try Git(isolated: true).query(
            ["init", "--quiet", "--initial-branch=main"] + (isLong ? ["--object-format=sha256"] : []) + ["--", folder])
        return try Git(in: folder, worktree: folder, isolated: true)
    }

    /// Fetches from it, which has Git verify each object and the way from each ref to its first commit.
    func fetch(_ refspecs: [BytePath], with git: Git) throws {
        let all = refspecs + (head.refs.contains { $0.name == "HEAD" } ? ["HEAD"] : [])
        let answer = try git.run(
            ["-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
             "--update-head-ok", "--", path] + all)
        guard answer.status == 0 else {
            throw CommandFailure("Git does not take what is in '\(BundleMember.repository.name)': \(BytePath(answer.lastMessage))")
        }
    }

    /// Takes it into a repository of its own and finds out which blobs it needs.
    /// - Parameters:
    ///   - folder: empty; for that repository.
    ///   - present: the repository that an update is for.
    /// - Throws: `CommandFailure` where Git does not take it.
    func tryOut(in folder: BytePath, beside present: Repository?, _ file: BundleFile) throws -> BundleNeeds {
        let git = try makeRepository(folder)
        if !head.prerequisites.isEmpty {
            if let present {
                let objects = present.location.commonFolder / "objects"
                try (folder / ".git/objects/info").makeFolders()
                try (folder / ".git/objects/info/alternates").replaceContents(with: objects.bytes + [UInt8(ascii: "\n")])
            }
            try refuseMissingPrerequisites(git, file)
            // What a ref names is complete, for Git.
            try git.change(
                head.prerequisites.map { .set(BytePath("refs/prerequisites/\($0)"), to: $0, from: nil) }, reason: "verify")
        }
        try fetch(["+refs/*:refs/bundle/*"], with: git)
        guard let location = try RepositoryLocation.at(commonFolder: folder / ".git") else {
            throw CommandFailure("'\(folder)' has become no repository")
        }
        return try BundleNeeds(head, in: Repository(location, isolated: true))
    }
}

extension Git.Answer {
    /// The last line that Git had to say.
    fileprivate var lastMessage: String {
        message.split(separator: "\n").last.map(String.init) ?? "status \(status)"
    }
}
