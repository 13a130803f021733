import Digest
import Platform
import Remote

/// The local file of a fetch. It outlives its process: beside it stands the entity tag of what it is the beginning of,
/// without which a later attempt begins anew. One process at a time has it.
final class SourceFile {
    private let path: BytePath
    private let file: Descriptor
    private(set) var byteCount: Int64 = 0
    /// The strong entity tag of the file whose beginning this is.
    private(set) var validator: String?
    /// Whether it is whole, which an empty file can be.
    private var isSettled = false

    private var note: BytePath { path.adding(suffix: ".etag") }

    /// - Parameter checkpoint: asked while another process has the file.
    init(_ path: BytePath, _ checkpoint: () throws(RemoteError) -> Void) throws(RemoteError) {
        self.path = path
        while true {
            do throws(SystemError) {
                if let locked = try Self.lock(path) {
                    file = locked
                    break
                }
            } catch {
                throw RemoteError(error, "write", path)
            }
            try checkpoint()
            pause(.milliseconds(20))
        }
        do throws(SystemError) {
            byteCount = try file.status().byteCount
            validator = try note.contents(limit: 4096).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            throw RemoteError(error, "read", path)
        }
    }

    /// - Returns: nil where another process has the file, or its last owner has just moved it away.
    private static func lock(_ path: BytePath) throws(SystemError) -> Descriptor? {
        let file = try Descriptor.open(path, [.readWrite, .create, .noFollow])
        guard try file.lock(waiting: false), let there = try path.status() else { return nil }
        let here = try file.status()
        guard there.inode == here.inode, there.device == here.device else { return nil }
        return file
    }

    /// Where the next attempt goes on: behind what is here, if it can be known what that is.
    func offset() throws(RemoteError) -> Int64 {
        if byteCount > 0, validator == nil { try restart(nil) }
        return byteCount
    }

    /// Takes the head of an answer.
    /// - Parameter offset: what was asked for.
    func begin(_ answer: SourceAnswer, at offset: Int64, _ name: String) throws(RemoteError) {
        if answer.status == 206 {
            guard offset > 0, answer.first == offset else {
                throw RemoteError(.other, "\(name) sends other bytes than it was asked for", isTransient: true)
            }
            // A server that passes over the condition may give the end of another file.
            if let etag = answer.etag, etag != validator {
                try restart(nil)
                throw RemoteError(.unreachable, "\(name) has another file now", isTransient: true)
            }
            try local { () throws(SystemError) in try file.seek(to: offset) }
        } else {
            try restart(answer.etag.flatMap { SourceAnswer.isStrong($0) ? $0 : nil })
        }
        guard let whole = answer.byteCount, let free = try? path.parent.availableByteCount(), free > 0 else { return }
        guard whole - byteCount <= free else {
            throw RemoteError(.full, "no room in '\(path.parent)': \(free) bytes are free, and \(whole - byteCount) are to come")
        }
    }

    /// Begins anew, with a file of which this is the tag.
    func restart(_ validator: String?) throws(RemoteError) {
        try local { () throws(SystemError) in
            try file.truncate(to: 0)
            try file.seek(to: 0)
            // Only once nothing of another file is left.
            if let validator {
                try note.replaceContents(with: Array(validator.utf8), permissions: 0o600)
            } else {
                try note.removeFile()
            }
        }
        self.validator = validator
        byteCount = 0
    }

    func append(_ piece: UnsafeRawBufferPointer) throws(RemoteError) {
        try local { () throws(SystemError) in try file.write(piece) }
        byteCount += Int64(piece.count)
    }

    /// The digest of all that is here.
    func digest(
        _ algorithm: MessageDigest.Algorithm, _ checkpoint: () throws(RemoteError) -> Void
    ) throws(RemoteError) -> [UInt8] {
        var digest = MessageDigest(algorithm)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var position: Int64 = 0
        while true {
            try checkpoint()
            let count: Int
            do throws(SystemError) { count = try file.read(into: buffer, at: position) } catch {
                throw RemoteError(error, "read", path)
            }
            if count == 0 { return digest.finalize() }
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            position += Int64(count)
        }
    }

    /// Leaves nothing behind where nothing has come.
    func removeIfEmpty() {
        guard byteCount == 0, !isSettled else { return }
        try? note.removeFile()
        try? path.removeFile()
    }

    /// Returns when the file is on the disk; the tag is of no use any more.
    func settle() throws(RemoteError) {
        try local { () throws(SystemError) in
            try file.synchronize()
            try note.removeFile()
        }
        validator = nil
        isSettled = true
    }

    private func local(_ body: () throws(SystemError) -> Void) throws(RemoteError) {
        do throws(SystemError) { try body() } catch { throw RemoteError(error, "write", path) }
    }
}
