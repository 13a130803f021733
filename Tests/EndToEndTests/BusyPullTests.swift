import Platform
import Synchronization
import TestSupport
import XCTest

/// `git data pull` while a user edits files and Git's own commands work on the same index, in every form that Git
/// gives an index.
final class BusyPullTests: EndToEndTestCase {
    private let count = 240
    private var work: Worktree!
    private var origin: BytePath!

    private func content(_ number: Int) -> [UInt8] { SampleData.bytes(3000 + number * 97, seed: UInt64(number)) }
    private func path(_ number: Int) -> BytePath { BytePath("\(number % 12)/\(number).bin") }
    private func edited(_ number: Int) -> [UInt8] { Array("edited \(number)".utf8) }

    /// Files that somebody edits, and others that somebody stages, at the same time.
    private func isEdited(_ number: Int) -> Bool { number % 10 == 3 }

    private func prepare(_ format: String) throws {
        try laboratory.git(["init", "--quiet", BytePath("--object-format=\(format)"), "--initial-branch=main", "work"])
        work = Worktree(folder: laboratory.folder / "work", in: laboratory)
        try work.data("init", "--quiet")
        try work.data("track", "*.bin")
        for number in 0..<count { try work.write(content(number), to: path(number)) }
        try work.write("text\n", to: "notes.txt")
        try work.commit("Data")
        origin = work.folder
    }

    private func pullBesideOthers(_ name: String, _ clone: Worktree, file: StaticString = #filePath, line: UInt = #line) throws {
        let isOver = Atomic<Bool>(false)
        let troubles = Mutex<[String]>([])
        let folder = clone.folder, environment = laboratory.environment()
        let numbers = (0..<count).filter(isEdited)
        let texts = Dictionary(uniqueKeysWithValues: numbers.map { ($0, (path($0), edited($0))) })
        let git = WorkerThread {
            // What an editor's Git plug-in and a person in another terminal do.
            let commands: [[BytePath]] = [
                ["status", "--porcelain"], ["diff", "--quiet"], ["add", "notes.txt"], ["update-index", "--refresh"],
            ]
            var turn = 0
            while !isOver.load(ordering: .relaxed) {
                let command = commands[turn % commands.count]
                turn += 1
                guard let child = try? ChildProcess(
                    "/usr/bin/env", ["git"] + command, environment: environment, folder: folder, output: .null, errors: .pipe)
                else { continue }
                let said = (try? child.errors?.readToEnd()).flatMap { $0 } ?? []
                // 1 says that there are differences; that the index is locked, one of Git's commands tells another.
                if [.exited(0), .exited(1)].contains(child.wait()) || BytePath(bytes: said).text.contains("index.lock") { continue }
                troubles.withLock { $0.append("\(command): \(BytePath(bytes: said))") }
            }
        }
        let user = WorkerThread {
            for number in numbers {
                guard let (path, text) = texts[number] else { continue }
                try? (folder / path).replaceContents(with: text)
                pause(.milliseconds(3))
            }
        }
        let pull = try laboratory.run("git", ["data", "pull", "--quiet"], in: folder)
        user.join()
        isOver.store(true, ordering: .relaxed)
        git.join()
        XCTAssertEqual(troubles.withLock { $0 }, [], name, file: file, line: line)
        XCTAssertEqual(pull.status, 0, "\(name): \(pull)", file: file, line: line)
        for number in 0..<count {
            let found = try (folder / path(number)).contents()
            XCTAssert(found == (isEdited(number) ? edited(number) : content(number)), "\(name): \(path(number))", file: file, line: line)
        }
        // Where Git wrote the index in the second after it has looked at a folder, its untracked cache may name what has
        // gone from there since: a file that a pull had under way. It is not there.
        let changes = Set(try clone.changes().filter { !$0.hasPrefix("?? ") || (folder / BytePath(String($0.dropFirst(3)))).exists })
        XCTAssertEqual(changes, Set(numbers.map { " M \(path($0))" }), name, file: file, line: line)
        XCTAssertEqual(try clone.git("fsck", "--no-dangling").text, "", name, file: file, line: line)
        // What was only pulled is known to be clean: once all has aged, Git starts no filter for it.
        try clone.git("checkout", "--quiet", "--", ".")
        pause(.milliseconds(1100))
        try clone.git("status", "--porcelain")
        let trace = try clone.git("status", "--porcelain", with: ["GIT_TRACE": "1"])
        XCTAssertEqual(trace.lines, [], name, file: file, line: line)
        XCTAssertFalse(trace.errorText.contains("filter-process"), "\(name): \(trace.errorText)", file: file, line: line)
    }

    private func clone(_ name: String) throws -> Worktree {
        try laboratory.cloneOfPointers(origin, as: name)
    }

    func testEveryFormOfIndex() throws {
        try prepare("sha1")
        let forms: [(String, [[BytePath]])] = [
            ("plain", []),
            ("version 4", [["update-index", "--index-version", "4"]]),
            ("split", [["config", "core.splitIndex", "true"], ["update-index", "--split-index"]]),
            ("untracked cache", [["config", "core.untrackedCache", "true"], ["update-index", "--untracked-cache"]]),
            ("split, untracked cache", [
                ["config", "core.splitIndex", "true"], ["config", "core.untrackedCache", "true"],
                ["update-index", "--split-index", "--untracked-cache"],
            ]),
        ]
        for (name, commands) in forms {
            let clone = try clone(name.filter { $0.isLetter || $0.isNumber })
            for command in commands { try laboratory.git(command, in: clone.folder) }
            try pullBesideOthers(name, clone)
        }
    }

    func testIndexesThatAMonitorWatches() throws {
        try prepare("sha1")
        let monitor = laboratory.folder / "monitor"
        // It says of each file that it may have changed.
        try monitor.replaceContents(with: Array("#!/bin/sh\nprintf 'token\\0/\\0'\n".utf8))
        _ = try laboratory.run("chmod", ["+x", monitor], in: laboratory.folder)
        for isSplit in [false, true] {
            let clone = try clone(isSplit ? "watched-split" : "watched")
            try clone.git("config", "core.fsmonitor", monitor)
            if isSplit { try clone.git("update-index", "--split-index") }
            try clone.git("update-index", "--fsmonitor")
            try pullBesideOthers("watched, split: \(isSplit)", clone)
        }
    }

    func testIndexOfASHA256Repository() throws {
        try prepare("sha256")
        try pullBesideOthers("SHA-256", clone("sha256"))
    }
}
