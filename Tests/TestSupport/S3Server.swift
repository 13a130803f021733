import Platform

/// A real S3 server on this machine, from the folder of start scripts that `S3_SERVERS` names: SeaweedFS, or what `S3_SERVER` names (`ceph-s3`, for the long form of the tests). One server serves all tests of a process, each in a prefix of its own.
package struct S3Server: Sendable {
    package let port: UInt16
    /// What its users have in their environment.
    package let variables: [String: String]

    package var bucket: String { variables["S3_BUCKET"] ?? "" }
    package var endpoint: String { variables["S3_ENDPOINT"] ?? "" }

    private static let shared = Monitor<Result<Running, Unexpected>?>(nil)

    private final class Running: Sendable {
        let program: BytePath
        let folder: BytePath
        let server: S3Server

        init(program: BytePath, folder: BytePath, server: S3Server) {
            self.program = program
            self.folder = folder
            self.server = server
        }
    }

    /// The server, started when it is asked for first.
    /// - Returns: nil where there is none to start on this machine.
    package static func running() throws -> S3Server? {
        guard let program = try program(Environment.value("S3_SERVER") ?? "seaweed-s3") else { return nil }
        let result = shared.change { running in
            if let running { return running }
            let fresh = start(program)
            running = fresh
            return fresh
        }
        return try result.get().server
    }

    /// Stops it; call as the test process ends.
    package static func stop() {
        guard case .success(let running)? = shared.change({ $0.take() }) else { return }
        _ = try? Finished(running.program, ["stop", running.folder])
        ScratchFolder.removeTree(running.folder)
    }

    /// A program of the folder, where it is on this machine.
    static func program(_ name: BytePath) throws -> BytePath? {
        let folders = [Environment.value("S3_SERVERS")].compactMap { $0 }
        return folders.map { $0 / name }.first { $0.isExecutableFile }
    }

    private static func start(_ program: BytePath) -> Result<Running, Unexpected> {
        do {
            let temporary = Environment.value("TMPDIR") ?? "/tmp"
            let folder = temporary / "git-data-test-s3-\(UInt32.random(in: .min ... .max))"
            try folder.makeFolders()
            // The program installs what it runs; one copy serves all runs.
            let environment = Environment.changed(adding: [("S3_TOOLS", temporary / "git-data-test-s3-tools")])
            let port = UInt16.random(in: 200..<320) * 100
            let run = try Finished(
                program, ["start", folder, "--port", BytePath("\(port)")], environment: environment)
            guard run.ending.isSuccess else { return .failure(Unexpected(String(decoding: run.errors, as: UTF8.self))) }
            var variables: [String: String] = [:]
            for line in run.text.split(separator: "\n") {
                let pair = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
                if pair.count == 2 { variables[String(pair[0])] = pair[1].filter { $0 != "'" } }
            }
            let server = S3Server(port: port, variables: variables)
            return .success(Running(program: program, folder: folder, server: server))
        } catch {
            return .failure(Unexpected("\(error)"))
        }
    }
}
