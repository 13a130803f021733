private import Synchronization

/// What `transform` makes of each element, on all processors.
package func concurrentMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ transform: @escaping @Sendable (Element) -> Result
) -> [Result] {
    let pieceCount = 1024
    guard elements.count > pieceCount else { return elements.map(transform) }
    let pieces = (elements.count + pieceCount - 1) / pieceCount
    let results = Mutex<[[Result]]>(Array(repeating: [], count: pieces))
    concurrently(count: pieces, threads: availableProcessorCount()) { piece in
        let some = elements[piece * pieceCount..<min(elements.count, (piece + 1) * pieceCount)].map(transform)
        results.withLock { $0[piece] = some }
    }
    return results.withLock { pieces in
        var all: [Result] = []
        all.reserveCapacity(elements.count)
        for piece in pieces { all += piece }
        return all
    }
}
