internal import CPlatform
internal import Glibc

/// What `stat` says of a file.
package struct FileStatus: Equatable, Sendable, BitwiseCopyable {
    package enum Kind: Sendable, BitwiseCopyable {
        case regular, folder, link, other
    }

    /// A point in time as the file system keeps it.
    package struct Time: Equatable, Sendable, Comparable, BitwiseCopyable {
        package var seconds: Int64
        package var nanoseconds: Int32

        package init(seconds: Int64, nanoseconds: Int32) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }

        /// Now, by the clock that file systems use.
        package static var now: Time {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Time(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
        }

        /// - Parameter nanoseconds: less than a second.
        func adding(nanoseconds: Int32) -> Time {
            let sum = self.nanoseconds + nanoseconds
            return sum < 1_000_000_000
                ? Time(seconds: seconds, nanoseconds: sum) : Time(seconds: seconds + 1, nanoseconds: sum - 1_000_000_000)
        }

        package static func < (left: Time, right: Time) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }

    package var kind: Kind
    package var byteCount: Int64
    /// Permission bits, with set-id and sticky bits.
    package var permissions: UInt32
    package var modified: Time
    package var changed: Time
    package var device: UInt64
    package var inode: UInt64
    package var owner: UInt32
    package var group: UInt32
    package var linkCount: UInt64

    package var isExecutable: Bool { permissions & 0o100 != 0 }

    /// Whether both describe the same unchanged file: what must hold between a check and a use.
    package func isSameContent(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode && byteCount == other.byteCount
            && modified == other.modified && changed == other.changed
    }

    init(_ raw: stat) {
        if platform_is_regular(raw.st_mode) != 0 {
            kind = .regular
        } else if platform_is_folder(raw.st_mode) != 0 {
            kind = .folder
        } else if platform_is_link(raw.st_mode) != 0 {
            kind = .link
        } else {
            kind = .other
        }
        byteCount = Int64(raw.st_size)
        permissions = UInt32(raw.st_mode) & 0o7777
        modified = Time(seconds: Int64(raw.st_mtim.tv_sec), nanoseconds: Int32(raw.st_mtim.tv_nsec))
        changed = Time(seconds: Int64(raw.st_ctim.tv_sec), nanoseconds: Int32(raw.st_ctim.tv_nsec))
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        owner = raw.st_uid
        group = raw.st_gid
        linkCount = UInt64(raw.st_nlink)
    }
}
