/// Values over runs as inline SVG: a line for each series, a point for each value, which tells all when it is pointed at.
struct LineChart {
    struct Series {
        let name: String
        /// One for each run; nil where it has none.
        let values: [Double?]
    }

    let title: String
    let series: [Series]
    /// Below the axis, one for each run.
    let labels: [String]
    /// What is said of each run.
    let hints: [String]

    private static let width = 460.0
    private static let height = 230.0
    private static let left = 64.0
    private static let right = 14.0
    private static let top = 12.0
    private static let bottom = 34.0
    /// Styles of lines that the page has.
    static let styles = 8

    var markup: Markup {
        let ticks = Self.ticks(series.flatMap { $0.values.compactMap { $0 } })
        return """
            <figure class="chart"><figcaption>\(title)</figcaption>
            <svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="\(title) over runs" width="\(Self.width)" \
            height="\(Self.height)" viewBox="0 0 \(Self.width) \(Self.height)">
            \(axes(ticks))\(series.indices.map { line($0, ticks) })</svg>
            \(legend)</figure>

            """
    }

    private var legend: Markup {
        guard series.count > 1 else { return "" }
        let entries = series.enumerated().map { index, series -> Markup in
            """
            <li><svg xmlns="http://www.w3.org/2000/svg" width="26" height="10" viewBox="0 0 26 10">\
            <path class="line s\(index % Self.styles)" d="M1 5 L25 5"/></svg> \(series.name)</li>
            """
        }
        return "<ul class=\"legend\">\(entries)</ul>\n"
    }

    private func x(_ run: Int) -> Double {
        let space = Self.width - Self.left - Self.right
        guard labels.count > 1 else { return Self.left + space / 2 }
        return Self.left + 10 + (space - 20) * Double(run) / Double(labels.count - 1)
    }

    private func y(_ value: Double, _ ticks: [Double]) -> Double {
        let (low, high) = (ticks.first ?? 0, ticks.last ?? 1)
        let share = high > low ? (value - low) / (high - low) : 0.5
        return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
    }

    private func axes(_ ticks: [Double]) -> Markup {
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
        let lines = ticks.map { tick -> Markup in
            let y = y(tick, ticks)
            return """
                <path class="grid" d="M\(Self.left) \(y) L\(Self.width - Self.right) \(y)"/>\
                <text class="tick end" x="\(Self.left - 7)" y="\(y + 4)">\(Self.text(tick, step: step))</text>

                """
        }
        let base = Self.height - Self.bottom
        // So many names as there is room for, the last one among them.
        let every = max(1, (labels.count + 5) / 6)
        let names = labels.indices.filter { (labels.count - 1 - $0) % every == 0 }.map { run -> Markup in
            """
            <path class="axis" d="M\(x(run)) \(base) L\(x(run)) \(base + 4)"/>\
            <text class="tick" x="\(x(run))" y="\(base + 18)">\(labels[run])</text>

            """
        }
        return "\(lines)<path class=\"axis\" d=\"M\(Self.left) \(Self.top) L\(Self.left) \(base) L\(Self.width - Self.right) \(base)\"/>\n\(names)"
    }

    private func line(_ index: Int, _ ticks: [Double]) -> Markup {
        let points = series[index].values.enumerated().compactMap { run, value in value.map { (run: run, value: $0) } }
        guard let first = points.first else { return "" }
        var path: Markup = "M\(x(first.run)) \(y(first.value, ticks))"
        for point in points.dropFirst() { path += " L\(x(point.run)) \(y(point.value, ticks))" }
        let radius = points.count > 80 ? 1.6 : 3.2
        let marks = points.map { point -> Markup in
            """
            <circle class="point s\(index % Self.styles)" cx="\(x(point.run))" cy="\(y(point.value, ticks))" r="\(radius)">\
            <title>\(series[index].name): \(ReportWords.number(point.value))\n\(hints[point.run])</title></circle>

            """
        }
        return "<path class=\"line s\(index % Self.styles)\" d=\"\(path)\"/>\n\(marks)"
    }

    // MARK: ticks

    /// Round numbers, of which the first and the last are around all values.
    static func ticks(_ values: [Double]) -> [Double] {
        let finite = values.filter { $0.isFinite && abs($0) < 1e300 }
        guard var low = finite.min(), var high = finite.max() else { return [0, 1] }
        if high - low <= max(abs(high), abs(low)) * 1e-12 {
            let room = max(abs(high) * 0.1, 1e-9)
            (low, high) = high == 0 ? (0, 1) : (low - room, high + room)
        }
        let raw = (high - low) / 4
        let power = pow10(Int(log10(raw).rounded(.down)))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= raw * 0.999 } ?? raw
        let first = (low / step + 1e-9).rounded(.down)
        let last = (high / step - 1e-9).rounded(.up)
        return (0...max(1, Int(last - first))).map { (first + Double($0)) * step }
    }

    private static func pow10(_ exponent: Int) -> Double {
        Double("1e\(exponent)") ?? 1
    }

    /// The logarithm to the base of ten, as near as ticks need it.
    private static func log10(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        var exponent = 0
        var rest = value
        while rest >= 10 { (rest, exponent) = (rest / 10, exponent + 1) }
        while rest < 1 { (rest, exponent) = (rest * 10, exponent - 1) }
        return Double(exponent)
    }

    /// A tick with as many digits as its step needs.
    private static func text(_ value: Double, step: Double) -> String {
        ReportWords.number((value / step).rounded() * step, digits: 6)
    }
}
