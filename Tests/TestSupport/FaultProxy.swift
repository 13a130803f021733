import Platform

/// A relay in front of a server which damages traffic as it is told, from the same folder as `S3Server`.
package final class FaultProxy {
    package let port: UInt16
    private let rules: BytePath
    private let process: ChildProcess

    /// - Returns: nil where there is no such program on this machine.
    package init?(before port: UInt16, _ scratch: ScratchFolder) throws {
        guard let program = try S3Server.program("fault-proxy") else { return nil }
        self.port = UInt16.random(in: 40_000..<50_000)
        rules = try scratch.write("{}", to: "rules.json")
        process = try ChildProcess(program, [BytePath("\(self.port)"), BytePath("127.0.0.1:\(port)"), rules], input: .null)
        pause(.milliseconds(500))
    }

    deinit {
        process.send(signal: killSignal)
        process.wait()
    }

    /// Sets the rules, as in `{"down_cut": 20000}`, for connections made from now on.
    package func set(_ text: String) throws {
        try rules.replaceContents(with: Array(text.utf8))
    }
}
