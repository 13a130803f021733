import Git
import Glibc
import Platform
import Remote
import TestSupport

@testable import RemoteHelper

/// A repository in a folder, to which several clones push in this process.
struct RemoteRepository: Sendable {
    let place: BytePath

    private var url: BytePath { place }

    func newest() throws -> RepositoryState? { try StateLog(remote: FolderRemote(place)).newest() }

    /// A session of a clone, with the given remote in its way.
    private func session(_ events: Monitor<WatchedRemote.Events>) -> HelperSession {
        HelperSession(name: "origin", url: url) { (url, mayCreate, _) throws(RemoteError) in
            WatchedRemote(try FolderRemote(url, mayCreate: mayCreate), events)
        }
    }

    /// Works in a folder, as Git starts the helper in one.
    private func working<Result>(in folder: BytePath, _ body: () throws -> Result) throws -> Result {
        let before = try BytePath.currentFolder()
        _ = folder.withCString { chdir($0) }
        defer { _ = before.withCString { chdir($0) } }
        return try body()
    }

    /// Pushes.
    /// - Parameters:
    ///   - refspecs: as Git gives them to the helper.
    ///   - beforeState: what happens before this makes its first, second… state.
    /// - Returns: why refs were not changed.
    @discardableResult
    func push(_ refspecs: String..., from clone: BytePath, beforeState: [@Sendable () throws -> Void] = []) throws -> [BytePath: String] {
        try working(in: clone) {
            let session = session(Monitor(WatchedRemote.Events(beforeState: beforeState)))
            session.options.verbosity = 0
            session.listed = try session.log(mayCreate: true).newest()
            let pushes = refspecs.compactMap { HelperConversation.Push(refspec: Array($0.utf8)[...]) }
            let results = try Push(session: session).run(pushes)
            return Dictionary(uniqueKeysWithValues: results.compactMap { result in result.reason.map { (result.ref, $0) } })
        }
    }

    /// What a push does that is killed when all is uploaded.
    func pushKilled(_ refspec: String, from clone: BytePath) throws {
        do {
            try push(refspec, from: clone, beforeState: [{ throw RemoteError(.interrupted, "killed") }])
        } catch let error as RemoteError where error.kind == .interrupted {
            return
        }
        throw Unexpected("the push was not killed")
    }

    /// Packs everything anew.
    @discardableResult
    func collect(
        from clone: BytePath, expiring: Bool = true, pruning: Bool = true, beforeState: [@Sendable () throws -> Void] = [],
        beforeRemoval: [@Sendable () throws -> Void] = []
    ) throws -> Housekeeping.Report {
        try working(in: clone) {
            let session = session(Monitor(WatchedRemote.Events(beforeState: beforeState, beforeRemoval: beforeRemoval)))
            session.options.verbosity = 0
            return try Housekeeping(session: session, log: session.log(), isSoleWriter: false)
                .collect(forgettingBefore: expiring ? .max : .min, removingBefore: pruning ? .max : .min)
        }
    }

    /// Packs everything anew, as `git data remote gc --expire 0 --prune 0` does.
    func forget(from clone: BytePath) throws {
        try working(in: clone) {
            let session = session(Monitor(WatchedRemote.Events()))
            session.options.verbosity = 0
            _ = try Past(session: session).collect(keeping: 0, grace: 0)
        }
    }

    func restore(_ number: Int, _ refs: [BytePath] = [], from clone: BytePath) throws {
        try working(in: clone) {
            let session = session(Monitor(WatchedRemote.Events()))
            session.options.verbosity = 0
            _ = try Past(session: session).restore(number, refs)
        }
    }

    /// Looks whether all that the newest state names is there, and complete, in the packs that it names.
    @discardableResult
    func check(_ scratch: ScratchFolder) throws -> RepositoryState {
        guard let state = try newest() else { throw Unexpected("there is no state") }
        let folder = scratch / BytePath("check-\(UInt64.random(in: .min ... .max))")
        let packs = folder / "pack"
        try packs.makeFolders()
        for pack in state.packs {
            guard !state.isBarred(pack.name) else { throw Unexpected("\(pack.name.text) is named and condemned") }
            for suffix in ["pack", "idx"] {
                let file = BytePath("\(pack.name.text).\(suffix)")
                guard (place / "git/objects/pack" / file).exists else { throw Unexpected("state \(state.number) names '\(file)', which is gone") }
                try (place / "git/objects/pack" / file).link(to: packs / file)
            }
        }
        guard let git = Environment.findProgram("git") else { throw Unexpected("there is no git") }
        try (folder / "home").makeFolders()
        _ = try Finished(git, ["init", "--quiet", "--bare", "."], in: folder / "home")
        let answer = try Finished(
            git, ["rev-list", "--objects", "--quiet", "--stdin"], input: Git.walkLines(from: state.refs.map(\.target)), in: folder / "home",
            environment: Environment.changed(removing: [], adding: [("GIT_OBJECT_DIRECTORY", folder)]))
        guard answer.ending == .exited(0) else {
            throw Unexpected("state \(state.number) is not complete: \(String(decoding: answer.errors, as: UTF8.self))")
        }
        return state
    }
}

/// A clone that pushes to it.
final class RemoteClone: Sendable {
    let path: BytePath

    init(_ scratch: ScratchFolder, _ name: BytePath, _ options: [BytePath] = []) throws {
        path = scratch / name
        _ = try ScratchRepository.run(["init", "-q", "-b", "main"] + options + [path], in: scratch.path)
    }

    @discardableResult
    func git(_ arguments: BytePath..., from file: BytePath? = nil) throws -> Finished {
        let finished = try ScratchRepository.run(arguments, input: file?.contents(), in: path)
        guard finished.ending == .exited(0) else { throw Unexpected("git \(arguments): \(String(decoding: finished.errors, as: UTF8.self))") }
        return finished
    }

    /// Commits a file of its own on a branch, which begins at another.
    @discardableResult
    func commit(_ text: String, on branch: BytePath, from start: BytePath? = nil, isOrphan: Bool = false) throws -> GitObjectName {
        if isOrphan {
            try git("checkout", "-q", "--orphan", branch)
        } else if let start {
            try git("checkout", "-q", "-B", branch, start)
        }
        try Descriptor.open(path / BytePath("file-\(text)"), [.write, .create]).write(Array("content of \(text)\n".utf8))
        try git("add", "-A")
        try git("commit", "-q", "-m", BytePath(text))
        guard let name = GitObjectName(hex: try git("rev-parse", "HEAD").line.bytes) else { throw Unexpected("no commit") }
        return name
    }
}
