import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif
import Platform
import TestSupport
import XCTest

/// The page of `git data report` is well-formed, tells what the repository tells, and takes no name for markup.
/// `Tests/browser` looks at it in a browser.
final class ReportTests: IntegrationTestCase {
    /// The page's elements and text, as an XML parser reads it.
    private final class Page: NSObject, XMLParserDelegate {
        struct Element {
            let name: String
            let attributes: [String: String]
        }
        private(set) var elements: [Element] = []
        private(set) var text = ""
        private(set) var source = ""

        init(_ bytes: [UInt8]) throws {
            super.init()
            source = String(decoding: bytes, as: UTF8.self)
            let parser = XMLParser(data: Data(bytes))
            parser.delegate = self
            guard parser.parse() else { throw Unexpected("no XML at line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "")") }
        }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            elements.append(Element(name: name, attributes: attributes))
        }

        func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

        func attributes(_ name: String, of element: String) -> [String] {
            elements.filter { $0.name == element }.compactMap { $0.attributes[name] }
        }
    }

    private func page(_ arguments: BytePath...) throws -> Page {
        try Page(laboratory.run("git", ["data", "report"] + arguments, in: work.folder).expecting(0).output)
    }

    /// What must hold of every page.
    private func assertSelfContained(_ page: Page, line: UInt = #line) {
        let names = Set(page.elements.map(\.name))
        XCTAssertEqual(names.intersection(["script", "img", "link", "iframe", "object", "image", "use", "foreignObject"]), [], line: line)
        for element in page.elements {
            XCTAssertEqual(element.attributes.keys.filter { $0.hasPrefix("on") || $0 == "src" || $0 == "style" }, [], line: line)
        }
        let ids = page.elements.compactMap { $0.attributes["id"] }
        XCTAssertEqual(ids.count, Set(ids).count, "an id stands twice", line: line)
        for link in page.attributes("href", of: "a") {
            XCTAssert(link.hasPrefix("#") && ids.contains(String(link.dropFirst())), "'\(link)' leads nowhere", line: line)
        }
        let policy = page.elements.first { $0.attributes["http-equiv"] == "Content-Security-Policy" }?.attributes["content"] ?? ""
        XCTAssert(policy.hasPrefix("default-src 'none'; style-src 'sha256-"), policy, line: line)
        XCTAssertFalse(page.text.contains("<p"), "markup was escaped", line: line)
        XCTAssertFalse(page.text.contains("class="), "markup was escaped", line: line)
    }

    func testPageTellsStagesRunsMetricsAndData() throws {
        try makeStages()
        for rows in [20, 30] {
            try work.write("{\"rows\": \(rows)}\n", to: "params.json")
            try work.data("repro", "--quiet")
            try work.commit("Rows: \(rows)")
        }
        let fresh = try page()
        assertSelfContained(fresh)
        assertContains(fresh.text, "Every stage is up to date.")
        assertContains(fresh.text, "sh prepare.sh")
        assertContains(fresh.text, "3 runs")
        let nodes = fresh.elements.filter { $0.name == "a" && $0.attributes["class"]?.hasPrefix("node") == true }
        // Three stages, three inputs and outputs that are data, and two outputs that are not.
        XCTAssertEqual(nodes.count, 8)
        // One metric over three runs.
        let points = fresh.elements.filter { $0.name == "circle" }
        XCTAssertEqual(points.count, 3)
        assertContains(fresh.text, "metrics.json:lines: 30\n")
        assertContains(fresh.text, "params.json:rows = 30")
        // Three versions of what was made, with their commits.
        for subject in ["Results", "Rows: 20", "Rows: 30"] { assertContains(fresh.text, subject) }
        XCTAssertFalse(fresh.text.contains("ada@example.org"), "addresses are nobody's business")

        try work.write("# changed\n" + work.readText("prepare.sh"), to: "prepare.sh")
        let stale = try page()
        assertSelfContained(stale)
        assertContains(stale.text, "input 'prepare.sh' changed")
        XCTAssertEqual(stale.elements.filter { $0.attributes["class"] == "node stage stale" }.count, 2)
    }

    func testRangeLimitsHistory() throws {
        try makeStages()
        try work.write("{\"rows\": 20}\n", to: "params.json")
        try work.data("repro", "--quiet")
        try work.commit("Twenty")
        let page = try page("HEAD~1..HEAD")
        assertSelfContained(page)
        assertContains(page.text, "Twenty")
        XCTAssertFalse(page.text.contains("Results"))
        XCTAssertEqual(try work.attempt("data", "report", "nowhere..HEAD").status, 128)
        XCTAssertEqual(try work.attempt("data", "report", "--", "--output=x").status, 128)
    }

    func testRunThatIsNotCommittedIsShown() throws {
        try makeStages()
        try work.write("{\"rows\": 20}\n", to: "params.json")
        try work.data("repro", "--quiet")
        let page = try page()
        assertSelfContained(page)
        assertContains(page.text, "not committed")
    }

    func testHostileNamesStayText() throws {
        let name = "</td><script>alert(1)</script> \"'&amp;\u{202e}x\u{7}".replacingOccurrences(of: "/", with: "-")
        try work.write("1\n", to: BytePath("\(name).csv"))
        try work.write("2\n", to: BytePath(bytes: [0x66, 0xff, 0xfe] + Array(".csv".utf8)))
        try work.write("[source]\n\tmanual = \"</code><script>alert(2)</script>\"\n\toutput = c.csv\n", to: "lineage/c.stage")
        try work.write("[stage]\n\tcommand = \"echo '</pre><script>alert(3)</script>'\"\n\toutput = d.csv\n", to: "lineage/d.stage")
        try work.commit("</q><script>alert(4)</script>\u{202e}")
        try work.data(
            "run", "--quiet", "--name", "m", "-m", "m.json", "--", "printf '{\"</th><script>alert(5)</script>\": 1, \"\\\\u0007\": \"\\\\ud800\"}' > m.json")
        try work.commit("Metrics")
        let page = try page()
        assertSelfContained(page)
        assertContains(page.text, "<script>alert(4)</script>[U+202E]")
        assertContains(page.text, "<script>alert(1)<-script> \"'&amp;[U+202E]x[U+0007].csv")
        XCTAssertFalse(page.source.unicodeScalars.contains { (0x202a...0x202e).contains($0.value) || $0.value < 0x20 && $0 != "\n" })
    }

    func testNothingToTellIsTold() throws {
        let empty = try laboratory.repository("empty", isSetUp: false)
        let page = try Page(laboratory.run("git", ["data", "report"], in: empty.folder).expecting(0).output)
        assertSelfContained(page)
        assertContains(page.text, "No commit yet.")
        assertContains(page.text, "There are no stages yet")
    }

    func testFileIsWrittenWhole() throws {
        try makeStages()
        try work.data("report", "--quiet", "--output", "../page.html")
        let page = try Page((laboratory.folder / "page.html").contents() ?? [])
        assertSelfContained(page)
        XCTAssertEqual(try work.git("status", "--porcelain").text, "")
    }

    func testHundredStagesDoNotLieOnEachOther() throws {
        for chain in 0..<10 {
            for step in 0..<10 {
                let input = step == 0 ? "" : "\tinput = out/\(chain)-\(step - 1).csv\n"
                let other = step == 5 ? "\tinput = out/\((chain * 7 + 3) % 10)-2.csv\n" : ""
                try work.write(
                    "[stage]\n\tcommand = true\n\(input)\(other)\toutput = out/\(chain)-\(step).csv\n", to: BytePath("lineage/s-\(chain)-\(step).stage"))
            }
        }
        let page = try page()
        assertSelfContained(page)
        assertContains(page.text, "Files are left out here")
        let boxes = page.elements.filter { $0.name == "rect" }.compactMap { element -> [Double]? in
            let numbers = ["x", "y", "width", "height"].compactMap { element.attributes[$0].flatMap(Double.init) }
            return numbers.count == 4 ? numbers : nil
        }
        XCTAssertEqual(boxes.count, 100)
        for (index, one) in boxes.enumerated() {
            for other in boxes[(index + 1)...] {
                let isApart = one[0] + one[2] <= other[0] || other[0] + other[2] <= one[0] || one[1] + one[3] <= other[1] || other[1] + other[3] <= one[1]
                XCTAssert(isApart, "\(one) and \(other)")
            }
        }
    }

    func testEnvironmentsOfRunsAreCompared() throws {
        try makeStages()
        // The records of two runs, whose environments anything may have written.
        for (version, rows) in [("2.1.0", 20), ("2.2.0", 30)] {
            try work.write("{\"rows\": \(rows)}\n", to: "params.json")
            try work.data("repro", "--quiet")
            let text = "{\"packages\": [{\"name\": \"numpy\", \"version\": \"\(version)\"}, {\"name\": \"pandas\", \"version\": \"3\"}]}\n"
            let id = try XCTUnwrap(laboratory.run("sha256sum", [], input: Array(text.utf8)).text.split(separator: " ").first).description
            try work.write(text, to: BytePath("lineage/environments/\(id).json"))
            let record = try work.readText("lineage/prepare.run.json")
            let lines = record.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.contains("\"environmentRecord\"") ? "  \"environmentRecord\" : \"\(id)\"," : String(line)
            }
            try work.write(lines.joined(separator: "\n"), to: "lineage/prepare.run.json")
            try work.commit("numpy \(version)")
        }
        let page = try page()
        assertSelfContained(page)
        assertContains(page.text, "2.1.0")
        // Twice, as it was not in the first run's; what stays the same is told once.
        XCTAssertEqual(page.text.components(separatedBy: "packages.numpy.version").count, 3)
        XCTAssertEqual(page.text.components(separatedBy: "packages.pandas.version").count, 2)
    }
}
