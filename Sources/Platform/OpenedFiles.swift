/// Which files below a folder a command has used. Paths are relative to that folder.
package struct OpenedFiles: Equatable, Sendable {
    /// How it was found out, the best first.
    package enum Road: CaseIterable, Sendable {
        /// Every call of the command and of its descendants was seen (seccomp_unotify(2)). What io_uring opens, and
        /// programs for 32 bits, are not.
        case calls
        /// What happened to the files was seen, but not who did it: `read` and `written` may name what other programs
        /// used meanwhile (inotify(7)).
        case byAnyProcess
        /// The files before and after were compared: `read` and `listed` are not known, and empty.
        case comparison
    }

    /// Files that were there before and that the command opened for reading, or executed, before it wrote them itself.
    /// Where it went by a symbolic link in the folder, both the link and the file.
    package var read: Set<BytePath> = []
    /// Files and links that the command opened for writing, made, or renamed into place, and that are there at its end.
    /// What it opened for reading and writing at once and left as it was is none of them.
    package var written: Set<BytePath> = []
    /// Files and links that were there before and that the command removed or renamed away.
    package var removed: Set<BytePath> = []
    /// Folders that were there before and that the command opened; empty is the folder itself.
    package var listed: Set<BytePath> = []
    /// Whether nothing can be missing, as far as the road goes.
    package var isComplete: Bool
    package var road: Road

    package init(isComplete: Bool, road: Road) {
        self.isComplete = isComplete
        self.road = road
    }

    /// Whether `read` says anything.
    package var knowsReads: Bool { road != .comparison }
}
