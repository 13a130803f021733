import Platform

extension Git {
    /// Runs Git, which must succeed, and calls `body` for each record that it says, while it works.
    /// - Parameter end: the byte that ends a record.
    package func forEachRecord(
        of arguments: [BytePath], input: [UInt8]? = nil, endingWith end: UInt8, _ body: ([UInt8]) throws(GitError) -> Void
    ) throws(GitError) {
        if let failure = try stream(arguments, input: input, endingWith: end, body) { throw failure }
    }

    /// As `forEachRecord`, for who knows what else to do where Git fails.
    /// - Returns: how Git failed; nil where it did not.
    func stream(
        _ arguments: [BytePath], input: [UInt8]? = nil, endingWith end: UInt8, _ body: ([UInt8]) throws(GitError) -> Void
    ) throws(GitError) -> GitError? {
        let child = try start(arguments, input: input == nil ? .null : .pipe, errors: .pipe, isBuffered: true)
        let feeder = input.flatMap { bytes in child.takeInput().map { Feeder(bytes, to: $0) } }
        let messages = child.takeErrors().map { Collector($0) }
        var isOver = false
        defer {
            // A reader that gave up must not leave Git waiting.
            if !isOver { child.send(signal: 15) }
            feeder?.finish()
            _ = messages?.finish()
            child.wait()
        }
        while true {
            let record: [UInt8]?
            do throws(SystemError) { record = try child.output?.read(until: end) } catch { throw .system(error) }
            guard let record else { break }
            try body(record)
        }
        isOver = true
        let message = String(decoding: messages?.finish() ?? [], as: UTF8.self)
        switch child.wait() {
        case .exited(0): return nil
        case .exited(let status): return .failed(command: Git.name(arguments), status: status, message: message)
        case .killed(let signal):
            return .failed(command: Git.name(arguments), status: 128 + signal, message: "killed by signal \(signal)")
        }
    }
}
