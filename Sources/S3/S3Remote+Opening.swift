import Platform
import Remote

extension S3Remote {
    /// Opens the place that a URL names, with the credentials and settings of the user's AWS tools. Nothing
    /// is asked of the network yet.
    /// - Parameter trace: told of each request and answer.
    /// - Throws: `other` where the URL or the configuration is wrong.
    package static func open(_ url: BytePath, trace: RemoteTrace? = nil) throws(RemoteError) -> S3Remote {
        let location: S3Location
        do throws(S3Location.Malformed) { location = try S3Location(url) } catch {
            throw RemoteError(.other, "the URL of the data remote is wrong: \(error.reason)")
        }
        do throws(CredentialError) {
            let configuration = try ToolConfiguration(.own, profile: location.profile)
            return try open(location, configuration, HTTPExchange(configuration, trace: trace))
        } catch {
            throw RemoteError(.other, error.message)
        }
    }

    /// How often a request is made at most, where the user's AWS tools have a number for it.
    package static var attempts: Int? {
        guard let configuration = try? ToolConfiguration(.own) else { return nil }
        let text = configuration.environment["AWS_MAX_ATTEMPTS"] ?? configuration.value("max_attempts")
        return text.flatMap { Int($0) }.flatMap { $0 > 0 ? min($0, 100) : nil }
    }

    /// - Parameter web: sends all requests.
    static func open(
        _ location: S3Location, _ configuration: ToolConfiguration, _ web: any WebExchange
    ) throws(CredentialError) -> S3Remote {
        S3Remote(try client(location, configuration, web), prefix: location.prefix, name: location.name)
    }

    /// Whoever sends requests about the bucket, with the credentials that are found for it.
    static func client(
        _ location: S3Location, _ configuration: ToolConfiguration, _ web: any WebExchange
    ) throws(CredentialError) -> S3Client {
        let addressing = try S3Addressing(location, configuration)
        let context = CredentialContext(configuration: configuration, region: addressing.knownRegion) { request throws(CredentialError) in
            try web.answer(request)
        }
        let store = CredentialStore { () throws(CredentialError) in
            location.isAnonymous ? .none(looked: []) : try CredentialChain(context: context).load()
        }
        return S3Client(addressing, store, web, place: location.name)
    }
}

extension WebExchange {
    /// Sends one of the small requests that credentials are asked for with.
    fileprivate func answer(_ request: CredentialRequest) throws(CredentialError) -> CredentialAnswer {
        let whole = WebRequest(
            method: request.method, url: request.url, headers: request.headers.map { ($0.key, $0.value) },
            body: request.body.isEmpty && request.method != "PUT" ? .none : .bytes(request.body), timeout: request.timeout,
            isLocal: request.isLocal)
        var body: [UInt8] = []
        do throws(RemoteError) {
            let response = try exchange(whole, Cancellation(), sent: nil) { _, piece throws(RemoteError) in
                guard body.count + piece.count <= 1 << 20 else { throw RemoteError(.other, "an answer without an end") }
                body += piece
            }
            return CredentialAnswer(status: response.status, body: response.isSuccess ? body : response.body)
        } catch {
            throw CredentialError(error.message, isTransient: error.isTransient)
        }
    }
}
