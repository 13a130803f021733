import Platform
import TestSupport

extension NetworkJourney {
    private static let first = SampleData.bytes(25_000, seed: 21)
    private static let second = SampleData.bytes(26_000, seed: 22)

    private static func isImported(_ content: [UInt8], _ bench: NetworkBench) throws -> Bool {
        let isThere = try (bench.work.folder / "raw.bin").contents() == content
        let isRecorded = (bench.work.folder / "lineage/raw.bin.run.json").exists
        return isThere && isRecorded
    }

    private static func sameOrOther(_ bench: NetworkBench) throws {
        guard let found = try (bench.work.folder / "raw.bin").contents(), found != first, found != second else { return }
        throw Unexpected("'raw.bin' has \(found.count) bytes of nowhere")
    }

    private static func change(_ journey: NetworkJourney, _ change: (inout NetworkJourney) -> Void) -> NetworkJourney {
        var journey = journey
        change(&journey)
        return journey
    }

    static let importFromWeb = change(NetworkJourney(
        "git data import http", in: "work", prepare: { bench in
            _ = try bench.laboratory.project()
            try bench.web.serve(first, as: "raw.bin")
        }, command: { ["data", "import", $0.webURL("right/raw.bin"), "raw.bin"] }, isDone: { try isImported(first, $0) })
    ) { journey in
        journey.isAboutWeb = true
        journey.check = sameOrOther
        journey.again = { try again($0, $0.webURL("right/raw.bin")) }
    }

    static let updateFromWeb = change(NetworkJourney(
        "git data import --update http", in: "work", prepare: { bench in
            _ = try bench.laboratory.project()
            try bench.web.serve(first, as: "raw.bin")
            try bench.work.data("import", bench.webURL("right/raw.bin"), "raw.bin")
            try bench.work.git("commit", "--quiet", "-m", "Import")
            try bench.web.serve(second, as: "raw.bin")
        }, command: { _ in ["data", "import", "--update"] }, isDone: { try isImported(second, $0) })
    ) { journey in
        journey.isAboutWeb = true
        journey.check = sameOrOther
    }

    static let importFromBucket = change(NetworkJourney(
        "git data import s3", in: "work", prepare: { bench in
            _ = try bench.laboratory.project()
            try bench.put(first, at: "import/raw.bin")
            try bench.keep()
        }, command: { ["data", "import", $0.objectURL("import/raw.bin"), "raw.bin"] }, isDone: { try isImported(first, $0) })
    ) { journey in
        journey.check = sameOrOther
        journey.again = { try again($0, $0.objectURL("import/raw.bin")) }
    }

    static let updateFromBucket = change(NetworkJourney(
        "git data import --update s3", in: "work", prepare: { bench in
            _ = try bench.laboratory.project()
            try bench.put(first, at: "import/raw.bin")
            try bench.work.data("import", bench.objectURL("import/raw.bin"), "raw.bin")
            try bench.work.git("commit", "--quiet", "-m", "Import")
            try bench.put(second, at: "import/raw.bin")
            try bench.keep()
        }, command: { _ in ["data", "import", "--update"] }, isDone: { try isImported(second, $0) })
    ) { $0.check = sameOrOther }

    /// What was imported is imported anew only by force.
    private static func again(_ bench: NetworkBench, _ url: BytePath) throws {
        if try isImported(first, bench) { return }
        try bench.work.data("import", url, "raw.bin")
    }

    // MARK: a repository in the bucket

    private static let content = SampleData.bytes(20_000, seed: 31)

    private static func history(_ url: BytePath) -> BytePath { BytePath("data::\(url)") }

    /// A project that is to live in the bucket, with one commit more than is there.
    private static func begin(_ bench: NetworkBench, isPushed: Bool) throws {
        _ = try bench.laboratory.project()
        try bench.work.git("remote", "set-url", "origin", history(bench.url))
        try bench.work.write(content, to: "a.bin")
        bench.contents["a.bin"] = content
        try bench.work.commit("A data file")
        guard isPushed else { return }
        try bench.work.git("push", "--quiet", "origin", "main")
        try bench.keep()
    }

    /// Adds a commit.
    private static func more(_ bench: NetworkBench) throws {
        let content = SampleData.bytes(15_000, seed: 32)
        try bench.work.write(content, to: "b.bin")
        bench.contents["b.bin"] = content
        try bench.work.commit("More")
    }

    /// What anybody can have from the bucket: all of it whole, and never commits without their data.
    /// - Returns: the branch's commit.
    @discardableResult
    private static func tip(_ bench: NetworkBench) throws -> String? {
        let url = history(bench.directURL)
        guard let line = try bench.laboratory.git(["ls-remote", url, "refs/heads/main"]).lines.first else { return nil }
        let mirror = bench.laboratory.folder / "mirror.git"
        ScratchFolder.removeTree(mirror)
        try bench.laboratory.git(["clone", "--quiet", "--bare", url, mirror])
        try bench.laboratory.git(["fsck", "--full", "--strict", "--no-progress"], in: mirror)
        let tip = String(line.prefix(40))
        for (path, content) in bench.contents {
            let isNamed = try bench.laboratory.run("git", ["cat-file", "-e", BytePath("\(tip):\(path)")], in: mirror).status == 0
            let isThere = try bench.contains(content)
            guard !isNamed || isThere else { throw Unexpected("'\(path)' was pushed without its data") }
        }
        ScratchFolder.removeTree(mirror)
        return tip
    }

    private static func isHistoryPushed(_ bench: NetworkBench) throws -> Bool {
        try tip(bench) == bench.work.git("rev-parse", "HEAD").line
    }

    /// What is made anew with each state.
    private static func isDerived(_ key: String) -> Bool {
        ["git/HEAD", "git/info/", "git/objects/info/", "git/latest"].contains { key.hasPrefix($0) }
    }

    static let firstHistoryPush = change(NetworkJourney(
        "git push data:: (first)", in: "work", prepare: { try begin($0, isPushed: false) }, command: { _ in ["push", "origin", "main"] },
        isDone: isHistoryPushed)
    ) { $0.isAboutHistory = true }

    static let historyPush = change(NetworkJourney(
        "git push data::", in: "work", prepare: { bench in
            try begin(bench, isPushed: true)
            try more(bench)
        }, command: { _ in ["push", "origin", "main"] }, isDone: isHistoryPushed)
    ) { journey in
        journey.isAboutHistory = true
        journey.mayGo = isDerived
        journey.check = { guard try tip($0) != nil else { throw Unexpected("the branch is gone") } }
    }

    static let historyFetch = change(NetworkJourney(
        "git fetch data::", in: "clone", prepare: { bench in
            try begin(bench, isPushed: true)
            _ = try bench.laboratory.clone(history(bench.url))
            try more(bench)
            try bench.work.git("push", "--quiet", "origin", "main")
            try bench.keep()
        }, command: { _ in ["fetch", "origin"] },
        isDone: { try $0.clone.git("rev-parse", "origin/main").line == $0.work.git("rev-parse", "HEAD").line })
    ) { $0.isAboutHistory = true }

    static let historyClone = change(NetworkJourney(
        "git data clone data::", in: "", prepare: { bench in
            try begin(bench, isPushed: true)
        }, command: { ["data", "clone", history($0.url), "copy"] },
        isDone: { try ($0.laboratory.folder / "copy/a.bin").contents() == content })
    ) { journey in
        journey.isAboutHistory = true
        journey.again = { bench in
            if try (bench.laboratory.folder / "copy/a.bin").contents() == content { return }
            try bench.laboratory.git(["data", "clone", history(bench.url), "copy"])
        }
    }
}
