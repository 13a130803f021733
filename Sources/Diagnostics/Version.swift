/// The version of all that is built together.
package enum Version {
    package static let current = "0.1.0"

    /// Whether this version is at least the one that is asked for, such as `0.2` or `1.0.3`.
    /// - Returns: nil for what is no version.
    package static func satisfies(_ required: String) -> Bool? {
        guard let wanted = numbers(required), let present = numbers(current) else { return nil }
        let count = max(wanted.count, present.count)
        func padded(_ numbers: [Int]) -> [Int] { numbers + [Int](repeating: 0, count: count - numbers.count) }
        return !padded(present).lexicographicallyPrecedes(padded(wanted))
    }

    private static func numbers(_ text: String) -> [Int]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        return numbers.count == parts.count ? numbers : nil
    }
}
