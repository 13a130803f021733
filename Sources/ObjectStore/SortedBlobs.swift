import Digest
import Platform

/// Blobs that are gathered in any order and read in the order of their oids, which is that of the store's entries: so
/// two walks are compared step by step, in memory that does not grow with what they find.
///
/// What is gathered is sorted run by run, written to a file without a name in the store's `incoming/`, and merged when it
/// is read. Where no file can be written, as on a full disk or in a store that may only be read, the runs stay in memory.
///
/// One thread at a time may use it, and one each of its readers.
package final class SortedBlobs {
    /// What was gathered of one blob.
    package struct Item: Equatable, Sendable {
        package let oid: ObjectID
        package let byteCount: Int64
        /// What else whoever gathers has to say. Of several items of one blob, the one with the least note comes first.
        package let note: Int64

        func precedes(_ other: Item) -> Bool {
            if self.oid != other.oid { return self.oid < other.oid }
            return (note, byteCount) < (other.note, other.byteCount)
        }
    }

    enum Run: Sendable {
        case written(Range<Int>)
        case kept([Item])
    }

    private let store: ObjectStore
    private let runLimit: Int
    private var gathered: [Item] = []
    private var runs: [Run] = []
    private var file: NamelessFile?
    private var writtenByteCount = 0
    private var isWritable = true

    /// - Parameters:
    ///   - store: whose disk takes what has no room.
    ///   - runLimit: so many items are in memory.
    package init(in store: ObjectStore, runLimit: Int = 32_768) {
        self.store = store
        self.runLimit = runLimit
    }

    package func add(_ oid: ObjectID, byteCount: Int64 = 0, note: Int64 = 0) {
        gathered.append(Item(oid: oid, byteCount: byteCount, note: note))
        if gathered.count >= runLimit { endRun() }
    }

    /// Adds all that others have gathered.
    package func add(_ others: SortedBlobs) throws(SystemError) {
        var reader = try others.reader()
        while let item = try reader.next() { add(item.oid, byteCount: item.byteCount, note: item.note) }
    }

    private func endRun() {
        gathered.sort { $0.precedes($1) }
        if isWritable, let range = try? write(gathered) {
            runs.append(.written(range))
            gathered.removeAll(keepingCapacity: true)
        } else {
            // A part of the run may stand in the file, so nothing goes behind it.
            isWritable = false
            runs.append(.kept(gathered))
            gathered = []
        }
    }

    private func write(_ items: [Item]) throws(SystemError) -> Range<Int> {
        let opened: NamelessFile
        if let file { opened = file } else { opened = try store.makeNamelessFile() }
        file = opened
        var failure: SystemError?
        // Safety: an item is plain words without a gap; they are read by this process alone.
        let byteCount = items.withUnsafeBytes { bytes in
            do throws(SystemError) { try opened.write(bytes) } catch { failure = error }
            return bytes.count
        }
        if let failure { throw failure }
        defer { writtenByteCount += byteCount }
        return writtenByteCount..<writtenByteCount + byteCount
    }

    /// Reads what was gathered until now.
    package func reader() throws(SystemError) -> Reader {
        gathered.sort { $0.precedes($1) }
        return try Reader(runs + [.kept(gathered)], file)
    }

    /// Lets blobs that were gathered until now be found in any order. It costs another copy of them on the disk.
    package func finder() throws(SystemError) -> Finder {
        var reader = try reader()
        var blocks: [Block] = []
        var block: [Item] = []
        var last: ObjectID?
        while let item = try reader.next() {
            // Only the first item of each blob is asked for.
            guard item.oid != last else { continue }
            last = item.oid
            block.append(item)
            guard block.count == Finder.blockCount else { continue }
            blocks.append(self.block(of: block))
            block.removeAll(keepingCapacity: true)
        }
        if !block.isEmpty { blocks.append(self.block(of: block)) }
        return Finder(blocks: blocks, file: file)
    }

    private func block(of items: [Item]) -> Block {
        if isWritable, let range = try? write(items) { return Block(first: items[0].oid, run: .written(range)) }
        isWritable = false
        return Block(first: items[0].oid, run: .kept(items))
    }

    fileprivate struct Block: Sendable {
        let first: ObjectID
        let run: Run
    }

    /// Finds blobs in any order, each with one look at the file; in memory is where to look.
    package struct Finder: Sendable {
        fileprivate static let blockCount = 64
        fileprivate let blocks: [Block]
        fileprivate let file: NamelessFile?

        /// The first item of a blob; nil where it has none.
        package func first(of oid: ObjectID) throws(SystemError) -> Item? {
            // The first block that begins behind the blob.
            var (low, high) = (0, blocks.count)
            while low < high {
                let middle = (low + high) / 2
                if oid < blocks[middle].first { high = middle } else { low = middle + 1 }
            }
            guard low > 0 else { return nil }
            var cursor = Cursor(blocks[low - 1].run)
            guard try cursor.fill(from: file) else { return nil }
            return cursor.first(of: oid)
        }
    }

    /// Gives the items in their order, each once, however often it was gathered.
    package struct Reader: Sendable {
        private let file: NamelessFile?
        private var cursors: [Cursor] = []
        /// A heap of the cursors' numbers, that of the least item first.
        private var heap: [Int] = []
        private var last: Item?
        /// What `first(of:)` has come to.
        private var ahead: Item?

        fileprivate init(_ runs: [Run], _ file: NamelessFile?) throws(SystemError) {
            self.file = file
            for run in runs {
                var cursor = Cursor(run)
                if try cursor.fill(from: file) { cursors.append(cursor) }
            }
            heap = Array(cursors.indices)
            for place in heap.indices.reversed() { sink(place) }
        }

        /// - Returns: nil behind the last item.
        /// - Throws: where the file cannot be read; what would be left out might be what keeps a blob.
        package mutating func next() throws(SystemError) -> Item? {
            if let item = ahead.take() { return item }
            while let first = heap.first {
                let item = cursors[first].item
                if try !cursors[first].advance(in: file) {
                    heap.swapAt(0, heap.count - 1)
                    heap.removeLast()
                }
                sink(0)
                if item != last {
                    last = item
                    return item
                }
            }
            return nil
        }

        /// The first item of a blob; nil where it has none. To be asked in the order of the oids: what stands before a
        /// blob that was asked for is passed over.
        package mutating func first(of oid: ObjectID) throws(SystemError) -> Item? {
            while let item = try next() {
                guard item.oid < oid else {
                    ahead = item
                    return item.oid == oid ? item : nil
                }
            }
            return nil
        }

        private mutating func sink(_ start: Int) {
            var place = start
            while true {
                var least = place
                for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                    if cursors[heap[child]].item.precedes(cursors[heap[least]].item) { least = child }
                }
                if least == place { return }
                heap.swapAt(place, least)
                place = least
            }
        }
    }

    /// One run, of which a part is in memory.
    private struct Cursor: Sendable {
        private static let windowCount = 512
        private var window: [Item] = []
        private var position = 0
        /// What of the file is still to be read.
        private var rest: Range<Int> = 0..<0

        init(_ run: Run) {
            switch run {
            case .written(let range): rest = range
            case .kept(let items): window = items
            }
        }

        var item: Item { window[position] }

        /// The item of a blob in what is in memory.
        func first(of oid: ObjectID) -> Item? { window.first { $0.oid == oid } }

        /// - Returns: false behind the last item.
        mutating func advance(in file: NamelessFile?) throws(SystemError) -> Bool {
            position += 1
            return try fill(from: file)
        }

        /// Sees to it that there is an item.
        mutating func fill(from file: NamelessFile?) throws(SystemError) -> Bool {
            if position < window.count { return true }
            guard let file, !rest.isEmpty else { return false }
            let stride = MemoryLayout<Item>.stride
            let count = min(Self.windowCount, rest.count / stride)
            let start = rest.lowerBound
            var failure: SystemError?
            window = [Item](unsafeUninitializedCapacity: count) { items, filled in
                // Safety: every pattern of bits is an item; what is not read to its end is not counted.
                let bytes = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(items)[..<(count * stride)])
                do throws(SystemError) {
                    try file.read(into: bytes, at: start)
                    filled = count
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            position = 0
            rest = start + count * stride..<rest.upperBound
            return true
        }
    }
}
