import Git
import Platform
import Repository

/// The hook scripts of one repository. A hook that was there before is kept as `<name>.chained` and run
/// first.
struct HookInstallation {
    static let names = ["pre-push", "pre-commit", "post-checkout", "post-merge", "post-commit", "post-rewrite"]
    private static let marker = Array("# git data hook".utf8)

    let repository: Repository

    init(_ repository: Repository) {
        self.repository = repository
    }

    /// Where Git looks for hooks, by `core.hooksPath` or in the common Git folder.
    func folder() throws -> BytePath {
        let answer = try repository.git().query(["rev-parse", "--git-path", "hooks"])
        return answer.line.absolute(from: repository.location.worktree ?? repository.location.gitFolder)
    }

    /// The installed scripts, beside the executable.
    static func scripts() throws -> BytePath {
        let folder = try Environment.executable().parent.parent / "share/git-data/hooks"
        guard folder.isFolder else {
            throw CommandFailure(
                "the hook scripts are missing from '\(folder)'", kept: "the hooks, as they were", hints: ["run install.sh again"])
        }
        return folder
    }

    static func isOurs(_ hook: BytePath) -> Bool {
        guard let content = try? hook.contents(limit: 4096) else { return false }
        return content.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: marker) }
    }

    /// Whether a hook is what `git lfs install` wrote, and nothing else.
    static func isOfLFS(_ hook: BytePath, name: String) -> Bool {
        guard let content = try? hook.contents(limit: 4096) else { return false }
        let lines = content.split(separator: UInt8(ascii: "\n")).filter { $0.first != UInt8(ascii: "#") }
        return lines.contains { $0.starts(with: "git lfs \(name) ".utf8) }
            && lines.allSatisfy { $0.starts(with: "command -v git-lfs ".utf8) || $0.starts(with: "git lfs \(name) ".utf8) }
    }

    /// Puts each script in its place.
    /// - Returns: how many changed.
    @discardableResult
    func install(_ output: Output) throws -> Int {
        let scripts = try Self.scripts()
        let folder = try folder()
        try folder.makeFolders()
        // Of two at once the second would take our hook for somebody else's, and move it over that.
        let turn = Turn(at: folder)
        defer { withExtendedLifetime(turn) {} }
        if try repository.settings().pointerForm == .lfs { try removeThoseOfLFS(from: folder, output) }
        var changed = 0
        for name in Self.names {
            let hook = folder / name
            guard let script = try (scripts / name).contents() else { continue }
            if try hook.contents() == script, hook.isExecutableFile { continue }
            if try hook.status() != nil, !Self.isOurs(hook) {
                guard try keepForeign(hook, output) else { continue }
            }
            try hook.replaceContents(with: script, permissions: 0o777)
            changed += 1
        }
        return changed
    }

    /// Git LFS's own hooks know nothing of git data's remotes: its `pre-push` would look for every blob in its
    /// own store, and refuse.
    private func removeThoseOfLFS(from folder: BytePath, _ output: Output) throws {
        for name in Self.names {
            for hook in [folder / name, folder / "\(name).chained"] where Self.isOfLFS(hook, name: name) {
                try hook.removeFile()
                output.message("The hook '\(name)' of Git LFS was removed; 'git lfs install' would bring it back.")
            }
        }
    }

    /// Makes room where a hook of somebody else is. One that Git tracks belongs to the project and stays.
    private func keepForeign(_ hook: BytePath, _ output: Output) throws -> Bool {
        let name = hook.lastComponent
        let answer = try repository.git().run(["ls-files", "--error-unmatch", "--", hook])
        if answer.status == 0 {
            output.warning("'\(hook)' belongs to the project and was left as it is")
            output.message("hint: add this line to it: git data hook \(name) \"$@\"")
            return false
        }
        let chained = hook.adding(suffix: ".chained")
        guard try chained.status() == nil else {
            output.warning("'\(hook)' was left as it is, as '\(chained)' exists already")
            output.message("hint: add this line to it: git data hook \(name) \"$@\"")
            return false
        }
        try hook.rename(to: chained)
        output.message("The hook '\(name)' that was there runs first, as '\(chained.lastComponent)'.")
        return true
    }

    /// Removes our scripts and gives the hooks that were there before their names back.
    func uninstall(_ output: Output) throws {
        let folder = try folder()
        for name in Self.names {
            let hook = folder / name
            guard Self.isOurs(hook) else { continue }
            try hook.removeFile()
            let chained = hook.adding(suffix: ".chained")
            if try chained.status() != nil { try chained.rename(to: hook) }
        }
        output.message("Removed the hooks of git data from '\(folder)'.")
    }

    /// The hooks that do not call git data.
    func missing() throws -> [String] {
        let folder = try folder()
        return Self.names.filter { name in
            guard let content = try? (folder / name).contents(limit: 1 << 20) else { return true }
            let text = String(decoding: content, as: UTF8.self)
            return !text.contains("git-data hook \(name)") && !text.contains("git data hook \(name)")
        }
    }
}
