private import FoundationEssentials

/// Messages to lines and back.
package enum AgentWire {
    /// The message's JSON with its newline.
    package static func line(_ message: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        // Messages hold strings, integers and booleans: nothing that JSON cannot say.
        guard let data = try? encoder.encode(message) else { return [] }
        return [UInt8](data) + [UInt8(ascii: "\n")]
    }

    /// - Returns: nil for what is no message.
    package static func message<Message: Decodable>(_ type: Message.Type, _ line: [UInt8]) -> Message? {
        try? JSONDecoder().decode(type, from: Data(line))
    }
}

/// Cuts a stream of bytes into lines, wherever the pieces end.
package struct LineBuffer: Sendable {
    private var rest: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: the longest line that anybody should send.
    package init(limit: Int = 4 << 20) {
        self.limit = limit
    }

    /// Takes the next piece.
    /// - Returns: the lines that it completes, without their ends and without empty ones; nil when a line is
    ///   longer than the limit.
    package mutating func append(_ piece: some Collection<UInt8>) -> [[UInt8]]? {
        var lines: [[UInt8]] = []
        var piece = piece[...]
        while let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
            rest += piece[..<end]
            guard rest.count <= limit else { return nil }
            if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
            if !rest.isEmpty { lines.append(rest) }
            rest = []
            piece = piece[piece.index(after: end)...]
        }
        rest += piece
        return rest.count <= limit ? lines : nil
    }

    /// Whether a line has begun and not ended.
    package var isMidLine: Bool { !rest.isEmpty }
}
