import Git
import Platform

/// The entries of Git's configuration that make Git call git data.
struct FilterConfiguration {
    enum Scope {
        case user, system, repository

        var option: BytePath {
            switch self {
            case .user: "--global"
            case .system: "--system"
            case .repository: "--local"
            }
        }

        var words: String {
            switch self {
            case .user: "your Git configuration"
            case .system: "the system's Git configuration"
            case .repository: "this repository's Git configuration"
            }
        }
    }

    static let entries: [(key: String, value: String)] = [
        ("filter.data.process", "git-data filter-process"),
        ("filter.data.clean", "git-data clean -- %f"),
        ("filter.data.smudge", "git-data smudge -- %f"),
        // Without this Git stores raw content when the filter fails, and reads whole files into memory.
        ("filter.data.required", "true"),
        ("merge.data.name", "git data merge driver"),
        ("merge.data.driver", "git-data merge-driver %O %A %B %L %P"),
        // Without `cachetextconv`, for the reason that `TextconvCommand` gives.
        ("diff.data.textconv", "git-data textconv"),
    ]

    /// For a repository that came from Git LFS: its old commits name the filter of Git LFS, which must work
    /// where Git LFS is not installed, and write the pointers that those commits have.
    static let entriesForLFS: [(key: String, value: String)] = [
        ("filter.lfs.process", "git-data filter-process --pointer=lfs"),
        ("filter.lfs.clean", "git-data clean --pointer=lfs -- %f"),
        ("filter.lfs.smudge", "git-data smudge -- %f"),
        ("filter.lfs.required", "true"),
    ]

    /// Options of Git itself, with which a checkout writes each pointer as it is: a filter that is asked, and has
    /// nothing to do, takes three times as long as all the rest. Nothing must be added under them.
    static let leavingPointers: [BytePath] = [
        "-c", "filter.data.process=", "-c", "filter.data.smudge=", "-c", "filter.data.required=false",
    ]

    let git: Git
    let scope: Scope
    var entries = Self.entries

    /// The entries that are not as they should be in this scope, with what they are.
    func differences() throws(GitError) -> [(key: String, value: String, present: String?)] {
        var differences: [(String, String, String?)] = []
        for (key, value) in entries {
            let answer = try git.run(["config", scope.option, "--get", BytePath(key)])
            let present = answer.status == 0 ? answer.line.text : nil
            if present != value { differences.append((key, value, present)) }
        }
        return differences
    }

    /// Writes what is not as it should be.
    /// - Parameter overwriting: whether entries that somebody changed are replaced.
    /// - Returns: the keys that were written, and those that were left as somebody else has set them.
    func install(overwriting: Bool) throws(GitError) -> (written: [String], kept: [String]) {
        var written: [String] = []
        var kept: [String] = []
        for (key, value, present) in try differences() {
            if present != nil, !overwriting, present?.contains("git-data") != true {
                kept.append(key)
                continue
            }
            try git.change(["config", scope.option, "--replace-all", BytePath(key), BytePath(value)])
            written.append(key)
        }
        return (written, kept)
    }

    /// Takes back what `install` wrote, and nothing that somebody else has set.
    func uninstall() throws(GitError) -> [String] {
        var removed: [String] = []
        for (key, value) in Self.entries + Self.entriesForLFS {
            let answer = try git.run(["config", scope.option, "--get", BytePath(key)])
            guard answer.status == 0, answer.line.text == value else { continue }
            try git.change(["config", scope.option, "--unset-all", BytePath(key)])
            removed.append(key)
        }
        // Git leaves the heads of empty sections behind.
        for section in ["filter.data", "merge.data", "diff.data", "filter.lfs"] where !removed.isEmpty {
            let rest = try git.run(["config", scope.option, "--get-regexp", BytePath("^\(section)\\.")])
            if rest.status != 0 { _ = try git.run(["config", scope.option, "--remove-section", BytePath(section)]) }
        }
        return removed
    }
}
