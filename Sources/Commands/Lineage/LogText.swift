import Lineage
import Platform

/// Versions of files, for people and for tables.
struct LogText {
    private let versions: [FileHistory.Version]
    /// Whether each version says which file it is.
    private let namesFiles: Bool

    init(_ versions: [FileHistory.Version], isFolder: Bool) {
        self.versions = versions
        namesFiles = isFolder
    }

    /// - Parameter isShort: whether it is to be one line.
    func text(_ version: FileHistory.Version, isShort: Bool) -> String {
        let file = namesFiles || version.formerPath != nil ? "  \(version.path)" : ""
        let name = String(version.commit.name.description.prefix(10))
        let date = RunRecord.text(ofTime: version.commit.seconds)
        let content = version.content.map { $0.id.short } ?? "deleted"
        if isShort { return "\(name) \(date.prefix(10)) \(content)\(file)  \(Self.origin(of: version))\n" }
        let size = version.content?.byteCount.map { "  \(ByteCountText.format($0))" } ?? ""
        let former = version.formerPath.map { ", renamed from '\($0)'" } ?? ""
        var text = "\(name)  \(date.prefix(10)) \(date.dropFirst(11).prefix(5))  \(Self.plain(version.commit.author))\n"
        text += "    \(content)\(size)\(file)\(former)\n"
        guard version.content != nil else { return text }
        text += "    \(Self.origin(of: version))\n"
        let metrics = version.maker.map { LineageWords.metrics(of: $0.record) } ?? []
        // Curves belong into the file itself.
        let shown = metrics.prefix(12).map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        if !shown.isEmpty { text += "    \(Self.plain(shown))\(metrics.count > 12 ? ", …" : "")\n" }
        return text
    }

    /// `stage 'train': python train.py`
    static func origin(of version: FileHistory.Version) -> String {
        guard version.content != nil else { return "" }
        guard let maker = version.maker else { return "by hand" }
        if let source = maker.record.causes.source { return "\(maker.stage): from \(LineageWords.source(source))" }
        return "stage '\(maker.stage)': \(LineageWords.command(maker.record.causes.command))"
    }

    /// Safe for a terminal.
    static func plain(_ text: String) -> String {
        LineageWords.plain(text)
    }

    /// Lines of CSV: a head, then a row for each version.
    ///
    /// Spec: RFC 4180.
    var table: [String] {
        let metrics = versions.map { version in
            Dictionary((version.maker.map { LineageWords.metrics(of: $0.record) } ?? []).map { ($0.name, $0.value) }) { first, _ in first }
        }
        let names = Set(metrics.flatMap(\.keys)).sorted()
        let head = ["commit", "date", "author", "path", "status", "content", "size", "stage", "origin"] + names
        var lines = [head.map(Self.cell).joined(separator: ",")]
        for (version, metrics) in zip(versions, metrics) {
            let cells = [
                version.commit.name.description, RunRecord.text(ofTime: version.commit.seconds), version.commit.author, version.path.text,
                version.status, version.content?.id.description ?? "", version.content?.byteCount.map { "\($0)" } ?? "",
                version.maker?.stage.text ?? "",
                version.maker.map { $0.record.causes.command ?? LineageWords.source($0.record.causes.source ?? [:]) } ?? "",
            ]
            lines.append((cells + names.map { metrics[$0] ?? "" }).map(Self.cell).joined(separator: ","))
        }
        return lines
    }

    private static func cell(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

/// Records of runs, in words.
enum LineageWords {
    /// Single values of the metrics of a run, by the key that names each; behind the file where there are several.
    static func metrics(of record: RunRecord) -> [(name: String, value: String)] {
        record.metrics.sorted { $0.key < $1.key }.flatMap { file, value in
            ValueFile.flattened(value, longestList: 0).map { key, value in
                (name: record.metrics.count == 1 ? key : "\(file):\(key)", value: value.description)
            }
        }
    }

    /// Where something came from: a URL, a query, a path of another repository, a person's words.
    static func source(_ source: [String: String]) -> String {
        let revision = source["revision"].map { " at \($0)" } ?? ""
        let path = source["path"].map { "\($0) of " } ?? ""
        for kind in Stage.Source.Kind.allCases {
            guard let value = source[kind.rawValue] else { continue }
            switch kind {
            case .url, .git: return plain(path + URLText.withoutSecrets(BytePath(value)) + revision)
            case .query: return plain("the query \(value)")
            case .manual: return plain(value)
            }
        }
        return "elsewhere"
    }

    /// The first line of a command, cut where it is long.
    static func command(_ command: String?) -> String {
        let lines = (command ?? "").split(separator: "\n", maxSplits: 1)
        guard let first = lines.first else { return "" }
        return plain(first.count > 100 || lines.count > 1 ? "\(first.prefix(100)) …" : String(first))
    }

    /// Text with nothing in it that a terminal would obey.
    static func plain(_ text: String) -> String {
        let isControl: (Unicode.Scalar) -> Bool = { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? " " : $0 }))
    }
}
