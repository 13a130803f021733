import Glibc
import Platform

/// Something that a test needs and this machine does not allow: reason to skip it.
package struct NotPossibleHere: Error {
    package let reason: String
}

/// A file system in memory with little room, mounted for one test. Only root can have one.
package final class SmallFileSystem {
    package let path: BytePath

    /// - Throws: `NotPossibleHere` where it cannot be mounted.
    package init(byteCount: Int, on folder: BytePath) throws {
        path = folder
        try folder.makeFolders()
        let isMounted = folder.withCString { mount("tmpfs", $0, "tmpfs", 0, "size=\(byteCount)") } == 0
        guard isMounted else { throw NotPossibleHere(reason: "a tmpfs cannot be mounted here") }
    }

    /// Refuses all further writes.
    package func makeReadOnly() throws {
        let isDone = path.withCString { mount("tmpfs", $0, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) } == 0
        guard isDone else { throw NotPossibleHere(reason: "the tmpfs cannot be made read-only") }
    }

    deinit {
        _ = path.withCString { umount2($0, Int32(MNT_DETACH)) }
    }
}
