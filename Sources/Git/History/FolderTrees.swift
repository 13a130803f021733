import Platform

/// A tree for each folder, mostly its newest: memory for some of them, however many folders there are and however large.
///
/// What has no room is in a file without a name. Where no file can be written, as on a full disk, all stays in memory.
final class FolderTrees {
    private let folder: BytePath
    private let limit: Int
    /// What was set last.
    private var recent: [Int: [UInt8]] = [:]
    private var recentByteCount = 0
    private var file: NamelessFile?
    private var places: [Int: Place] = [:]
    private var end = 0
    private var isWritable = true

    /// Where a tree is in the file, and how long another one may be that takes its place.
    private struct Place {
        let offset: Int
        var byteCount: Int
        let room: Int
    }

    /// - Parameters:
    ///   - folder: whose disk takes what has no room.
    ///   - limit: so many bytes are in memory.
    init(in folder: BytePath, limit: Int = 1 << 20) {
        self.folder = folder
        self.limit = limit
    }

    /// - Returns: nil where the folder has none yet.
    /// - Throws: where the file cannot be read any more.
    func tree(of folder: Int) throws(GitError) -> [UInt8]? {
        if let tree = recent[folder] { return tree }
        guard let file, let place = places[folder] else { return nil }
        var failure: SystemError?
        let tree = [UInt8](unsafeUninitializedCapacity: place.byteCount) { buffer, count in
            do throws(SystemError) {
                let target = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: place.byteCount)
                try file.read(into: target, at: place.offset)
                count = place.byteCount
            } catch {
                failure = error
            }
        }
        if let failure { throw .system(failure) }
        return tree
    }

    func set(_ tree: [UInt8], of folder: Int) {
        recentByteCount += tree.count - (recent.updateValue(tree, forKey: folder)?.count ?? 0)
        guard recentByteCount > limit, isWritable else { return }
        do throws(SystemError) {
            for (folder, tree) in recent { try write(tree, of: folder) }
            (recent, recentByteCount) = ([:], 0)
        } catch {
            // What is in memory is asked first, so that a part of a tree in the file does no harm.
            isWritable = false
        }
    }

    private func write(_ tree: [UInt8], of folder: Int) throws(SystemError) {
        let opened: NamelessFile
        if let file {
            opened = file
        } else {
            opened = try NamelessFile(TemporaryFile(in: self.folder, prefix: PackWriter.temporaryPrefix, permissions: 0o600))
        }
        file = opened
        var place: Place
        if let known = places[folder], known.room >= tree.count {
            place = known
        } else {
            place = Place(offset: end, byteCount: 0, room: tree.count + tree.count / 4)
            end += place.room
        }
        place.byteCount = tree.count
        var failure: SystemError?
        tree.withUnsafeBytes { bytes in
            do throws(SystemError) { try opened.write(bytes, at: place.offset) } catch { failure = error }
        }
        if let failure { throw failure }
        places[folder] = place
    }
}
