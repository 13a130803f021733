import Glibc
import Platform
import Synchronization
import TestSupport

/// The project that every scenario begins with, made once for each process and copied for each test: below `ours`
/// with git data, below `plain` with the data as plain files; both a `work` with `origin.git` beside it.
///
/// Six branches, all pushed: `base`, on which the others stand; `main` and `side`, which merge; `clash`, which
/// disagrees with `main` on `scan.bin` and `train.csv`; `large` and `larger`, each with another version of `big.bin`.
enum ScenarioTemplate {
    static let attributes = "*.bin filter=data diff=data merge=data -text\n*.csv filter=data diff=data merge=data -text\n"
    /// A name with a space and with letters beyond ASCII.
    static let named: BytePath = "with space/größe – 数据.csv"

    /// A small binary file.
    static func binary(_ seed: UInt64) -> [UInt8] { [0] + SampleData.bytes(2999, seed: seed) }

    /// A binary file of over 20 MiB, of another size for each seed: its date is always the same (see `look`).
    static func big(_ seed: UInt64) -> [UInt8] {
        var content: [UInt8] = [0]
        let block = SampleData.bytes(1 << 16, seed: seed)
        for _ in 0..<320 + seed { content += block }
        return content
    }

    /// A table of 120 rows that are unlike each other, with another value in some of them.
    static func table(_ values: [Int: String] = [:]) -> [UInt8] {
        Array((0..<120).map { "\($0),\(values[$0] ?? "\($0 * 7919 % 1000)")\n" }.joined().utf8)
    }

    private static let made = Mutex<ScratchFolder?>(nil)

    /// Copies the project into a laboratory. Objects, blobs and the large file, which nobody writes to in place,
    /// are shared as hard links.
    static func place(in laboratory: Laboratory) throws {
        let template = try made.withLock { made in
            if let made { return made.path }
            let scratch = try ScratchFolder()
            try make(in: scratch)
            made = scratch
            // What is static is never let go.
            atexit { ScenarioTemplate.made.withLock { $0 = nil } }
            return scratch.path
        }
        let script = "cp -al '\(template)/linked/.' . && cp -a '\(template)/copied/.' ."
        try laboratory.run("sh", ["-c", BytePath(script)]).expecting(0)
    }

    // MARK: making it

    private static func make(in scratch: ScratchFolder) throws {
        let laboratory = try Laboratory()
        let top = scratch / "copied", home = top / "plain-home"
        try home.makeFolders()
        // To be quick: it does not matter how the plain twin stores its data.
        try (home / ".gitconfig").replaceContents(
            with: Array("[init]\n\tdefaultBranch = main\n[core]\n\tcompression = 0\n\tbigFileThreshold = 1m\n\ttrustctime = false\n[pack]\n\twindow = 0\n".utf8))
        var worktrees: [Worktree] = []
        for name in ["ours", "plain"] as [BytePath] {
            let top = top / name
            try top.makeFolders()
            try laboratory.git(["init", "--quiet", "--bare", "--template=", "--initial-branch=main", "origin.git"], in: top)
            try laboratory.git(["init", "--quiet", "--template=", "--initial-branch=base", "work"], in: top)
            try laboratory.git(["remote", "add", "origin", "../origin.git"], in: top / "work")
            worktrees.append(Worktree(folder: top / "work", in: laboratory))
        }
        let twin = TwinRepositories(data: worktrees[0], plain: worktrees[1], plainHome: home, in: laboratory)
        try twin.data.data("init", "--quiet")
        // A hard link changes that time, and each copy would have to be read.
        try twin.data.git("config", "core.trustctime", "false")
        for branch in branches { try make(branch, twin) }
        try twin.git(["switch", "--quiet", "main"], at: 9)
        try twin.git(["push", "--quiet", "origin", "--all"], at: 9)
        try twin.git(["branch", "--quiet", "--set-upstream-to=origin/main", "main"], at: 9)
        // Files as old as these are not looked into again.
        let script = """
            set -e
            find */work -name .git -prune -o -type f -exec touch -d 2020-01-01 {} +
            for kept in */*/objects */*/.git/objects */*/data/objects */*/.git/data/objects */work/big.bin; do
                test -e "$kept" || continue
                mkdir -p "../linked/${kept%/*}"
                mv "$kept" "../linked/$kept"
            done
            """
        try laboratory.run("sh", ["-c", BytePath(script)], in: top).expecting(0)
    }

    private struct Commit {
        let message: String
        let files: [(BytePath, [UInt8])]
        var removed: [BytePath] = []
    }

    private struct Branch {
        let name: BytePath
        let commits: [Commit]
    }

    private static let branches = [
        Branch(
            name: "base",
            commits: [
                Commit(
                    message: "Base",
                    files: [
                        (".gitattributes", Array(attributes.utf8)), ("main.py", Array("print('hello')\n".utf8)),
                        ("scan.bin", binary(1)), ("train.csv", table()), ("data/labels.csv", table([0: "zero"])),
                        ("big.bin", big(1)), ("empty.bin", []), ("run.bin", binary(2)), ("deep/er/b.bin", binary(3)),
                        ("old.bin", binary(4)), (named, Array("größe,数据\r\n1,2\r\n".utf8)),
                    ])
            ]),
        Branch(
            name: "main",
            commits: [
                Commit(message: "Main 1", files: [("train.csv", table([5: "main"])), ("scan.bin", binary(11))]),
                Commit(message: "Main 2", files: [("run.bin", binary(12)), ("main.py", Array("print('main')\n".utf8)), ("more.csv", table([1: "more"]))]),
            ]),
        Branch(
            name: "side",
            commits: [
                Commit(message: "Side 1", files: [("train.csv", table([100: "side"]))]),
                Commit(
                    message: "Side 2",
                    files: [
                        ("data/labels.csv", table([0: "side"])), (named, Array("größe,数据\r\n1,3\r\n".utf8)),
                        ("empty.bin", binary(21)), ("deep/er/b.bin", []), ("side.bin", binary(22)),
                    ], removed: ["old.bin"]),
            ]),
        Branch(
            name: "clash",
            commits: [
                Commit(message: "Clash 1", files: [("train.csv", table([5: "clash"])), ("scan.bin", binary(31))]),
                Commit(message: "Clash 2", files: [("clash.bin", binary(32)), ("main.py", Array("print('hello')\nprint('clash')\n".utf8))]),
            ]),
        Branch(
            name: "large",
            commits: [Commit(message: "Large 1", files: [("big.bin", big(2))]), Commit(message: "Large 2", files: [("old.bin", binary(41))])]),
        Branch(name: "larger", commits: [Commit(message: "Larger", files: [("big.bin", big(3))])]),
    ]

    private static func make(_ branch: Branch, _ twin: TwinRepositories) throws {
        if branch.name != "base" { try twin.git(["switch", "--quiet", "-c", branch.name, "base"], at: 0) }
        for (second, commit) in branch.commits.enumerated() {
            for (path, content) in commit.files {
                let isExecutable = path == "run.bin"
                try twin.write(content, to: path)
                guard isExecutable else { continue }
                for worktree in [twin.data, twin.plain] { _ = try worktree.shell("chmod +x run.bin").expecting(0) }
            }
            for path in commit.removed { try twin.remove(path) }
            try twin.git(["add", "--all"], at: second + 1)
            try twin.git(["commit", "--quiet", "-m", BytePath(commit.message)], at: second + 1)
        }
    }
}
