import Glibc
import Platform
import TestSupport
import XCTest

/// What a command is seen to do by its calls.
final class WatchedCommandTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var top: BytePath!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        top = scratch / "tree"
        try (top / "data").makeFolders()
        for name in ["tree/in", "tree/data/a", "tree/data/b", "outside"] { try scratch.write("content\n", to: BytePath(name)) }
    }

    override func tearDown() { scratch = nil }

    private func run(
        _ program: BytePath, _ arguments: [BytePath], in folder: BytePath? = nil, excluding names: [BytePath] = [".git"]
    ) throws -> (ending: ChildProcess.Ending, files: OpenedFiles) {
        try WatchedCommand.run(program, arguments, folder: folder ?? top, watching: top, excluding: names, road: .calls)
    }

    private func shell(_ script: String, _ arguments: [BytePath] = [], in folder: BytePath? = nil) throws -> OpenedFiles {
        let (ending, files) = try run("/bin/sh", ["-c", BytePath(script), "sh"] + arguments, in: folder)
        XCTAssertEqual(ending, .exited(0), script)
        XCTAssertTrue(files.isComplete, script)
        XCTAssertEqual(files.road, .calls)
        return files
    }

    private func python(_ script: String, _ arguments: [BytePath] = []) throws -> OpenedFiles {
        let python = try XCTUnwrap(Environment.findProgram("python3"))
        let (ending, files) = try run(python, ["-I", "-c", BytePath(script)] + arguments)
        XCTAssertEqual(ending, .exited(0), script)
        XCTAssertTrue(files.isComplete, script)
        return files
    }

    private func check(
        _ files: OpenedFiles, read: Set<BytePath> = [], written: Set<BytePath> = [], removed: Set<BytePath> = [],
        listed: Set<BytePath>? = nil, line: UInt = #line
    ) {
        XCTAssertEqual(files.read, read, "read", line: line)
        XCTAssertEqual(files.written, written, "written", line: line)
        XCTAssertEqual(files.removed, removed, "removed", line: line)
        if let listed { XCTAssertEqual(files.listed, listed, "listed", line: line) }
    }

    // MARK: reading and writing

    func testReadAndWrittenFilesAreApart() throws {
        check(try shell("cat in data/a > out; echo more >> data/b"), read: ["in", "data/a"], written: ["out", "data/b"])
    }

    func testFilesNotTouchedAndFilesElsewhereAreNotNamed() throws {
        check(try shell("cat ../outside \"$1\" >/dev/null; echo x > \"$2\"", [scratch / "outside", scratch / "other"]))
        check(try shell("true"))
    }

    func testPathsMayBeAbsoluteOrLeadByDots() throws {
        check(
            try shell("cat \"$1\" ./data/../in ../tree/data//b > \"$2\"", [top / "data/a", top / "data/./out"]),
            read: ["in", "data/a", "data/b"], written: ["data/out"])
    }

    func testFoldersOfChildrenCount() throws {
        check(try shell("cd data; cat a; (cd /; cat \"${1#/}\"); cd ..; cat in > data/c", [top / "data/b"]),
            read: ["data/a", "data/b", "in"], written: ["data/c"])
        check(try shell("cat tree/in", in: scratch.path), read: ["in"])
    }

    func testReadThenWrittenIsBoth() throws {
        check(try shell("cat in >/dev/null; echo new > in"), read: ["in"], written: ["in"])
    }

    func testWrittenThenReadIsOutputOnly() throws {
        check(try shell("echo new > out; cat out; echo new > in; cat in"), written: ["out", "in"])
    }

    func testOpenedForBothIsWrittenWhereItChanged() throws {
        try scratch.write("old", to: "tree/late")
        pause(.milliseconds(100))
        check(
            try python("open('in', 'r+').close(); f = open('data/a', 'r+'); f.read(); f.write('x')"),
            read: ["in", "data/a"], written: ["data/a"])
        // Nothing is there to read in what is new or emptied.
        check(try python("open('new', 'w+').read(); open('late', 'w+').read()"), written: ["new", "late"])
    }

    func testRenamedIntoPlaceCountsByItsTarget() throws {
        check(try shell("echo new > t; mv t out; cat out; echo new > t; mv t in"), written: ["out", "in"])
        check(try shell("cat in > data/t; mv data/t in"), read: ["in"], written: ["in"])
        check(try shell("mv in moved"), written: ["moved"], removed: ["in"])
        check(try shell("mv \"$1\" taken", [scratch / "outside"]), written: ["taken"])
    }

    func testRenamedFoldersTakeTheirFilesAlong() throws {
        check(
            try shell("mkdir made made/deep; echo x > made/deep/x; mv made final; mv data moved"),
            written: ["final/deep/x", "moved/a", "moved/b"], removed: ["data/a", "data/b"], listed: [])
        try scratch.write("x", to: "come/one/two")
        check(try shell("mv ../come here; rm here/one/two; rmdir here/one; echo > here/three"), written: ["here/three"])
    }

    func testExchangedNamesAreBothWritten() throws {
        let files = try python(
            "import ctypes; c = ctypes.CDLL(None); assert c.renameat2(-100, b'in', -100, b'data/a', 2) == 0")
        check(files, written: ["in", "data/a"])
    }

    func testRemovedFilesAreThoseThatWereThere() throws {
        check(try shell("rm in; echo t > t; rm t; rm -r data; rm -f nothing"), removed: ["in", "data/a", "data/b"])
        check(try shell("echo x > late; rm late; echo y > late"), written: ["late"])
        check(try shell("rm late; echo y > late"), written: ["late"])
    }

    func testLinksAndTruncation() throws {
        check(
            try python("import os; os.link('in', 'hard'); os.symlink('in', 'soft'); os.truncate('data/a', 2)"),
            read: ["in"], written: ["hard", "soft", "data/a"])
        // A file without a name that gets one.
        check(
            try python(
                """
                import ctypes, os
                f = os.open('.', os.O_TMPFILE | os.O_WRONLY)
                os.write(f, b'x')
                assert ctypes.CDLL(None).linkat(-100, b'/proc/self/fd/%d' % f, -100, b'named', 0x400) == 0
                """), written: ["named"])
    }

    func testLinksAreNamedWithWhatTheyNameWhereThatIsInside() throws {
        for (link, target) in [("tree/link", "data/a"), ("tree/folder", "data"), ("tree/out", "../outside"), ("tree/dangling", "made")] {
            XCTAssertEqual(symlink(target, (scratch / BytePath(link)).text), 0)
        }
        XCTAssertEqual(symlink("tree/in", (scratch / "way").text), 0)
        check(try shell("cat link folder/b out"), read: ["link", "data/a", "folder/b", "data/b", "out"])
        check(try shell("cat ../way; cat folder/../in"), read: ["in"])
        check(try shell("echo x > dangling"), written: ["dangling", "made"])
    }

    func testFolderGivenByLinkIsTheSame() throws {
        XCTAssertEqual(symlink("tree", (scratch / "alias").text), 0)
        let alias = scratch / "alias"
        let (_, files) = try WatchedCommand.run(
            "/bin/cat", ["in", alias / "data/a", top / "data/b"], folder: alias, watching: alias, road: .calls)
        check(files, read: ["in", "data/a", "data/b"])
    }

    func testFoldersThatWereOpenedAreApart() throws {
        check(try shell("ls > /dev/null; ls data; mkdir new; ls new"), listed: ["", "data"])
    }

    func testExcludedNamesCountForNothing() throws {
        try scratch.write("x", to: "tree/.git/config")
        try scratch.write("x", to: "tree/data/.git/config")
        check(try shell("cat .git/config data/.git/config in; ls .git; echo > .git/new"), read: ["in"], listed: [])
    }

    func testExecutedFilesAndTheirInterpretersAreRead() throws {
        try scratch.write("#!/bin/sh\ncat in\n", to: "tree/script", permissions: 0o755)
        XCTAssertEqual(symlink("/bin/sh", (top / "interpreter").text), 0)
        try scratch.write("#! \(top / "interpreter") -e\ntrue\n", to: "tree/other", permissions: 0o755)
        let (ending, files) = try run(top / "script", [])
        XCTAssertEqual(ending, .exited(0))
        check(files, read: ["script", "in"])
        check(try shell("./other"), read: ["other", "interpreter"])
    }

    // MARK: what is no use of a file

    func testFailedOpensAndPathOpensAreNothing() throws {
        check(try shell("cat nothing data/nothing in/x 2>/dev/null; ./nothing 2>/dev/null; : < data; true"), listed: ["data"])
        check(
            try python(
                """
                import os
                os.open('in', os.O_PATH)
                os.stat('in')
                def fails(name, flags):
                    try: os.open(name, flags)
                    except OSError: return
                    raise SystemExit(3)
                fails('in', os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                fails('in', os.O_RDONLY | os.O_DIRECTORY)
                fails('data', os.O_WRONLY)
                fails('no/where', os.O_WRONLY | os.O_CREAT)
                def raises(call, *arguments):
                    try: call(*arguments)
                    except OSError: return
                    raise SystemExit(4)
                raises(os.rename, 'in', 'no/where')
                raises(os.rename, 'in', 'data')
                raises(os.unlink, 'no/where')
                raises(os.link, 'in', 'data/a')
                """))
    }

    func testRefusedOpensAreNothing() throws {
        try scratch.write("secret", to: "tree/secret", permissions: 0o000)
        try scratch.write("x", to: "tree/fixed", permissions: 0o444)
        let files = try shell("cat secret; echo x >> fixed; true")
        // Nothing is refused to the superuser.
        check(files, read: TestProcess.isRoot ? ["secret"] : [], written: TestProcess.isRoot ? ["fixed"] : [])
    }

    func testBadPointersAndDescriptorsOfCallersAreTheirsToBear() throws {
        check(
            try python(
                """
                import ctypes
                c = ctypes.CDLL(None, use_errno=True)
                assert c.open(ctypes.c_void_p(1), 0) == -1 and ctypes.get_errno() == 14
                assert c.openat(77, b'in', 0) == -1 and ctypes.get_errno() == 9
                assert c.open(b'x' * 5000, 0) == -1 and ctypes.get_errno() == 36
                assert c.open(b'', 0) == -1 and ctypes.get_errno() == 2
                """), listed: [])
    }

    func testPipesAndDevicesAreNoFiles() throws {
        XCTAssertEqual(mkfifo((top / "pipe").text, 0o600), 0)
        check(try shell("echo x > pipe & cat pipe; wait; cat /dev/null"))
    }

    // MARK: names

    func testNamesThatAreNotUTF8() throws {
        let odd = BytePath(bytes: [0xff, 0x0a, 0x20, 0xc3])
        try scratch.write([1], to: BytePath("tree") / odd)
        check(
            try shell("cat \"$1\" > \"data/$1\"", [odd]), read: [odd], written: [BytePath("data") / odd])
    }

    func testFoldersOpenInTheChildAndItsOwnStreams() throws {
        check(
            try python(
                """
                import os
                folder = os.open('data', os.O_RDONLY | os.O_DIRECTORY)
                os.open('a', os.O_RDONLY, dir_fd=folder)
                os.close(os.open('made', os.O_WRONLY | os.O_CREAT, dir_fd=folder))
                os.rename('made', 'there', src_dir_fd=folder)
                os.rename('b', 'c', src_dir_fd=folder, dst_dir_fd=folder)
                """), read: ["data/a"], written: ["data/c", "there"], removed: ["data/b"], listed: ["data"])
        // In this process these names would be other files.
        check(
            try python(
                """
                import os
                for name, way in ('in', '/proc/self/fd/%d'), ('data/a', '/dev/fd/%d'):
                    os.open(way % os.open(name, os.O_PATH), os.O_RDONLY)
                os.dup2(os.open('there', os.O_PATH), 0)
                os.open('/dev/stdin', os.O_RDONLY)
                """), read: ["in", "data/a", "there"])
    }

    func testLongPathsAcrossPages() throws {
        // The path ends where the memory does.
        check(
            try python(
                """
                import ctypes, mmap
                c = ctypes.CDLL(None)
                m = mmap.mmap(-1, 8192)
                start = ctypes.addressof(ctypes.c_char.from_buffer(m))
                assert c.mprotect(ctypes.c_void_p(start + 4096), 4096, 0) == 0
                m[4093:4096] = b'in\\0'
                assert c.open(ctypes.c_void_p(start + 4093), 0) >= 0
                m[3000:4000] = b'./' * 500
                m[4000:4003] = b'in\\0'
                assert c.open(ctypes.c_void_p(start + 3000), 0) >= 0
                import os; os._exit(0)
                """), read: ["in"])
    }
}
