extension Descriptor {
    /// Notes on the file that its content has been verified, byte by byte, to be what its name says. The note is an
    /// extended attribute, and void once anybody writes to the file: it bears the file's time of modification.
    /// To be left while the file may still be written to.
    /// - Returns: false where the file system keeps no notes.
    /// Spec: xattr(7). The value is short, so that it fits into the file's inode.
    package func noteVerified() -> Bool {
        guard let run = System.runID, let status = try? status() else { return false }
        return setAttribute(Self.noteName, run + Self.bytes(of: status.modified))
    }

    /// Whether a note of this run of the system is there and holds: no crash has lost what was not on the disk, and the
    /// disk has had no time to decay. Who would only read the same bytes once more can save that.
    package var isNotedVerified: Bool {
        guard let run = System.runID, let value = attribute(Self.noteName), let status = try? status() else { return false }
        return status.kind == .regular && value == run + Self.bytes(of: status.modified)
    }

    private static let noteName = "user.git-data"

    private static func bytes(of time: FileStatus.Time) -> [UInt8] {
        withUnsafeBytes(of: time.seconds.bigEndian) { Array($0) }
            + withUnsafeBytes(of: time.nanoseconds.bigEndian) { Array($0) }
    }
}
