import Git
import Platform

extension HelperSession {
    /// Whether the repository is a partial clone, in which Git fetches an object that is asked for and not here: from
    /// whatever remote has promised it, which may be this one, and would start this program again.
    func isPartialClone() throws -> Bool {
        let settings = try configuration()
        return settings.value("extensions.partialclone") != nil
            || settings.keys.contains { $0.hasPrefix("remote.") && $0.hasSuffix(".promisor") && settings.boolean($0) == true }
    }

    /// Git for looking at what is here, and only that. In a partial clone it works for a repository of its own, without
    /// refs and promises, on the same objects. (`GIT_NO_LAZY_FETCH` would do, from Git 2.45 on.)
    func lookingGit() throws -> Git {
        let (git, _) = try requireRepository()
        guard try isPartialClone() else { return git }
        let folder = try transit() / "looking.git"
        if try RepositoryLocation.at(commonFolder: folder) == nil {
            let format = try git.query(["rev-parse", "--show-object-format"]).line
            let maker = try Git(isolated: true)
            try maker.query(["init", "--quiet", "--bare", "--template=", BytePath("--object-format=\(format)"), folder])
        }
        let objects = try git.query(["rev-parse", "--git-path", "objects"]).line.absolute(from: .currentFolder())
        return try Git(in: folder, isolated: true, adding: [("GIT_DIR", folder), ("GIT_OBJECT_DIRECTORY", objects)])
    }

    /// Which of the objects are here.
    func existing(_ names: [GitObjectName]) throws -> [GitObjectName] {
        guard !names.isEmpty else { return [] }
        return try lookingGit().existing(names)
    }
}
