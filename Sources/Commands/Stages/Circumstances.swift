import Git
import Lineage
import Platform
import Repository

/// Who makes a record, and from what.
struct Circumstances {
    /// HEAD; nil before the first commit.
    let commit: String?
    /// Whether nothing but what stages make and their records differs from that commit.
    let isClean: Bool
    /// `Name <address>`; nil where Git does not know.
    let author: String?
}

extension Repository {
    /// What a record says of who makes it and from where: HEAD, whether nothing but lineage and `outputs` differs from it, and
    /// the author as Git knows them.
    func circumstances(besides outputs: [BytePath]) throws -> Circumstances {
        let git = try git()
        let commit = try git.resolve("HEAD^{commit}")?.description
        var isClean = true
        try git.forEachRecord(of: ["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"], endingWith: 0) { record in
            let path = BytePath(bytes: record.dropFirst(3))
            isClean = isClean
                && (path.isInside(StageName.folder) || path == FolderAttributes.name || outputs.contains { path.isInside($0) })
        }
        let identity = try git.run(["var", "GIT_AUTHOR_IDENT"])
        let author = identity.status == 0 ? identity.line.text.lastIndex(of: ">").map { String(identity.line.text[...$0]) } : nil
        return Circumstances(commit: commit, isClean: isClean && commit != nil, author: author)
    }
}
