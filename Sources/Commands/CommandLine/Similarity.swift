/// How much words look alike, to guess what was meant.
enum Similarity {
    /// Fewest insertions, deletions, substitutions and swaps of neighbours that make `second` of `first`.
    static func distance(_ first: String, _ second: String) -> Int {
        let first = Array(first.utf8)
        let second = Array(second.utf8)
        var beforePrevious: [Int] = []
        var previous = Array(0...second.count)
        for row in 0..<first.count {
            var current = [row + 1]
            for column in 0..<second.count {
                let substitution = previous[column] + (first[row] == second[column] ? 0 : 1)
                var best = min(substitution, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[second.count]
    }

    /// The candidates nearest to `word`, all at the same distance, in their order; none when all are
    /// far. What `word` begins counts as near.
    static func closest(to word: String, among candidates: [String]) -> [String] {
        guard !word.isEmpty, word.utf8.count <= 64 else { return [] }
        let distances = candidates.map { candidate in
            word.utf8.count >= 2 && candidate.hasPrefix(word) ? 1 : distance(word, candidate)
        }
        guard let best = distances.min(), best <= max(1, word.utf8.count / 2), best <= 3 else { return [] }
        return zip(candidates, distances).filter { $0.1 == best }.map(\.0)
    }
}
