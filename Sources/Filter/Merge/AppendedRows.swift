import Platform

/// Reads a merged text line by line and finds out whether the one conflict in it is about its end alone, where
/// both sides added rows and the base has none. Pure.
struct AppendedRows {
    private enum Part {
        case before, ours, base, theirs, after
    }

    /// Where the conflict begins, in bytes.
    private(set) var start: Int64?
    private(set) var ours: [[UInt8]] = []
    private(set) var theirs: [[UInt8]] = []
    private var part = Part.before
    private var offset: Int64 = 0
    private let markers: (ours: [UInt8], base: [UInt8], middle: [UInt8], theirs: [UInt8])

    init(markerSize: Int, label: BytePath) {
        let marker = { (letter: Character) in Array(String(repeating: letter, count: markerSize).utf8) }
        let end = Array(" ".utf8) + label.bytes
        markers = (marker("<") + end, marker("|") + end, marker("="), marker(">") + end)
    }

    var isComplete: Bool { part == .after }

    /// Takes the next line, without its end.
    /// - Returns: false where it is not as it should be.
    mutating func take(_ line: [UInt8]) -> Bool {
        // A marker has the line end that its text has.
        let bare = line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line
        switch (part, bare) {
        case (.before, markers.ours):
            start = offset
            part = .ours
        case (.ours, markers.base): part = .base
        case (.base, markers.middle): part = .theirs
        case (.theirs, markers.theirs): part = .after
        case (.before, _): offset += Int64(line.count) + 1
        case (.ours, _): ours.append(line)
        case (.theirs, _): theirs.append(line)
        // Rows of the base that were changed, or something behind the conflict.
        case (.base, _), (.after, _): return false
        }
        return true
    }
}
