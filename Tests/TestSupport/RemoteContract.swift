import Digest
import Platform
import Remote

/// What every remote must do, as checks that each remote's tests call one by one. A check throws
/// `ContractBroken` where the remote does not keep a rule of `Remote`.
package struct RemoteContract {
    private let remote: any Remote
    private let scratch: ScratchFolder
    private let plant: (ObjectID, [UInt8]) throws -> Void

    /// - Parameters:
    ///   - remote: an empty one.
    ///   - plant: puts bytes under a blob's name behind the remote's back.
    package init(_ remote: any Remote, _ scratch: ScratchFolder, plant: @escaping (ObjectID, [UInt8]) throws -> Void) {
        self.remote = remote
        self.scratch = scratch
        self.plant = plant
    }

    package func checkUploadedBlobIsThereOnceSettled() throws {
        let blob = try source(length: 70_000, seed: 1)
        try expect(upload(blob), equals: .sent)
        try expect(remote.settle(), equals: [:])
        try expect(remote.existing(among: [blob.oid]), equals: [blob.oid: 70_000])
        try expect(content(of: blob.oid), equals: blob.bytes)
        try expect(list(), equals: [RemoteBlob(oid: blob.oid, byteCount: 70_000)])
    }

    package func checkEmptyBlobIsABlob() throws {
        let blob = try source(length: 0, seed: 1)
        try expect(upload(blob), equals: .sent)
        try expect(remote.settle(), equals: [:])
        try expect(remote.existing(among: [blob.oid]), equals: [blob.oid: 0])
        try expect(content(of: blob.oid), equals: [])
    }

    package func checkManyBlobsSettleTogether() throws {
        let blobs = try (0..<300).map { try source(length: $0, seed: UInt64($0)) }
        for blob in blobs { _ = try upload(blob) }
        try expect(remote.settle(), equals: [:])
        let expected = Set(blobs.map { RemoteBlob(oid: $0.oid, byteCount: Int64($0.bytes.count)) })
        try expect(Set(list()), equals: expected)
        try expect(remote.existing(among: blobs.map(\.oid)).count, equals: expected.count)
    }

    package func checkSecondUploadFindsTheFirst() throws {
        let blob = try source(length: 5000, seed: 1)
        _ = try upload(blob)
        _ = remote.settle()
        try expect(upload(blob), equals: .existed)
        try expect(remote.settle(), equals: [:])
        try expect(content(of: blob.oid), equals: blob.bytes)
    }

    package func checkSourceWithOtherBytesIsRefused() throws {
        let blob = try source(length: 5000, seed: 1)
        var changed = blob.bytes
        changed[4999] ^= 1
        try scratch.write(changed, to: "damaged")
        try expectFailure(.damaged) {
            _ = try remote.upload(blob.oid, byteCount: 5000, from: scratch / "damaged", TransferControl())
        }
        try expect(remote.settle(), equals: [:])
        try expect(remote.existing(among: [blob.oid]), equals: [:])
    }

    package func checkTruncatedSourceIsRefused() throws {
        let blob = try source(length: 3 << 20, seed: 1)
        try scratch.write(Array(blob.bytes.prefix(2 << 20)), to: "short")
        try expectFailure(.damaged) {
            _ = try remote.upload(blob.oid, byteCount: 3 << 20, from: scratch / "short", TransferControl())
        }
        try expect(remote.settle(), equals: [:])
        try expect(list(), equals: [])
    }

    package func checkSourceOfUnexpectedLengthIsRefused() throws {
        let blob = try source(length: 5000, seed: 1)
        try expectFailure(.damaged) {
            _ = try remote.upload(blob.oid, byteCount: 4999, from: blob.file, TransferControl())
        }
        try expect(remote.settle(), equals: [:])
        try expect(list(), equals: [])
    }

    package func checkMissingSourceIsAbsent() throws {
        let blob = try source(length: 10, seed: 1)
        try blob.file.removeFile()
        try expectFailure(.absent) { _ = try upload(blob) }
        try expect(remote.settle(), equals: [:])
    }

    package func checkObjectOfOtherLengthIsDamagedAndNotOverwritten() throws {
        let blob = try source(length: 5000, seed: 1)
        let stump = Array(blob.bytes.prefix(100))
        try plant(blob.oid, stump)
        try expect(remote.existing(among: [blob.oid]), equals: [blob.oid: 100])
        try expectFailure(.damaged) { _ = try upload(blob) }
        try expect(remote.settle(), equals: [:])
        try expect(content(of: blob.oid), equals: stump)
    }

    package func checkDownloadStartsAtOffset() throws {
        let blob = try source(length: 3 << 20, seed: 1)
        _ = try upload(blob)
        _ = remote.settle()
        for offset in [0, 1, 1 << 20, (3 << 20) - 1, 3 << 20] {
            try expect(content(of: blob.oid, from: Int64(offset)), equals: Array(blob.bytes.dropFirst(offset)))
        }
    }

    package func checkDownloadOfAbsentBlobIsAbsent() throws {
        try expectFailure(.absent) { _ = try content(of: .of([1])) }
    }

    package func checkReceiversErrorEndsDownload() throws {
        let blob = try source(length: 3 << 20, seed: 1)
        _ = try upload(blob)
        _ = remote.settle()
        var calls = 0
        try expectFailure(.full) {
            try remote.download(blob.oid, from: 0, TransferControl()) { _ throws(RemoteError) in
                calls += 1
                throw RemoteError(.full, "no room")
            }
        }
        try expect(calls, equals: 1)
    }

    package func checkDocumentsAreMadeOnceAndAreNoBlobs() throws {
        guard let name = DocumentName("gc/mark"), let folder = DocumentName("gc") else { throw Unexpected("no names") }
        try expect(remote.read(name), equals: nil)
        try expect(remote.documents(in: folder), equals: [])
        try expect(remote.create(name, Array("first".utf8)), equals: true)
        try expect(remote.create(name, Array("second".utf8)), equals: false)
        try expect(remote.read(name), equals: Array("first".utf8))
        try expect(remote.documents(in: folder), equals: [name])
        try expect(list(), equals: [])
        try remote.remove(name)
        try remote.remove(name)
        try expect(remote.read(name), equals: nil)
    }

    package func checkDocumentsAreReplacedAndListedFromAName() throws {
        let names = ["git/states/1.json", "git/states/2.json", "git/states/3.json"].compactMap { DocumentName($0) }
        guard names.count == 3, let folder = DocumentName("git/states"), let head = DocumentName("git/HEAD") else {
            throw Unexpected("no names")
        }
        for name in names.reversed() { try expect(remote.create(name, [1]), equals: true) }
        try expect(remote.documents(in: folder, after: names[0], limit: .max), equals: Array(names[1...]))
        try expect(remote.documents(in: folder, after: nil, limit: 2), equals: Array(names[..<2]))
        try expect(remote.documents(in: folder, after: names[2], limit: .max), equals: [])
        try remote.replace(head, Array("first".utf8))
        try remote.replace(head, Array("second".utf8))
        try expect(remote.read(head), equals: Array("second".utf8))
    }

    /// A blob under a name of its own is whole, verified, made once, and no blob of the place.
    package func checkBlobsHaveNamesOfTheirOwn() throws {
        let blob = try source(length: 300_000, seed: 77)
        guard let name = DocumentName("git/objects/pack/pack-1.pack") else { throw Unexpected("no name") }
        let view = remote.naming([blob.oid: name], areNew: true)
        let byteCount = Int64(blob.bytes.count)
        try expect(view.upload(blob.oid, byteCount: byteCount, from: blob.file, TransferControl()), equals: .sent)
        try expect(view.settle(), equals: [:])
        // Servers that know no conditions take the same bytes again.
        let again = remote.naming([blob.oid: name], areNew: true)
        _ = try again.upload(blob.oid, byteCount: byteCount, from: blob.file, TransferControl())
        let asked = remote.naming([blob.oid: name], areNew: false)
        try expect(asked.upload(blob.oid, byteCount: byteCount, from: blob.file, TransferControl()), equals: .existed)
        try expect(again.settle(), equals: [:])
        try expect(remote.read(name), equals: blob.bytes)
        try expect(list(), equals: [])
        var content: [UInt8] = []
        try remote.naming([blob.oid: name], areNew: false).download(blob.oid, from: 1000, TransferControl()) { piece throws(RemoteError) in
            content += piece
        }
        try expect(content, equals: Array(blob.bytes[1000...]))
        try expectFailure(.absent) { try remote.download(blob.oid, from: 0, TransferControl()) { _ throws(RemoteError) in } }
    }

    package func checkOfManyWhoMakeADocumentOneSucceeds() throws {
        guard let name = DocumentName("gc/race") else { throw Unexpected("no name") }
        let made = Monitor<[Int]>([])
        let remote = remote
        concurrently(count: 8, threads: 8) { number in
            if (try? remote.create(name, Array("\(number)".utf8))) == true { made.change { $0.append(number) } }
        }
        let winners = made.change { $0 }
        try expect(winners.count, equals: 1)
        try expect(remote.read(name), equals: Array("\(winners[0])".utf8))
    }

    package func checkExaminationFindsNothingWrongAndLeavesNothing() throws {
        var findings: [RemoteFinding] = []
        try remote.examine { findings.append($0) }
        try expect(findings.filter { ![.works, .noted].contains($0.outcome) }, equals: [])
        let expected: Set<RemoteFinding.Subject> = [.place, .list, .write, .read, .exclusive, .delete]
        try expect(expected.subtracting(findings.map(\.subject)), equals: [])
        try expect(list(), equals: [])
        var uploads: [UnfinishedUpload] = []
        try remote.forEachUnfinishedUpload { upload throws(RemoteError) in uploads.append(upload) }
        try expect(uploads, equals: [])
    }

    package func checkEmptyPlaceAnswersQuestions() throws {
        try expect(remote.existing(among: [.of([1]), .of([2])]), equals: [:])
        try expect(remote.existing(among: []), equals: [:])
        try expect(list(), equals: [])
        try expect(remote.settle(), equals: [:])
        try remote.delete(.of([1]))
    }

    package func checkDeletedBlobIsGoneAndCanComeBack() throws {
        let blob = try source(length: 100, seed: 1)
        let other = try source(length: 100, seed: 2)
        for blob in [blob, other] { _ = try upload(blob) }
        _ = remote.settle()
        try remote.delete(blob.oid)
        try expect(list(), equals: [RemoteBlob(oid: other.oid, byteCount: 100)])
        try expect(upload(blob), equals: .sent)
        try expect(remote.settle(), equals: [:])
        try expect(content(of: blob.oid), equals: blob.bytes)
    }

    package func checkUploadsOfOneBlobAtOnceAllSucceed() throws {
        let blob = try source(length: 200_000, seed: 1)
        let failures = Monitor<[String]>([])
        let remote = self.remote
        let (oid, file) = (blob.oid, blob.file)
        concurrently(count: 24, threads: 6) { _ in
            do throws(RemoteError) {
                _ = try remote.upload(oid, byteCount: 200_000, from: file, TransferControl())
                let refused = remote.settle()
                failures.change { $0 += refused.values.map(\.message) }
            } catch {
                failures.change { $0.append(error.message) }
            }
        }
        try expect(failures.change { $0 }, equals: [])
        try expect(content(of: blob.oid), equals: blob.bytes)
        try expect(list().count, equals: 1)
    }

    package func checkCancelledUploadLeavesNothing() throws {
        let blob = try source(length: 5 << 20, seed: 1)
        let control = TransferControl()
        control.cancellation.cancel()
        try expectFailure(.interrupted) {
            _ = try remote.upload(blob.oid, byteCount: 5 << 20, from: blob.file, control)
        }
        try expect(remote.settle(), equals: [:])
        try expect(list(), equals: [])
    }

    package func checkControlSeesAllBytes() throws {
        let blob = try source(length: 3 << 20, seed: 1)
        let control = TransferControl()
        _ = try remote.upload(blob.oid, byteCount: 3 << 20, from: blob.file, control)
        try expect(control.bytesSoFar, equals: 3 << 20)
        _ = remote.settle()
    }

    // MARK: Means

    private struct Source {
        let oid: ObjectID
        let bytes: [UInt8]
        let file: BytePath
    }

    private func source(length: Int, seed: UInt64) throws -> Source {
        var random = SeededRandom(seed: seed)
        let bytes = random.bytes(length)
        let oid = ObjectID.of(bytes)
        return Source(oid: oid, bytes: bytes, file: try scratch.write(bytes, to: BytePath("sources/\(oid.hex)")))
    }

    private func upload(_ blob: Source) throws -> UploadResult {
        try remote.upload(blob.oid, byteCount: Int64(blob.bytes.count), from: blob.file, TransferControl())
    }

    private func content(of oid: ObjectID, from offset: Int64 = 0) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try remote.download(oid, from: offset, TransferControl()) { piece throws(RemoteError) in bytes += piece }
        return bytes
    }

    private func list() throws -> [RemoteBlob] {
        var blobs: [RemoteBlob] = []
        try remote.forEachBlob { blob throws(RemoteError) in blobs.append(blob) }
        return blobs
    }

    private func expect<Value: Equatable>(
        _ value: @autoclosure () throws -> Value, equals expected: Value, line: Int = #line
    ) throws {
        let value = try value()
        guard value == expected else {
            let texts = ["\(value)", "\(expected)"].map { $0.prefix(200) }
            throw ContractBroken(what: "\(texts[0]) is not \(texts[1])", line: line)
        }
    }

    private func expectFailure(_ kind: RemoteError.Kind, line: Int = #line, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as RemoteError {
            guard error.kind == kind, !error.isTransient, !error.message.isEmpty else {
                throw ContractBroken(what: "\(error) is not \(kind)", line: line)
            }
            return
        }
        throw ContractBroken(what: "no error, where \(kind) was expected", line: line)
    }
}

/// A rule that a remote does not keep.
package struct ContractBroken: Error, CustomStringConvertible {
    let what: String
    /// Where the check is, in `RemoteContract.swift`.
    let line: Int

    package var description: String { "\(what) (RemoteContract.swift:\(line))" }
}
