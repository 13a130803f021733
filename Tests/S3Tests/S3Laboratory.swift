import Digest
import Platform
import Remote
import TestSupport

@testable import S3

/// A prefix of its own in a real server's bucket, and remotes that lead there.
struct S3Laboratory {
    let server: S3Server
    let prefix: String

    /// - Parameter server: the one that all tests share where nil.
    init(_ server: S3Server? = nil) throws {
        self.server = try server ?? .shared()
        prefix = "lab \(String(UInt64.random(in: .min ... .max), radix: 36))+é"
    }

    /// - Parameters:
    ///   - options: what stands behind the prefix in the URL.
    ///   - variables: what is in the environment beside what the server's users have there.
    func remote(_ web: any WebExchange, options: String = "", variables: [String: String] = [:]) throws -> S3Remote {
        let all = server.variables.merging(variables) { $1 }
        let location = try S3Location(BytePath("s3://\(server.bucket)/\(prefix)\(options)"))
        let configuration = try ToolConfiguration(ProcessVariables { all[$0] }, profile: location.profile)
        return try S3Remote.open(location, configuration, web)
    }

    func exchange(fault: @escaping @Sendable (WebRequest) -> FaultyExchange.Fault? = { _ in nil }) -> FaultyExchange {
        FaultyExchange(HTTPExchange(), fault: fault)
    }

    /// Puts bytes under a blob's name, whatever they are.
    func plant(_ oid: ObjectID, _ bytes: [UInt8]) throws {
        let remote = try remote(exchange())
        _ = try remote.client.send(
            S3Request(method: "PUT", key: remote.keys.key(of: oid), body: .bytes(bytes), payload: .of(bytes), action: "plant"),
            Cancellation())
    }
}
