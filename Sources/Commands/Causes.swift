/// Failures as they are listed: those of one cause together, as one cause may have stopped thousands.
enum Causes {
    /// - Parameters:
    ///   - items: what failed, and why, in the order in which to name them.
    ///   - limit: how many of one cause are named; nil for all.
    ///   - total: how many there are where `items` are only those to be named, of one cause.
    static func list(_ items: [(name: String, cause: String)], limit: Int? = nil, total: Int? = nil) -> String {
        var order: [String] = []
        var names: [String: [String]] = [:]
        for item in items {
            if names[item.cause] == nil { order.append(item.cause) }
            names[item.cause, default: []].append(item.name)
        }
        let lines = order.flatMap { cause -> [String] in
            let all = names[cause] ?? []
            if all.count == 1 { return ["\t\(all[0]) (\(cause))"] }
            let shown = all.prefix(limit ?? all.count)
            let count = total ?? all.count
            let more = shown.count < count ? ["\t… and \(count - shown.count) more"] : []
            return ["\(cause):"] + shown.map { "\t\($0)" } + more
        }
        return lines.joined(separator: "\n")
    }
}
