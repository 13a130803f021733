import Digest
import Git
import Platform
import Repository

/// Pushes that went past the hook (`--no-verify`, another `core.hooksPath`, a Git without git data) and may have left
/// their blobs behind. Git notes each push in the reflog of the tracking ref; what the hook has let through it notes in
/// `.git/data/pushed/<remote>`, one name of a commit a line. What is in the first alone went past it.
struct EarlierPushes {
    let repository: Repository
    /// The Git remote's name.
    let remote: String

    /// What is read of a reflog, from its end.
    private static let logLimit: Int64 = 256 << 10

    private var notes: BytePath { repository.location.commonFolder / "data/pushed" / BytePath(remote) }

    /// Calls `body` for each of the pointers of those pushes whose blobs are here: they can be sent now. Those that are not
    /// would only be in the way of what is pushed.
    func forEachPointerPastTheHook(_ body: (ReachedPointer) -> Void) throws {
        let pushes = trackingLogs().flatMap(Self.pushes)
        guard !pushes.isEmpty else { return }
        let noted = Set((try notes.contents() ?? []).split(separator: UInt8(ascii: "\n")).compactMap { GitObjectName(hex: $0) })
        let past = pushes.filter { !noted.contains($0.new) }
        guard !past.isEmpty else { return }
        let git = try repository.git()
        let new = Set(past.map(\.new))
        let ends = try git.existing(Array(new))
        let starts = try git.existing(past.map(\.old).filter { !$0.isNull && !new.contains($0) })
        guard !ends.isEmpty else { return }
        let store = try repository.store()
        try repository.forEachReachedPointer(
            from: ends.map { BytePath(bytes: $0.hex) }, excluding: starts.map { BytePath(bytes: $0.hex) }
        ) { if store.contains($0.pointer.oid) { body($0) } }
    }

    /// Notes what the hook lets through, and that all earlier pushes have been looked at. A note that cannot be left costs
    /// such a look at the next push.
    func note(_ commits: [GitObjectName]) {
        let names = Set(trackingLogs().flatMap(Self.pushes).map(\.new) + commits)
        try? notes.parent.makeFolders()
        try? notes.replaceContents(with: names.flatMap { $0.hex + [UInt8(ascii: "\n")] })
    }

    /// The reflogs of the remote's branches.
    private func trackingLogs() -> [BytePath] {
        var logs: [BytePath] = []
        var folders = [repository.location.commonFolder / "logs/refs/remotes" / BytePath(remote)]
        while let folder = folders.popLast() {
            for name in (try? folder.entries()) ?? [] {
                let path = folder / name
                if path.isFolder { folders.append(path) } else { logs.append(path) }
            }
        }
        return logs
    }

    /// Spec: gitrepository-layout(5), `logs`: the old name, the new one, who, when, a tab and why.
    private static func pushes(_ log: BytePath) -> [(old: GitObjectName, new: GitObjectName)] {
        guard let file = try? Descriptor.open(log, .read), let byteCount = try? file.status().byteCount else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(min(byteCount, logLimit)))
        let start = byteCount - Int64(bytes.count)
        guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0, at: start) }) else { return [] }
        return bytes.prefix(count).split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard line.suffix(15).elementsEqual("\tupdate by push".utf8) else { return nil }
            let names = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard names.count == 3, let old = GitObjectName(hex: names[0]), let new = GitObjectName(hex: names[1]) else { return nil }
            return (old, new)
        }
    }
}
