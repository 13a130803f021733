import Digest
import FoundationEssentials
import Platform
@testable import Agent
@testable import Commands
@testable import Git
@testable import HTTP
@testable import Lineage
@testable import Pointer
@testable import Remote
@testable import RemoteHelper
@testable import Repository
@testable import S3
@testable import Transfer

/// Small texts: pointers, settings, URLs, names, the files of the AWS tools.
extension FuzzTarget {
    static let textTargets = [pointer, settings, attributes, urls, names, aws, marks]

    private static let pointer = FuzzTarget(
        name: "pointer", sources: ["Pointer"], maximumByteCount: 1100,
        words: [
            "git data pointer 1\n", "version https://git-lfs.github.com/spec/v1\n", "oid sha256:", "size ", "ext-0-x sha256:",
            "http://git-media.io/v/2", "https://hawser.github.com/spec/v1", String(repeating: "0", count: 64),
        ]
    ) { input in
        guard case .pointer(let pointer) = Pointer.recognize(input) else { return }
        require(pointer.byteCount >= 0, "a pointer of \(pointer.byteCount) bytes")
        // An empty file is its own pointer, and what Git LFS reads leniently may be too long in full words.
        let text = pointer.text
        require(text.isEmpty == (pointer.byteCount == 0), "a pointer without a text")
        let isShort = !text.isEmpty && text.count < Pointer.maximumTextByteCount
        require(!isShort || Pointer.recognize(text) == .pointer(pointer), "a pointer's text is another pointer")
        if case .gitData = pointer.form { require(pointer.text == input, "a pointer of ours in other words") }
    }

    private static let settings = FuzzTarget(
        name: "settings",
        sources: [
            "Git/GitConfiguration.swift", "Git/GitConfiguration+File.swift", "Git/GitNumber.swift", "Repository/Settings.swift",
            "Repository/DataRemote.swift",
        ],
        words: [
            "[data]\n", "[data \"x\"]\n", "remote = ", "minimumsize = ", "pointer = lfs", "lazy = true", "url = ", "region = ", "endpoint = ",
            "anonymous = ", "profile = ", "addressing = ", "100k", "0x7fffffffffffffff", "-9223372036854775808", "s3://b/p?region=x&",
            "file:///", "stale = warn", "\\\n", "[data.x]\n", "inlinelimit", "difflimit", "trackabove", "transfers", "keep = pushed", "prunerecentdays",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 3) else { return }
        let committed = parts.choice == 0 ? GitConfiguration(listing: parts.bytes) : GitConfiguration(file: parts.halves.first)
        let own = parts.choice == 2 ? GitConfiguration(file: parts.halves.second) : GitConfiguration()
        let file = ConfigurationFile(parts.bytes)
        require(file.entries.allSatisfy { $0.line >= 1 }, "an entry in no line")
        guard let committed, let own else { return }
        _ = Settings.ignoredKeys(of: committed)
        for remote in try Settings(committed: committed, own: own).remotes {
            let url = remote.transferURL
            require(remote.isFolder || !remote.isTrusted || remote.source != .committed || !url.bytes.contains(0x0a) || remote.url.bytes.contains(0x0a), "an option breaks a line")
            if S3Location.isOne(url) { _ = try? S3Location(url) }
        }
    }

    private static let attributes = FuzzTarget(
        name: "attributes", sources: ["Commands/AttributesFile.swift", "Commands/AttributePattern.swift"],
        words: [
            "*.bin filter=data diff=data merge=data -text\n", "filter=lfs diff=lfs merge=lfs -text", "[attr]", "\"a\\001b\"", "!", "#", "\u{feff}",
            "/", "\\", "**", "[a-z]", "-filter",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 4) else { return }
        let (content, word) = parts.halves
        var file = AttributesFile(content)
        require(file.content == content, "a file changes by being read")
        let path = BytePath(bytes: word)
        let pattern = parts.choice < 2 ? AttributePattern(bytes: word) : AttributePattern(exactly: path)
        let line = AttributesFile.line(for: pattern)
        if parts.choice >= 2, !path.isEmpty, let read = AttributeLine(line) {
            // A blank is written as any space.
            require(read.pattern.key == pattern.key, "a pattern is another one when it is read")
        }
        switch parts.choice {
        case 0:
            _ = file.takeOverFromLFS()
            require(file.takeOverFromLFS() == 0, "lines are still Git LFS's")
        case 1: _ = file.untrack(pattern)
        case 2:
            if AttributeLine(line) != nil {
                _ = file.track(pattern)
                require(file.track(pattern) == .present, "what is tracked is not")
            }
        default:
            file.except(["data"])
            file.removeExceptions(["data"])
            _ = file.dataPatterns.map { $0.moved(outOf: path) }
        }
    }

    private static let urls = FuzzTarget(
        name: "urls",
        sources: [
            "Commands/CloneAddress.swift", "Repository/DataRemote.swift", "Lineage/SourceURL.swift", "Agent/WebURL.swift", "S3/S3Location.swift",
            "S3/EndpointURL.swift", "S3/PercentEncoding.swift", "HTTP/HTTPTrace.swift", "Transfer/AgentMessage.swift", "Platform/BytePath+URL.swift",
        ],
        words: [
            "https://", "http://", "s3://", "data::", "file://", "file://localhost/", "ssh://git@host/", "user:password@", "?token=", "&X-Amz-Signature=",
            "region=", "endpoint=https%3A%2F%2F", "addressing=path", "anonymous=true", "%2F", "..", "#", "/.git", ".bundle", "[::1]:80",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 9) else { return }
        let url = BytePath(bytes: parts.bytes)
        switch parts.choice {
        case 0:
            let address = CloneAddress(url, from: "/home/ada")
            _ = address.folderName()
            _ = address.identity(from: "/home/ada")
            require(CloneAddress(address.url, from: "/tmp").url == address.url, "an address depends on the folder it is looked at from")
        case 1:
            let plain = SourceURL(url)
            require(SourceURL(BytePath(plain.text)).text == plain.text, "a URL without secrets has some: \(plain.text)")
        case 2:
            guard let web = WebURL(parts.halves.first) else { return }
            require(WebURL(web.text.utf8).map { $0.text } == web.text, "a URL is another one when it is read again: \(web.text)")
            require(!web.text.utf8.contains { $0 <= 0x20 || $0 == 0x7f }, "a URL with blanks")
            if let nearness = Nearness(authority: web.authority), nearness > .world {
                require(ImportOrder.isHostNear(BytePath(bytes: parts.halves.first)), "\(web.authority) is near, and waits for nobody's trust")
            }
            if let next = web.following(String(decoding: parts.halves.second, as: UTF8.self)) {
                require(["http", "https"].contains(next.scheme) && !next.authority.isEmpty, "led to \(next.text)")
            }
        case 3: _ = try S3Location(url)
        case 4: _ = EndpointURL(parts.text)
        case 5:
            let shown = HTTPTrace.printable(url: parts.text)
            require(HTTPTrace.printable(url: shown) == shown, "what is shown of a URL is not fit to be shown: \(shown)")
        case 6:
            require(AgentPath.decode(AgentPath.encode(url)) == url, "a path arrives as another one")
            _ = AgentPath.decode(parts.text)
        case 7:
            _ = DataRemote.folder(url)
            _ = DataRemote.place(ofGitRemote: url)
            let remote = DataRemote(name: "x", url: url, options: [.region: parts.text], source: .committed)
            _ = (remote.isTrusted, remote.transferURL)
        default:
            let text = PercentEncoding.encode(parts.bytes)
            require(PercentEncoding.decode(text.utf8) == parts.bytes, "bytes arrive as others")
            _ = PercentEncoding.decode(parts.bytes)
        }
    }

    private static let names = FuzzTarget(
        name: "names",
        sources: [
            "Git/RefName.swift", "Git/GitNumber.swift", "Git/GitObjectName.swift", "Git/WorktreeEntry.swift", "Remote/DocumentName.swift",
            "Lineage/Stage.swift", "Lineage/ContentID.swift", "Lineage/Environment/EnvironmentDependency.swift", "Commands/Bundle/BundleMember.swift",
            "Platform/BytePath.swift", "Commands/ShellWord.swift",
        ],
        maximumByteCount: 512,
        words: [
            "refs/heads/", ".lock", "@{", "..", "//", ".git", "git~1", "\u{200c}", "sha256:", "git:", "folder:", "python@", ":numpy,", "./",
            "conda", "lineage/", ".stage", ".run.json", "objects/", "0x", "1024k", String(repeating: "a", count: 40), String(repeating: "f", count: 64),
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 8) else { return }
        let path = BytePath(bytes: parts.bytes)
        switch parts.choice {
        case 0:
            if RefName.isValid(path) { require(!path.components.contains { $0 == ".." || $0 == "." }, "a ref's name leads elsewhere") }
            _ = RefNames([path, "refs/heads/a"]).conflict(with: BytePath(bytes: parts.halves.second))
        case 1:
            guard let name = DocumentName(parts.text) else { return }
            let place = BytePath("/remote") / name.text
            require(place.normalized == place, "a document's name leads elsewhere: \(name.text)")
        case 2:
            if let name = StageName(parts.text) {
                require(StageName(stageFile: name.stageFile) == name, "a stage's file is of another stage")
                require(name.stageFile.normalized == name.stageFile, "a stage's name leads elsewhere")
            }
            if let name = StageName(importing: path) { require(StageName(name.text) == name, "a name for an import is none") }
        case 3:
            if let id = ContentID(parts.text) { require(ContentID("\(id)") == id, "a content is another one") }
            if let oid = ObjectID(parts.text) { require(ObjectID(oid.hex) == oid, "an oid is another one") }
            if let name = GitObjectName(hex: parts.bytes) { require(name.hex == parts.bytes, "an object's name is another one") }
            _ = GitObjectName(bytes: parts.bytes)
        case 4:
            if let dependency = EnvironmentDependency(parts.text) {
                require(EnvironmentDependency(dependency.text) == dependency, "a dependency is another one: \(dependency.text)")
            }
            if let parameter = Stage.Parameter(parts.text) {
                require(Stage.Parameter(parameter.text) == parameter, "a parameter is another one: \(parameter.text)")
            }
        case 5:
            require(path.normalized.normalized == path.normalized, "a path is not normal after all")
            require(path.isInside(path.parent) || path.components.count < 2, "a path is not in its folder")
            _ = path.relative(to: BytePath(bytes: parts.halves.second))
            require(!path.description.utf8.contains { $0 < 0x20 }, "a path that moves the cursor")
            if WorktreeEntry.isAllowed(path) { require(!parts.bytes.isEmpty && path != "..", "a forbidden component") }
        case 6:
            if let member = BundleMember(name: parts.bytes) { require(Array(member.name.utf8) == parts.bytes, "a member of another name") }
        default: _ = Int64(gitNumber: parts.bytes)
        }
    }

    private static let aws = FuzzTarget(
        name: "aws",
        sources: [
            "S3/ConfigurationText.swift", "S3/ToolConfiguration.swift", "S3/ShellWords.swift", "S3/CredentialContext.swift", "S3/UTCTime.swift",
            "S3/S3Addressing.swift",
        ],
        words: [
            "[default]\n", "[profile x]\n", "[sso-session s]\n", "[services v]\n", "aws_access_key_id = ", "s3 =\n  addressing_style = path\n",
            "region = ", "credential_process = ", "[DEFAULT]\n", "\"Expiration\":\"2026-01-02T03:04:05Z\"", "{\"Version\":1,\"AccessKeyId\":\"a\",",
            "\"SecretAccessKey\":\"s\"}", "Sun, 06 Nov 1994 08:49:37 GMT", "endpoint_url = ", "'", "\\", ": ",
        ]
    ) { input in
        guard let parts = ChosenInput(input, of: 5) else { return }
        switch parts.choice {
        case 0, 1:
            let file = try FuzzFolder.file("config", parts.halves.first)
            let other = try FuzzFolder.file("credentials", parts.halves.second)
            let variables = ["AWS_CONFIG_FILE": file.text, "AWS_SHARED_CREDENTIALS_FILE": other.text]
            let configuration = try ToolConfiguration(S3.ProcessVariables { variables[$0] }, profile: parts.choice == 0 ? nil : "x")
            _ = (configuration.value("region"), configuration.s3Value("addressing_style"), configuration.endpoint(of: "s3"))
            _ = try S3Addressing(S3Location("s3://bucket/place"), configuration).address(of: [], region: "eu-central-1")
        case 2: _ = ShellWords.split(parts.text)
        case 3: _ = try CredentialRecord.credentials(parts.bytes, from: "a program")
        default:
            _ = UTCTime(httpDate: parts.text)
            _ = UTCTime(timestamp: parts.text)
        }
    }

    private static let marks = FuzzTarget(
        name: "marks", sources: ["Commands/CollectionMark.swift"],
        words: ["git data collection 1\n", "created ", "due ", "blobs 1\n", String(repeating: "a", count: 64) + "\n", "9223372036854775807"]
    ) { input in
        guard let mark = CollectionMark(input) else { return }
        require(CollectionMark(mark.content) == mark, "a mark is another one when it is read again")
        _ = (CollectionMark.text(mark.created), CollectionMark.text(mark.due))
    }
}
