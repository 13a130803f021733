/// Sizes as people write and read them.
package enum ByteCountText {
    /// Reads `4096`, `500k`, `1.5G` and the like; case does not matter. `k`, `M`, `G`, `T` alone and
    /// with `iB` count by 1024, as in Git's configuration; with a bare `B` (`10MB`) by 1000.
    /// - Returns: nil for what is no size, or one of more than 2^63 - 1 bytes.
    package static func parse(_ bytes: [UInt8]) -> Int64? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let whole = bytes.prefix { digits.contains($0) }
        var rest = bytes.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { digits.contains($0) }
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard !whole.isEmpty, let factor = factor(of: rest) else { return nil }
        guard let count = Int64(String(decoding: whole, as: UTF8.self)) else { return nil }
        let (product, overflows) = count.multipliedReportingOverflow(by: factor)
        guard !overflows else { return nil }
        if fraction.isEmpty { return product }
        guard factor > 1, let part = Double("0." + String(decoding: fraction, as: UTF8.self)) else { return nil }
        let (sum, sumOverflows) = product.addingReportingOverflow(Int64(part * Double(factor)))
        return sumOverflows ? nil : sum
    }

    private static func factor(of unit: ArraySlice<UInt8>) -> Int64? {
        let unit = String(decoding: unit, as: UTF8.self).lowercased()
        if unit.isEmpty || unit == "b" { return 1 }
        guard let letter = unit.first, let power = Array("kmgt").firstIndex(of: letter) else { return nil }
        let base: Int64
        switch unit.dropFirst() {
        case "", "ib": base = 1024
        case "b": base = 1000
        default: return nil
        }
        return (0...power).reduce(1) { product, _ in product * base }
    }

    /// The size for a person, as Git prints it: `17 bytes`, `1.50 MiB`.
    package static func format(_ byteCount: Int64) -> String {
        if byteCount == 1 { return "1 byte" }
        guard byteCount.magnitude >= 1024 else { return "\(byteCount) bytes" }
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var size: Int64 = 1024
        while unit + 1 < units.count, byteCount / 1024 >= size {
            size *= 1024
            unit += 1
        }
        // Two digits after the point, cut off and not rounded, so that 1023.999 never reads as 1024.
        let whole = byteCount / size
        let hundredths = min(99, Int64(Double(byteCount % size) / Double(size) * 100))
        return "\(whole).\(hundredths < 10 ? "0" : "")\(hundredths) \(units[unit])"
    }
}
