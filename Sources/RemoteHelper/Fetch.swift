import Git
import Platform
import Remote

/// Brings objects from the remote into the local repository.
struct Fetch {
    let session: HelperSession

    /// Fetches commits and tags with all that they reach.
    func run(_ wanted: [GitObjectName]) throws {
        guard var state = session.listed else { throw HelperError("Git asked for objects of no list") }
        let (git, _) = try session.requireRepository()
        for attempt in 1... {
            do {
                return try fetch(wanted, state, git)
            } catch let error as RemoteError where error.kind == .absent && attempt < 4 {
                // Housekeeping has put larger packs in the place of those that this state names.
                guard let newest = try session.log().newest(from: state.number), newest.number > state.number else { throw error }
                state = newest
            }
        }
    }

    private func fetch(_ wanted: [GitObjectName], _ state: RepositoryState, _ git: Git) throws {
        let landmarks = Set(state.packs.flatMap { $0.tips + $0.bases } + wanted)
        // In a clone too: it may borrow from another repository.
        let present = Set(try session.existing(Array(landmarks)))
        var selection = PackSelection(wanted, among: state.packs, present: present)
        try receive(selection.packs, git)
        guard selection.reliesOnPresent, try !isComplete(wanted, git) else { return }
        // What is here was not whole: an earlier fetch was interrupted, perhaps.
        let received = Set(selection.packs.map(\.name))
        selection.packs = state.packs.filter { !received.contains($0.name) }
        try receive(selection.packs, git)
    }

    /// Whether all that the objects reach is here, or else reached by what the refs here reach.
    private func isComplete(_ wanted: [GitObjectName], _ git: Git) throws -> Bool {
        let input = Git.walkLines(from: wanted)
        // What another remote has promised may be missing, and is not to be fetched for this.
        let promised: [BytePath] = try session.isPartialClone() ? ["--exclude-promisor-objects"] : []
        let arguments: [BytePath] = ["--no-replace-objects", "rev-list", "--objects", "--stdin"] + promised
            + ["--not", "--all", "--quiet", "--alternate-refs"]
        let child = try git.start(arguments, input: .pipe, output: .null, errors: .null)
        try? child.input?.write(input)
        try? child.closeInput()
        return child.wait().isSuccess
    }

    private func receive(_ packs: [PackRecord], _ git: Git) throws {
        guard !packs.isEmpty else { return }
        let target = try PackTarget(git: git, session: session)
        let missing = packs.filter { !target.has($0.name) }
        let isLoose = !session.options.isCloning && !target.checksObjects && missing.map(\.objectCount).reduce(0, +) < target.unpackLimit
        let transfer = PackTransfer(
            remote: try session.remote(), folder: try session.transit(), showsProgress: session.options.showsProgress)
        try transfer.download(missing) { record, file in
            if isLoose { try target.unpack(file) } else { try target.add(record.name, file) }
        }
    }
}

/// Where a repository keeps its packs.
struct PackTarget: Sendable {
    private let git: Git
    private let folder: BytePath
    /// Packs with fewer objects than these become loose objects.
    let unpackLimit: Int
    /// Whether Git is to look at each object, which it does as it indexes a pack.
    let checksObjects: Bool

    init(git: Git, session: HelperSession) throws {
        self.git = git
        let line = try git.query(["rev-parse", "--git-path", "objects/pack"]).line
        folder = line.absolute(from: try .currentFolder())
        try folder.makeFolders()
        let settings = try session.configuration()
        unpackLimit = Int(settings.integer("fetch.unpacklimit") ?? settings.integer("transfer.unpacklimit") ?? 100)
        checksObjects = settings.boolean("fetch.fsckobjects") ?? settings.boolean("transfer.fsckobjects") ?? false
    }

    /// A scratch repository's folder of packs.
    init(git: Git, folder: BytePath) {
        (self.git, self.folder) = (git, folder)
        (unpackLimit, checksObjects) = (0, false)
    }

    func has(_ name: PackName) -> Bool {
        ["pack", "idx"].allSatisfy { (folder / BytePath("\(name.text).\($0)")).exists }
    }

    /// Makes a verified file one of the repository's packs. Git reads all of it, and knows it when its index is there.
    func add(_ name: PackName, _ file: BytePath) throws {
        let pack = folder / BytePath("\(name.text).pack")
        let descriptor = try Descriptor.open(file, .read)
        try descriptor.setPermissions(0o444)
        try descriptor.synchronize()
        do throws(SystemError) {
            try file.rename(to: pack)
        } catch {
            // The objects may be on another disk.
            try copy(file, to: pack)
        }
        try folder.synchronizeFolder()
        // A pack that nothing names yet is not for `git repack` to touch; the note goes with this process.
        let keep = folder / BytePath("\(name.text).keep")
        Keeping.shared.note(keep)
        var arguments: [BytePath] = ["index-pack", "--keep=git data fetch"]
        if checksObjects { arguments.append("--fsck-objects") }
        let answer = try git.run(arguments + [pack])
        guard answer.status == 0, answer.line.text.hasSuffix(name.text.dropFirst("pack-".count)) else {
            try? pack.removeFile()
            throw HelperError("Git does not accept a pack of the remote: \(answer.message.split(separator: "\n").first ?? "it has another name")")
        }
    }

    private func copy(_ file: BytePath, to pack: BytePath) throws {
        let temporary = try TemporaryFile(in: folder, prefix: "tmp_pack_", permissions: 0o444)
        try temporary.descriptor.copyContent(of: try Descriptor.open(file, .read)) { _ in }
        try temporary.commit(to: pack)
    }

    /// Makes the objects of a small pack loose ones, as Git does.
    func unpack(_ file: BytePath) throws {
        let child = try git.start(["unpack-objects", "-q"], input: .pipe, output: .null, errors: .inherited)
        let pack = ByteReader(try Descriptor.open(file, .read))
        try? pack.forEachPiece { try child.input?.write($0) }
        try? child.closeInput()
        guard child.wait().isSuccess else { throw HelperError("Git does not accept a pack of the remote") }
    }
}

/// The notes that keep packs until Git has made refs of what they hold: gone when this process is.
final class Keeping: Sendable {
    static let shared = Keeping()
    private let files = Monitor<Set<BytePath>>([])

    func note(_ file: BytePath) {
        let isFirst = files.change { files in
            defer { files.insert(file) }
            return files.isEmpty
        }
        if isFirst { Interrupts.onEnd { Keeping.shared.release() } }
    }

    func release() {
        for file in files.change({ $0 }) { try? file.removeFile() }
    }
}
