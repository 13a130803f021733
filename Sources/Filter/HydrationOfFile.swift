import Digest
import Git
import ObjectStore
import Platform

/// The hydration of one file.
struct HydrationOfFile {
    let file: HydrationFile
    let store: ObjectStore
    let retired: RetiredFiles
    let makingAbsent: Bool
    /// The time of modification that the file is to have.
    let modified: FileStatus.Time

    /// By this name whoever finds a half-written file after a crash knows whose it is.
    static let temporaryPrefix = TemporaryFile.visiblePrefix
    private static let largestBuffer = 1 << 20

    /// Why a file is not written.
    private enum Obstacle: Error {
        case absent
        case reason(HydrationOutcome.Reason)
    }

    /// - Parameter advance: told of bytes as they are written.
    func run(at place: borrowing WorktreeEntry, _ advance: (Int) -> Void) -> Hydration.Ending {
        do throws(Obstacle) {
            return try replace(place, advance)
        } catch {
            switch error {
            case .absent: return .passedOver
            case .reason(let reason): return .left(reason)
            }
        }
    }

    /// What it means that there is no place for the file.
    static func ending(_ error: WorktreePathError, makingAbsent: Bool) -> Hydration.Ending {
        switch error {
        case .forbidden: .left(.pathUnsafe("Git writes no such path to a worktree"))
        case .link(let place): .left(.pathUnsafe("'\(place)' is a symbolic link"))
        // Somebody put something else in the place of the folder, and the file is gone with it.
        case .notFolder, .notFile: makingAbsent ? .left(.edited) : .passedOver
        case .system(let error): .left(.system(error))
        }
    }

    private func replace(
        _ place: borrowing WorktreeEntry, _ advance: (Int) -> Void
    ) throws(Obstacle) -> Hydration.Ending {
        let standing = try pointerStatus(place)
        if standing == nil, !makingAbsent { throw .absent }
        let blob = try openBlob()
        do throws(SystemError) {
            let temporary = try TemporaryEntry(
                in: place.folder, prefix: Self.temporaryPrefix, permissions: file.mode == "100755" ? 0o777 : 0o666)
            let content = try copy(blob, to: temporary.descriptor, advance)
            guard content == file.oid || file.byteCount == 0 else { return .left(setAside()) }
            try temporary.descriptor.setModified(modified)
            return try commit(temporary, place, inPlaceOf: standing)
        } catch {
            throw .reason(.system(error))
        }
    }

    /// The status of the pointer that stands there; nil where nothing does.
    private func pointerStatus(_ place: borrowing WorktreeEntry) throws(Obstacle) -> FileStatus? {
        do throws(SystemError) {
            guard let standing = try place.folder.status(ofEntry: place.name) else { return nil }
            let text = file.pointerText
            if standing.kind == .regular, standing.byteCount == Int64(text.count) {
                let opened = try place.folder.open(entry: place.name, [.read, .noFollow, .nonBlocking])
                // Taken before the content, so that any later change shows.
                let status = try opened.status()
                let content = try ByteReader(opened, bufferSize: 4096).readToEnd(limit: text.count + 1)
                if status.kind == .regular, content == text { return status }
            }
        } catch {
            throw .reason(.system(error))
        }
        throw .reason(.edited)
    }

    private func openBlob() throws(Obstacle) -> Descriptor {
        if file.byteCount == 0 {
            // A pointer of Git LFS may say so; the content is then empty, whatever the oid.
            do throws(SystemError) { return try Descriptor.open("/dev/null", .read) } catch { throw .reason(.system(error)) }
        }
        do throws(StoreError) {
            if let blob = try store.open(file.oid) { return blob }
        } catch {
            throw .reason(Self.reason(error))
        }
        throw .reason(.blobAbsent)
    }

    /// Copies the blob, sharing its blocks where the file system can, and hashes it on the way, unless that was
    /// done a short while ago.
    /// - Returns: the oid of what was copied.
    private func copy(
        _ blob: borrowing Descriptor, to target: borrowing Descriptor, _ advance: (Int) -> Void
    ) throws(SystemError) -> ObjectID {
        let isShared = target.share(contentOf: blob)
        if blob.isNotedVerified, try blob.status().byteCount == file.byteCount {
            if isShared {
                advance(Int(clamping: file.byteCount))
            } else {
                try target.copyContent(of: blob, advance)
            }
            return file.oid
        }
        var hasher = BlobHasher()
        let bufferSize = min(Self.largestBuffer, Int(clamping: max(4096, file.byteCount)))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try blob.read(into: buffer)
            if count == 0 { return hasher.finish() }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bytes)
            if !isShared { try target.write(bytes) }
            advance(count)
        }
    }

    /// Puts the content in the pointer's place, unless that has changed meanwhile.
    private func commit(
        _ temporary: consuming TemporaryEntry, _ place: borrowing WorktreeEntry, inPlaceOf standing: FileStatus?
    ) throws(SystemError) -> Hydration.Ending {
        let written = try temporary.descriptor.status()
        let isPlaced =
            if let standing {
                try temporary.commit(
                    as: place.name, in: place.folder, inPlaceOf: standing, retire: retired.take)
            } else {
                try temporary.commit(as: place.name, in: place.folder)
            }
        guard isPlaced else { return .left(.edited) }
        // The renaming is a change of the file's status, so it is asked for once more. If somebody wrote to
        // the file since, or the pointer was wrong about the size, Git shall compare.
        let named = try temporary.descriptor.status()
        let isAsWritten = named.modified == written.modified && named.byteCount == file.byteCount
        return .written(status: isAsWritten ? named : nil)
    }

    /// Takes a damaged blob out of use.
    private func setAside() -> HydrationOutcome.Reason {
        do throws(StoreError) {
            return .blobDamaged(kept: try store.setAside(file.oid))
        } catch {
            // Another thread or process has met the same blob.
            if case .system(let error) = error, error.isAbsent {
                return .blobDamaged(kept: store.damaged / file.oid.hex)
            }
            return Self.reason(error)
        }
    }

    private static func reason(_ error: StoreError) -> HydrationOutcome.Reason {
        switch error {
        case .system(let error): .system(error)
        case .damaged(_, let kept): .blobDamaged(kept: kept)
        }
    }
}
