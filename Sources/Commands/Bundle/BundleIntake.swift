import Diagnostics
import Digest
import Git
import ObjectStore
import Platform

/// Reads a bundle from its start to its end, once, and says of each part whether it is what it should be.
final class BundleIntake {
    /// What became of the blobs.
    struct Blobs {
        /// Those that are what their name says.
        var sound: Set<ObjectID> = []
        var byteCount: Int64 = 0
        /// Those whose bytes are not those of their name.
        var damaged: [ObjectID] = []
        /// What ended the reading before the bundle's end.
        var failure: BundleFormatError?
    }

    private let file: BundleFile
    private let reader: BundleReader
    /// The blobs that should be there, by rising oid.
    private(set) var expected: [ObjectID] = []
    /// Parts that are not what the checksums say, and that nothing depends on.
    private(set) var flaws: [String] = []

    static let readmeLimit = 1 << 20

    init(_ file: BundleFile) {
        self.file = file
        reader = BundleReader(file.input)
    }

    /// Reads no further than the refs.
    /// - Throws: `CommandFailure` where it is no bundle, or a damaged one.
    func readHead() throws -> BundleHead {
        try naming {
            try readTexts()
            var parser = BundleHeadParser()
            try begin(.repository)
            // A pack may be long, and is not needed.
            struct Enough: Error {}
            do {
                try reader.forEachPiece { bytes in
                    parser.take(bytes)
                    if parser.head != nil { throw Enough() }
                }
            } catch is Enough {}
            guard let head = parser.head else { throw Self.noGitBundle }
            return head
        }
    }

    /// Reads all that stands before the blobs.
    /// - Parameter target: gets Git's bundle.
    /// - Throws: as `readHead`.
    func readRepository(into target: borrowing Descriptor) throws -> BundleHead {
        try naming {
            let sums = try readTexts()
            try begin(.repository)
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
        var blobs = Blobs()
        var tick = ProgressTick(filesTotal: expected.count, bytesTotal: file.byteCount)
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
                    blobs.sound.insert(oid)
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
    @discardableResult
    private func readTexts() throws -> [BundleMember: ObjectID] {
        try begin(.readme)
        let readme = try reader.content(limit: Self.readmeLimit)
        guard readme.starts(with: BundleMember.signature) else {
            throw readme.starts(with: BundleMember.anySignature) ? BundleFormatError.version : .foreign
        }
        try begin(.files)
        var hasher = BlobHasher()
        try reader.forEachPiece { hasher.update($0) }
        let found: [(BundleMember, ObjectID)] = [(.readme, ObjectID.of(readme)), (.files, hasher.finish())]
        try begin(.sums)
        var parser = SumsParser()
        try reader.forEachPiece { parser.take($0) }
        expected = parser.blobs
        guard parser.isSound else {
            flaws.append(BundleMember.sums.name)
            return parser.others
        }
        for (member, oid) in found where parser.others[member] != oid { flaws.append(member.name) }
        return parser.others
    }

    private func begin(_ member: BundleMember) throws {
        // The reader has them in no other order.
        guard let item = try reader.next(), item.member == member else { throw BundleFormatError.truncated }
    }

    private static let noGitBundle = BundleFormatError.damaged("'\(BundleMember.repository.name)' is no bundle of Git")

    private func naming<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as BundleFormatError { throw file.failure(error) }
    }
}

/// Reads `SHA256SUMS` as it arrives.
private struct SumsParser {
    private(set) var others: [BundleMember: ObjectID] = [:]
    private(set) var blobs: [ObjectID] = []
    private var hasStrangeLine = false
    private var line: [UInt8] = []

    private static let lineLimit = 200

    /// Whether every line was understood.
    var isSound: Bool { !hasStrangeLine && line.isEmpty }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if !understand() { hasStrangeLine = true }
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.lineLimit {
                line.append(byte)
            }
        }
    }

    private mutating func understand() -> Bool {
        let separator = Array("  ".utf8)
        guard line.count > ObjectID.digitCount + 2, let oid = ObjectID(hex: line.prefix(ObjectID.digitCount)),
            line.dropFirst(ObjectID.digitCount).prefix(2) == separator[...],
            let member = BundleMember(name: Array(line.dropFirst(ObjectID.digitCount + 2)))
        else { return false }
        if case .blob(let named) = member {
            guard named == oid else { return false }
            blobs.append(oid)
        } else {
            others[member] = oid
        }
        return true
    }
}
