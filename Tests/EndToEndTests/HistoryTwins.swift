import Platform
import TestSupport
import XCTest

/// The same script of Git commands against a plain Git remote that is a folder and against `data::`: two worlds, each
/// with its own clones. As all dates are fixed, both make the same commits, and what Git says can be compared.
final class HistoryTwins {
    /// One of the two.
    struct World {
        let name: String
        let folder: BytePath
        let url: BytePath
        let laboratory: Laboratory
    }

    let plain: World
    let data: World

    /// - Parameters:
    ///   - url: the place of the `data::` remote.
    ///   - options: of `git init`, such as `--object-format=sha256`.
    init(_ laboratory: Laboratory, url: BytePath, _ options: [BytePath] = []) throws {
        let bare = laboratory.folder / "plain/origin.git"
        for name in ["plain", "data"] { try (laboratory.folder / BytePath(name)).makeFolders() }
        try laboratory.git(["init", "--quiet", "--bare", "--initial-branch=main"] + options + [bare])
        plain = World(name: "plain", folder: laboratory.folder / "plain", url: bare, laboratory: laboratory)
        data = World(name: "data", folder: laboratory.folder / "data", url: url, laboratory: laboratory)
        // A place where there is nothing yet has no default branch of its own.
        try laboratory.git(["config", "--global", "init.defaultBranch", "main"])
        for world in [plain, data] {
            try laboratory.git(["init", "--quiet", "--initial-branch=main"] + options + [world.folder / "a"])
            try laboratory.git(["remote", "add", "origin", world.url], in: world.folder / "a")
        }
    }

    /// Runs Git in a clone of each world and compares how it ends, and what it prints.
    @discardableResult
    func git(
        _ clone: BytePath, _ arguments: BytePath..., comparesOutput: Bool = true, file: StaticString = #filePath, line: UInt = #line
    ) throws -> (plain: Outcome, data: Outcome) {
        let outcomes = try [plain, data].map { world in
            let own = arguments.map { $0 == "URL" ? world.url : $0 }
            return try world.laboratory.run("git", own, in: world.folder / clone)
        }
        let what = "git \(arguments.map(\.description).joined(separator: " ")) in \(clone)"
        XCTAssertEqual(outcomes[0].ending, outcomes[1].ending, "\(what)\n\(outcomes[0])\n\(outcomes[1])", file: file, line: line)
        if comparesOutput {
            XCTAssertEqual(said(outcomes[0], plain), said(outcomes[1], data), what, file: file, line: line)
        }
        try compareRefs(what, file: file, line: line)
        return (outcomes[0], outcomes[1])
    }

    /// A push, of which Git tells in lines for programs. It must end with this status in both worlds.
    func push(
        _ clone: BytePath, _ arguments: BytePath..., status: Int32 = 0, file: StaticString = #filePath, line: UInt = #line
    ) throws {
        let outcomes = try [plain, data].map { world in
            try world.laboratory.run("git", ["push", "--porcelain"] + arguments, in: world.folder / clone)
        }
        let what = "git push \(arguments.map(\.description).joined(separator: " ")) in \(clone)"
        for outcome in outcomes { XCTAssertEqual(outcome.ending, .exited(status), "\(what)\n\(outcome)", file: file, line: line) }
        XCTAssertEqual(reports(outcomes[0], plain), reports(outcomes[1], data), what, file: file, line: line)
        try compareRefs(what, file: file, line: line)
    }

    /// Writes the same file in a clone of each world.
    func write(_ clone: BytePath, _ path: BytePath, _ text: String) throws {
        for world in [plain, data] { try Worktree(folder: world.folder / clone, in: world.laboratory).write(text, to: path) }
    }

    /// Writes a file and commits it in both worlds.
    func commit(_ clone: BytePath, _ path: BytePath, _ text: String, _ message: BytePath? = nil) throws {
        try write(clone, path, text)
        try git(clone, "add", path, comparesOutput: false)
        try git(clone, "commit", "--quiet", "-m", message ?? BytePath("Write \(path)"), comparesOutput: false)
    }

    // MARK: What is compared

    /// What a command printed, with the remote's URL taken out.
    private func said(_ outcome: Outcome, _ world: World) -> String {
        String(decoding: outcome.output, as: UTF8.self).replacing(world.url.text, with: "URL")
    }

    /// Who refuses, and for what of Git's own reasons; what a remote says in words of its own is not compared.
    private func reports(_ outcome: Outcome, _ world: World) -> [String] {
        said(outcome, world).split(separator: "\n").map { line in
            line.contains("[remote rejected]") ? String(line.prefix { $0 != "(" }) : String(line)
        }
    }

    /// The refs at both remotes, as Git shows them, and those of each clone.
    private func compareRefs(_ what: String, file: StaticString, line: UInt) throws {
        let lists = try [plain, data].map { world in
            try world.laboratory.run("git", ["ls-remote", "--quiet", world.url]).lines.sorted()
        }
        XCTAssertEqual(lists[0], lists[1], "refs at the remote after \(what)", file: file, line: line)
        for clone in try plain.folder.entries().sorted() where clone != "origin.git" {
            let refs = try [plain, data].map { world in
                try world.laboratory.run("git", ["for-each-ref", "--format=%(objectname) %(refname) %(symref)"], in: world.folder / clone).lines
            }
            XCTAssertEqual(refs[0], refs[1], "refs of \(clone) after \(what)", file: file, line: line)
        }
    }

    /// Every object of a clone: the same in both worlds, and nothing missing.
    func compareObjects(_ clone: BytePath, file: StaticString = #filePath, line: UInt = #line) throws {
        let lists = try [plain, data].map { world in
            let folder = world.folder / clone
            try world.laboratory.git(["fsck", "--full", "--strict", "--no-dangling"], in: folder)
            return try world.laboratory.git(["rev-list", "--objects", "--all"], in: folder).lines.sorted()
        }
        XCTAssertEqual(lists[0], lists[1], "objects of \(clone)", file: file, line: line)
    }
}
