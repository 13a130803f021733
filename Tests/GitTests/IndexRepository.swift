import Digest
@testable import Git
import Platform
import TestSupport
import XCTest

/// A repository of real Git, for tests of its index.
final class IndexRepository {
    let scratch: ScratchFolder
    let git: Git
    let isSHA256: Bool

    var worktree: BytePath { scratch / "work" }
    var index: BytePath { worktree / ".git/index" }
    var algorithm: MessageDigest.Algorithm { isSHA256 ? .sha256 : .sha1 }

    init(isSHA256: Bool = false) throws {
        TestProcess.makeHermetic()
        self.isSHA256 = isSHA256
        scratch = try ScratchFolder()
        try (scratch / "work").makeFolders()
        git = try Git(in: scratch / "work")
        try git.query(["init", "--quiet", isSHA256 ? "--object-format=sha256" : "--object-format=sha1"])
    }

    func set(_ key: BytePath, _ value: BytePath) throws {
        try git.query(["config", key, value])
    }

    func write(_ content: [UInt8], to path: BytePath) throws {
        try scratch.write(content, to: "work" / path)
    }

    func addAll() throws {
        try git.query(["add", "--all"])
    }

    func commit() throws {
        try addAll()
        try git.query(["commit", "--quiet", "-m", "Work"])
    }

    func bytes() throws -> [UInt8] {
        try index.contents() ?? []
    }

    func file() throws -> IndexImage {
        try IndexImage(try bytes(), algorithm: algorithm)
    }

    /// Makes the files older than the index.
    func age(_ paths: [BytePath]) throws {
        guard !paths.isEmpty else { return }
        let arguments: [BytePath] = ["-h", "-d", "2020-01-02 03:04:05.123456789"]
        _ = try Finished("/usr/bin/touch", arguments + paths.map { worktree / $0 })
    }

    func entry(_ path: BytePath) throws -> IndexEntry {
        guard let entry = try git.indexEntries([path]).first else { throw NoEntry(path: path) }
        return entry
    }

    /// The file as it is now, with the object that its entry has.
    func cleanFile(_ path: BytePath) throws -> CleanFile {
        let entry = try entry(path)
        return CleanFile(path: path, name: entry.name, mode: entry.mode, status: try (worktree / path).status())
    }

    /// What Git says of the stat fields of each entry.
    func debug(_ paths: [BytePath] = []) throws -> String {
        try git.query(["ls-files", "--debug", "-z", "--"] + paths).output.split(separator: 0)
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|")
    }

    func changes() throws -> String {
        String(decoding: try git.query(["status", "--porcelain"]).output, as: UTF8.self)
    }
}

struct NoEntry: Error {
    let path: BytePath
}

/// The bytes of an index, as they are once they were copied.
struct IndexImage {
    private(set) var bytes: [UInt8]
    let algorithm: MessageDigest.Algorithm

    /// - Throws: `IndexFormatError` where the index cannot be copied.
    init(_ bytes: [UInt8], algorithm: MessageDigest.Algorithm) throws {
        (self.bytes, self.algorithm) = (bytes, algorithm)
        let never = FileStatus.Time(seconds: .max, nanoseconds: 0)
        let (copy, changes) = try copied([], never, 0, window: IndexPieces.usualWindow)
        XCTAssertEqual(changes, IndexCopy.Changes())
        XCTAssertEqual(copy, bytes)
    }

    mutating func markClean(_ files: [CleanFile], writtenAt written: FileStatus.Time, sizeOfMultiples: UInt32) throws -> IndexCopy.Changes {
        let whole = try copied(files, written, sizeOfMultiples, window: IndexPieces.usualWindow)
        // Windows of which each takes a few entries give the same, wherever they end.
        let longest = try paths().map(\.bytes.count).max() ?? 0
        for window in [1003, 2048, 5001, 40_000] where longest + 80 < window / 4 {
            let inPieces = try copied(files, written, sizeOfMultiples, window: window)
            XCTAssertEqual(inPieces.changes, whole.changes)
            XCTAssertEqual(inPieces.bytes, whole.bytes)
        }
        bytes = whole.bytes
        return whole.changes
    }

    /// - Parameter window: so many bytes are in memory.
    func copied(
        _ files: [CleanFile], _ written: FileStatus.Time, _ sizeOfMultiples: UInt32, window: Int
    ) throws -> (bytes: [UInt8], changes: IndexCopy.Changes) {
        var target: [UInt8] = []
        do throws(IndexCopyError) {
            let changes: IndexCopy.Changes
            let copy: IndexCopy
            do throws(IndexFormatError) {
                copy = try IndexCopy(IndexSource(bytes), algorithm: algorithm, windowByteCount: window)
            } catch {
                throw .format(error)
            }
            let reader: CleanFiles.Reader
            do throws(SystemError) { reader = try CleanFiles(files).read() } catch { throw .system(error) }
            changes = try copy.run(marking: reader, writtenAt: written, sizeOfMultiples: sizeOfMultiples) { target += $0 }
            return (target, changes)
        } catch {
            switch error {
            case .format(let error): throw error
            case .system(let error): throw error
            }
        }
    }
}

extension IndexImage {
    /// The paths of all entries, in order.
    func paths() throws -> [BytePath] {
        var cursor = try IndexCursor(bytes, nameByteCount: algorithm.byteCount)
        var paths: [BytePath] = []
        while try cursor.next() != nil { paths.append(BytePath(bytes: cursor.path)) }
        return paths
    }

    /// The names of the extensions.
    func extensions() throws -> [String] {
        var cursor = try IndexCursor(bytes, nameByteCount: algorithm.byteCount)
        while try cursor.next() != nil {}
        var names: [String] = []
        var offset = cursor.offset
        while offset < bytes.count - algorithm.byteCount {
            names.append(String(decoding: bytes[offset..<offset + 4], as: UTF8.self))
            offset += 8 + Int(bytes.bigEndianWord(at: offset + 4))
        }
        return names
    }

    var version: UInt32 { bytes.bigEndianWord(at: 4) }
}
