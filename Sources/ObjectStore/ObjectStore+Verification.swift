import Digest
import Platform
private import Synchronization

/// The oid of what is left to read of a file.
package func hashContent(of file: borrowing Descriptor) throws(SystemError) -> ObjectID {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    return try hashContent(of: file, through: buffer)
}

private func hashContent(
    of file: borrowing Descriptor, through buffer: UnsafeMutableRawBufferPointer
) throws(SystemError) -> ObjectID {
    var hasher = BlobHasher()
    while true {
        let count = try file.read(into: buffer)
        if count == 0 { return hasher.finish() }
        hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
}

extension ObjectStore {
    /// A blob of the store's own folder, as found when walking it.
    package struct Entry: Equatable, Sendable {
        package let oid: ObjectID
        package let byteCount: Int64
        package let modified: FileStatus.Time
    }

    /// Reads the whole blob and compares it with its name.
    /// - Parameter buffer: memory to read through, for who reads many blobs; some of its own where nil.
    /// - Returns: nil where the blob is not here.
    package func isIntact(
        _ oid: ObjectID, through buffer: UnsafeMutableRawBufferPointer? = nil
    ) throws(StoreError) -> Bool? {
        guard let file = try open(oid) else { return nil }
        do throws(SystemError) {
            if let buffer { return try hashContent(of: file, through: buffer) == oid }
            return try hashContent(of: file) == oid
        } catch {
            throw .system(error)
        }
    }

    /// Calls `body` for each blob in the store's own folder, in the order of the oids. Files that no
    /// blob can have made are passed over.
    package func forEachEntry(_ body: (Entry) throws(StoreError) -> Void) throws(StoreError) {
        // Where the time goes: the system reads up to 65,536 folders. So that is done on all processors, some folders
        // ahead of `body`.
        let threads = availableProcessorCount()
        var rest = try Self.hexFolders(in: objects)[...]
        while !rest.isEmpty {
            let folders = Array(rest.prefix(4 * threads))
            rest = rest.dropFirst(folders.count)
            let found = Mutex<[Result<[Entry], StoreError>]>(Array(repeating: .success([]), count: folders.count))
            concurrently(count: folders.count, threads: threads) { position in
                let entries = self.entries(below: folders[position])
                found.withLock { $0[position] = entries }
            }
            for entries in found.withLock({ $0 }) {
                for entry in try entries.get() { try body(entry) }
            }
        }
    }

    private func entries(below first: BytePath) -> Result<[Entry], StoreError> {
        do throws(StoreError) {
            var entries: [Entry] = []
            for second in try Self.hexFolders(in: objects / first) {
                let folder = objects / first / second
                for name in try Self.sortedEntries(of: folder) {
                    guard let oid = ObjectID(hex: name.bytes), name.bytes.starts(with: first.bytes + second.bytes),
                        let status = try Self.status(of: folder / name), status.kind == .regular
                    else { continue }
                    entries.append(Entry(oid: oid, byteCount: status.byteCount, modified: status.modified))
                }
            }
            return .success(entries)
        } catch {
            return .failure(error)
        }
    }

    /// - Returns: nil where nothing is.
    private static func status(of path: BytePath) throws(StoreError) -> FileStatus? {
        do throws(SystemError) { return try path.status() } catch { throw .system(error) }
    }

    private static func hexFolders(in folder: BytePath) throws(StoreError) -> [BytePath] {
        try sortedEntries(of: folder).filter { name in
            name.bytes.count == 2 && name.bytes.allSatisfy { Hexadecimal.value(ofDigit: $0) != nil }
        }
    }

    private static func sortedEntries(of folder: BytePath) throws(StoreError) -> [BytePath] {
        do throws(SystemError) {
            return try folder.entries().sorted()
        } catch {
            if error.isAbsent { return [] }
            throw .system(error)
        }
    }

    /// Takes a blob whose bytes are not those of its name out of use: moves it to `damaged/`, or, where an
    /// alternate has it, notes that. It is never deleted: what is left of it may be all there is.
    /// - Returns: where it is now.
    @discardableResult
    package func setAside(_ oid: ObjectID) throws(StoreError) -> BytePath {
        do throws(SystemError) {
            if !path(of: oid).exists, let alternate = try distrustAlternate(oid) { return alternate }
            return try setAside(path(of: oid), as: oid)
        } catch {
            throw .system(error)
        }
    }

    /// What was taken out of use, each with where the first of it is, in the order of the oids.
    package func setAsideBlobs() throws(StoreError) -> [(oid: ObjectID, kept: BytePath)] {
        try Self.sortedEntries(of: damaged).compactMap { name in ObjectID(hex: name.bytes).map { ($0, damaged / name) } }
    }

    /// Where the copies of a blob go that are damaged, the first, the second and so on.
    private func placeAside(of oid: ObjectID, _ number: Int) -> BytePath {
        damaged / (number == 1 ? BytePath(oid.hex) : BytePath("\(oid.hex)-\(number)"))
    }

    private func removeSetAside(_ oid: ObjectID) throws(SystemError) {
        var number = 1
        while placeAside(of: oid, number).isPresent { number += 1 }
        // The first goes last, as it is what tells of the others.
        for number in (1..<number).reversed() { try placeAside(of: oid, number).removeFile() }
    }

    func setAside(_ file: BytePath, as oid: ObjectID) throws(SystemError) -> BytePath {
        try damaged.makeFolders()
        var number = 1
        while true {
            let kept = placeAside(of: oid, number)
            do throws(SystemError) {
                try file.renameExclusively(to: kept)
                try damaged.synchronizeFolder()
                return kept
            } catch {
                guard error.isExisting else { throw error }
                // What an earlier copy left stays as well.
                number += 1
            }
        }
    }

    /// Removes a blob that has not been touched for so many seconds. Nobody has come to need it meanwhile.
    /// - Returns: false where it is younger, or gone.
    package func remove(_ oid: ObjectID, untouchedFor age: Int64) throws(StoreError) -> Bool {
        guard let status = try Self.status(of: path(of: oid)), status.modified.seconds < FileStatus.Time.now.seconds - age else {
            return false
        }
        try remove(oid)
        return true
    }

    /// Removes a blob, and what is left of damaged copies of it. The caller knows that another copy is safe.
    package func remove(_ oid: ObjectID) throws(StoreError) {
        let file = path(of: oid)
        do throws(SystemError) {
            try removeSetAside(oid)
            try file.removeFile()
        } catch {
            throw .system(error)
        }
        // Empty folders are left behind by nobody; one that has been filled again just stays.
        if file.parent.removeEmptyFolder() { file.parent.parent.removeEmptyFolder() }
    }
}
