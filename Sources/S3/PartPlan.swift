/// How a large blob is cut into parts: always the same way, so that an upload which was cut off can be
/// continued by anybody, and of equal size but for the last, as some servers demand.
///
/// Spec: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
struct PartPlan: Equatable, Sendable {
    static let greatestCount: Int64 = 10_000
    static let leastByteCount: Int64 = 5 << 20

    let byteCount: Int64
    /// The length of all parts but the last.
    let partByteCount: Int64

    init(byteCount: Int64) {
        self.byteCount = byteCount
        let needed = (byteCount + Self.greatestCount - 1) / Self.greatestCount
        let mebibyte: Int64 = 1 << 20
        partByteCount = max(Self.leastByteCount, (needed + mebibyte - 1) / mebibyte * mebibyte)
    }

    var count: Int { Int((byteCount + partByteCount - 1) / partByteCount) }

    /// - Parameter number: counted from 1.
    func offset(of number: Int) -> Int64 { Int64(number - 1) * partByteCount }

    func byteCount(of number: Int) -> Int64 { min(partByteCount, byteCount - offset(of: number)) }
}
