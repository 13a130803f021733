import Digest
import Git
import Inspection
import ObjectStore
import Platform
import Pointer
import Repository

/// One version of a file: where its content is.
struct DiffVersion {
    enum Place {
        /// A blob that the pointer names, here or not.
        case pointer(Pointer)
        /// A file of the worktree, or any other.
        case file(BytePath)
        /// Content that Git itself has, from before the file was data.
        case bytes([UInt8])
    }

    let place: Place

    var pointer: Pointer? {
        if case .pointer(let pointer) = place { return pointer }
        return nil
    }

    init(_ place: Place) {
        self.place = place
    }

    /// What stands in a file: content, or a pointer.
    init(file: BytePath) throws {
        let head = try DataContent.head(of: try .open(file, .read))
        if case .pointer(let pointer) = Pointer.recognize(head) { place = .pointer(pointer) } else { place = .file(file) }
    }

    /// Opens the content.
    /// - Returns: nil where it is not on this machine.
    func open(_ store: ObjectStore?) throws -> ByteSource? {
        switch place {
        case .bytes(let bytes): return ByteSource(bytes)
        case .file(let path): return try ByteSource(.open(path, .read))
        case .pointer(let pointer):
            guard !pointer.isExtended, let blob = try store?.open(pointer.oid) else { return nil }
            return try ByteSource(blob)
        }
    }
}

/// A data file in the two versions that are compared; nil where it is not in one.
struct DiffPair {
    let path: BytePath
    /// Where the file had another name.
    let oldPath: BytePath?
    let old: DiffVersion?
    let new: DiffVersion?

    init(path: BytePath, oldPath: BytePath?, old: DiffVersion?, new: DiffVersion?) {
        self.path = path
        self.oldPath = oldPath
        self.old = old
        self.new = new
    }

    /// Two files, whatever Git knows of them.
    init(comparing old: BytePath, with new: BytePath) throws {
        self.init(path: new, oldPath: old == new ? nil : old, old: try DiffVersion(file: old), new: try DiffVersion(file: new))
    }
}

/// Asks Git which files differ, and keeps the data files among them.
struct DiffPairs {
    private let repository: Repository
    /// Works where the user is, as the paths that were typed are meant from there.
    private let git: Git

    init(_ repository: Repository) throws {
        self.repository = repository
        git = try Git(worktree: repository.location.worktree)
    }

    /// One record of `git diff --raw`.
    private struct Record {
        let oldMode: BytePath
        let newMode: BytePath
        let oldName: GitObjectName
        let newName: GitObjectName
        let status: UInt8
        let oldPath: BytePath
        let path: BytePath

        /// A file on each side, or none.
        var isOfFiles: Bool {
            [oldMode, newMode].allSatisfy { $0.bytes.starts(with: "100".utf8) || $0 == "000000" }
        }

        var hasOld: Bool { oldMode != "000000" }
        var hasNew: Bool { newMode != "000000" }
    }

    /// Calls `body` with the data files that differ, so many of Git's records at once.
    func forEachPortion(
        of count: Int = 2048, options: [BytePath], _ operands: [BytePath], _ body: ([DiffPair]) throws -> Void
    ) throws {
        let arguments: [BytePath] = ["diff", "--raw", "-z", "--no-abbrev", "--find-renames", "--no-ext-diff", "--ignore-submodules"]
        let repositoryGit = try repository.location.worktree == nil ? nil : repository.git()
        var failure: (any Error)?
        var records: [Record] = []
        func look() throws {
            let pointers = try pointers(records)
            let filters = try repositoryGit?.attribute("filter", of: records.map(\.path)) ?? [:]
            try body(try records.compactMap { record in try pair(record, pointers, filters) })
            records.removeAll(keepingCapacity: true)
        }
        var fields: [[UInt8]] = []
        // Git's own words are about what was typed.
        try git.forEachRecord(of: arguments + options + operands, endingWith: 0) { field throws(GitError) in
            guard failure == nil else { return }
            fields.append(field)
            guard let record = try Self.record(fields) else { return }
            fields.removeAll()
            guard record.isOfFiles else { return }
            records.append(record)
            if records.count >= count { do { try look() } catch { failure = error } }
        }
        if let failure { throw failure }
        if let last = fields.first {
            throw GitError.unexpected(command: "git diff --raw", answer: String(decoding: last, as: UTF8.self))
        }
        if !records.isEmpty { try look() }
    }

    /// - Returns: nil where there are more fields to come.
    private static func record(_ fields: [[UInt8]]) throws(GitError) -> Record? {
        let words = fields[0].dropFirst().split(separator: UInt8(ascii: " "))
        guard fields[0].first == UInt8(ascii: ":"), words.count == 5, let oldName = GitObjectName(hex: words[2]),
            let newName = GitObjectName(hex: words[3]), let status = words[4].first
        else { throw .unexpected(command: "git diff --raw", answer: String(decoding: fields[0], as: UTF8.self)) }
        let isMoved = status == UInt8(ascii: "R") || status == UInt8(ascii: "C")
        guard fields.count == (isMoved ? 3 : 2), let last = fields.last else { return nil }
        return Record(
            oldMode: BytePath(bytes: words[0]), newMode: BytePath(bytes: words[1]), oldName: oldName, newName: newName,
            status: status, oldPath: BytePath(bytes: fields[1]), path: BytePath(bytes: last))
    }

    private func pointers(_ records: [Record]) throws -> [GitObjectName: Pointer] {
        let names = Set(records.flatMap { [$0.oldName, $0.newName] }.filter { !$0.isNull })
        var pointers: [GitObjectName: Pointer] = [:]
        try git.forEachBlob(Array(names), shorterThan: Pointer.maximumTextByteCount) { name, content in
            if case .pointer(let pointer) = Pointer.recognize(content) { pointers[name] = pointer }
        }
        return pointers
    }

    /// - Returns: nil for a file that is no data in either version.
    private func pair(
        _ record: Record, _ pointers: [GitObjectName: Pointer], _ filters: [BytePath: BytePath]
    ) throws -> DiffPair? {
        let isFiltered = filters[record.path] == "data" || filters[record.path] == "lfs"
        guard pointers[record.oldName] != nil || pointers[record.newName] != nil || isFiltered else { return nil }
        // In a conflict there is no version to compare with.
        guard record.status != UInt8(ascii: "U") else { return nil }
        return DiffPair(
            path: record.path, oldPath: record.oldPath == record.path ? nil : record.oldPath,
            old: record.hasOld ? try version(record.oldName, record.oldPath, pointers) : nil,
            new: record.hasNew ? try version(record.newName, record.path, pointers) : nil)
    }

    /// A name that is null stands for the file in the worktree.
    private func version(
        _ name: GitObjectName, _ path: BytePath, _ pointers: [GitObjectName: Pointer]
    ) throws -> DiffVersion {
        if name.isNull { return try DiffVersion(file: try repository.worktree().appending(path)) }
        if let pointer = pointers[name] { return DiffVersion(.pointer(pointer)) }
        return DiffVersion(.bytes(try git.blob(BytePath(bytes: name.hex)) ?? []))
    }
}
