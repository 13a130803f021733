import Platform

/// Data that is the same in each run.
package enum SampleData {
    /// Bytes that do not compress and hold no long text.
    package static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return random.bytes(count)
    }

    /// A table with a head.
    package static func table(rows: Int, seed: UInt64 = 1) -> String {
        var random = SeededRandom(seed: seed)
        var text = "id,value,label\n"
        for row in 0..<rows { text += "\(row),\(random.next() % 10_000),\(["cat", "dog", "owl"][row % 3])\n" }
        return text
    }
}
