import Git
import Platform

/// The file of a `PointerCache`, of which one window at a time is in memory.
struct PointerCacheFile {
    private static let header: [UInt8] = {
        let words = Array("git data pointers 2\n".utf8)
        return words + [UInt8](repeating: 0, count: PointerRecord.byteCount - words.count)
    }()
    private static let windowCount = 1024

    private let file: OpenFile?
    /// 0 where there is no file that can be used.
    let recordCount: Int
    /// Whether something was seen that nobody has written so.
    private(set) var isDamaged = false
    private var window: [PointerRecord] = []
    /// The number of the window's first record.
    private var windowStart = 0

    init(_ path: BytePath) {
        guard let file = try? Descriptor.open(path, .read) else {
            self.file = nil
            recordCount = 0
            return
        }
        let byteCount = (try? file.status().byteCount) ?? 0
        let isSound = byteCount % Int64(PointerRecord.byteCount) == 0
            && Self.read(PointerRecord.byteCount, at: 0, of: file) == Self.header
        isDamaged = !isSound
        recordCount = isSound ? Int(byteCount) / PointerRecord.byteCount - 1 : 0
        self.file = OpenFile(file)
    }

    /// Looks a blob up. Names in their order cost least.
    mutating func record(of name: GitObjectName) -> PointerRecord? {
        let key = PointerRecord(name)
        var low = 0, high = recordCount
        var attempt = 0
        while low < high {
            var isBehind = true
            if let first = window.first, let last = window.last {
                if key.precedes(first) {
                    high = min(high, windowStart)
                    isBehind = false
                } else if last.precedes(key) {
                    low = max(low, windowStart + window.count)
                } else {
                    return search(key)
                }
            }
            guard low < high else { return nil }
            let start = switch attempt {
            // Names are evenly distributed: here it is, or very near.
            case 0: Int(key.prefix.multipliedFullWidth(by: UInt64(recordCount)).high) - Self.windowCount / 4
            case 1: isBehind ? low : high - Self.windowCount
            default: (low + high) / 2
            }
            attempt += 1
            load(from: min(max(start, low), high - 1))
            if window.isEmpty { return nil }
        }
        return nil
    }

    private func search(_ key: PointerRecord) -> PointerRecord? {
        var low = 0, high = window.count
        while low < high {
            let middle = (low + high) / 2
            if window[middle].precedes(key) { low = middle + 1 } else { high = middle }
        }
        guard low < window.count, window[low].hasKey(of: key), window[low].isSound else { return nil }
        return window[low]
    }

    private mutating func load(from start: Int) {
        window = records(from: start)
        windowStart = start
        if window.count < min(Self.windowCount, recordCount - start) || !window.allSatisfy(\.isSound) { isDamaged = true }
    }

    /// Up to a window of records.
    private func records(from start: Int) -> [PointerRecord] {
        let count = min(Self.windowCount, recordCount - start)
        guard count > 0 else { return [] }
        let bytes = read(PointerRecord.byteCount * count, at: PointerRecord.byteCount * (start + 1))
        return bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / PointerRecord.byteCount).map { position in
                let start = PointerRecord.byteCount * position
                return PointerRecord(UnsafeRawBufferPointer(rebasing: bytes[start..<start + PointerRecord.byteCount]))
            }
        }
    }

    private func read(_ byteCount: Int, at offset: Int) -> [UInt8] {
        file.map { Self.read(byteCount, at: offset, of: $0.descriptor) } ?? []
    }

    private static func read(_ byteCount: Int, at offset: Int, of file: borrowing Descriptor) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            // Safety: the capacity is not zero, so there is memory.
            count = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer), at: Int64(offset))) ?? 0
        }
    }

    /// Writes a file of this one's sound records and of others, which win, in place of whatever has that path.
    /// - Parameter additions: sorted.
    func merge(_ additions: [PointerRecord], into path: BytePath) throws(SystemError) {
        let file = try TemporaryFile(in: path.parent)
        try file.descriptor.write(Self.header)
        var merged: [PointerRecord] = []
        var start = 0
        var rest = additions[...]
        while start < recordCount || !rest.isEmpty {
            let former = records(from: start)
            start = former.isEmpty ? recordCount : start + former.count
            for record in former where record.isSound {
                while let first = rest.first, !record.precedes(first) {
                    append(rest.removeFirst(), to: &merged)
                }
                append(record, to: &merged)
            }
            if start == recordCount {
                for record in rest { append(record, to: &merged) }
                rest = []
            }
            // The last one stays, as its like may follow.
            if let last = merged.popLast() {
                try Self.write(merged, to: file.descriptor)
                merged = [last]
            }
        }
        try Self.write(merged, to: file.descriptor)
        // Not brought to the disk: what a crash leaves of it shows in its checksums.
        try file.path.rename(to: path)
        file.finish()
    }

    private func append(_ record: PointerRecord, to merged: inout [PointerRecord]) {
        if let last = merged.last, last.hasKey(of: record) { return }
        merged.append(record)
    }

    // An optional noncopyable value cannot be borrowed.
    private final class OpenFile {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    private static func write(_ records: [PointerRecord], to file: borrowing Descriptor) throws(SystemError) {
        var failure: SystemError?
        records.withUnsafeBytes { bytes in
            do throws(SystemError) { try file.write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
