import Diagnostics
import Git
import ObjectStore
import Platform

/// The hydration of some files of one folder, which is walked to once for all of them.
struct HydrationOfFolder {
    let files: [HydrationFile]
    let store: ObjectStore
    let retired: RetiredFiles
    /// Its top, absolute.
    let worktree: BytePath
    let makingAbsent: Bool
    /// The time of modification that all files get.
    let modified: FileStatus.Time

    /// What one thread takes at a time: enough to share the way to the folder, and little enough to keep all threads
    /// at work until the end.
    private static let groupLimit = (files: 64, byteCount: Int64(16 << 20))

    /// The positions of files that have their folder in common, in groups for one thread each.
    static func groups(_ files: [HydrationFile]) -> [[Int]] {
        var groups: [[Int]] = []
        var open: [BytePath: (group: Int, byteCount: Int64)] = [:]
        for (position, file) in files.enumerated() {
            let folder = file.path.parent
            if let (group, byteCount) = open[folder], groups[group].count < groupLimit.files,
                byteCount.adding(byteCount: file.byteCount) <= groupLimit.byteCount {
                groups[group].append(position)
                open[folder] = (group, byteCount + file.byteCount)
            } else {
                open[folder] = (groups.count, file.byteCount)
                groups.append([position])
            }
        }
        return groups
    }

    /// - Parameters:
    ///   - advance: told of bytes as they are written.
    ///   - note: told of what became of each file, by its position.
    func run(_ group: [Int], _ advance: (Int) -> Void, note: (Int, Hydration.Ending) -> Void) {
        var rest = group[...]
        while var position = rest.popFirst() {
            do throws(WorktreePathError) {
                let path = files[position].path
                guard var place = try WorktreeEntry.find(path, under: worktree, makingFolders: makingAbsent) else {
                    note(position, .passedOver)
                    continue
                }
                note(position, hydration(of: position).run(at: place, advance))
                while let next = rest.popFirst() {
                    position = next
                    try place.turn(to: files[next].path.lastComponent)
                    note(next, hydration(of: next).run(at: place, advance))
                }
            } catch {
                note(position, HydrationOfFile.ending(error, makingAbsent: makingAbsent))
            }
        }
    }

    private func hydration(of position: Int) -> HydrationOfFile {
        HydrationOfFile(file: files[position], store: store, retired: retired, makingAbsent: makingAbsent, modified: modified)
    }
}
