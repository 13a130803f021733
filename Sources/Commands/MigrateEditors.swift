import Git
import ObjectStore
import Platform

/// Which files get which Git blobs in a rewrite of history.
final class Replacements {
    private let catalogue: HistoryCatalogue
    private let blobs: MigratedBlobs
    /// Tells the files that are selected.
    private let files: SortedBlobs.Finder
    /// What each `.gitattributes` of a folder becomes, which depends on the folder.
    private let attributes: [FolderBlob: GitObjectName]
    /// By the folder's number: whether one of its files, or of those below it, is selected.
    private let isTouched: [Bool]

    struct FolderBlob: Hashable {
        let folder: Int
        let blob: GitObjectName
    }

    private static let attributesName = FolderAttributes.name.bytes

    init(
        _ catalogue: HistoryCatalogue, _ contents: MigrationContents, _ blobs: MigratedBlobs,
        attributes: [FolderBlob: GitObjectName] = [:]
    ) throws {
        self.catalogue = catalogue
        self.blobs = blobs
        files = try contents.types.finder()
        self.attributes = attributes
        var isTouched = [Bool](repeating: false, count: catalogue.folders.count)
        for start in contents.folders.union(attributes.keys.map(\.folder)) {
            var folder = start
            while !isTouched[folder] {
                isTouched[folder] = true
                folder = catalogue.parents[folder]
            }
        }
        self.isTouched = isTouched
    }

    func touches(folder: Int) -> Bool { isTouched[folder] }

    func replacement(of blob: GitObjectName, named name: ArraySlice<UInt8>, in folder: Int) throws(GitError) -> GitObjectName? {
        if name.elementsEqual(Self.attributesName), let new = attributes[FolderBlob(folder: folder, blob: blob)] { return new }
        guard let new = try blobs.find(blob) else { return nil }
        do throws(SystemError) {
            return try files.first(of: catalogue.path(of: name, in: folder).key).map { _ in new.name }
        } catch {
            throw .system(error)
        }
    }
}

/// Contents become pointers.
final class ImportEditor: HistoryEditor {
    /// What `.gitattributes` has to say.
    enum Lines {
        /// From the first commit on that has such a file. The names stay ordinary files.
        case patterns([AttributePattern], excluded: [AttributePattern], plainNames: [String])
        /// For each file by itself, as long as it is a pointer.
        case files
    }

    private let replacements: Replacements
    private let lines: Lines

    init(_ replacements: Replacements, _ lines: Lines) {
        self.replacements = replacements
        self.lines = lines
    }

    var needsListOfReplaced: Bool {
        if case .files = lines { true } else { false }
    }

    func touches(folder: Int) -> Bool { replacements.touches(folder: folder) }

    func replacement(of blob: GitObjectName, named name: ArraySlice<UInt8>, in folder: Int) throws(GitError) -> GitObjectName? {
        try replacements.replacement(of: blob, named: name, in: folder)
    }

    func attributes(_ attributes: [UInt8]?, in commit: HistoryEdit) throws -> [UInt8]? {
        switch lines {
        case .patterns(let patterns, let excluded, let plainNames):
            guard commit.replacesFiles || commit.isDescendant else { return attributes }
            var file = AttributesFile(attributes ?? [])
            let changes = patterns.map { file.track($0) }
            // Where the lines stand already, what follows them stands there for a reason.
            guard changes.contains(where: { $0 != .present }) else { return attributes }
            file.except(excluded.map { String(decoding: $0.written, as: UTF8.self) } + plainNames)
            return file.content
        case .files:
            return Self.adding(commit.replaced, to: attributes)
        }
    }

    /// Adds a line for each of the files that has none. There may be thousands, in each of thousands of commits.
    static func adding(_ paths: [BytePath], to attributes: [UInt8]?) -> [UInt8]? {
        let patterns = paths.sorted().map { AttributePattern(exactly: $0) }
        let present = Set(AttributesFile(attributes ?? []).dataPatterns.map(\.key))
        let missing = patterns.filter { !present.contains($0.key) }
        guard !missing.isEmpty else { return attributes }
        let newline = [UInt8(ascii: "\n")]
        let lines = Array(missing.map { AttributesFile.line(for: $0) }.joined(separator: newline))
        // A file that does not end its last line stays so, as with `AttributesFile`.
        let isOpen = attributes.map { !$0.isEmpty && $0.last != newline[0] } ?? false
        return (attributes ?? []) + (isOpen ? newline + lines : lines + newline)
    }
}

/// Pointers become contents.
final class ExportEditor: HistoryEditor {
    private let replacements: Replacements
    private let removal: AttributesRemoval

    let needsListOfReplaced = false

    init(_ replacements: Replacements, _ removal: AttributesRemoval) {
        self.replacements = replacements
        self.removal = removal
    }

    func touches(folder: Int) -> Bool { replacements.touches(folder: folder) }

    func replacement(of blob: GitObjectName, named name: ArraySlice<UInt8>, in folder: Int) throws(GitError) -> GitObjectName? {
        try replacements.replacement(of: blob, named: name, in: folder)
    }

    func attributes(_ attributes: [UInt8]?, in commit: HistoryEdit) throws -> [UInt8]? {
        guard let attributes else { return nil }
        let content = removal.apply(to: attributes, in: "", isNeeded: commit.replacesFiles || commit.isDescendant)
        return content.isEmpty ? nil : content
    }
}

/// Takes patterns from the data filter, and from that of Git LFS, in the `.gitattributes` of any folder.
struct AttributesRemoval {
    /// From the top of the repository; nil for all.
    let patterns: [AttributePattern]?

    /// - Parameters:
    ///   - folder: where the `.gitattributes` is.
    ///   - isNeeded: whether a pattern that has no line of its own shall get one that takes its files from a wider
    ///     pattern.
    func apply(to attributes: [UInt8], in folder: BytePath, isNeeded: Bool) -> [UInt8] {
        var file = AttributesFile(attributes)
        var all = file
        _ = all.takeOverFromLFS()
        let keys = patterns.map { Set($0.map(\.key)) }
        var removed: Set<[UInt8]> = []
        for pattern in all.dataPatterns where keys?.contains(pattern.moved(outOf: folder).key) ?? true {
            // Git LFS's line becomes ours and goes as ours.
            _ = file.track(pattern)
            _ = file.untrack(pattern)
            removed.insert(pattern.moved(outOf: folder).key)
        }
        if file.dataPatterns.isEmpty {
            // Nothing is left that these would be excepted from.
            file.removeExceptions(Self.exceptions(in: file.content))
        } else if isNeeded, let others = patterns?.filter({ !removed.contains($0.key) }), !others.isEmpty {
            file.except(others.map { String(decoding: $0.written, as: UTF8.self) })
        }
        return file.content
    }

    /// The patterns of the lines that `except` has written.
    private static func exceptions(in attributes: [UInt8]) -> [String] {
        let ending = AttributesFile.exception("")
        return attributes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            line.count > ending.count && line.suffix(ending.count).elementsEqual(ending)
                ? String(decoding: line.dropLast(ending.count), as: UTF8.self) : nil
        }
    }
}
