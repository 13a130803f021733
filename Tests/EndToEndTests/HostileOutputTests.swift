import Digest
import Platform
import TestSupport
import XCTest

/// Names and words that a terminal or a browser would obey, files that claim to be large, and files that are others by the
/// time they are written.
final class HostileOutputTests: HostileTestCase {
    func testNamesAndWordsAreNotObeyed() throws {
        let (work, origin) = try laboratory.project()
        let escape = Self.escape
        laboratory.variables["GIT_AUTHOR_NAME"] = BytePath("Ada\(escape)")
        laboratory.variables["GIT_COMMITTER_NAME"] = BytePath("Ada\(escape)")
        let odd = BytePath(bytes: Array("odd\(escape)\u{9b}31m\u{85}\n\r".utf8) + [0x9b, 0xff] + Array(".csv".utf8))
        try work.write("a\(escape),b\n1,\(escape)2\n", to: odd)
        try work.write("a,b\n1,2\n", to: "y.csv")
        try work.write([0, 1, 2] + Array(escape.utf8), to: BytePath("dir\(escape)/z.bin"))
        try work.write("{\"acc\\u001b]0;x\\u0007\\u009b\": \"v\\u001b[31m\\u009b\", \"n\": 1}", to: "m.json")
        try work.write(
            "[stage]\n\tcommand = \"echo \(escape)\"\n\tmetrics = m.json\n\toutput = \"out\(escape).csv\"\n\tparameter = m.json:n\n", to: "lineage/a.stage")
        try work.write("[source]\n\turl = \"http://127.0.0.1:1/\(escape)\"\n\toutput = \"imp\(escape).bin\"\n", to: "lineage/s.stage")
        try work.write("[data]\n\tremote = \"st\(escape)\"\n[data \"st\(escape)\"]\n\turl = \"s3://b/\(escape)\"\n[data \"t\"]\n\turl = \"s3://b/\(escape)\"\n\tendpoint = \"http://h\(escape)\"\n", to: ".gitdata")
        try work.commit("Words \(escape)")
        try work.write("a,b\n1,3\n4,5\n", to: "y.csv")
        try work.write("a\(escape),b\n1,\(escape)3\n", to: odd)
        try work.commit("More \(escape)")
        let commands: [[BytePath]] = [
            ["status"], ["status", "--json"], ["ls-files"], ["ls-files", "--json"], ["ls-files", "HEAD"], ["log", odd], ["log", "--csv", "y.csv"], ["log", "--oneline", odd], ["log", "--json", odd],
            ["lineage"], ["lineage", odd], ["lineage", "--format", "dot"], ["lineage", "--format", "json"], ["lineage", "--format", "prov"], ["lineage", "--format", "openlineage"],
            ["diff", "HEAD~", "HEAD"], ["diff", "--stat", "HEAD~", "HEAD"], ["diff", "--json", "HEAD~", "HEAD"], ["metrics", "show"], ["metrics", "show", "--params"], ["metrics", "show", "--csv"],
            ["metrics", "show", "--json"], ["metrics", "diff", "HEAD~", "HEAD"], ["metrics", "log"], ["metrics", "log", "--csv"], ["environment", "show", "HEAD"], ["report"], ["pull"], ["pull", "--verbose"],
            ["pull", odd], ["fetch"], ["push"], ["fsck"], ["fsck", "--remote"], ["doctor"], ["remote", "list"], ["remote", "check"], ["remote", "trust", "t"], ["du"], ["prune", "--dry-run"], ["gc", "--remote"],
            ["conflicts"], ["fix"], ["repro", "--dry-run"], ["import", "--update"], ["import", "--update", "--trust"], ["migrate", "info"], ["track"], ["checkout", odd], ["locate", odd],
            ["bundle", "create", "../b.tar"], ["bundle", "verify", "../b.tar"], ["bundle", "list-heads", "../b.tar"], [BytePath("no\(escape)")], ["status", BytePath("--no\(escape)")],
            ["import", BytePath("http://127.0.0.1:1/\(escape)"), BytePath("i\(escape)")], ["diff", BytePath("HEAD\(escape)")], ["diff", "--files", odd, "y.csv"], ["untrack", "--dry-run", odd],
        ]
        count(inputs: 14)
        // The table of `log` and `locate` are for programs, and have names as they are.
        let isForPrograms = { (words: [BytePath]) in words[0] == "locate" || words[0] == "log" && words.contains("--csv") }
        for words in commands where !isForPrograms(words) { try attack("git", ["data"] + words, in: work.folder) }
        try laboratory.scratch.write(try laboratory.run("git", ["data", "lineage", "--format", "dot"], in: work.folder).output, to: "graph.dot")
        try attack("git", ["push", "--quiet"], in: work.folder)
        ScratchFolder.removeTree(origin / "data/objects")
        try attack("git", ["data", "clone", "--quiet", origin, "clone"], in: laboratory.folder)
        // What is left as pointers is named.
        try attack("pull", in: Worktree(folder: laboratory.folder / "clone", in: laboratory))
    }

    func testReportRunsNothing() throws {
        let (work, _) = try laboratory.project()
        let markup = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
        let name = markup.replacing("/", with: "-")
        try work.write("1\n", to: BytePath("\(name).csv"))
        try work.write("[stage]\n\tcommand = \"\(markup.replacing("\"", with: "\\\""))\"\n\toutput = \"\(name.replacing("\"", with: "\\\"")).o\"\n\tmetrics = m.json\n", to: "lineage/a.stage")
        try work.write("{\"\(markup.replacing("\"", with: "\\\""))\": \"\(markup.replacing("\"", with: "\\\""))\", \"n\": 1}", to: "m.json")
        try work.write("[source]\n\turl = \"javascript:alert(1)//\(markup.replacing("\"", with: "\\\""))\"\n\toutput = s.csv\n", to: "lineage/s.stage")
        laboratory.variables["GIT_AUTHOR_NAME"] = BytePath(markup)
        try work.commit(markup)
        count(inputs: 7)
        let page = try attack("report", in: work).text
        for word in ["<script", "<img", "onerror=alert(1)>", "href=\"javascript", "href='javascript"] {
            XCTAssertFalse(page.lowercased().contains(word), word)
        }
        assertContains(page, "&lt;script&gt;alert(1)")
    }

    func testFilesThatClaimToBeLargeTakeLittleMemory() throws {
        let (work, _) = try laboratory.project()
        let names: [String] = try {
            let script = """
                import json, struct, zlib, gzip, io
                def put(name, data):
                    open(name, "wb").write(data)
                    return name
                big = (1 << 63) - 1
                names = []
                names.append(put("npy.bin", b"\\x93NUMPY\\x02\\x00" + struct.pack("<I", 0xffffffff) + b"{" * 1000))
                names.append(put("shape.bin", b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", 200) + (b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }" % (big, big)).ljust(199) + b"\\n"))
                names.append(put("st.bin", struct.pack("<Q", big) + b"{}"))
                names.append(put("stlen.bin", struct.pack("<Q", 1 << 24) + b"{" + b'"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,9223372036854775807]},' * 100000))
                names.append(put("parquet.bin", b"PAR1" + b"\\x19\\xfc\\xff\\xff\\xff\\xff\\x0f" * 1000 + struct.pack("<I", 7000) + b"PAR1"))
                names.append(put("parquet2.bin", b"PAR1" + struct.pack("<I", 0xffffffff) + b"PAR1"))
                directory = b"".join(b"PK\\x01\\x02" + struct.pack("<HHHHHHIIIHHHHHII", 45, 45, 0, 8, 0, 0, 0, 0xfffffffe, 0xfffffffe, 4, 0, 0, 0, 0, 0, 0) + b"a%03d" % (i % 1000) for i in range(60000))
                names.append(put("zip.bin", directory + b"PK\\x05\\x06" + struct.pack("<HHHHIIH", 0, 0, 60000, 60000, len(directory), 0, 0)))
                names.append(put("png.bin", b"\\x89PNG\\r\\n\\x1a\\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 0x7fffffff, 0x7fffffff) + b"\\x08\\x06\\0\\0\\0" + b"\\0" * 100))
                names.append(put("gguf.bin", b"GGUF" + struct.pack("<IQQ", 3, big, big) + struct.pack("<Q", big)))
                names.append(put("tar.bin", (b"x" * 100 + b"0000644\\0" * 3 + b"\\x80\\0\\0\\0\\x7f" + b"\\xff" * 7 + b"00000000000\\0" + b"        " + b"0").ljust(257, b"\\0") + b"ustar\\x0000" + b"\\0" * 247))
                names.append(put("gz.bin", gzip.compress(bytes(200 << 20), 9)))
                names.append(put("deep.json", b"[" * 500000))
                names.append(put("line.csv", b"a,b\\n" + b"x" * (4 << 20)))
                names.append(put("columns.csv", b"," * (1 << 20) + b"\\n" + b"," * (1 << 20) + b"\\n"))
                print("\\n".join(names))
                """
            return try laboratory.run("python3", ["-c", BytePath(script)], in: work.folder).expecting(0).lines
        }()
        try work.git("add", "--all")
        try work.git("commit", "--quiet", "-m", "Large")
        count(inputs: names.count)
        // Four times what such a command needs for an honest file of these sizes.
        let memory = 1_500_000
        for (number, name) in names.enumerated() {
            try attack("git-data", ["textconv", BytePath(name)], in: work.folder, memory: memory, showsContent: true)
            for other in some(names, number, of: 1) {
                try attack("git", ["data", "diff", "--files", BytePath(name), BytePath(other)], in: work.folder, memory: memory)
            }
        }
        for words in [["diff", "HEAD~", "HEAD"], ["diff", "--json", "HEAD~", "HEAD"], ["report"], ["status"]] as [[BytePath]] {
            try attack("git", ["data"] + words, in: work.folder, memory: memory)
        }
    }

    // MARK: races

    /// Starts a program that gives two names each other's files, again and again, and ends with its input.
    ///
    /// Git opens what was a file when it looked, and waits where that has become a pipe. It is let go of after a second,
    /// and who waited is said: nothing of git data may.
    private func swap(_ one: BytePath, _ other: BytePath) throws -> ChildProcess {
        let script = """
            import glob, os, stat, sys, threading, time
            done = threading.Event()
            threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
            one, other = sys.argv[1:]
            def release():
                while not done.wait(1):
                    for name in (one, other, one + ".swap"):
                        try:
                            if not stat.S_ISFIFO(os.lstat(name).st_mode): continue
                            pipe = os.open(name, os.O_WRONLY | os.O_NONBLOCK)
                        except OSError: continue
                        time.sleep(0.05)  # until whoever waited has it open
                        names = set()
                        for link in glob.glob("/proc/[0-9]*/fd/*"):
                            try:
                                if os.path.samestat(os.stat(link), os.fstat(pipe)) and link.split("/")[2] != str(os.getpid()):
                                    names.add(open(link.rsplit("/", 2)[0] + "/comm").read().strip())
                            except OSError: pass
                        if names: print(*sorted(names), flush=True)
                        os.close(pipe)
            threading.Thread(target=release, daemon=True).start()
            print("ready", flush=True)
            while not done.is_set():
                for _ in range(50):
                    try:
                        os.rename(one, one + ".swap"); os.rename(other, one)
                        os.rename(one, other); os.rename(one + ".swap", one)
                    except OSError:
                        if os.path.lexists(one + ".swap") and not os.path.lexists(one): os.rename(one + ".swap", one)
            """
        let child = try ChildProcess("/usr/bin/env", ["python3", "-c", BytePath(script), one, other], input: .pipe)
        _ = try child.output?.read(until: 10)
        return child
    }

    /// Ends a program that `swap` started. Who waited for a pipe was Git, which hands what it has open on to its filter.
    private func end(_ swapper: ChildProcess, file: StaticString = #filePath, line: UInt = #line) throws {
        try swapper.closeInput()
        let waiting = String(decoding: try swapper.output?.readToEnd() ?? [], as: UTF8.self).split(separator: "\n")
        XCTAssertEqual(waiting.filter { !$0.split(separator: " ").contains("git") }, [], "waited for a pipe", file: file, line: line)
        swapper.wait()
    }

    func testSwapSaysWhoWaitsForPipes() throws {
        let folder = laboratory.folder
        for name: BytePath in ["one", "other"] { try laboratory.run("mkfifo", [folder / name]).expecting(0) }
        let swapper = try swap(folder / "one", folder / "other")
        try laboratory.run("sh", ["-c", "until cat one; do :; done"], in: folder, limit: 30).expecting(0)
        try swapper.closeInput()
        let waiting = try swapper.output?.readToEnd() ?? []
        XCTAssert(waiting.starts(with: "cat\n".utf8), String(decoding: waiting, as: UTF8.self))
        swapper.wait()
    }

    private var rounds: Int { Self.isLong ? 200 : 8 }

    func testFoldersThatBecomeLinksWhileTheyAreFilled() throws {
        let (work, origin) = try laboratory.project()
        for number in 0..<60 { try work.write(SampleData.bytes(2000, seed: UInt64(number)), to: BytePath("d/\(number).bin")) }
        try work.commit("Data")
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("fetch")
        _ = try laboratory.run("cp", ["-a", "d", "../saved"], in: clone.folder).expecting(0)
        var filled = 0
        for _ in 0..<rounds {
            count(inputs: 1)
            try? (clone.folder / "link").removeFile()
            try link(outside!, at: clone.folder / "link")
            let swapper = try swap(clone.folder / "d", clone.folder / "link")
            try attack("checkout", in: clone)
            try end(swapper)
            filled += try (0..<60).filter { try (clone.folder / "d/\($0).bin").contents()?.count == 2000 }.count
            ScratchFolder.removeTree(clone.folder / "d")
            _ = try laboratory.run("cp", ["-a", "../saved", "d"], in: clone.folder).expecting(0)
        }
        print("hostile: \(filled) files were filled meanwhile")
    }

    func testFilesThatBecomeLinksPipesAndFoldersWhileTheyAreFilled() throws {
        let (work, origin) = try laboratory.project()
        let content = SampleData.bytes(300_000)
        try work.write(content, to: "a.bin")
        try work.commit("Data")
        try work.git("push", "--quiet")
        let clone = try laboratory.cloneOfPointers(origin)
        try clone.data("fetch")
        let pointer = try clone.read("a.bin")
        let twin = clone.folder / "twin"
        for round in 0..<rounds {
            count(inputs: 1)
            ScratchFolder.removeTree(twin)
            switch round % 4 {
            case 0: try link(outside / "big.bin", at: twin)
            case 1: try (outside / "big.bin").link(to: twin)
            case 2: _ = try laboratory.run("mkfifo", [twin]).expecting(0)
            default: try twin.makeFolders()
            }
            let swapper = try swap(clone.folder / "a.bin", twin)
            for words in [["checkout"], ["status"], ["add", "."]] as [[BytePath]] { try attack("git", ["data"] + words, in: clone.folder) }
            try end(swapper)
            for name: BytePath in ["a.bin", "a.bin.swap"] { ScratchFolder.removeTree(clone.folder / name) }
            try clone.write(pointer, to: "a.bin")
            _ = try clone.attempt("reset", "--quiet")
        }
        ScratchFolder.removeTree(twin)
        try clone.data("checkout")
        try assertContent("a.bin", in: clone, is: content)
    }

    func testFoldersThatBecomeLinksWhileDataIsImported() throws {
        let (work, _) = try laboratory.project()
        for number in 0..<40 { try laboratory.scratch.write(SampleData.bytes(1000, seed: UInt64(number)), to: BytePath("source/\(number).bin")) }
        var done = 0
        for round in 0..<rounds {
            count(inputs: 1)
            let target = BytePath("in\(round)")
            try (work.folder / target / "sub").makeFolders()
            try link(outside!, at: work.folder / "link")
            let swapper = try swap(work.folder / target, work.folder / "link")
            done += try attack("import", laboratory.folder / "source", target / "sub", in: work).status == 0 ? 1 : 0
            try end(swapper)
            try? (work.folder / "link").removeFile()
            ScratchFolder.removeTree(work.folder / "lineage")
            _ = try work.attempt("reset", "--quiet")
        }
        try work.data("import", laboratory.folder / "source", "honest")
        XCTAssertEqual(try (work.folder / "honest").entries().count, 40)
    }
}
