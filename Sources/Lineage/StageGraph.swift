import Git
import Platform
import Repository

/// All stages of a revision, and how they hang together: a stage that reads what another makes comes after it.
package struct StageGraph: Sendable {
    /// By name, in the order of names.
    package let stages: [StageName: Stage]
    /// The names, each after all that it depends on, else in the order of names.
    package let order: [StageName]
    /// The stages that make what a stage reads.
    package let upstream: [StageName: [StageName]]
    /// The stages that read what a stage makes.
    package let downstream: [StageName: [StageName]]
    private let products: Products

    /// - Throws: two stages that make the same, a cycle.
    package init(_ stages: some Sequence<Stage>) throws(StageError) {
        let sorted = stages.sorted { $0.name < $1.name }
        let products = try Products(sorted)
        var upstream: [StageName: [StageName]] = [:]
        var downstream: [StageName: [StageName]] = [:]
        for stage in sorted {
            var producers: Set<StageName> = []
            for path in stage.reads { producers.formUnion(products.makers(of: path.value)) }
            // What it makes itself was refused as an input already; parameters may be in it.
            producers.remove(stage.name)
            upstream[stage.name] = producers.sorted()
            for producer in producers { downstream[producer, default: []].append(stage.name) }
        }
        self.stages = Dictionary(uniqueKeysWithValues: sorted.map { ($0.name, $0) })
        self.upstream = upstream
        self.downstream = downstream
        self.products = products
        order = try Self.order(sorted, upstream, self.stages)
    }

    /// The stages that make a file, or something in a folder.
    package func makers(of path: BytePath) -> [StageName] {
        products.makers(of: path).sorted()
    }

    /// Stages with all that they depend on, in order.
    package func closure(upstreamOf names: some Sequence<StageName>) -> [StageName] {
        closure(names, upstream)
    }

    /// Stages with all that depends on them, in order.
    package func closure(downstreamOf names: some Sequence<StageName>) -> [StageName] {
        closure(names, downstream)
    }

    private func closure(_ names: some Sequence<StageName>, _ next: [StageName: [StageName]]) -> [StageName] {
        var found: Set<StageName> = []
        var rest = Array(names)
        while let name = rest.popLast() {
            if found.insert(name).inserted { rest += next[name] ?? [] }
        }
        return order.filter { found.contains($0) }
    }

    /// Depth first, without recursion: a chain may have any length.
    private static func order(
        _ sorted: [Stage], _ upstream: [StageName: [StageName]], _ stages: [StageName: Stage]
    ) throws(StageError) -> [StageName] {
        enum Mark { case open, done }
        var marks: [StageName: Mark] = [:]
        var order: [StageName] = []
        for start in sorted where marks[start.name] == nil {
            var path: [(name: StageName, rest: ArraySlice<StageName>)] = [(start.name, (upstream[start.name] ?? [])[...])]
            marks[start.name] = .open
            while let (name, rest) = path.last {
                guard let next = rest.first else {
                    marks[name] = .done
                    order.append(name)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].rest = rest.dropFirst()
                switch marks[next] {
                case .done: continue
                case .open: throw cycle(path.map(\.name), closedBy: next, stages)
                case nil:
                    marks[next] = .open
                    path.append((next, (upstream[next] ?? [])[...]))
                }
            }
        }
        return order
    }

    private static func cycle(_ path: [StageName], closedBy name: StageName, _ stages: [StageName: Stage]) -> StageError {
        let names = path.drop { $0 != name } + [name]
        // The stage that is found first reads what the next one makes.
        let (reader, maker) = (names[names.startIndex], names[names.startIndex + 1])
        let line = stages[reader]?.reads.first { read in
            stages[maker]?.products.contains { $0.value.overlaps(read.value) } ?? false
        }?.line
        // A circle of thousands is known by its beginning.
        let shown = names.prefix(8).map { "'\($0)'" } + (names.count > 9 ? ["…"] : []) + (names.count > 8 ? ["'\(reader)'"] : [])
        return StageError(
            reader.stageFile, line: line, "the stages depend on each other in a circle: \(shown.joined(separator: " needs "))")
    }
}

extension Stage {
    /// All files that the stage reads: inputs, and the files of parameters and environment.
    package var reads: [Path] {
        inputs + parameters.map { Path($0.value.file, line: $0.line) }
    }
}

/// Which stage makes what.
private struct Products: Sendable {
    private var makers: [BytePath: StageName] = [:]
    /// In the order of bytes.
    private var sorted: [BytePath] = []

    init(_ stages: [Stage]) throws(StageError) {
        var lines: [BytePath: Int] = [:]
        for stage in stages {
            for product in stage.products {
                if let other = makers[product.value], let line = lines[product.value] {
                    throw Self.twice(product, stage, product.value, other, line)
                }
                makers[product.value] = stage.name
                lines[product.value] = product.line
            }
        }
        // One stage's folder around another's file is the same mistake.
        for stage in stages {
            for product in stage.products {
                var folder = product.value.parent
                while folder != ".", folder != "/" {
                    if let other = makers[folder], let line = lines[folder] { throw Self.twice(product, stage, folder, other, line) }
                    folder = folder.parent
                }
            }
        }
        sorted = makers.keys.sorted()
    }

    private static func twice(
        _ product: Stage.Path, _ stage: Stage, _ path: BytePath, _ other: StageName, _ line: Int
    ) -> StageError {
        let what = path == product.value ? "'\(path)' is" : "'\(product.value)' is in '\(path)', which is"
        let place = line > 0 ? "\(other.stageFile):\(line)" : "\(other.stageFile)"
        return StageError(stage.file, line: product.line > 0 ? product.line : nil, "\(what) an output in \(place) already")
    }

    func makers(of path: BytePath) -> Set<StageName> {
        guard !path.isEmpty else { return Set(makers.values) }
        if let maker = makers[path] { return [maker] }
        var folder = path.parent
        while folder != ".", folder != "/" {
            if let maker = makers[folder] { return [maker] }
            folder = folder.parent
        }
        // What is inside stands together in the order of bytes.
        let prefix = path.bytes + [UInt8(ascii: "/")]
        var range = sorted.startIndex..<sorted.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if sorted[middle].bytes.lexicographicallyPrecedes(prefix) {
                range = middle + 1..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return Set(sorted[range.lowerBound...].prefix { $0.bytes.starts(with: prefix) }.compactMap { makers[$0] })
    }
}
