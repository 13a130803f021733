import Digest
import Inspection
import Platform

/// A change in the data of one file, in lines for a person.
struct DiffText {
    private let change: DiffChange
    private let isColoured: Bool

    init(_ change: DiffChange, isColoured: Bool) {
        self.change = change
        self.isColoured = isColoured
    }

    private enum Tone: String {
        case title = "1", added = "32", removed = "31", changed = "33"
    }

    private func paint(_ text: String, _ tone: Tone) -> String {
        isColoured ? "\u{1b}[\(tone.rawValue)m\(text)\u{1b}[m" : text
    }

    // MARK: whole

    var lines: [String] {
        let oldPath = change.oldPath ?? change.path
        var lines = [paint("diff data \(Self.prefixed("a/", oldPath)) \(Self.prefixed("b/", change.path))", .title)]
        switch (change.old, change.new) {
        case (nil, let new?):
            lines += [paint("new data file, oid \(new.oid.hex.prefix(12))", .title), line(new, "+", .added)]
            lines += (new.summary?.lines ?? []).map { paint("+ \($0)", .added) }
        case (let old?, nil):
            lines += [paint("deleted data file, oid \(old.oid.hex.prefix(12))", .title), line(old, "-", .removed)]
        case (let old?, let new?):
            if change.oldPath != nil, change.hasSameData { return lines + ["the same data, by another name"] }
            lines.append(paint("oid \(old.oid.hex.prefix(12))..\(new.oid.hex.prefix(12))", .title))
            lines += difference(old, new)
        case (nil, nil): break
        }
        return lines
    }

    private static func prefixed(_ prefix: String, _ path: BytePath) -> String {
        path.isAbsolute ? "\(path)" : "\(BytePath(bytes: Array(prefix.utf8) + path.bytes))"
    }

    private func line(_ side: DiffChange.Side, _ mark: String, _ tone: Tone) -> String {
        paint("\(mark) \(Self.type(side)), \(ByteCountText.format(side.byteCount))", tone)
    }

    private static func type(_ side: DiffChange.Side) -> String {
        side.summary?.kind.name ?? "data that is not on this machine (git data diff --fetch)"
    }

    private func difference(_ old: DiffChange.Side, _ new: DiffChange.Side) -> [String] {
        guard let difference = change.difference, difference.old.kind == difference.new.kind else {
            return [line(old, "-", .removed), line(new, "+", .added)]
        }
        var lines = ["\(difference.new.kind.name), \(sizes(old, new))"]
        for (mark, summary) in [("-", difference.old), ("+", difference.new)] {
            if let damage = summary.damage { lines.append(paint("\(mark) damaged: \(damage)", .removed)) }
        }
        let rows = difference.rows
        if let rows { lines += self.rows(rows, difference) }
        for fact in difference.facts where rows == nil || fact.name != "rows" {
            lines.append("\(fact.name): \(Self.arrow(fact))")
        }
        lines += difference.parts.prefix(Self.partLimit).map(part)
        if difference.parts.count > Self.partLimit { lines.append("and \(difference.parts.count - Self.partLimit) more") }
        if lines.count == 1, !difference.new.kind.isText || rows != nil { lines.append("what is known of such files is the same in both versions") }
        return lines
    }

    /// More parts than this are no reading.
    private static let partLimit = 200

    private func sizes(_ old: DiffChange.Side, _ new: DiffChange.Side) -> String {
        let (before, after) = (ByteCountText.format(old.byteCount), ByteCountText.format(new.byteCount))
        return before == after ? after : "\(before) → \(after)"
    }

    // MARK: rows

    private func rows(_ rows: RowDifference, _ difference: DataDifference) -> [String] {
        let count = Self.rowCounts(difference)
        var lines = ["rows: \(count)\(Self.rowWords(rows))"]
        lines += rows.changedSamples.map { paint("  ~ \($0.text)", .changed) } + more(rows.changed, rows.changedSamples.count, "~", .changed)
        lines += rows.removedSamples.map { paint("  - \($0.text)", .removed) } + more(rows.removed, rows.removedSamples.count, "-", .removed)
        lines += rows.addedSamples.map { paint("  + \($0.text)", .added) } + more(rows.added, rows.addedSamples.count, "+", .added)
        return lines
    }

    private func more(_ count: Int, _ shown: Int, _ mark: String, _ tone: Tone) -> [String] {
        count > shown && shown > 0 ? [paint("  \(mark) … \(count - shown) more", tone)] : []
    }

    private static func rowCounts(_ difference: DataDifference) -> String {
        func count(_ summary: DataSummary) -> String {
            summary.facts.first { $0.name == "rows" }.map { "\($0.value)" } ?? "?"
        }
        let (old, new) = (count(difference.old), count(difference.new))
        return old == new ? new : "\(old) → \(new)"
    }

    private static func rowWords(_ rows: RowDifference) -> String {
        switch rows.outcome {
        case .tooMany(let limit): return ", not compared: more than \(limit) differ or stand elsewhere"
        case .noCommonColumns: return ", not compared: the versions have no column in common"
        case .tooManyColumns: return ", not compared: too many columns"
        case .damaged: return ", not compared: a version is damaged"
        case .compared: break
        }
        if rows.isReordered { return ", the same ones in another order" }
        let counts = [(rows.added, "added"), (rows.removed, "removed"), (rows.changed, "changed")].filter { $0.0 > 0 }
        guard !counts.isEmpty else { return ", the same in the columns that both versions have" }
        let words = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return "; \(words)" + (rows.key.map { " (by \($0))" } ?? "")
    }

    // MARK: facts and parts

    private static func arrow(_ fact: DataDifference.FactChange) -> String {
        // What is counted is only there where it is more than nothing.
        let nothing = switch fact.old ?? fact.new {
        case .integer: "0"
        default: "none"
        }
        return "\(fact.old.map { "\($0)" } ?? nothing) → \(fact.new.map { "\($0)" } ?? nothing)"
    }

    private func part(_ part: DataDifference.PartChange) -> String {
        let title = part.name.isEmpty ? "array" : "\(part.group.rawValue) \(part.name)"
        switch part.kind {
        case .added: return paint("+ \(title)" + Self.list(part.facts.compactMap { Self.fact($0.name, $0.new) }), .added)
        case .removed: return paint("- \(title)" + Self.list(part.facts.compactMap { Self.fact($0.name, $0.old) }), .removed)
        case .renamed, .changed: break
        }
        var words: [String] = []
        if let oldName = part.oldName { words.append("was \(oldName)") }
        if let cells = part.changedCells { words.append(Count.noun(cells, "changed cell")) }
        words += part.facts.map { "\($0.name) \(Self.arrow($0))" }
        if let count = part.differingElements {
            let distance = part.largestDifference.map { ", by \(DataSummary.Value.rounded($0)) at most" } ?? ""
            words.append("\(count) of \(part.elementCount.map { "\($0) " } ?? "")elements \(count == 1 ? "differs" : "differ")\(distance)")
        }
        if part.hasOtherContent { words.append("other content") }
        return paint("~ \(title)" + Self.list(words), .changed)
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "" : ": " + words.joined(separator: ", ")
    }

    private static func fact(_ name: String, _ value: DataSummary.Value?) -> String? {
        value.map { name == "type" || name == "shape" ? "\($0)" : "\(name) \($0)" }
    }

    // MARK: short

    /// `data/train.csv | CSV table, 1.00 MiB → 1.20 MiB, rows +10 -2 ~3, columns +1`
    var shortLine: String {
        let path = change.oldPath.map { "\($0) => \(change.path)" } ?? "\(change.path)"
        var words: [String] = []
        switch (change.old, change.new) {
        case (nil, let new?): words = ["new", Self.type(new), ByteCountText.format(new.byteCount)]
        case (let old?, nil): words = ["deleted", ByteCountText.format(old.byteCount)]
        case (let old?, let new?):
            words = change.hasSameData ? ["the same data"] : [Self.type(new), sizes(old, new)]
        case (nil, nil): break
        }
        if let difference = change.difference {
            if let rows = difference.facts.first(where: { $0.name == "rows" }), difference.rows == nil {
                words.append("rows \(Self.arrow(rows))")
            }
            if let rows = difference.rows {
                words.append(rows.outcome == .compared ? "rows" + Self.signs(rows.added, rows.removed, rows.changed) : "rows not compared")
            }
            for group in [DataSummary.Part.Group.column, .tensor, .input, .output, .member] {
                let parts = difference.parts.filter { $0.group == group }
                guard !parts.isEmpty else { continue }
                func count(_ kinds: DataDifference.PartChange.Kind...) -> Int { parts.filter { kinds.contains($0.kind) }.count }
                words.append("\(group.rawValue)s" + Self.signs(count(.added), count(.removed), count(.changed, .renamed)))
            }
        }
        return " \(path) | \(words.joined(separator: ", "))"
    }

    private static func signs(_ added: Int, _ removed: Int, _ changed: Int) -> String {
        let signs = [("+", added), ("-", removed), ("~", changed)].filter { $0.1 > 0 }.map { " \($0.0)\($0.1)" }.joined()
        return signs.isEmpty ? " the same" : signs
    }
}
