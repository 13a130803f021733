import Diagnostics
import Digest
import FoundationEssentials
import Lineage
import Platform

/// The page: one file that needs no other, with no script, and well-formed as XML.
struct ReportPage {
    let content: ReportContent
    private let drawing: GraphDrawing
    private let graph: ReportGraph

    init(_ content: ReportContent) {
        self.content = content
        graph = ReportGraph(content)
        drawing = GraphDrawing(graph)
    }

    var text: String {
        // Wide graphs shrink a little, and scroll from there.
        let style = ReportStyle.text + "#graph { min-width: \(Int(drawing.width * 0.62))px; }\n"
        let page: Markup = """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-\(Self.digest(style))'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <meta name="generator" content="git data \(Version.current)"/>
            <title>\(content.name): stages, data and metrics</title>
            <style>\(Markup(trusted: style))</style>
            </head>
            <body>
            \(head)<main>
            \(staleness)\(graphSection)\(StageSections(content: content).markup)\(FileSections(content: content).markup)</main>
            <footer>Made by git data \(Version.current), \(ReportWords.time(content.time)) UTC. Times are UTC.</footer>
            </body>
            </html>

            """
        return page.source
    }

    private static func digest(_ style: String) -> String {
        var digest = MessageDigest(.sha256)
        digest.update(Array(style.utf8))
        return Data(digest.finalize()).base64EncodedString()
    }

    private var head: Markup {
        let stages = content.graph.stages.values
        let commands = stages.filter { $0.command != nil }
        let stale = commands.filter { !content.conditions[$0.name].isFresh }.count
        let data = content.files.filter { $0.pointer != nil }
        let byteCount = data.totalByteCount { $0.pointer?.byteCount ?? 0 }
        let commit: Markup = content.head.map { head in
            """
            <p>\(content.branch.map { "\($0) at " } ?? "")<code title="\(head.name)">\(ReportWords.short(head.name))</code> \
            <q>\(head.subject)</q></p>

            """
        } ?? "<p>No commit yet.</p>\n"
        let range: Markup = content.range.map { "<p>Versions and runs of <code>\($0)</code>.</p>\n" } ?? ""
        return """
            <header>
            <h1>\(content.name)</h1>
            \(commit)\(range)<ul class="tiles">
            <li><b>\(commands.count)</b> \(commands.count == 1 ? "stage" : "stages")</li>
            <li class="\(stale == 0 ? "good" : "bad")"><b>\(stale)</b> stale</li>
            <li><b>\(stages.count - commands.count)</b> \(stages.count - commands.count == 1 ? "source" : "sources")</li>
            <li><b>\(data.count + content.omittedFiles)</b> data \(data.count == 1 ? "file" : "files")</li>
            <li><b>\(ByteCountText.format(byteCount))</b> of data</li>
            </ul>
            \(navigation)</header>

            """
    }

    /// Links to the sections that there are.
    private var navigation: Markup {
        let stages = content.graph.stages.values
        let sections = [
            ("stages", "Stages", stages.contains { $0.command != nil }), ("sources", "Sources", stages.contains { $0.command == nil }),
            ("files", "Data files", !content.files.isEmpty),
        ].filter(\.2)
        let links = sections.map { anchor, title, _ -> Markup in " <a href=\"#\(anchor)\">\(title)</a>" }
        return "<nav><a href=\"#graph-section\">Graph</a>\(links)</nav>\n"
    }

    /// What is not fresh, and why.
    private var staleness: Markup {
        let stale = content.graph.order.filter { !content.conditions[$0].isFresh }
        guard !stale.isEmpty else {
            return content.graph.stages.isEmpty ? "" : "<p class=\"verdict good\">Every stage is up to date.</p>\n"
        }
        let items = stale.map { name -> Markup in
            let causes = StageWords.causes(content.conditions[name]).joined(separator: "; ")
            return "<li><a href=\"#\(content.anchor(of: name))\">\(name.text)</a>: \(causes)</li>\n"
        }
        return """
            <section class="verdict bad">
            <h2>Stale</h2>
            <ul class="\(items.count > 12 ? "many" : "few")">
            \(items)</ul>
            <p><code>git data repro</code> makes them anew.</p>
            </section>

            """
    }

    private var graphSection: Markup {
        guard !graph.nodes.isEmpty else {
            return "<section id=\"graph-section\"><h2>Graph</h2><p>There are no stages yet: <code>git data run --help</code></p></section>\n"
        }
        let note: Markup = graph.isWithoutFiles ? "<p>Files are left out here, as there are many.</p>\n" : ""
        return """
            <section id="graph-section">
            <h2>Graph</h2>
            \(note)<div class="wide">
            \(drawing.markup)</div>
            <ul class="legend"><li><span class="key stage"></span> stage</li><li><span class="key file"></span> file</li>\
            <li><span class="key source"></span> source</li><li><span class="key stale"></span> stale</li></ul>
            </section>

            """
    }
}

extension Markup {
    /// Text of this program's own that is markup already.
    init(trusted source: String) {
        self.init(stringLiteral: source)
    }
}
