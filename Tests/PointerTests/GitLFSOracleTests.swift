import Foundation
import Pointer
import XCTest

/// Asks the real git-lfs what it takes for a pointer.
final class GitLFSOracleTests: XCTestCase {
    /// - Returns: the exit status of `git-lfs pointer --check` on `text`, with `options`.
    private func check(_ text: [UInt8], _ options: [String] = []) throws -> Int32 {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let program = folders.map { "\($0)/git-lfs" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let program else { throw XCTSkip("git-lfs is not installed") }
        let scratch = FileManager.default.temporaryDirectory.appending(path: "git-data-pointer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        try Data(text).write(to: scratch.appending(path: "text"))
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["pointer", "--check", "--file", "text"] + options
        process.currentDirectoryURL = scratch
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "HOME": scratch.path(percentEncoded: false),
            "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func testGitLFSReadsEveryCaseAsTheTableSays() throws {
        for entry in LFSPointerCase.all {
            XCTAssertEqual(try check(Array(entry.text.utf8)) == 0, entry.isPointer, entry.name)
        }
    }

    func testGitLFSCallsOurTextsCanonical() throws {
        for entry in LFSPointerCase.all where entry.isPointer {
            guard case .pointer(let pointer) = Pointer.recognize(Array(entry.text.utf8)), pointer.text.count < 1024
            else { return XCTFail(entry.name) }
            XCTAssertEqual(try check(pointer.text, ["--strict"]), 0, entry.name)
        }
    }

    func testGitLFSReadsOurFormAsData() throws {
        guard case .pointer(let pointer) = Pointer.recognize(Array(LFSPointerCase.canonical.utf8)) else {
            return XCTFail("the canonical text is a pointer")
        }
        XCTAssertEqual(try check(Pointer(oid: pointer.oid, byteCount: 1).text), 1)
    }
}
