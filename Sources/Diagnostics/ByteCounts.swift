// Pointers, servers and archives may claim any length up to the greatest number. No sum of them is worth a crash.

extension Int64 {
    /// The sum, or the nearest number that there is.
    package func adding(byteCount other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        guard isTooLarge else { return sum }
        return other < 0 ? .min : .max
    }
}

extension Sequence {
    /// The sum of the byte counts of all elements, or the nearest number that there is.
    package func totalByteCount(_ byteCount: (Element) -> Int64) -> Int64 {
        reduce(Int64(0)) { $0.adding(byteCount: byteCount($1)) }
    }
}
