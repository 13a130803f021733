/// Places the nodes of a directed graph without cycles on layers, so that edges lead from one layer to later ones, cross
/// seldom and run straight where they can.
///
/// Longest-path layers; nodes that stand for long edges between; order by barycentres (Sugiyama, Tagawa and Toda, 1981);
/// places by least squares under the order (pool adjacent violators).
struct LayeredLayout {
    /// For each node: its layer, and the middle of its place across the layers.
    private(set) var layer: [Int]
    private(set) var place: [Double]
    /// For each edge: the places on the layers between its ends.
    private(set) var bends: [[Double]] = []
    private(set) var layerCount = 0
    /// Nodes and parts of long edges on one layer, in order.
    private var rows: [[Int]] = []
    private var breadths: [Double]
    private var before: [[Int]]
    private var after: [[Int]]

    private static let gap = 14.0
    private static let bendBreadth = 6.0

    /// - Parameters:
    ///   - breadths: what each node takes across the layers.
    ///   - edges: pairs of nodes' positions; no cycles.
    init(breadths: [Double], edges: [(from: Int, to: Int)]) {
        self.breadths = breadths
        layer = Self.layers(breadths.count, edges)
        place = Array(repeating: 0, count: breadths.count)
        before = Array(repeating: [], count: breadths.count)
        after = before
        layerCount = (layer.max() ?? -1) + 1
        var chains: [[Int]] = []
        for edge in edges {
            var chain: [Int] = []
            var last = edge.from
            for between in layer[edge.from] + 1..<max(layer[edge.from] + 1, layer[edge.to]) {
                let bend = addBend(on: between)
                connect(last, bend)
                chain.append(bend)
                last = bend
            }
            connect(last, edge.to)
            chains.append(chain)
        }
        rows = Array(repeating: [], count: layerCount)
        for node in layer.indices { rows[layer[node]].append(node) }
        order()
        settle()
        bends = chains.map { $0.map { place[$0] } }
        layer.removeLast(layer.count - breadths.count)
        place.removeLast(place.count - breadths.count)
    }

    /// How far it reaches across the layers, from 0 on.
    var breadth: Double {
        zip(place, breadths).map { $0 + $1 / 2 }.max() ?? 0
    }

    private mutating func addBend(on layer: Int) -> Int {
        self.layer.append(layer)
        breadths.append(Self.bendBreadth)
        place.append(0)
        before.append([])
        after.append([])
        return self.layer.count - 1
    }

    private mutating func connect(_ from: Int, _ to: Int) {
        after[from].append(to)
        before[to].append(from)
    }

    /// Each node as early as it can be, then as near to those that follow as it can be.
    private static func layers(_ count: Int, _ edges: [(from: Int, to: Int)]) -> [Int] {
        var after: [[Int]] = Array(repeating: [], count: count)
        var waiting = Array(repeating: 0, count: count)
        for edge in edges {
            after[edge.from].append(edge.to)
            waiting[edge.to] += 1
        }
        var layer = Array(repeating: 0, count: count)
        var sorted = (0..<count).filter { waiting[$0] == 0 }
        var next = 0
        while next < sorted.count {
            let node = sorted[next]
            next += 1
            for other in after[node] {
                layer[other] = max(layer[other], layer[node] + 1)
                waiting[other] -= 1
                if waiting[other] == 0 { sorted.append(other) }
            }
        }
        var hasBefore = Array(repeating: false, count: count)
        for edge in edges { hasBefore[edge.to] = true }
        for node in sorted.reversed() where !hasBefore[node] {
            if let nearest = after[node].map({ layer[$0] }).min() { layer[node] = nearest - 1 }
        }
        return layer
    }

    // MARK: order

    private mutating func order() {
        var best = rows
        var fewest = crossings()
        for round in 0..<12 where fewest > 0 {
            let isForward = round % 2 == 0
            for row in isForward ? Array(rows.indices) : rows.indices.reversed() {
                sort(row, by: isForward ? before : after)
            }
            let count = crossings()
            if count < fewest { (best, fewest) = (rows, count) }
        }
        rows = best
    }

    private mutating func sort(_ row: Int, by neighbours: [[Int]]) {
        var position: [Int: Double] = [:]
        for other in [row - 1, row + 1] where rows.indices.contains(other) {
            for (index, node) in rows[other].enumerated() { position[node] = Double(index) / Double(max(1, rows[other].count - 1)) }
        }
        let own = rows[row]
        let keys = own.enumerated().map { index, node in
            let places = neighbours[node].compactMap { position[$0] }
            let own = Double(index) / Double(max(1, own.count - 1))
            return (node: node, key: places.isEmpty ? own : places.reduce(0, +) / Double(places.count), index: index)
        }
        rows[row] = keys.sorted { ($0.key, $0.index) < ($1.key, $1.index) }.map(\.node)
    }

    /// How many pairs of edges cross.
    private func crossings() -> Int {
        var count = 0
        for row in rows.dropFirst().indices {
            var position: [Int: Int] = [:]
            for (index, node) in rows[row].enumerated() { position[node] = index }
            // Counted by a tree of sums over the ends that were met.
            var sums = Array(repeating: 0, count: rows[row].count + 1)
            var met = 0
            for node in rows[row - 1] {
                let ends = after[node].compactMap { position[$0] }.sorted()
                for end in ends {
                    var (index, notAfter) = (end + 1, 0)
                    while index > 0 {
                        notAfter += sums[index]
                        index -= index & -index
                    }
                    count += met - notAfter
                }
                for end in ends {
                    met += 1
                    var index = end + 1
                    while index < sums.count {
                        sums[index] += 1
                        index += index & -index
                    }
                }
            }
        }
        return count
    }

    // MARK: places

    private mutating func settle() {
        for row in rows {
            var edge = 0.0
            for node in row {
                place[node] = edge + breadths[node] / 2
                edge += breadths[node] + Self.gap
            }
        }
        for round in 0..<10 {
            let isForward = round % 2 == 0
            for row in isForward ? Array(rows.indices) : rows.indices.reversed() {
                let neighbours = isForward ? before : after
                let wanted = rows[row].map { node in
                    let near = neighbours[node].isEmpty ? (isForward ? after : before)[node] : neighbours[node]
                    return near.isEmpty ? place[node] : near.reduce(0) { $0 + place[$1] } / Double(near.count)
                }
                arrange(row, wanted)
            }
        }
        let first = place.indices.map { place[$0] - breadths[$0] / 2 }.min() ?? 0
        for node in place.indices { place[node] -= first }
    }

    /// The places nearest to what is wanted that keep order and distances.
    private mutating func arrange(_ row: Int, _ wanted: [Double]) {
        let nodes = rows[row]
        var offset = 0.0
        var offsets: [Double] = []
        for (index, node) in nodes.enumerated() {
            if index > 0 { offset += (breadths[nodes[index - 1]] + breadths[node]) / 2 + Self.gap }
            offsets.append(offset)
        }
        var pools: [(sum: Double, count: Int)] = []
        for (want, offset) in zip(wanted, offsets) {
            pools.append((want - offset, 1))
            while pools.count > 1 {
                let (last, previous) = (pools[pools.count - 1], pools[pools.count - 2])
                guard previous.sum / Double(previous.count) > last.sum / Double(last.count) else { break }
                pools.removeLast(2)
                pools.append((previous.sum + last.sum, previous.count + last.count))
            }
        }
        var index = 0
        for pool in pools {
            for _ in 0..<pool.count {
                place[nodes[index]] = pool.sum / Double(pool.count) + offsets[index]
                index += 1
            }
        }
    }
}
