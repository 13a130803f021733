import Digest
import Git
import ObjectStore
import Platform
import Pointer
import Repository
import TestSupport
import XCTest

@testable import Commands

/// What belongs to a bundle is the same however many files are sorted in memory.
final class BundleNeedsTests: RepositoryTestCase {
    private typealias File = (path: BytePath, pointer: Pointer)

    /// What a bundle needs, told with all of it in memory.
    private struct Expectation: Equatable {
        var text = "# oid\tbytes\tpath\n"
        var sizes: [ObjectID: Int64] = [:]
        var names: [ObjectID: BytePath] = [:]
        var extendedFileCount = 0

        mutating func add(_ file: File) {
            text += "\(file.pointer.oid)\t\(file.pointer.byteCount)\t\(file.path)\n"
            if names[file.pointer.oid] != nil { return }
            names[file.pointer.oid] = file.path
            sizes[file.pointer.oid] = file.pointer.byteCount
        }
    }

    override func setUpWithError() throws {
        try super.setUpWithError()
        try repository.store().prepare()
        try commit(1, Dictionary(uniqueKeysWithValues: (0..<12).map { (BytePath("data/\($0).bin"), pointer($0 % 8)) }))
        try scratch.git("tag", "v1")
        try scratch.git("branch", "side")
        // Contents that come back, that are in other places too, and that are in nobody's hands.
        for round in 2..<7 {
            try commit(round, Dictionary(uniqueKeysWithValues: (0..<6).map { (BytePath("data/\(round + $0 * 2).bin"), pointer(round * 3 - $0)) }))
        }
        let emptyText = Pointer(oid: pointer(62).oid, byteCount: 0, form: .lfs(extensions: [])).text
        try commit(7, ["lfs.bin": Pointer(oid: pointer(5).oid, byteCount: 5, form: .lfs(extensions: [])).text, "empty.bin": emptyText])
        let extended = "version https://git-lfs.github.com/spec/v1\next-0-case sha256:\(pointer(60).oid)\noid sha256:\(pointer(61).oid)\nsize 5\n"
        try commit(8, ["extended.bin": Array(extended.utf8), "a.bin": pointer(2).text])
        try scratch.git("switch", "-q", "side")
        try commit(9, ["side/z.bin": pointer(70), "side/a.bin": pointer(71), "data/3.bin": pointer(72)])
        try commit(10, ["side/z.bin": pointer(73)])
        try scratch.git("switch", "-q", "main")
    }

    private func pointer(_ number: Int) -> Pointer {
        Pointer(oid: .of(Array("content \(number)".utf8)), byteCount: Int64(100 + number))
    }

    private func commit(_ round: Int, _ files: [BytePath: Pointer]) throws { try commit(round, files.mapValues(\.text)) }

    private func commit(_ round: Int, _ files: [BytePath: [UInt8]]) throws {
        for (path, text) in files { try scratch.write(text, to: path) }
        try scratch.git("add", "-A")
        try scratch.git("commit", "-q", "--allow-empty", "-m", BytePath("\(round)"))
    }

    private func head(of revisions: [BytePath]) throws -> BundleHead {
        var parser = BundleHeadParser()
        try repository.git().makeBundle(of: revisions) { bytes throws(SystemError) in parser.take(bytes) }
        return try XCTUnwrap(parser.head)
    }

    private func expectation(_ head: BundleHead, withHistory: Bool) throws -> Expectation {
        func name(_ object: GitObjectName) -> BytePath { BytePath(bytes: object.hex) }
        var known: Set<ObjectID> = []
        for commit in head.prerequisites { known.formUnion(try repository.treePointers(name(commit)).map(\.pointer.oid)) }
        var expectation = Expectation()
        func isNeeded(_ pointer: Pointer) -> Bool {
            if pointer.isExtended { expectation.extendedFileCount += 1 }
            return !pointer.isExtended && pointer.byteCount > 0 && !known.contains(pointer.oid)
        }
        var objects: [GitObjectName] = []
        for ref in head.refs where !objects.contains(ref.object) { objects.append(ref.object) }
        for object in objects {
            let refs = head.refs.filter { $0.object == object }.map(\.name.description)
            expectation.text += "# \(refs.joined(separator: ", ")): \(object)\n"
            for file in try repository.treePointers(name(object)) where isNeeded(file.pointer) { expectation.add((file.path, file.pointer)) }
        }
        guard withHistory else { return expectation }
        known.formUnion(expectation.names.keys)
        var older: [File] = []
        for item in try repository.reachedPointers(from: objects.map(name), excluding: head.prerequisites.map(name)) where isNeeded(item.pointer) {
            older.append((item.path, item.pointer))
            known.insert(item.pointer.oid)
        }
        if !older.isEmpty { expectation.text += "# in older commits\n" }
        for file in older.sorted(by: { ($0.path, $0.pointer.oid) < ($1.path, $1.pointer.oid) }) { expectation.add(file) }
        return expectation
    }

    func testNeedsAreTheSameHoweverFewFilesAreInMemory() throws {
        var counts: [Int] = []
        for revisions in [["HEAD", "main"], ["--all"], ["main", "^v1"], ["side", "main", "^main~3"], ["v1", "HEAD", "main"]] as [[BytePath]] {
            for withHistory in [false, true] {
                let head = try head(of: revisions)
                let expected = try expectation(head, withHistory: withHistory)
                counts.append(expected.sizes.count)
                for runLimit in [1, 2, 3, 7, 16_384] {
                    let needs = try BundleNeeds(head, in: repository, withHistory: withHistory, runLimit: runLimit)
                    let what = "\(revisions), history: \(withHistory), \(runLimit)"
                    var text: [UInt8] = []
                    let texts = BundleTexts(head: head, needs: needs)
                    try texts.writeFiles { bytes throws(SystemError) in text += bytes }
                    XCTAssertEqual(String(decoding: text, as: UTF8.self), expected.text, what)
                    XCTAssertEqual(needs.extendedFileCount, expected.extendedFileCount, what)
                    XCTAssertEqual(needs.total.filesTotal, expected.sizes.count, what)
                    XCTAssertEqual(needs.total.bytesTotal, expected.sizes.values.reduce(0, +), what)
                    XCTAssertEqual(try needs.names(of: expected.sizes.keys), expected.names, what)
                    var sums: [UInt8] = []
                    try texts.writeSums(of: [(.readme, .of([]))]) { bytes throws(SystemError) in sums += bytes }
                    let members = [(BundleMember.readme, ObjectID.of([]))] + expected.sizes.keys.sorted().map { (BundleMember.blob($0), $0) }
                    XCTAssertEqual(String(decoding: sums, as: UTF8.self), members.map { "\($0.1)  \($0.0.name)\n" }.joined(), what)
                }
            }
        }
        XCTAssertEqual(counts, [15, 19, 21, 23, 10, 11, 6, 7, 18, 19])
    }

    func testFilesAreSortedByPathAndOID() throws {
        let files = (0..<50).map { number in
            BundledFile(path: BytePath("\(number * 7 % 10)/x"), oid: pointer(number).oid, byteCount: Int64(number))
        }
        for runLimit in [1, 2, 7, 49, 50, 51] {
            let sorted = SortedBundleFiles(in: try repository.store(), runLimit: runLimit)
            for file in files { sorted.add(file) }
            var found: [Int64] = []
            try sorted.forEach { found.append($0.byteCount) }
            XCTAssertEqual(found, files.sorted(by: <).map(\.byteCount), "\(runLimit)")
        }
    }
}
