import Platform

/// A real S3 server on this machine, by `Tests/Servers/s3`: SeaweedFS, or the one that `S3_SERVER` names. One
/// serves all tests of a process, each in a prefix of its own, and ends when the process does.
package struct S3Server: Sendable {
    /// What its users have in their environment, and where it is.
    package let variables: [String: String]

    package var bucket: String { variables["S3_BUCKET"] ?? "" }
    package var endpoint: String { variables["S3_ENDPOINT"] ?? "" }
    /// The same over TLS, by an authority that nobody knows.
    package var encryptedEndpoint: String { variables["S3_ENDPOINT_TLS"] ?? "" }
    /// The authority's certificate.
    package var authority: String { variables["S3_CA_FILE"] ?? "" }
    /// The domain below which the bucket is a host.
    package var domain: String { variables["S3_DOMAIN"] ?? "" }
    /// The role that the user may assume, where the server has one.
    package var role: String { variables["S3_ROLE"] ?? "" }
    /// Behind the colon.
    package var port: Substring { endpoint.split(separator: ":").last ?? "" }

    /// The credentials and the region, without any endpoint.
    package var credentials: [String: String] {
        variables.filter { ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"].contains($0.key) }
    }

    /// The folder of the servers' programs.
    package static let programs = BytePath(#filePath).parent.parent / "Servers"

    private static let started = Monitor<Result<Running, Unexpected>?>(nil)

    /// A server, which serves for as long as this is held.
    package final class Running: @unchecked Sendable {
        // Safety: nobody touches the process; the pipe is open as long as it is held, whose end is the server's.
        package let server: S3Server
        private let process: ChildProcess

        fileprivate init(_ server: S3Server, _ process: ChildProcess) {
            self.server = server
            self.process = process
        }
    }

    /// The server, started when it is asked for first.
    /// - Throws: `Unexpected` where there is none to be had; the program has said why.
    package static func shared() throws -> S3Server {
        try started.change { started in
            let result = started ?? Result { () throws(Unexpected) in try start() }
            started = result
            return result
        }.get().server
    }

    /// Starts a server of one's own.
    /// - Parameter options: the program's.
    package static func start(_ options: [BytePath] = []) throws(Unexpected) -> Running {
        do {
            let process = try ChildProcess(programs / "s3", options, input: .pipe)
            var variables: [String: String] = [:]
            while let line = try process.output?.read(until: UInt8(ascii: "\n")) {
                guard !line.isEmpty else { return Running(S3Server(variables: variables), process) }
                let pair = String(decoding: line, as: UTF8.self).split(separator: "=", maxSplits: 1)
                if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            }
        } catch {
            throw Unexpected("\(error)")
        }
        throw Unexpected("the S3 server did not start: Tests/Servers/s3 says why")
    }
}
