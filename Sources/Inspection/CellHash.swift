/// A fingerprint of 64 bits for cells and rows. It begins elsewhere in each process, so that nobody can
/// prepare rows that look equal; it is never written down.
struct CellHash {
    private(set) var value: UInt64

    private static let seed = UInt64.random(in: .min ... .max)
    private static let first: UInt64 = 0xa076_1d64_78bd_642f
    private static let second: UInt64 = 0xe703_7ed1_a0b4_28db

    init() {
        value = Self.seed
    }

    mutating func combine(_ number: UInt64) {
        value = Self.mix(value ^ Self.first, number ^ Self.second)
    }

    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        while bytes.count - position >= 8 {
            combine(bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var tail: UInt64 = 0
        while position < bytes.count {
            tail = tail << 8 ^ UInt64(bytes[position])
            position += 1
        }
        // At most seven bytes are in the tail, so that the length has a place of its own.
        combine(tail ^ UInt64(truncatingIfNeeded: bytes.count) << 56)
    }

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = CellHash()
        hash.combine(bytes)
        return hash.value
    }

    static func of(_ one: UInt64, _ other: UInt64) -> UInt64 {
        var hash = CellHash()
        hash.combine(one)
        hash.combine(other)
        return hash.value
    }

    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        // The sum keeps what a factor of zero would wipe out.
        return (product.high ^ product.low) &+ left &+ right << 1
    }
}

/// How many different values there are, exactly up to a limit, and up to a higher one while no value comes twice.
struct DistinctCounter {
    private var slots: [UInt64] = []
    private(set) var count = 0
    /// How many values were taken.
    private(set) var total = 0
    private let limit: Int
    private var limitWithoutDuplicates: Int
    private var hasZero = false

    init(limit: Int) {
        self.limit = limit
        limitWithoutDuplicates = limit
    }

    /// Whether counting was given up: there are more different values than the limit, and `count` says no more.
    private(set) var isExceeded = false
    /// More than so many there are at least, where counting was given up.
    var passedLimit: Int { count > limitWithoutDuplicates ? limitWithoutDuplicates : limit }

    /// Whether each value was another one, as far as that is known.
    var isWithoutDuplicates: Bool { !isExceeded && count == total }

    /// Counts on while no value comes twice.
    mutating func raise(to limit: Int) {
        if isWithoutDuplicates { limitWithoutDuplicates = limit }
    }

    @inline(__always)
    mutating func take(_ hash: UInt64) {
        guard !isExceeded else { return }
        total += 1
        if hash == 0 {
            if !hasZero { count += 1 }
            hasZero = true
            return
        }
        if slots.count < 2 * (count + 1) { grow() }
        if insert(hash) { count += 1 }
        if count > limit, count > limitWithoutDuplicates || count < total {
            isExceeded = true
            slots = []
        }
    }

    private mutating func insert(_ hash: UInt64) -> Bool {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if slots[slot] == hash { return false }
            slot = (slot + 1) & mask
        }
        slots[slot] = hash
        return true
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: max(16, 2 * old.count))
        for hash in old where hash != 0 { _ = insert(hash) }
    }
}
