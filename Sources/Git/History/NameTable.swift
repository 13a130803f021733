import Platform

/// Names of objects by names of objects: memory for some of them, however many there are.
///
/// What has no room is in a file without a name: a hash table with open addressing, which becomes another of twice the size
/// when it is half full. Where no file can be written, as on a full disk, all stays in memory.
package final class NameTable {
    private typealias Entry = (key: GitObjectName, value: GitObjectName)

    private let folder: BytePath
    private let limit: Int
    /// What was set last.
    private var recent: [GitObjectName: GitObjectName] = [:]
    private var file: NamelessFile?
    /// How many entries the file has room for, a power of two, and how many it has.
    private var room = 0
    private var writtenCount = 0
    private var isWritable = true

    package private(set) var count = 0

    package var isEmpty: Bool { count == 0 }

    /// A dictionary in memory is at its fullest with so many.
    package static let usualLimit = 12_288
    /// A key, a value and how long names are; zero there is no entry.
    private static let stride = 65

    /// - Parameters:
    ///   - folder: whose disk takes what has no room.
    ///   - limit: so many names are in memory.
    package init(in folder: BytePath, limit: Int = usualLimit) {
        self.folder = folder
        self.limit = limit
    }

    /// - Throws: where the file cannot be read any more.
    package subscript(key: GitObjectName) -> GitObjectName? {
        get throws(GitError) {
            if let value = recent[key] { return value }
            guard let file else { return nil }
            do throws(SystemError) {
                guard case .entry(let value) = try Self.look(for: key, in: file, room) else { return nil }
                return value
            } catch {
                throw .system(error)
            }
        }
    }

    /// - Returns: whether the key is a new one; one that is there keeps its value.
    @discardableResult
    package func insert(_ key: GitObjectName, _ value: GitObjectName) throws(GitError) -> Bool {
        guard try self[key] == nil else { return false }
        recent[key] = value
        count += 1
        if recent.count >= limit, isWritable {
            do throws(SystemError) { try writeRecent() } catch {
                // What is in memory is asked first, so that a part of it in the file does no harm.
                isWritable = false
            }
        }
        return true
    }

    private func writeRecent() throws(SystemError) {
        if 2 * (writtenCount + recent.count) > room { try grow(to: writtenCount + recent.count) }
        guard let file else { return }
        for (key, value) in recent { try Self.write((key, value), to: file, room) }
        writtenCount += recent.count
        recent.removeAll(keepingCapacity: true)
    }

    /// Takes another file, with room for twice as many again.
    private func grow(to count: Int) throws(SystemError) {
        var newRoom = 1024
        while newRoom < 4 * count { newRoom *= 2 }
        let new = try NamelessFile(TemporaryFile(in: folder, prefix: PackWriter.temporaryPrefix, permissions: 0o600))
        try new.extend(to: newRoom * Self.stride)
        if let file {
            let portion = 1024
            for start in Swift.stride(from: 0, to: room, by: portion) {
                let bytes = try Self.read(min(portion, room - start), from: start, in: file)
                for slot in 0..<bytes.count / Self.stride {
                    if let entry = Self.entry(bytes[(slot * Self.stride)...]) { try Self.write(entry, to: new, newRoom) }
                }
            }
        }
        (file, room) = (new, newRoom)
    }

    private enum Slot {
        case empty(Int)
        case entry(GitObjectName)
    }

    /// Where a key is, or where it belongs.
    private static func look(for key: GitObjectName, in file: NamelessFile, _ room: Int) throws(SystemError) -> Slot {
        // Seeded for each process, so that nobody can make names that all belong to one place.
        var hasher = Hasher()
        hasher.combine(key.prefix)
        hasher.combine(key.byteCount)
        var slot = hasher.finalize() & (room - 1)
        while true {
            guard let entry = entry(try read(1, from: slot, in: file)[...]) else { return .empty(slot) }
            if entry.key == key { return .entry(entry.value) }
            slot = (slot + 1) & (room - 1)
        }
    }

    private static func write(_ entry: Entry, to file: NamelessFile, _ room: Int) throws(SystemError) {
        guard case .empty(let slot) = try look(for: entry.key, in: file, room) else { return }
        var bytes = [UInt8](repeating: 0, count: stride)
        bytes.replaceSubrange(0..<Int(entry.key.byteCount), with: entry.key.bytes)
        bytes.replaceSubrange(32..<32 + Int(entry.value.byteCount), with: entry.value.bytes)
        bytes[stride - 1] = entry.key.byteCount
        var failure: SystemError?
        bytes.withUnsafeBytes { bytes in
            do throws(SystemError) { try file.write(bytes, at: slot * stride) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private static func read(_ count: Int, from slot: Int, in file: NamelessFile) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count * stride)
        var failure: SystemError?
        bytes.withUnsafeMutableBytes { target in
            do throws(SystemError) { try file.read(into: target, at: slot * stride) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// - Parameter bytes: of one slot, or more.
    /// - Returns: nil for an empty one.
    private static func entry(_ bytes: ArraySlice<UInt8>) -> Entry? {
        let start = bytes.startIndex
        let byteCount = Int(bytes[start + stride - 1])
        guard byteCount > 0, let key = GitObjectName(bytes: bytes[start..<start + byteCount]),
            let value = GitObjectName(bytes: bytes[start + 32..<start + 32 + byteCount])
        else { return nil }
        return (key, value)
    }
}
