import Digest
import Platform
import TestSupport
import XCTest

/// Servers, buckets and shared folders that lie.
final class HostileServerTests: HostileTestCase {
    private var work: Worktree!
    private let content = SampleData.bytes(4000)

    override func setUpWithError() throws {
        try super.setUpWithError()
        work = try laboratory.project().work
        laboratory.variables.merge(["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"]) { $1 }
        try work.write(content, to: "a.bin")
        try work.commit("Data")
    }

    override func tearDown() {
        work = nil
        super.tearDown()
    }

    private func useStorage(_ url: BytePath) throws {
        _ = try work.attempt("data", "remote", "remove", "storage")
        try work.data("remote", "add", "storage", "--local", url)
    }

    func testBucketsThatLieGiveNothing() throws {
        let server = try HostileServer(laboratory.scratch)
        let long = "aabb" + String(repeating: "0", count: 60)
        for size in ["3", "4000", "\(20 << 20)", "\(Int64.max)"] {
            try work.write("git data pointer 1\noid sha256:\(long)\nsize \(size)\n", to: BytePath("long\(size).bin"))
        }
        try work.commit("Pointers")
        let commands: [[BytePath]] = [["push"], ["pull"], ["fetch", "--all"], ["fsck", "--remote"], ["gc", "--remote", "--mark"], ["remote", "check"], ["status"]]
        for bucket in ["traversal", "length", "moved", "escape", "gzip", "to", "none"] {
            try useStorage(BytePath("s3://\(bucket)/p?endpoint=\(server.endpoint)"))
            for words in commands {
                count(inputs: 1)
                let outcome = try attack("git", ["data"] + words, in: work.folder, memory: 3_000_000)
                // A list in which nothing is ours has nothing to be marked, and a push finds no mark.
                if ["pull", "fetch", "push"].contains(words[0]) { XCTAssertNotEqual(outcome.status, 0, "\(bucket): \(outcome.description)") }
            }
            count(inputs: 2)
            let place = BytePath("data::s3://\(bucket)/p?endpoint=\(server.endpoint)")
            try attack("git", ["ls-remote", place], in: work.folder, memory: 3_000_000)
            try attack("git", ["push", "--quiet", "--no-verify", place, "main"], in: work.folder, memory: 3_000_000)
        }
        let heads = try server.heads()
        for bucket in ["traversal", "length", "moved", "escape", "gzip"] { XCTAssert(heads.contains { $0.contains("/\(bucket)") }, bucket) }
        XCTAssertFalse(heads.contains { $0.contains("/followed") || $0.contains("..") }, "no redirect is followed, and no key of the list is asked for")
        XCTAssertEqual(try (work.folder / ".git/data/objects").entries().isEmpty, false, "our own blob is here")
        XCTAssertFalse((work.folder / ".git/data/objects/aa/bb" / BytePath(long)).exists)
    }

    /// What is stored is what was sent: no gigabyte comes out of a megabyte.
    func testPackedAnswersAreNotUnpacked() throws {
        let server = try HostileServer(laboratory.scratch)
        count(inputs: 1)
        try attack("import", BytePath("\(server.endpoint)/gzip/x"), "x.bin", in: work, memory: 1_500_000)
        let size = try (work.folder / "x.bin").status()?.byteCount ?? 0
        XCTAssertLessThan(size, 16 << 20)
        XCTAssertGreaterThan(size, 100_000)
    }

    func testSharedFoldersThatLieAreNotFollowed() throws {
        let place = laboratory.folder / "shared"
        try useStorage(place)
        try place.makeFolders()
        try work.data("push")
        let blob = place / "objects" / BytePath(ObjectID.of(content).shardedPath)
        let commands: [[BytePath]] = [["pull"], ["fetch"], ["push"], ["fsck", "--remote"], ["gc", "--remote"], ["gc", "--remote", "--mark"], ["gc", "--remote", "--unmark"], ["remote", "check"]]
        func offers() -> [(String, (BytePath) throws -> Void)] {
            [
                ("pipe", { _ = try self.laboratory.run("mkfifo", [$0]).expecting(0) }), ("folder", { try $0.makeFolders() }),
                ("link", { try self.link(self.outside / "secret.json", at: $0) }), ("device", { try self.link("/dev/zero", at: $0) }),
                ("itself", { try self.link($0, at: $0) }), ("other bytes", { try $0.replaceContents(with: SampleData.bytes(4000, seed: 9)) }),
                ("short", { try $0.replaceContents(with: Array(self.content.prefix(3))) }), ("long", { try $0.replaceContents(with: self.content + [0]) }),
            ]
        }
        // In the place of a blob, and of the documents beside it.
        for document in [blob, place / "gc/mark", place / "gc/sweep", place / "git/states/0000000001.json", place / "git/latest"] {
            for (name, make) in offers() {
                count(inputs: 1)
                ScratchFolder.removeTree(document)
                try document.parent.makeFolders()
                try make(document)
                ScratchFolder.removeTree(work.folder / ".git/data/objects")
                ScratchFolder.removeTree(work.folder / ".git/data/incoming")
                try work.write(pointer(for: content), to: "a.bin")
                for words in some(commands, document == blob ? 0 : 4) { try attack("git", ["data"] + words, in: work.folder, memory: 3_000_000) }
                if document.bytes.starts(with: (place / "git").bytes) {
                    try attack("git", ["ls-remote", BytePath(bytes: Array("data::".utf8) + place.bytes)], in: work.folder, memory: 3_000_000)
                }
                try assertContent("a.bin", in: work, is: document == blob ? pointer(for: content) : try work.read("a.bin"))
                if document == blob { XCTAssertFalse(work.localBlob(of: content).exists, name) }
            }
            ScratchFolder.removeTree(document)
        }
        try laboratory.scratch.write(content, to: BytePath("shared/objects").appending(BytePath(ObjectID.of(content).shardedPath)))
        try work.data("pull")
        try assertContent("a.bin", in: work, is: content)
    }

    func testStatesAndPacksThatLie() throws {
        let place = laboratory.folder / "place"
        let url = BytePath(bytes: Array("data::".utf8) + place.bytes)
        try work.git("push", "--quiet", url, "main")
        try work.write("more", to: "more.txt")
        try work.commit("More")
        try work.git("push", "--quiet", url, "main")
        let changes = [
            "s['time']=2**63-1", "s['time']=-2**63", "s['author']=s['action']=s['id']=s['parent']='\\x1b]0;x\\x07\\x9b31m'", "s['unused']=[{'name':'pack-'+'1'*40,'since':-2**63}]",
            "s['removed']=[{'name':'pack-'+'2'*40,'since':2**63-1}]", "s['collections']=2**32", "s['collections']=2**63-1", "s['oldest']=2**63-1", "s['packs'][0]['bytes']=2**42", "s['packs'][0]['bytes']=2**63-1",
            "s['packs'][0]['objects']=-1", "s['packs']*=3000", "s['refs'].append(s['refs'][0].split()[0]+' refs/heads/../../x')", "s['refs'].append(s['refs'][0].split()[0]+' refs/heads/-x')", "s['head']='refs/heads/-x'",
            "s['head']='HEAD'", "s['refs'].append(s['refs'][0].split()[0]+' .git/hooks/x')", "s['refs']=['1'*40+' refs/heads/main']", "s['packs'][0]['name']='pack-../../../x'", "s['packs'][0]['name']='/etc/passwd'",
            "s['packs'][0]['sha256']='../../x'", "s['packs'][0]['sha256']=s['packs'][1]['sha256']", "s['packs'][0]['tips']=s['packs'][1]['tips']", "s['refs']+=[s['refs'][0]]", "s['number']=7", "s['version']=99", "s['objectFormat']='sha256'",
            "s['refs']=['1'*40+' refs/heads/%d'%i for i in range(20000)]", "r='['*200000", "r='{\"a\":'*200000", "r=''", "r='\\0'*1000",
        ]
        _ = try laboratory.run("cp", ["-a", place, laboratory.folder / "sound"]).expecting(0)
        let tamper = """
            import json, os, sys
            file = sys.argv[1]
            s, r = json.load(open(file)), None
            exec(sys.argv[2])
            os.chmod(file, 0o644)
            open(file, "w").write(json.dumps(s) if r is None else r)
            """
        let history: [[BytePath]] = [["remote", "log", "--remote", url], ["remote", "gc", "--remote", url], ["remote", "head", "--remote", url, "main"], ["remote", "restore", "--remote", url, "1", "main"], ["fsck", "--remote"]]
        for (number, change) in changes.enumerated() {
            count(inputs: 1)
            ScratchFolder.removeTree(place)
            _ = try laboratory.run("cp", ["-a", laboratory.folder / "sound", place]).expecting(0)
            _ = try laboratory.run("python3", ["-c", BytePath(tamper), place / "git/states/0000000002.json", BytePath(change)]).expecting(0)
            ScratchFolder.removeTree(laboratory.folder / "clone")
            try attack("git", ["clone", "--quiet", url, "clone"], in: laboratory.folder, memory: 3_000_000)
            for words in some(history, number, of: 2) { try attack("git", ["data"] + words, in: work.folder, memory: 3_000_000) }
            for words in some([["ls-remote", url], ["fetch", "--quiet", url, "main"], ["push", "--quiet", url, "HEAD:refs/heads/x"]] as [[BytePath]], number, of: 1) {
                try attack("git", words, in: work.folder, memory: 3_000_000)
            }
        }
        for pack in try (place / "git/objects/pack").entries() where pack.text.hasSuffix(".pack") {
            for bytes in [[], Array("PACK".utf8) + [0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff], SampleData.bytes(500)] {
                count(inputs: 1)
                let file = place / "git/objects/pack" / pack
                try file.removeFile()
                try file.replaceContents(with: bytes)
                ScratchFolder.removeTree(laboratory.folder / "clone")
                XCTAssertNotEqual(try attack("git", ["clone", "--quiet", url, "clone"], in: laboratory.folder).status, 0)
            }
        }
        ScratchFolder.removeTree(place)
        _ = try laboratory.run("mv", [laboratory.folder / "sound", place]).expecting(0)
        ScratchFolder.removeTree(laboratory.folder / "clone")
        try attack("git", ["clone", "--quiet", url, "clone"], in: laboratory.folder)
        XCTAssert((laboratory.folder / "clone/more.txt").exists, "the sound one is cloned")
    }

    func testBundlesThatLie() throws {
        try work.data("bundle", "create", "../b.tar")
        let file = laboratory.folder / "b.tar"
        let sound = try XCTUnwrap(try file.contents())
        func head(_ name: String, size: [UInt8], type: UInt8 = UInt8(ascii: "0"), link: String = "") -> [UInt8] {
            func field(_ bytes: [UInt8], _ count: Int) -> [UInt8] { Array(bytes.prefix(count)) + [UInt8](repeating: 0, count: max(0, count - bytes.count)) }
            var head = field(Array(name.utf8), 100) + field(Array("0000644".utf8), 8) + field(Array("0000000".utf8), 8) + field(Array("0000000".utf8), 8)
            head += field(size, 12) + field(Array("00000000000".utf8), 12) + [UInt8](repeating: 32, count: 8) + [type] + field(Array(link.utf8), 100)
            head += field(Array("ustar\u{0}00".utf8), 8) + [UInt8](repeating: 0, count: 247)
            let sum = String(head.reduce(0) { $0 + Int($1) }, radix: 8)
            head.replaceSubrange(148..<156, with: Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 32])
            return head
        }
        let zero = Array("00000000000".utf8)
        let huge: [UInt8] = [0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7)
        let evil = [
            head("../outside/x", size: zero), head("/tmp/git-data-pwned", size: zero), head("x", size: huge), head("x", size: [0xff] + [UInt8](repeating: 0xff, count: 11)),
            head("link", size: zero, type: UInt8(ascii: "2"), link: "/etc/passwd"), head("hard", size: zero, type: UInt8(ascii: "1"), link: "/etc/passwd"), head("pipe", size: zero, type: UInt8(ascii: "6")),
            head("device", size: zero, type: UInt8(ascii: "3")), head("objects", size: zero, type: UInt8(ascii: "5")), head(".git/hooks/post-checkout", size: zero), head("x\(Self.escape)", size: zero),
            head("x", size: huge, type: UInt8(ascii: "x")), head("x", size: huge, type: UInt8(ascii: "L")), SampleData.bytes(512), [],
        ]
        for (number, bytes) in evil.enumerated() {
            for whole in [bytes + sound, Array(sound[..<1536]) + bytes + sound[1536...], Array(sound.dropLast(1024)) + bytes] {
                count(inputs: 1)
                try file.replaceContents(with: whole)
                ScratchFolder.removeTree(laboratory.folder / "clone")
                for words in some([["verify", "b.tar"], ["clone", "b.tar", "clone"], ["list-heads", "b.tar"]] as [[BytePath]], number, of: 2) {
                    try attack("git", ["data", "bundle"] + words, in: laboratory.folder, memory: 3_000_000)
                }
            }
        }
        XCTAssertFalse(BytePath("/tmp/git-data-pwned").exists)
    }
}
