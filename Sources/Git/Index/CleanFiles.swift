import Diagnostics
import Platform

/// A file of the worktree that was given what its index entry stands for.
package struct CleanFile: Equatable, Sendable {
    /// From the top of the worktree.
    package let path: BytePath
    /// The object of the entry. An entry that has another by now is left alone.
    package let name: GitObjectName
    package let mode: String
    /// The file as it was written; nil where it may have changed since, so that Git must compare.
    package var status: FileStatus?

    package init(path: BytePath, name: GitObjectName, mode: String, status: FileStatus?) {
        self.path = path
        self.name = name
        self.mode = mode
        self.status = status
    }
}

/// Files in the order of their paths, each once: as many as there are, where memory may have no room for them.
package struct CleanFiles {
    /// - Returns: nil behind the last file.
    package typealias Reader = () throws(SystemError) -> CleanFile?

    /// What is to be known of all of them beforehand.
    package struct Sums {
        var count = 0
        var isSHA256 = false
        /// Of those whose status is known.
        var byteCount: Int64 = 0
        var youngest: Int64?
        /// Whether a file is an exact multiple of 4 GiB.
        var hasMultiple = false

        package init() {}

        package mutating func add(_ file: CleanFile) {
            count += 1
            isSHA256 = isSHA256 || file.name.byteCount == 32
            guard let status = file.status else { return }
            byteCount = byteCount.adding(byteCount: status.byteCount)
            youngest = max(youngest ?? .min, status.modified.seconds)
            hasMultiple = hasMultiple || (status.byteCount > 0 && status.byteCount & 0xffff_ffff == 0)
        }
    }

    let sums: Sums
    /// Begins to read them.
    let read: () throws(SystemError) -> Reader

    /// - Parameter read: begins to read the files of which these are the sums.
    package init(_ sums: Sums, _ read: @escaping () throws(SystemError) -> Reader) {
        (self.sums, self.read) = (sums, read)
    }

    /// - Parameter files: in any order.
    package init(_ files: [CleanFile]) {
        let files = files.sorted { $0.path < $1.path }
        var sums = Sums()
        for file in files { sums.add(file) }
        self.init(sums) {
            var rest = files[...]
            return { rest.popFirst() }
        }
    }

    var isEmpty: Bool { sums.count == 0 }
}
