import Platform

/// Files of which only a few are named.
struct CountedFiles: CustomStringConvertible {
    private(set) var count = 0
    private(set) var first: [BytePath] = []

    mutating func add(_ path: BytePath) {
        count += 1
        if first.count < 3 { first.append(path) }
    }

    mutating func add(_ paths: some Sequence<BytePath>) {
        for path in paths { add(path) }
    }

    var description: String {
        let shown = first.map { "'\($0)'" }.joined(separator: ", ")
        return count > first.count ? "\(shown) and \(count - first.count) more" : shown
    }
}
