import Digest
import Platform
import TestSupport
import XCTest

/// Repositories whose author means harm.
final class HostileRepositoryTests: HostileTestCase {
    private static let reading: [[BytePath]] = [
        ["status"], ["status", "--json"], ["ls-files"], ["ls-files", "--json"], ["pull"], ["checkout"], ["du"], ["doctor"], ["fsck"], ["fix"],
        ["dedup"], ["report"], ["lineage"], ["metrics", "show"], ["repro", "--dry-run"], ["conflicts"], ["migrate", "info"], ["bundle", "create", "../b.tar"],
    ]

    private func attackReading(_ work: Worktree, _ commands: [[BytePath]] = reading, line: UInt = #line) throws {
        for words in commands { try attack("git", ["data"] + words, in: work.folder, line: line) }
    }

    // MARK: pointers

    func testPointersThatAreNoneStayText() throws {
        let (work, _) = try laboratory.project()
        let hex = ObjectID.of([1]).hex
        let texts: [String] = [
            "git data pointer 1\noid sha256:../../../outside/\(hex.prefix(48))\nsize 3\n", "git data pointer 1\noid sha256:\(hex.uppercased())\nsize 3\n",
            "git data pointer 1\noid sha256:\(hex.dropLast())\nsize 3\n", "git data pointer 1\noid sha256:\(hex)0\nsize 3\n",
            "git data pointer 1\noid sha256:\(hex)\nsize -1\n", "git data pointer 1\noid sha256:\(hex)\nsize 0\n",
            "git data pointer 1\noid sha256:\(hex)\nsize 9223372036854775808\n", "git data pointer 1\noid sha256:\(hex)\nsize \(String(repeating: "9", count: 400))\n",
            "git data pointer 1\noid sha256:\(hex)\nsize 3\n\0", "git data pointer 1\r\noid sha256:\(hex)\r\nsize 3\r\n", "git data pointer 1\noid md5:\(hex)\nsize 3\n",
            "git data pointer 1\noid sha256:\(hex)\nsize 3", "git data pointer 1\noid sha256:\(hex)\nsize 3\nx\n", "git data pointer \(Self.escape)\noid sha256:\(hex)\nsize 3\n",
            "git data pointer 99999999999999999999\noid sha256:\(hex)\nsize 3\n", "git data pointer 1\n" + String(repeating: "x", count: 990) + "\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(hex)/../x\nsize 3\n", "version https://git-lfs.github.com/spec/v1\next-0-x sha256:\(hex)\noid sha256:\(hex)\nsize 3\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(hex)\nsize 9999999999999999999999\n",
        ]
        count(inputs: texts.count)
        for (number, text) in texts.enumerated() { try work.write(text, to: BytePath("\(number).bin")) }
        try attack("git", ["add", "--all"], in: work.folder)
        try work.git("commit", "--quiet", "-m", "Pointers")
        try attackReading(work)
        try attack("git", ["push", "--quiet"], in: work.folder)
        for (number, text) in texts.enumerated() { try assertContent(BytePath("\(number).bin"), in: work, is: Array(text.utf8)) }
    }

    /// Sums of sizes near 2^63 ended the program.
    func testSizesWithoutEndAreOnlyNumbers() throws {
        let (work, origin) = try laboratory.project()
        let content = SampleData.bytes(3000)
        try work.write(content, to: "true.bin")
        try work.commit("Data")
        try work.git("push", "--quiet")
        for number in 0..<4 { try work.write(pointer(for: [UInt8(number)], byteCount: "\(Int64.max)"), to: BytePath("d/\(number).bin")) }
        for size in ["1", "2999", "3001", "\(Int64.max)"] { try work.write(pointer(for: content, byteCount: size), to: BytePath("lie\(size).bin")) }
        count(inputs: 8)
        try attack("git", ["add", "--all"], in: work.folder)
        try attack("git", ["commit", "--quiet", "-m", "Sizes"], in: work.folder)
        try attackReading(work)
        for words in [["push", "--all"], ["fetch"], ["migrate", "export", "--everything"], ["bundle", "create", "--history", "../h.tar"], ["gc", "--remote", "--mark"], ["prune"]] as [[BytePath]] {
            try attack("git", ["data"] + words, in: work.folder)
        }
        // Without the hook, so that a colleague meets them.
        try work.git("push", "--quiet", "--no-verify")
        try attack("git", ["clone", "--quiet", origin, "plain"], in: laboratory.folder)
        try attack("git", ["data", "clone", "--quiet", origin, "clone"], in: laboratory.folder)
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        try assertContent("true.bin", in: clone, is: content)
        try attackReading(clone)
    }

    // MARK: paths

    func testPathsOfTheIndexThatLeadElsewhereGetNoData() throws {
        let content = Array("#!/bin/sh\n: > '\(laboratory.folder)/pwned-hook'\n".utf8)
        let (work, origin) = try laboratory.project()
        let pairs: [(BytePath, BytePath)] = [
            ("xgit/hooks/post-checkout", ".git/hooks/post-checkout"), ("xgit/hooks/post-checkout", ".GIT/hooks/post-checkout"),
            ("xgit1/hooks/post-checkout", "git~1/hooks/post-checkout"), ("xx/outside/x.bin", "../outside/x.bin"), ("a/xx/xx/outside/x.bin", "a/../../outside/x.bin"),
            ("xtmp/git-data-pwned.bin", "/tmp/git-data-pwned.bin"), ("a/x/x.bin", "a/./x.bin"), ("a/xgit/config.bin", "a/.Git/config.bin"),
            ("xgitxxx/hooks/x.bin", BytePath(bytes: Array(".git".utf8) + [0xe2, 0x80, 0x8c] + Array("/hooks/x.bin".utf8))), ("xgitx/hooks/x.bin", ".git./hooks/x.bin"),
            ("xgitx/hooks/y.bin", ".git /hooks/y.bin"), ("xgit/hooks/y.bin", ".git\\hooks/y.bin"),
        ]
        for (old, _) in pairs { try work.write(content, to: old) }
        try work.write("* filter=data\n.gitattributes -filter\n", to: ".gitattributes")
        try work.commit("Paths")
        try work.git("push", "--quiet")
        for (number, pair) in pairs.enumerated() {
            count(inputs: 1)
            let clone = try laboratory.cloneOfPointers(origin, as: "clone\(number)")
            try clone.git("rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
            try clone.git("checkout", "--quiet", "HEAD", "--", pair.0, with: ["GIT_DATA_LAZY": "1"])
            try rename(inIndexOf: clone, pair.0, to: pair.1)
            // Where there is no file at all, one may be made.
            let hook = try (clone.folder / ".git/hooks/post-checkout").contents()
            for words in [["pull"]] + some([["hook", "post-checkout", "0", "0", "1"], ["checkout"], ["status"], ["fix"]] as [[BytePath]], number, of: 1) {
                try attack("git", ["data"] + words, in: clone.folder)
            }
            XCTAssertEqual(try (clone.folder / ".git/hooks/post-checkout").contents(), hook)
            for place: BytePath in [".git/hooks/x.bin", ".git/hooks/y.bin", ".Git", ".GIT", "git~1", ".git.", ".git ", ".git\\hooks"] where place.components.count > 1 || place != ".git" {
                XCTAssertFalse((clone.folder / place).exists, "\(place)")
            }
            XCTAssertFalse(BytePath("/tmp/git-data-pwned.bin").exists)
        }
        // An honest path is filled.
        let clone = try laboratory.cloneOfPointers(origin, as: "honest")
        try clone.data("pull")
        for (old, _) in pairs { try assertContent(old, in: clone, is: content) }
    }

    func testTreesWithNamesThatLeadElsewhereAreRead() throws {
        let (work, origin) = try laboratory.project()
        let pointer = pointer(for: SampleData.bytes(2000))
        let attributes = Array("* filter=data\n".utf8)
        let names: [[UInt8]] = [
            Array("..".utf8), Array(".git".utf8), Array(".GIT".utf8), Array("a/b".utf8), Array("../../x".utf8), Array("/tmp/git-data-pwned".utf8), Array("git~1".utf8),
            Array("x\ny".utf8), Array("x\(Self.escape)".utf8), [0xff, 0xfe, 0x9b], Array("-option".utf8), Array(":(glob)**".utf8), Array(".".utf8), [],
        ]
        for (number, name) in names.enumerated() {
            count(inputs: 1)
            let branch = BytePath("evil\(number)")
            try commitTree([("100644", Array(".gitattributes".utf8), attributes), ("100644", name, pointer)], in: work, branch: branch)
            for words in some([["ls-files", branch], ["diff", "main", branch], ["log", branch, "--", "x"], ["fetch", "--all"], ["migrate", "info", branch], ["metrics", "diff", "main", branch]] as [[BytePath]], number) {
                try attack("git", ["data"] + words, in: work.folder)
            }
            try attack("git", ["data", "bundle", "create", "../evil.tar", branch], in: work.folder)
            try attack("git", ["data", "import", "--from", work.folder, "--revision", branch, ".", BytePath("in/\(number)")], in: work.folder)
            if number < 8, Self.isLong || number % 3 == 1 {
                try work.git("push", "--quiet", "--no-verify", origin, BytePath("\(branch)"))
                try attack("git", ["data", "clone", "--quiet", "--revision", branch, origin, BytePath("tree\(number)")], in: laboratory.folder)
            }
        }
        XCTAssertFalse(BytePath("/tmp/git-data-pwned").exists)
    }

    // MARK: settings

    func testSettingsOfTheProjectReachNobody() throws {
        let server = try HostileServer(laboratory.scratch)
        let (work, origin) = try laboratory.project()
        laboratory.variables.merge(["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"]) { $1 }
        try plant(["tool"], in: work.folder)
        let run = "\(work.folder)/tool"
        try work.write(SampleData.bytes(3000), to: "a.bin")
        try work.commit("Data")
        let urls = [
            "s3://bucket/x?endpoint=\(server.endpoint)", "s3://bucket/x?credential_process=\(run)", "s3://bucket/x?profile=evil", "\(outside!)", "file://\(outside!)",
            "../outside", "ext::\(run)", "data::ext::\(run)", "-u\(run)", "--upload-pack=\(run)", "s3://bucket\r\nX-Evil: 1/x", "http://127.0.0.1:\(server.port)/x", "ssh://-oProxyCommand=\(run)/x", "",
        ]
        let others = [
            "[data \"s\"]\n\turl = s3://b/x\n\tendpoint = \(server.endpoint)", "[data \"s\"]\n\turl = s3://b/x\n\taddressing = virtual\n\tendpoint = \"http://a@127.0.0.1:\(server.port)\"",
            "[data]\n\tstore = \(outside!)", "[data]\n\tprePush = check\n\tkeep = pushed\n\tpruneRecentDays = 0\n\ttransfers = 0",
            "[core]\n\tfsmonitor = \(run)\n\thooksPath = .\n\tsshCommand = \(run)\n\tpager = \(run)\n\teditor = \(run)\n[filter \"data\"]\n\tprocess = \(run)\n[include]\n\tpath = evil.config",
            "[http]\n\tproxy = http://127.0.0.1:\(server.port)\n\tsslVerify = false\n[data \"s\"]\n\turl = s3://b/x\n\tproxy = http://127.0.0.1:\(server.port)\n\tca_bundle = \(outside!)/config",
            "[data]\n\tminimumSize = 9223372036854775807", "[data]\n\tinlineLimit = 0\n\ttrackAbove = 0\n\tdiffLimit = 9223372036854775807", "[data]\n\tlazy = maybe",
            "[data \"x; touch \(laboratory.folder)/pwned-name\"]\n\turl = \(outside!)", "[data \"\(Self.escape)\"]\n\turl = \(outside!)", "[data", "\0\0\0", String(repeating: "[data]\n", count: 100_000),
        ]
        let files = urls.map { "[data \"s\"]\n\turl = \"\($0.replacing("\r", with: "\\\r").replacing("\n", with: "\\n"))\"" } + others
        for (number, text) in files.enumerated() {
            count(inputs: 1)
            try work.write(text + "\n", to: ".gitdata")
            for words in some([["pull"], ["push"], ["remote", "list"], ["doctor"], ["status"], ["remote", "check"], ["gc", "--remote"]] as [[BytePath]], number) {
                let outcome = try attack("git", ["data"] + words, in: work.folder)
                XCTAssertFalse(outcome.errorText.contains("touch \(laboratory.folder)/pwned-name"), outcome.description)
            }
            if Self.isLong { try attack("git", ["push", "--quiet", origin, "HEAD:refs/heads/x"], in: work.folder) }
        }
        // The same for who clones it.
        try work.write(others[4] + "\n" + "[data \"s\"]\n\turl = \(outside!)\n", to: ".gitdata")
        try work.write("[lfs]\n\turl = \(server.endpoint)\n\tstandalonetransferagent = x\n[lfs \"customtransfer.x\"]\n\tpath = \(run)\n[core]\n\tfsmonitor = \(run)\n", to: ".lfsconfig")
        try work.write("[core]\n\tfsmonitor = \(run)\n", to: "evil.config")
        try work.commit("Settings")
        try work.git("push", "--quiet", "--no-verify")
        try attack("git", ["data", "clone", "--quiet", origin, "clone"], in: laboratory.folder)
        try attackReading(Worktree(folder: laboratory.folder / "clone", in: laboratory), [["pull"], ["status"], ["migrate", "lfs"]])
        XCTAssertEqual(try server.heads(), [], "nobody was asked")
        XCTAssertFalse((outside / "objects").exists)
    }

    func testAttributesOfTheProjectAreOnlyAttributes() throws {
        let (work, origin) = try laboratory.project()
        let texts = [
            String(repeating: "*", count: 3000) + " filter=data", "* filter=data diff=data merge=data working-tree-encoding=UTF-16 ident eol=crlf text", "[attr]data filter=data\n* data -data !data",
            "\"\\056git/hooks/x\" filter=data", "\"x\(Self.escape)\" filter=data", "../* filter=data\n/etc/* filter=data", "* filter=lfs diff=lfs merge=lfs", String(repeating: "a filter=data\n", count: 20_000),
        ]
        for (number, text) in texts.enumerated() {
            count(inputs: 1)
            try work.write(text + "\n", to: ".gitattributes")
            try work.write(SampleData.bytes(2000, seed: UInt64(number)), to: BytePath("\(number).bin"))
            _ = try work.attempt("add", "--all")
            try attackReading(work, some([["track"], ["status"], ["fix"], ["doctor"], ["track", "--dry-run", "*.x"], ["untrack", "--dry-run", "*.bin"], ["ls-files"]], number))
        }
        // Links and what never ends in their place.
        for target: BytePath in ["/dev/zero", "/dev/tty", outside / "config", ".gitattributes"] {
            count(inputs: 3)
            for name: BytePath in [".gitattributes", ".gitdata", "lineage"] {
                ScratchFolder.removeTree(work.folder / name)
                try link(target, at: work.folder / name)
            }
            try attackReading(work, [["status"], ["pull"], ["track", "*.y"], ["remote", "add", "s", "/tmp/x"], ["hook", "post-checkout", "0", "0", "1"], ["hook", "pre-commit"], ["doctor"], ["lineage"], ["import", origin / "HEAD", "i"]])
        }
    }

    // MARK: stages

    func testCommandsRunOnlyWhereAPersonAsks() throws {
        let (work, origin) = try laboratory.project()
        let mark = laboratory.folder / "pwned-command"
        try work.write("[stage]\n\tcommand = touch '\(mark)'\n\toutput = o.txt\n\tenvironment = python@./tool\n", to: "lineage/a.stage")
        try work.write("[source]\n\tquery = touch '\(mark)'\n\toutput = q.txt\n", to: "lineage/q.stage")
        try plant(["tool", "python", "python3", "Rscript", "julia", "conda", "nvidia-smi"], in: work.folder)
        try work.write("- repo: local\n", to: ".pre-commit-config.yaml")
        try work.write(SampleData.bytes(2000), to: "a.bin")
        try work.commit("Stages")
        try work.git("push", "--quiet")
        count(inputs: 9)
        try attack("git", ["data", "clone", "--quiet", origin, "clone"], in: laboratory.folder)
        let clone = Worktree(folder: laboratory.folder / "clone", in: laboratory)
        try clone.git("config", "data.stale", "warn")
        try attackReading(clone)
        for words in [
            ["import", "--update"], ["import", "--update", "--check"], ["ci", "key"], ["ci", "fetch"], ["environment", "show", "HEAD"], ["lineage", "--format", "json"], ["pull", "--for", "tool"],
            ["repro", "--dry-run", "--force"], ["metrics", "log", "--all"], ["log", "o.txt"],
        ] as [[BytePath]] {
            try attack("git", ["data"] + words, in: clone.folder)
        }
        try clone.write("x", to: "b.txt")
        for words in [["add", "--all"], ["commit", "--quiet", "-m", "x"], ["push", "--quiet"], ["merge", "--quiet", "HEAD"], ["switch", "--quiet", "-c", "other"]] as [[BytePath]] {
            try attack("git", words, in: clone.folder)
        }
        // Who asks gets it.
        _ = try clone.attempt("data", "repro", "a")
        XCTAssert(mark.exists)
        try mark.removeFile()
    }

    func testRecipesAndRecordsThatMakeNoSense() throws {
        let (work, _) = try laboratory.project()
        try work.write("in", to: "in.txt")
        try work.data("run", "--quiet", "--name", "st", "-i", "in.txt", "-o", "out.txt", "--", "echo x > out.txt")
        try work.commit("Stage")
        let record = try work.readText("lineage/st.run.json"), recipe = try work.readText("lineage/st.stage")
        let reading: [[BytePath]] = [
            ["status"], ["lineage"], ["lineage", "--format", "prov"], ["lineage", "--format", "openlineage"], ["lineage", "--format", "dot"], ["log", "out.txt"], ["metrics", "show"],
            ["metrics", "show", "--csv"], ["report"], ["repro", "--dry-run"], ["environment", "show", "st"],
        ]
        let depth = 50_000
        var records = [
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth), String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth), "", "\0", "{}", "null", "1e999",
            record.replacing("\"version\" : 1", with: "\"version\" : 99999999999999999999"), record.replacing("{", with: "{\"version\": 2, \"version\": 1,", maxReplacements: 1),
            record.replacing("\"author\" : \"Ada", with: "\"author\" : \"\\u001b]0;x\\u0007\\u009b31m\\u202e"), record + record, "[" + String(repeating: "[],", count: 300_000) + "[]]",
        ]
        records.append(record.replacing("\"milliseconds\" : ", with: "\"milliseconds\" : 9223372036854775807, \"x\" : "))
        records.append(record.replacing("\"milliseconds\" : ", with: "\"milliseconds\" : -9223372036854775808, \"x\" : "))
        records.append(record.replacing("\"outputs\" : {", with: "\"metrics\" : {\"m\": {\"a\\u001b[31m\": 1e308, \"b\": 9223372036854775807, \"c\": \"\\u001b]0;x\\u0007\"}}, \"outputs\" : {"))
        for (number, text) in records.enumerated() {
            count(inputs: 1)
            try work.write(text, to: "lineage/st.run.json")
            for words in some(reading, number) { try attack("git", ["data"] + words, in: work.folder, memory: 3_000_000) }
        }
        try work.write(record, to: "lineage/st.run.json")
        let paths = ["../outside/x", "/etc/passwd", ".git/hooks/x", ".GIT/x", "a/../../x", "a/.git/x", "", ".", "lineage/x", "x\\n y", "\(Self.escape.replacing("\u{1b}", with: "\u{1}"))"]
        for (number, path) in paths.enumerated() {
            for key in some( ["output", "input", "metrics", "parameter", "folder", "environment"], number, of: 2) {
                count(inputs: 1)
                try work.write("[stage]\n\tcommand = true\n\t\(key) = \"\(path)\"\n", to: "lineage/st.stage")
                for words in [["status"], ["repro", "--dry-run"], ["lineage"]] as [[BytePath]] where Self.isLong || words[0] == "status" {
                    try attack("git", ["data"] + words, in: work.folder)
                }
            }
        }
        try work.write(recipe, to: "lineage/st.stage")
        // A record without end is read by nobody.
        count(inputs: 1)
        try (work.folder / "lineage/st.run.json").removeFile()
        try link("/dev/zero", at: work.folder / "lineage/st.run.json")
        for words in [["repro", "--dry-run"], ["repro"], ["status"], ["import", "--update"]] as [[BytePath]] {
            try attack("git", ["data"] + words, in: work.folder, memory: 3_000_000)
        }
        // Records of what scripts read.
        for text in ["../outside/secret.json\n", "/etc/passwd\n", "--all\n", "data:\(Self.escape)\n", "@-option x\n", "x@--upload-pack=y\n", String(repeating: "a\n", count: 100_000)] {
            count(inputs: 1)
            try work.write(text, to: "lineage/uses/in.txt.uses")
            for words in [["pull", "--for", "in.txt"], ["status", "--missing", "--for", "in.txt"], ["status"]] as [[BytePath]] { try attack("git", ["data"] + words, in: work.folder) }
        }
    }
}
