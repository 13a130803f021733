/// Numbers from 0 up to a limit: a bit for each.
struct NumberSet {
    private var words: [UInt64]

    /// - Parameter limit: what each number is below.
    init(below limit: Int) {
        words = Array(repeating: 0, count: limit / 64 + 1)
    }

    mutating func insert(_ number: Int) { words[number / 64] |= 1 << UInt64(number % 64) }

    func contains(_ number: Int) -> Bool { words[number / 64] & 1 << UInt64(number % 64) != 0 }
}
