import Diagnostics
import Git
import ObjectStore
import Platform
import Repository

/// The options that the ways to migrate have in common.
enum MigrateOptions {
    static let include = Values<String>(
        "include", short: "I", "PATTERN", "files that match the pattern, as in gitattributes from the top of the repository",
        parse: .text)
    static let exclude = Values<String>("exclude", short: "X", "PATTERN", "not files that match the pattern", parse: .text)
    static let everything = Flag("everything", "all branches and tags")
    static let excludeRef = Values<BytePath>(
        "exclude-ref", "REV", "leave the commits alone that REV reaches, such as what is pushed already", parse: .revision)
    static let objectMap = Value<BytePath>(
        "object-map", "FILE", "write a line `old,new` for each commit to FILE", parse: .path)
    static let force = Flag("force", short: "f", "give up the backup of an earlier migration")
    static let refs = Operands("REF", "branches and tags; the current branch where none is given", completion: .revisions)
}

/// The patterns that a migration was given.
struct MigratePatterns {
    /// From the top of the repository, as the others.
    let included: [AttributePattern]
    let excluded: [AttributePattern]

    init(_ arguments: ParsedArguments) throws {
        included = try arguments[MigrateOptions.include].map(Self.pattern)
        excluded = try arguments[MigrateOptions.exclude].map(Self.pattern)
    }

    /// - Throws: `CommandFailure` for what Git would pass over in `.gitattributes`.
    private static func pattern(_ typed: String) throws -> AttributePattern {
        var bytes = Array(typed.utf8)[...]
        while bytes.starts(with: Array("./".utf8)) { bytes = bytes.dropFirst(2) }
        if bytes.last == UInt8(ascii: "/") {
            // A folder stands for all that is in it: Git gives attributes to files alone.
            while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
            bytes += Array("/**".utf8)
        }
        let pattern = AttributePattern(bytes: bytes)
        guard bytes.first != UInt8(ascii: "!"), !pattern.isMacro, !pattern.path.components.isEmpty else {
            throw CommandFailure("'\(BytePath(typed))' is no pattern that .gitattributes knows")
        }
        guard AttributesFile.line(for: pattern).count < AttributeLine.byteLimit else {
            throw CommandFailure("'\(pattern.shown)' is too long for a line of .gitattributes")
        }
        return pattern
    }

    /// Which of the paths the patterns select; all, where nothing is included by name.
    func selected(_ paths: [BytePath], in repository: Repository) throws -> Set<BytePath> {
        let probe = AttributeProbe(repository: repository)
        let matching = included.isEmpty ? Set(paths) : try probe.paths(matching: included, of: "", among: paths)
        guard !excluded.isEmpty else { return matching }
        return matching.subtracting(try probe.paths(matching: excluded, of: "", among: Array(matching)))
    }
}

/// How much there is of each type of file, by the ending of the names. Memory is for some of the files, however many there
/// are.
final class TypeTable {
    struct Row {
        /// What would make these files data files.
        let pattern: AttributePattern
        var files = 0
        var versions = 0
        var byteCount: Int64 = 0
    }

    private var numbers: [[UInt8]: Int] = [:]
    private var rows: [Row] = []
    /// By their paths; the note is the number of the row.
    private let files: SortedBlobs

    init(in store: ObjectStore) {
        files = SortedBlobs(in: store)
    }

    /// Counts a file, unless that was done.
    func addFile(_ path: BytePath) {
        files.add(path.key, note: Int64(number(for: path)))
    }

    /// Counts one content that the file has had.
    func addContent(of path: BytePath, byteCount: Int64) {
        let number = number(for: path)
        rows[number].versions += 1
        rows[number].byteCount = rows[number].byteCount.adding(byteCount: byteCount)
    }

    private func number(for path: BytePath) -> Int {
        let pattern = Self.pattern(for: path)
        if let known = numbers[pattern.bytes] { return known }
        numbers[pattern.bytes] = rows.count
        rows.append(Row(pattern: pattern))
        return rows.count - 1
    }

    /// Tells of each path whether it is that of a file that was counted.
    func finder() throws -> SortedBlobs.Finder { try files.finder() }

    /// The rows, by falling size.
    func counted() throws -> [Row] {
        var rows = rows
        var reader = try files.reader()
        while let file = try reader.next() { rows[Int(file.note)].files += 1 }
        return rows.sorted { ($1.byteCount, $0.pattern.path) < ($0.byteCount, $1.pattern.path) }
    }

    /// `*.csv` for `data/train.csv`; the name itself where it has no ending.
    static func pattern(for path: BytePath) -> AttributePattern {
        let name = path.lastComponent
        guard let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0, dot + 1 < name.bytes.count else {
            return AttributePattern(bytes: AttributePattern.literal(name))
        }
        return AttributePattern(bytes: [UInt8(ascii: "*")] + AttributePattern.literal(BytePath(bytes: name.bytes[dot...])))
    }

    /// The rows for a person, in columns.
    static func lines(_ rows: [Row]) -> [String] {
        let cells = rows.map { row in
            [row.pattern.shown, Count.files(row.files), Count.noun(row.versions, "version"), ByteCountText.format(row.byteCount)]
        }
        let widths = (0..<4).map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { cells in
            zip(cells, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }
    }
}
