import Platform
import TestSupport
import XCTest

/// A repository at `data::` answers Git as a plain Git remote does.
final class HistoryTwinTests: EndToEndTestCase {
    private func twins(_ options: [BytePath] = []) throws -> HistoryTwins {
        try HistoryTwins(laboratory, url: BytePath("data::\(laboratory.folder)/data/store"), options)
    }

    func testEverydayScriptInAFolder() throws { try everyday(twins()) }

    func testEverydayScriptWithSHA256() throws { try everyday(twins(["--object-format=sha256"])) }

    func testRefsOfAllKindsInAFolder() throws { try refs(twins()) }

    func testClonesOfAllKindsFromAFolder() throws { try clones(twins()) }

    /// First pushes, fetches, races, forced pushes.
    private func everyday(_ twins: HistoryTwins) throws {
        try twins.commit("a", "one.txt", "1\n")
        try twins.push("a", "-u", "origin", "main")
        try twins.push("a", "origin", "main")
        try twins.git("a", "tag", "-a", "-m", "first", "v1")
        try twins.git("a", "tag", "light")
        try twins.push("a", "origin", "v1", "light")
        try twins.git(".", "clone", "--quiet", "URL", "b")
        try twins.compareObjects("b")

        // Who comes second is told to fetch.
        try twins.commit("b", "two.txt", "2\n")
        try twins.push("b", "origin", "main")
        try twins.commit("a", "three.txt", "3\n")
        try twins.push("a", "origin", "main", status: 1)
        try twins.git("a", "fetch", "--quiet", "origin")
        try twins.push("a", "origin", "main", status: 1)
        try twins.git("a", "merge", "--quiet", "--no-edit", "origin/main")
        try twins.push("a", "origin", "main")
        try twins.git("b", "pull", "--quiet", "--no-rebase")
        try twins.git("b", "pull", "--quiet", "--rebase")

        // Force.
        try twins.git("b", "commit", "--quiet", "--amend", "-m", "Another message")
        try twins.push("b", "origin", "main", status: 1)
        try twins.push("b", "--force", "origin", "main")
        try twins.git("a", "fetch", "--quiet", "origin")
        try twins.git("a", "reset", "--quiet", "--hard", "origin/main")

        // Leases: of a ref that has moved, of one as expected, of one that is not there.
        try twins.commit("b", "four.txt", "4\n")
        try twins.push("b", "origin", "main")
        try twins.git("a", "commit", "--quiet", "--amend", "-m", "A third message")
        try twins.push("a", "--force-with-lease", "origin", "main", status: 1)
        try twins.git("a", "fetch", "--quiet", "origin")
        try twins.push("a", "--force-with-lease", "origin", "main")
        try twins.push("a", "--force-with-lease=dev:", "origin", "main:dev")
        try twins.push("a", "--force-with-lease=dev:", "origin", "main~1:dev", status: 1)
        try twins.push("a", "--force-with-lease=dev:main", "origin", "main~1:dev")

        try twins.push("a", "origin", "--delete", "dev")
        try twins.git("b", "fetch", "--quiet", "--prune", "origin")
        try twins.git(".", "clone", "--quiet", "URL", "c")
        try twins.compareObjects("c")
    }

    /// Many refs at once, tags, notes, names that collide, deletions.
    private func refs(_ twins: HistoryTwins) throws {
        try twins.commit("a", "one.txt", "1\n")
        for branch: BytePath in ["dev", "wip", "deep/er/branch", "größe"] { try twins.git("a", "branch", branch) }
        try twins.push("a", "origin", "main", "dev", "wip", "deep/er/branch", "größe")
        try twins.commit("a", "two.txt", "2\n")
        try twins.git("a", "branch", "--force", "dev")

        // A dry run and a refused atomic one change nothing.
        try twins.push("a", "--dry-run", "origin", "main", "dev")
        try twins.git("a", "commit-tree", "-m", "aside", "HEAD^{tree}")
        try twins.git("a", "branch", "--force", "wip", "main")
        try twins.git("a", "checkout", "--quiet", "--orphan", "other")
        try twins.git("a", "commit", "--quiet", "-m", "Another beginning")
        try twins.push("a", "--atomic", "origin", "main", "other:wip", status: 1)
        try twins.push("a", "origin", "main", "other:wip", status: 1)
        try twins.push("a", "--atomic", "origin", "main", "dev", "other")
        try twins.push("a", "origin", "main", "dev")

        // Tags are not moved without force.
        try twins.git("a", "tag", "-a", "-m", "v1", "v1", "main")
        try twins.push("a", "origin", "v1")
        try twins.git("a", "tag", "-f", "-a", "-m", "v1 again", "v1", "main~1", comparesOutput: false)
        try twins.push("a", "origin", "v1", status: 1)
        try twins.push("a", "--force", "origin", "v1")
        try twins.git("a", "tag", "tree", "main^{tree}")
        try twins.git("a", "tag", "-a", "-m", "of a tag", "nested", "v1", comparesOutput: false)
        try twins.push("a", "origin", "--tags")
        try twins.git(".", "clone", "--quiet", "URL", "b")
        try twins.compareObjects("b")

        // Notes, and refs of any name.
        try twins.git("a", "notes", "add", "-m", "a note", "main")
        try twins.push("a", "origin", "refs/notes/commits")
        try twins.push("a", "origin", "main:refs/custom/kept")
        try twins.git("b", "fetch", "--quiet", "origin", "refs/notes/*:refs/notes/*", "refs/custom/*:refs/custom/*")

        // What cannot be.
        try twins.push("a", "origin", "main:refs/heads/main/below", status: 1)
        try twins.push("a", "origin", "main:refs/heads/deep", status: 1)
        try twins.push("a", "origin", "main^{tree}:refs/heads/tree", status: 1)
        try twins.push("a", "origin", "--delete", "main", status: 1)
        try twins.git("a", "push", "origin", "nothing:here")
        try twins.git("a", "push", "origin", "main:refs/heads/a..b")

        // Deletions, alone and among others.
        try twins.push("a", "origin", ":refs/tags/v1", "main:refs/heads/new")
        try twins.push("a", "origin", "--delete", "deep/er/branch")
        try twins.push("a", "origin", "main:refs/heads/deep")
        try twins.push("a", "origin", "--prune", "refs/heads/*:refs/heads/*", "--force")
        try twins.git("b", "fetch", "--quiet", "--prune", "--force", "--tags", "origin")

        // Tags that go with their commits.
        try twins.git("a", "checkout", "--quiet", "main")
        try twins.commit("a", "five.txt", "5\n")
        try twins.git("a", "tag", "-a", "-m", "v2", "v2")
        try twins.push("a", "--follow-tags", "origin", "main")
        try twins.git("b", "fetch", "--quiet", "origin")

        // Objects by name, and mirrors.
        try twins.git("a", "push", "origin", "HEAD:refs/heads/by-name")
        try twins.push("a", "--mirror", "--force", "origin")
        try twins.git(".", "clone", "--quiet", "--mirror", "URL", "m")
        try twins.compareObjects("m")
        try twins.git("m", "push", "--mirror")
    }

    /// The ways to clone and to ask.
    private func clones(_ twins: HistoryTwins) throws {
        // The first push would make it; here is a folder in which there is nothing yet.
        try (laboratory.folder / "data/store").makeFolders()
        try twins.git(".", "clone", "--quiet", "URL", "empty", comparesOutput: false)
        try twins.commit("a", "one.txt", "1\n")
        try twins.git("a", "branch", "dev")
        try twins.commit("a", "two.txt", "2\n")
        try twins.git("a", "tag", "-a", "-m", "v1", "v1")
        try twins.push("a", "-u", "origin", "main", "dev", "v1")
        try twins.git("a", "checkout", "--quiet", "dev")
        try twins.commit("a", "dev.txt", "d\n")
        try twins.push("a", "origin", "dev")
        try twins.git("empty", "pull", "--quiet", "origin", "main")

        try twins.git(".", "clone", "--quiet", "--single-branch", "--branch", "dev", "URL", "single")
        try twins.git(".", "clone", "--quiet", "--no-tags", "URL", "untagged")
        try twins.git(".", "clone", "--quiet", "--bare", "URL", "bare")
        try twins.git(".", "clone", "--quiet", "--branch", "v1", "URL", "detached")
        try twins.git(".", "clone", "--quiet", "--branch", "nothing", "URL", "none")
        try twins.git(".", "clone", "--quiet", "--no-checkout", "--origin", "up", "URL", "named")
        for clone: BytePath in ["single", "untagged", "bare", "detached", "named"] { try twins.compareObjects(clone) }

        try twins.git("a", "ls-remote", "origin")
        try twins.git("a", "ls-remote", "--heads", "origin")
        try twins.git("a", "ls-remote", "--tags", "origin")
        try twins.git("a", "ls-remote", "--exit-code", "origin", "nothing")
        try twins.git("a", "ls-remote", "--symref", "origin", "HEAD")
        try twins.git("a", "remote", "show", "origin")
        try twins.git("a", "remote", "set-head", "origin", "--auto")
        try twins.git("a", "remote", "prune", "origin")
        try twins.git("single", "fetch", "--quiet", "origin", "main")
        try twins.git("single", "fetch", "--quiet", "--all", "--tags")
        try twins.git("untagged", "fetch", "--quiet", "origin", "tag", "v1")
        try twins.git("untagged", "fetch", "--quiet", "URL", "dev:local")
        try twins.git("single", "fetch", "--quiet", "origin", "main~1")
        try twins.git("bare", "fetch", "--quiet", "--dry-run")
    }

    /// A shallow clone is a whole one, and says so.
    func testShallowCloneIsWholeAndSaysSo() throws {
        let twins = try twins()
        for number in 1...3 { try twins.commit("a", "file.txt", "\(number)\n") }
        try twins.push("a", "origin", "main")
        let outcome = try laboratory.run("git", ["clone", "--depth", "1", twins.data.url, "shallow"]).expecting(0)
        assertContains(outcome.errorText, "always fetched whole")
        let shallow = Worktree(folder: laboratory.folder / "shallow", in: laboratory)
        XCTAssertEqual(try shallow.git("rev-list", "--count", "HEAD").lines, ["3"])
        XCTAssertEqual(try shallow.git("rev-parse", "--is-shallow-repository").lines, ["false"])
        try shallow.git("fetch", "--depth", "1", "origin")
        try shallow.git("fsck", "--full")
    }

    /// A history whose beginning is cut off is not pushed: nobody could clone it.
    func testPushFromAShallowRepositoryIsRefusedWhereItsBeginningIsNotThere() throws {
        let twins = try twins()
        for number in 1...3 { try twins.commit("a", "file.txt", "\(number)\n") }
        try twins.push("a", "origin", "main")
        try laboratory.git(["clone", "--quiet", "--depth", "1", BytePath("file://\(twins.plain.url)"), "cut"])
        let cut = Worktree(folder: laboratory.folder / "cut", in: laboratory)
        let elsewhere = BytePath("data::\(laboratory.folder)/data/elsewhere")
        let refused = try cut.attempt("push", elsewhere, "main")
        XCTAssertNotEqual(refused.ending, .exited(0))
        assertContains(refused.errorText, "shallow update not allowed")
        XCTAssertEqual(try laboratory.run("git", ["ls-remote", "--quiet", elsewhere]).output, [])
        // Where the rest is there already, it is as any push.
        try cut.write("more\n", to: "more.txt")
        try cut.commit("More")
        try cut.git("push", "--quiet", twins.data.url, "main")
        try laboratory.git(["clone", "--quiet", twins.data.url, "whole"])
        try laboratory.git(["fsck", "--full"], in: laboratory.folder / "whole")
    }
}
