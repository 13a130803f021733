import Diagnostics
import Lineage
import Platform
import Pointer

/// The table of data files, and of whatever stages make, with their versions.
struct FileSections {
    let content: ReportContent

    private static let versionLimit = 50

    var markup: Markup {
        guard !content.files.isEmpty else { return "" }
        let omitted: Markup = content.omittedFiles > 0 ? "<p>\(content.omittedFiles) more data files are left out.</p>\n" : ""
        return """
            <section id="files">
            <h2>Data files</h2>
            <div class="wide"><table class="files">
            <thead><tr><th>path</th><th>from</th><th>size</th><th>oid</th><th>versions</th></tr></thead>
            <tbody>
            \(content.files.map { row($0) })</tbody></table></div>
            \(omitted)</section>

            """
    }

    private func row(_ file: ReportContent.File) -> Markup {
        let anchor = content.anchor(of: file.path) ?? ""
        let versions = content.history.pointers[file.path] ?? []
        return """
            <tr id="\(anchor)"><td><code>\(file.path.text)</code></td><td>\(origin(file))</td>\(size(file))<td>\(history(versions, file))</td></tr>

            """
    }

    private func origin(_ file: ReportContent.File) -> Markup {
        guard !file.makers.isEmpty else { return "<span class=\"muted\">added</span>" }
        let links = file.makers.enumerated().map { index, name -> Markup in
            let source = content.graph.stages[name]?.source
            let note: Markup = source.map { ", \($0.kind.rawValue) <code>\($0.value)</code>" } ?? ""
            return "\(index > 0 ? ", " : "")<a href=\"#\(content.anchor(of: name))\">\(name.text)</a>\(note)"
        }
        return "\(links)"
    }

    private func size(_ file: ReportContent.File) -> Markup {
        if let pointer = file.pointer {
            return """
                <td class="value">\(ByteCountText.format(pointer.byteCount))</td><td><code title="sha256:\(pointer.oid.hex)">\
                \(String(pointer.oid.hex.prefix(12)))</code></td>
                """
        }
        if let folder = file.folder {
            return "<td class=\"value\">\(ByteCountText.format(folder.byteCount))</td><td>folder, \(Count.files(folder.files)) of data</td>"
        }
        return "<td></td><td class=\"muted\">not data</td>"
    }

    /// Newest first.
    private func history(_ versions: [(commit: Int, pointer: Pointer)], _ file: ReportContent.File) -> Markup {
        guard !versions.isEmpty else { return "" }
        let rows = versions.prefix(Self.versionLimit).map { version -> Markup in
            let commit = content.history.commits[version.commit]
            return """
                <tr><td><code title="\(commit.name.description)">\(ReportWords.short(commit.name.description))</code></td>\
                <td>\(ReportWords.time(commit.time))</td><td>\(commit.subject.text)</td>\
                <td class="value">\(ByteCountText.format(version.pointer.byteCount))</td>\
                <td><code title="sha256:\(version.pointer.oid.hex)">\(String(version.pointer.oid.hex.prefix(12)))</code></td></tr>

                """
        }
        return """
            <details><summary>\(versions.count)</summary><table><thead><tr><th>commit</th><th>date</th><th>message</th>\
            <th>size</th><th>oid</th></tr></thead><tbody>
            \(rows)</tbody></table></details>
            """
    }
}
