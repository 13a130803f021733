import Platform

/// Two records of one stage that two branches have made.
package enum RecordMerge {
    package enum Outcome: Equatable, Sendable {
        /// Both say the same of the same run, or of two that had the same causes and outputs; the later one stays.
        case merged([UInt8])
        /// A person must choose. The text names both runs, and has each record whole.
        case conflict([UInt8], ours: String, theirs: String)
        /// One of them is no record that can be read.
        case unreadable
    }

    /// - Parameter markerSize: the length of conflict markers.
    package static func merge(ours: [UInt8], theirs: [UInt8], markerSize: Int, file: BytePath) -> Outcome {
        guard let our = try? RunRecord(ours, file: file), let their = try? RunRecord(theirs, file: file) else { return .unreadable }
        if our.key == their.key, our.outputs == their.outputs { return .merged(our.started >= their.started ? ours : theirs) }
        let (ourWords, theirWords) = (words(our, beside: their), words(their, beside: our))
        func line(_ mark: Character, _ words: String) -> [UInt8] { Array((String(repeating: mark, count: max(1, markerSize)) + words + "\n").utf8) }
        let text = line("<", " ours: \(ourWords)") + ours + line("=", "") + theirs + line(">", " theirs: \(theirWords)")
        return .conflict(text, ours: ourWords, theirs: theirWords)
    }

    /// What tells a run from the other one.
    private static func words(_ record: RunRecord, beside other: RunRecord) -> String {
        var parts = ["ran \(record.startedText)" + (record.author.map { " by \($0.prefix { $0 != "<" }.trimmingSpaces)" } ?? "")]
        if let commit = record.commit { parts.append("on \(commit.prefix(10))") }
        for (name, value) in record.causes.parameters.sorted(by: { $0.key < $1.key }) where other.causes.parameters[name] != value {
            parts.append("\(name.split(separator: ":").last ?? "") = \(value.description)")
        }
        for (file, value) in record.metrics.sorted(by: { $0.key < $1.key }) {
            for (key, number) in ValueFile.flattened(value, longestList: 0).prefix(4) where other.metrics[file].flatMap({ ValueFile.value(at: key, in: $0) }) != number {
                parts.append("\(key) \(number.description)")
            }
        }
        return BytePath(parts.joined(separator: ", ")).description
    }
}
