import Platform
@testable import Agent
@testable import Filter
@testable import Git
@testable import HTTP
@testable import Remote
@testable import RemoteHelper
@testable import Repository
@testable import S3
@testable import Transfer

/// What other processes and servers say.
extension FuzzTarget {
    static let wireTargets = [packets, filter, agent, xml, answers, helper]

    private static let packets = FuzzTarget(
        name: "packets", sources: ["Git/PktLine.swift", "Filter/FilterRequest.swift"],
        words: ["0000", "0004", "0001", "fff0", "fff4", "0015command=smudge\n", "pathname=", "can-delay=1", "treeish=", "\n0000"]
    ) { input in
        let reader = PktLineReader(try Descriptor.open(try FuzzFolder.file("packets", input), .read))
        let lines = try reader.readLines()
        if let lines {
            // What was read, written anew, is read as the same.
            let file = FuzzFolder.path / "packets-again"
            let writer = PktLineWriter(try Descriptor.open(file, [.write, .create, .truncate]))
            for line in lines { try writer.writeLine(line) }
            try writer.writeFlush()
            try writer.flush()
            let again = try PktLineReader(try Descriptor.open(file, .read)).readLines()
            require(again == lines, "lines arrive as others")
        }
        while let request = try FilterRequest.read(from: reader) {
            _ = request.isForArchive
            while try reader.nextPiece() != nil {}
        }
    }

    private static let filter = FuzzTarget(
        name: "filter",
        sources: [
            "Filter/FilterProcess.swift", "Filter/FilterRequest.swift", "Filter/Cleaner.swift", "Filter/Smudger.swift", "Filter/HeldContent.swift",
            "Git/PktLine.swift",
        ],
        maximumByteCount: 8192,
        words: [
            "0016git-filter-client\n000eversion=2\n0000", "0015capability=clean\n", "0016capability=smudge\n", "0015capability=delay\n0000",
            "0012command=clean\n", "0013command=smudge\n", "0020command=list_available_blobs\n0000", "000fpathname=a\n", "0010can-delay=1\n", "0000",
            "git data pointer 1\noid sha256:", "0004",
        ]
    ) { input in
        FilterGround.tidy()
        let requests = try FuzzFolder.file("requests", FilterGround.greeting + input)
        let process = FilterProcess(
            try FilterGround.repository.get(), input: try Descriptor.open(requests, .read),
            output: try Descriptor.open("/dev/null", .write), report: { _ in })
        try process.run()
    }

    private static let agent = FuzzTarget(
        name: "agent",
        sources: ["Agent/AgentConversation.swift", "Transfer/AgentMessage.swift", "Transfer/AgentWire.swift", "Transfer/AgentSource.swift"],
        words: [
            "{\"event\":\"init\",\"gitData\":{\"version\":1}}\n", "{\"event\":\"upload\",", "\"download\"", "\"exists\"", "\"oids\":[", "\"fetch\"",
            "\"source\":{\"url\":\"", "\"id\":1,", "\"oid\":\"" + String(repeating: "0", count: 64) + "\"", "\"size\":", "\"path\":\"%2f", "\"sources\":true",
            "\"name\":\"gc/mark\"", "\"age\":9223372036854775807", "\"receipt\":", "\"finding\":", "\"blobs\":[", "\"sizes\":[-1]", "\"error\":",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 2) else { return }
        var buffer = LineBuffer(limit: 1 << 16)
        guard let lines = buffer.append(parts.bytes) else { return }
        // Wherever the pieces end, the lines are the same.
        var slow = LineBuffer(limit: 1 << 16)
        var again: [[UInt8]] = []
        for byte in parts.bytes { again += slow.append([byte]) ?? [] }
        require(lines == again && slow.isMidLine == buffer.isMidLine, "lines depend on how they arrive")
        var conversation = AgentConversation()
        for line in lines {
            if parts.choice == 0 {
                if case .breakOff = conversation.receive(line) { return }
                guard let request = AgentWire.message(AgentRequest.self, line) else { continue }
                require(AgentWire.message(AgentRequest.self, AgentWire.line(request)) == request, "a request arrives as another one")
            } else if let reply = AgentWire.message(AgentReply.self, line) {
                require(AgentWire.message(AgentReply.self, AgentWire.line(reply)) == reply, "a reply arrives as another one")
            }
        }
    }

    private static let xml = FuzzTarget(
        name: "xml", sources: ["S3/XMLTree.swift", "S3/S3Failure.swift"], maximumByteCount: 16384,
        words: [
            "<?xml version=\"1.0\"?>", "<Error><Code>NoSuchKey</Code></Error>", "<ListBucketResult>", "<Contents><Key>", "</Key><Size>1</Size></Contents>",
            "<IsTruncated>true</IsTruncated>", "<NextContinuationToken>", "&amp;", "&#x41;", "&#0;", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE", "/>",
            " a='b'", "xmlns:x=\"y\"", "SlowDown", "<Region>", "<Message>", "PermanentRedirect", "<!doctype html>",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 6) else { return }
        if let tree = XMLTree(parts.bytes) {
            require(!tree.name.isEmpty, "an element without a name")
            if let text = XMLText.text(of: tree) { require(XMLTree(text) == tree, "a document is another one when it is read again") }
        }
        let response = WebResponse(status: [301, 400, 403, 404, 503, 511][parts.choice], headers: ["retry-after": "99999999999999999999"], body: parts.bytes)
        let context = FailureContext(
            place: "'s3://b/p'", bucket: "b", server: "example.org", action: "read", accessKeyID: "key", region: "eu-central-1")
        let failure = S3Failure(response, context)
        require(!failure.error.message.unicodeScalars.contains { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) }, "a message that moves the cursor")
    }

    private static let answers = FuzzTarget(
        name: "answers",
        sources: ["HTTP/HeadParser.swift", "HTTP/HTTPResponse.swift", "HTTP/HTTPTrace.swift", "Remote/SourcePlace.swift", "S3/UTCTime.swift"],
        words: [
            "HTTP/1.1 200 OK\r\n", "HTTP/2 206\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "content-length: ", "content-range: bytes 0-9/10\r\n", "\r\n\r\n",
            "etag: \"abc\"\r\n", "etag: W/\"", "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "date: ", "digest: sha-256=", "content-md5: ",
            "x-amz-checksum-sha256: ", "x-goog-hash: crc32c=", "repr-digest: sha-256=:", "authorization: ", "set-cookie: ", "location: https://u:p@h/",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 4) else { return }
        var parser = HeadParser()
        var rest = parts.bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            let isTaken = rest[..<end].withUnsafeBytes { parser.feed($0) }
            guard isTaken else { return }
            rest = rest[end...]
        }
        guard let head = parser.head else { return }
        require((200...999).contains(head.status), "a final answer of status \(head.status)")
        for field in head.headers.fields {
            require(!HTTPTrace.printable(field).unicodeScalars.contains { $0.value < 0x20 }, "a line of a trace that moves the cursor")
        }
        let header = { (name: String) in head.headers.all(name).last }
        let answer = SourceAnswer(status: parts.choice % 2 == 0 ? 200 : 206, isBucket: parts.choice > 1, header: header)
        _ = (answer.checks, header("content-range").flatMap { ContentRange($0) }, header("date").flatMap { UTCTime(httpDate: $0) })
    }

    private static let helper = FuzzTarget(
        name: "helper", sources: ["RemoteHelper/HelperConversation.swift", "RemoteHelper/HelperOptions.swift"],
        words: [
            "capabilities\n", "list for-push\n", "option verbosity ", "option cas ", "option cas \"refs/heads/\\303\\274:", "option object-format true\n",
            "fetch " + String(repeating: "a", count: 40) + " refs/heads/main\n", "push +refs/heads/main:refs/heads/main\n", "push :refs/heads/x\n", "\n\n",
            "data-log ", "data-restore 1 ", "data-gc ", "option depth 2147483647\n", "option dry-run true\n",
        ]
    ) { input in
        var conversation = HelperConversation()
        var options = HelperOptions()
        for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            switch conversation.receive(Array(line)) {
            case .option(let name, let value): _ = options.set(name, value)
            case .push(let pushes): require(pushes.allSatisfy { !$0.destination.isEmpty || line.contains(0) || input.contains(0) }, "a push to nowhere")
            case .fetch(let names): require(!names.isEmpty, "a fetch of nothing")
            default: break
            }
        }
    }
}

/// An XML document as text again.
private enum XMLText {
    /// - Returns: nil for one whose text and elements are mixed, of which the order is not known any more.
    static func text(of tree: XMLTree) -> [UInt8]? {
        guard tree.text.isEmpty || tree.children.isEmpty else { return nil }
        var text = Array("<\(tree.name)>".utf8)
        for byte in tree.text.utf8 {
            switch byte {
            case UInt8(ascii: "<"): text += Array("&lt;".utf8)
            case UInt8(ascii: "&"): text += Array("&amp;".utf8)
            default: text.append(byte)
            }
        }
        for child in tree.children {
            guard let inner = self.text(of: child) else { return nil }
            text += inner
        }
        return text + Array("</\(tree.name)>".utf8)
    }
}

/// The repository that the filter works in.
private enum FilterGround {
    static let greeting = Array(
        "0016git-filter-client\n000eversion=2\n00000015capability=clean\n0016capability=smudge\n0015capability=delay\n0000".utf8)

    static let repository = Result { () throws -> Repository in
        let folder = FuzzFolder.path / "repository"
        try folder.makeFolders()
        _ = try? Git(in: folder).run(["init", "--quiet"])
        return try Repository.find(from: folder)
    }

    nonisolated(unsafe) private static var runs = 0

    /// Does not let the blobs of thousands of runs pile up.
    static func tidy() {
        runs += 1
        if runs % 512 == 0 { _ = (FuzzFolder.path / "repository/.git/data").removeTree() }
    }
}
