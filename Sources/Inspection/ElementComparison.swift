import Platform

/// How the elements of two arrays of one shape and type differ.
struct ElementComparison: Equatable, Sendable {
    private(set) var differing: Int64 = 0
    /// nil where no two numbers are apart by a number.
    private(set) var largestDifference: Double?

    private static let pieceByteCount = 1 << 20

    /// Two sources of the same length. NaN equals NaN here, whatever else is in its bits.
    init(_ old: ByteSource, _ oldType: ElementType, _ new: ByteSource, _ newType: ElementType) throws(SystemError) {
        let left = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceByteCount, alignment: 16)
        let right = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceByteCount, alignment: 16)
        defer {
            left.deallocate()
            right.deallocate()
        }
        var offset: Int64 = 0
        while true {
            let count = min(try old.read(into: left, at: offset), try new.read(into: right, at: offset))
            let whole = count - count % oldType.byteCount
            if whole == 0 { return }
            let (one, other) = (UnsafeRawBufferPointer(rebasing: left[..<whole]), UnsafeRawBufferPointer(rebasing: right[..<whole]))
            if oldType != newType || !Self.areEqual(one, other) { compare(one, oldType, other, newType) }
            offset += Int64(whole)
        }
    }

    private mutating func compare(
        _ one: UnsafeRawBufferPointer, _ oldType: ElementType, _ other: UnsafeRawBufferPointer, _ newType: ElementType
    ) {
        for position in stride(from: 0, to: one.count, by: oldType.byteCount) {
            let (left, right) = (oldType.bits(one, at: position), newType.bits(other, at: position))
            guard left != right else { continue }
            let distance = oldType.distance(left, right)
            // Zero with another sign is the same number.
            if distance == 0 { continue }
            if distance.isNaN {
                if oldType.value(left).isNaN, oldType.value(right).isNaN { continue }
                // Equal infinities have equal bits, so one side is no number.
                differing += 1
                continue
            }
            differing += 1
            largestDifference = max(largestDifference ?? 0, distance)
        }
    }

    /// Whether two sources have the same bytes.
    static func haveEqualBytes(_ old: ByteSource, _ new: ByteSource) throws(SystemError) -> Bool {
        guard old.byteCount == new.byteCount else { return false }
        let left = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceByteCount, alignment: 16)
        let right = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceByteCount, alignment: 16)
        defer {
            left.deallocate()
            right.deallocate()
        }
        var offset: Int64 = 0
        while offset < old.byteCount {
            let count = try old.read(into: left, at: offset)
            guard count > 0, try new.read(into: right, at: offset) == count else { return false }
            let (one, other) = (UnsafeRawBufferPointer(rebasing: left[..<count]), UnsafeRawBufferPointer(rebasing: right[..<count]))
            guard areEqual(one, other) else { return false }
            offset += Int64(count)
        }
        return true
    }

    /// Compares eight bytes at a time.
    static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var position = 0
        while left.count - position >= 8 {
            guard
                left.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                    == right.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            else { return false }
            position += 8
        }
        return left[position...].elementsEqual(right[position...])
    }
}
