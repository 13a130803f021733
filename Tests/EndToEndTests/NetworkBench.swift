import Digest
import Platform
import TestSupport

/// What one thread needs to play journeys behind a bad network: a laboratory, a place of its own in a bucket, a web
/// server, a proxy before each, and a look into the bucket past the proxy.
final class NetworkBench {
    let laboratory: Laboratory
    let server: S3Server
    /// The place in the bucket: letters, digits and slashes.
    let prefix: String
    let web: FileServer
    private let bucketProxy: FaultProxy
    private let webProxy: FaultProxy
    private let bucket: ChildProcess
    private var journey: NetworkJourney?
    /// The objects of the bucket as the journey begins, by their keys below the prefix.
    private var objects: [String: String] = [:]
    /// The files of the data that the journey has, by path.
    var contents: [BytePath: [UInt8]] = [:]

    init() throws {
        laboratory = try Laboratory()
        server = try .shared()
        prefix = "network/\(String(UInt64.random(in: .min ... .max), radix: 36))"
        web = try FileServer(laboratory.folder / "www")
        bucketProxy = try FaultProxy(before: server, laboratory.scratch, name: "bucket")
        webProxy = try FaultProxy(beforePort: String(web.port), laboratory.scratch, name: "web")
        for (name, value) in server.credentials { laboratory.variables[name] = BytePath(value) }
        laboratory.variables["AWS_EC2_METADATA_DISABLED"] = "true"
        bucket = try ChildProcess(
            S3Server.programs / "bucket", [BytePath(server.endpoint), BytePath(server.bucket)],
            environment: laboratory.environment(), input: .pipe)
    }

    deinit {
        _ = try? ask("clear", "\(prefix)/")
        _ = try? ask("clear", "\(prefix)-kept/")
        bucket.wait()
    }

    // MARK: places

    var work: Worktree { Worktree(folder: laboratory.folder / "work", in: laboratory) }
    var clone: Worktree { Worktree(folder: laboratory.folder / "clone", in: laboratory) }
    var origin: BytePath { laboratory.folder / "origin.git" }
    private var proxy: FaultProxy { journey?.isAboutWeb == true ? webProxy : bucketProxy }
    /// Where nobody may be sent.
    var trap: String { "127.0.0.1:\(journey?.isAboutWeb == true ? bucketProxy.port : webProxy.port)" }

    /// The place in the bucket, through the proxy.
    var url: BytePath { BytePath("s3://\(server.bucket)/\(prefix)?endpoint=\(bucketProxy.endpoint)") }
    /// The same, past it.
    var directURL: BytePath { BytePath("s3://\(server.bucket)/\(prefix)?endpoint=\(server.endpoint)") }

    func webURL(_ name: String) -> BytePath { BytePath("\(webProxy.endpoint)/\(name)") }

    func objectURL(_ key: String) -> BytePath { BytePath("s3://\(server.bucket)/\(prefix)/\(key)?endpoint=\(bucketProxy.endpoint)") }

    // MARK: the bucket

    private func ask(_ words: String...) throws -> [String] {
        try bucket.input?.write(words.joined(separator: "\t") + "\n")
        try bucket.input?.flush()
        var lines: [String] = []
        while let line = try bucket.output?.read(until: 10), line != [10], !line.isEmpty {
            let text = String(decoding: line, as: UTF8.self).trimmingSuffix("\n")
            guard !text.hasPrefix("!") else { throw Unexpected("the bucket: \(text)") }
            lines.append(text)
        }
        return lines
    }

    /// The objects that are there, with the SHA-256 of each, by their keys below the prefix.
    func look() throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try ask("look", "\(prefix)/").map { line in
            let fields = line.split(separator: "\t")
            return (String(fields[0]), String(fields[2]))
        })
    }

    func put(_ content: [UInt8], at key: String) throws {
        let file = try laboratory.scratch.write(content, to: "object")
        _ = try ask("put", "\(prefix)/\(key)", file.description)
        try file.removeFile()
    }

    func contains(_ content: [UInt8]) throws -> Bool {
        try look()["objects/\(ObjectID.of(content).shardedPath)"] != nil
    }

    // MARK: journeys

    private static let lasting: Set<BytePath> = ["home", "www", "www.log", "bucket.rules", "bucket.log", "web.rules", "web.log"]

    private var entries: [BytePath] {
        get throws { try laboratory.folder.entries().filter { !Self.lasting.contains($0) && $0 != "template" } }
    }

    private var template: BytePath { laboratory.folder / "template" }

    /// Sets a journey up, and plays it once without any fault.
    /// - Returns: the requests that it made.
    func begin(_ journey: NetworkJourney) throws -> [NetworkRequest] {
        try set("")
        self.journey = nil
        for entry in try entries { ScratchFolder.removeTree(laboratory.folder / entry) }
        ScratchFolder.removeTree(template)
        _ = try ask("clear", "\(prefix)/")
        contents = [:]
        laboratory.variables["GIT_CONFIG_COUNT"] = "2"
        for (number, (key, value)) in [("data.remote", "storage" as BytePath), ("data.storage.url", url)].enumerated() {
            laboratory.variables["GIT_CONFIG_KEY_\(number)"] = BytePath(key)
            laboratory.variables["GIT_CONFIG_VALUE_\(number)"] = value
        }
        if journey.isAboutHistory { laboratory.variables["GIT_CONFIG_COUNT"] = nil }
        self.journey = journey
        try journey.prepare(self)
        for entry in [origin, work.folder, clone.folder] where entry.exists { _ = try? laboratory.run("git-data", ["settle", entry / ".git/data"]) }
        objects = try look()
        try template.makeFolders()
        for entry in try entries { try (laboratory.folder / entry).rename(to: template / entry) }
        try restore()
        let before = try proxy.requests().count
        let outcome = try run(journey)
        guard outcome.status == 0, try journey.isDone(self) else { throw Unexpected("without any fault: \(outcome.description)") }
        return try proxy.requests()[before...].reduce(into: []) { $0.append(NetworkRequest($1, below: prefix, after: $0)) }
    }

    private func restore() throws {
        for entry in try entries { ScratchFolder.removeTree(laboratory.folder / entry) }
        try laboratory.run("cp", ["-a", template / ".", laboratory.folder]).expecting(0)
        guard try look() != objects || journey?.leavesUploads == true else { return }
        _ = try ask("clear", "\(prefix)/")
        try self.journey?.refill(self, objects)
    }

    /// Keeps what is in the bucket now, so that each run begins with it.
    func keep() throws {
        _ = try ask("clear", "\(prefix)-kept/")
        _ = try ask("copy", "\(prefix)/", "\(prefix)-kept/")
    }

    func refill() throws { _ = try ask("copy", "\(prefix)-kept/", "\(prefix)/") }

    private func set(_ rule: String) throws { rule.isEmpty ? try proxy.set() : try proxy.set(rule) }

    private func run(_ journey: NetworkJourney, with variables: [String: BytePath?] = [:]) throws -> Outcome {
        try laboratory.run("git", try journey.command(self), in: laboratory.folder / journey.folder, with: variables, limit: 90)
    }

    /// So that thousands of runs come to their end.
    private static let impatience: [String: BytePath?] = ["AWS_MAX_ATTEMPTS": "3", "GIT_HTTP_LOW_SPEED_TIME": "3"]

    /// What became of a run with a fault.
    struct Result {
        let outcome: Outcome
        let isSpoilt: Bool
        let wasDone: Bool
    }

    /// Plays the journey with one fault, looks at what is left, and plays it again without.
    /// - Throws: `Unexpected` where anything is not as it must be.
    func play(_ request: NetworkRequest, _ fault: NetworkFault, forGood: Bool) throws -> Result {
        guard let journey else { throw Unexpected("no journey") }
        try restore()
        let match = "\"match\": \"\(request.pattern.replacing("\\", with: "\\\\"))\", \"skip\": \(request.earlier)"
        let times = !forGood ? "\"first\": 1" : fault.isOfTheWay ? "\"on\": true" : "\"every\": 1"
        try set("{\(match), \(times), \(fault.rule(request))}")
        let before = try proxy.requests().count
        let trapped = try (journey.isAboutWeb ? bucketProxy : webProxy).requests().count
        let outcome = try run(journey, with: Self.impatience)
        let isSpoilt = try proxy.requests()[before...].contains(where: \.isSpoilt)
        try set("")
        if !journey.isAboutWeb, try webProxy.requests().count != trapped { throw Unexpected("it went where it was sent\n\(outcome.description)") }
        let wasDone = try attempt(outcome) {
            try NetworkMessages.check(outcome)
            try assertIntact(journey, outcome)
            return try journey.isDone(self)
        }
        if outcome.status == 0, journey.claims, !wasDone, !fault.isBelievable(request, journey) { throw Unexpected("it says that all is done\n\(outcome.description)") }
        try attempt(outcome) {
            try journey.again(self)
            guard try journey.isDoneAgain(self) else { throw Unexpected("again: it is not done") }
            try assertIntact(journey, nil)
        }
        return Result(outcome: outcome, isSpoilt: isSpoilt, wasDone: wasDone)
    }

    private func attempt<Value>(_ outcome: Outcome, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw Unexpected("\(error)\nafter \(outcome.description)") }
    }

    // MARK: what holds whatever happens

    private func assertIntact(_ journey: NetworkJourney, _ outcome: Outcome?) throws {
        for name in ["work", "clone", "copy"] as [BytePath] where (laboratory.folder / name / ".git").exists {
            let worktree = Worktree(folder: laboratory.folder / name, in: laboratory)
            try laboratory.git(["fsck", "--full", "--no-progress"], in: worktree.folder)
            try laboratory.data(["fsck", "--quiet"], in: worktree.folder)
            if let outcome, outcome.status != 0, name == journey.folder {
                let changes = try worktree.changes()
                guard changes.isEmpty else { throw Unexpected("'\(name)' was changed: \(changes)") }
            }
            for (path, content) in contents {
                guard let found = try (worktree.folder / path).contents() else { continue }
                guard found == content || found == pointerText(for: content) && name != "work" else {
                    throw Unexpected("'\(name)/\(path)' has \(found.count) other bytes")
                }
            }
        }
        let present = try look()
        for (key, digest) in present where key.hasPrefix("objects/") && !key.hasSuffix(digest) {
            throw Unexpected("the object '\(key)' has other bytes")
        }
        for (key, digest) in objects where present[key] != digest && !journey.mayGo(key) {
            throw Unexpected("the object '\(key)' is \(present[key] == nil ? "gone" : "another one")")
        }
        try journey.check(self)
    }
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}
