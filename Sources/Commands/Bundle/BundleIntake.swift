import Diagnostics
import Digest
import Git
import ObjectStore
import Platform

/// Reads a bundle from its start to its end, once, and says of each part whether it is what it should be. Memory is for some
/// of the blobs, however many there are, and for what is wrong.
final class BundleIntake {
    /// What became of the blobs.
    struct Blobs {
        /// Those that are what their name says.
        let sound: SortedBlobs
        var soundCount = 0
        /// Of the sound ones.
        var byteCount: Int64 = 0
        /// Those whose bytes are not those of their name.
        var damaged: [ObjectID] = []
        /// What ended the reading before the bundle's end.
        var failure: BundleFormatError?
    }

    private let file: BundleFile
    private let reader: BundleReader
    private let scratch: ObjectStore
    /// The blobs that should be there.
    let expected: SortedBlobs
    private var expectedCount = 0
    /// Parts that are not what the checksums say, and that nothing depends on.
    private(set) var flaws: [String] = []

    static let readmeLimit = 1 << 20

    /// - Parameter scratch: whose disk takes what has no room in memory.
    init(_ file: BundleFile, scratch: ObjectStore) {
        self.file = file
        self.scratch = scratch
        expected = SortedBlobs(in: scratch)
        reader = BundleReader(file.input)
    }

    /// Reads no further than the refs.
    /// - Throws: `CommandFailure` where it is no bundle, or a damaged one.
    static func readHead(of file: BundleFile) throws -> BundleHead {
        do {
            let reader = BundleReader(file.input)
            _ = try readSignature(reader)
            // No blob is looked for, and no checksum needed.
            for member in [BundleMember.files, .sums, .repository] { try begin(member, reader) }
            var parser = BundleHeadParser()
            // A pack may be long, and is not needed.
            struct Enough: Error {}
            do {
                try reader.forEachPiece { bytes in
                    parser.take(bytes)
                    if parser.head != nil { throw Enough() }
                }
            } catch is Enough {}
            guard let head = parser.head else { throw noGitBundle }
            return head
        } catch let error as BundleFormatError {
            throw file.failure(error)
        }
    }

    /// Reads all that stands before the blobs.
    /// - Parameter target: gets Git's bundle.
    /// - Throws: as `readHead`.
    func readRepository(into target: borrowing Descriptor) throws -> BundleHead {
        do {
            let sums = try readTexts()
            try Self.begin(.repository, reader)
            var parser = BundleHeadParser()
            var hasher = BlobHasher()
            try reader.forEachPiece { bytes in
                parser.take(bytes)
                hasher.update(bytes)
                try target.write(bytes)
            }
            if let written = sums[.repository], written != hasher.finish() {
                throw BundleFormatError.damaged("'\(BundleMember.repository.name)' is not what \(BundleMember.sums.name) says")
            }
            guard let head = parser.head else { throw Self.noGitBundle }
            return head
        } catch let error as BundleFormatError {
            throw file.failure(error)
        }
    }

    /// Reads the blobs and stores those that are sound. What is wrong with others keeps none of them away.
    func storeBlobs(in batch: BlobBatch, _ progress: any ProgressObserver) throws -> Blobs {
        let blobs = try readBlobs(progress) { oid, piece in
            var spool = BlobSpool(in: batch.store, guess: { BlobGuess(oid, in: batch.store) })
            try piece { try spool.write($0) }
            return try spool.insert(into: batch, ifIts: oid)
        }
        try batch.flush()
        return blobs
    }

    /// Reads the blobs and stores nothing.
    func checkBlobs(_ progress: any ProgressObserver) throws -> Blobs {
        try readBlobs(progress) { oid, piece in
            var hasher = BlobHasher()
            try piece { hasher.update($0) }
            return hasher.finish() == oid
        }
    }

    private typealias Pieces = ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

    /// - Parameter take: reads a blob's content, all of it, and says whether it is sound.
    private func readBlobs(_ progress: any ProgressObserver, _ take: (ObjectID, Pieces) throws -> Bool) throws -> Blobs {
        var blobs = Blobs(sound: SortedBlobs(in: scratch))
        var tick = ProgressTick(filesTotal: expectedCount, bytesTotal: file.byteCount)
        do {
            while let item = try reader.next() {
                guard case .blob(let oid) = item.member else { continue }
                let isSound = try take(oid) { body in
                    try reader.forEachPiece { bytes in
                        try body(bytes)
                        tick.bytesDone = reader.offset
                        progress.advance(to: tick)
                    }
                }
                if isSound {
                    blobs.sound.add(oid)
                    blobs.soundCount += 1
                    blobs.byteCount += item.byteCount
                } else {
                    blobs.damaged.append(oid)
                }
                tick.filesDone = min(tick.filesDone + 1, tick.filesTotal)
                progress.advance(to: tick)
            }
        } catch let error as BundleFormatError {
            blobs.failure = error
        }
        return blobs
    }

    // MARK: what stands first

    /// Reads the text members.
    /// - Returns: what the checksums say of the others that are no blobs.
    private func readTexts() throws -> [BundleMember: ObjectID] {
        let readme = try Self.readSignature(reader)
        try Self.begin(.files, reader)
        var hasher = BlobHasher()
        try reader.forEachPiece { hasher.update($0) }
        let found: [(BundleMember, ObjectID)] = [(.readme, ObjectID.of(readme)), (.files, hasher.finish())]
        try Self.begin(.sums, reader)
        var parser = SumsParser()
        try reader.forEachPiece { bytes in
            parser.take(bytes) { oid in
                self.expected.add(oid)
                self.expectedCount += 1
            }
        }
        guard parser.isSound else {
            flaws.append(BundleMember.sums.name)
            return parser.others
        }
        for (member, oid) in found where parser.others[member] != oid { flaws.append(member.name) }
        return parser.others
    }

    /// Reads the first member.
    private static func readSignature(_ reader: BundleReader) throws -> [UInt8] {
        try begin(.readme, reader)
        let readme = try reader.content(limit: readmeLimit)
        guard readme.starts(with: BundleMember.signature) else {
            throw readme.starts(with: BundleMember.anySignature) ? BundleFormatError.version : .foreign
        }
        return readme
    }

    private static func begin(_ member: BundleMember, _ reader: BundleReader) throws {
        // The reader has them in no other order.
        guard let item = try reader.next(), item.member == member else { throw BundleFormatError.truncated }
    }

    private static let noGitBundle = BundleFormatError.damaged("'\(BundleMember.repository.name)' is no bundle of Git")
}

/// Reads `SHA256SUMS` as it arrives.
private struct SumsParser {
    private(set) var others: [BundleMember: ObjectID] = [:]
    private var hasStrangeLine = false
    private var line: [UInt8] = []

    private static let lineLimit = 200

    /// Whether every line was understood.
    var isSound: Bool { !hasStrangeLine && line.isEmpty }

    /// - Parameter blob: is called with each blob that is named.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ blob: (ObjectID) -> Void) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if !understand(blob) { hasStrangeLine = true }
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.lineLimit {
                line.append(byte)
            }
        }
    }

    private mutating func understand(_ blob: (ObjectID) -> Void) -> Bool {
        let separator = Array("  ".utf8)
        guard line.count > ObjectID.digitCount + 2, let oid = ObjectID(hex: line.prefix(ObjectID.digitCount)),
            line.dropFirst(ObjectID.digitCount).prefix(2) == separator[...],
            let member = BundleMember(name: Array(line.dropFirst(ObjectID.digitCount + 2)))
        else { return false }
        if case .blob(let named) = member {
            guard named == oid else { return false }
            blob(oid)
        } else {
            others[member] = oid
        }
        return true
    }
}
