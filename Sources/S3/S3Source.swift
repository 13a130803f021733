import Platform
import Remote

/// One object of a bucket, as `s3://bucket/key` names it, that data is imported from.
package final class S3Source: SourcePlace {
    private let client: S3Client
    private let key: [UInt8]
    package let name: String

    private init(_ client: S3Client, key: [UInt8], name: String) {
        self.client = client
        self.key = key
        self.name = name
    }

    /// Opens an object with the credentials and settings of the user's AWS tools. Nothing is asked of the network yet.
    /// - Parameter url: with the options of a data remote's.
    /// - Throws: `other` where the URL or the configuration is wrong.
    package static func open(_ url: BytePath, trace: RemoteTrace? = nil) throws(RemoteError) -> S3Source {
        let location: S3Location
        do throws(S3Location.Malformed) { location = try S3Location(url) } catch {
            throw RemoteError(.other, "the URL of the object is wrong: \(error.reason)")
        }
        guard !location.prefix.isEmpty else { throw RemoteError(.other, "\(location.name) is a bucket, and no object in it") }
        do throws(CredentialError) {
            let configuration = try ToolConfiguration(.own, profile: location.profile)
            let client = try S3Remote.client(location, configuration, HTTPExchange(configuration, trace: trace))
            return S3Source(client, key: location.prefix, name: location.name)
        } catch {
            throw RemoteError(.other, error.message)
        }
    }

    package func get(
        _ question: SourceQuestion, _ cancellation: Cancellation,
        receive: (SourceAnswer, UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) -> SourceAnswer {
        var request = S3Request(method: "GET", key: key, headers: [("x-amz-checksum-mode", "ENABLED")], action: "read")
        if question.offset > 0, let validator = question.validator {
            // S3 knows no If-Range.
            request.headers += [("range", "bytes=\(question.offset)-"), ("if-match", validator)]
        } else if let etag = question.etag {
            request.headers.append(("if-none-match", etag))
        }
        do throws(S3Failure) {
            let response = try client.send(request, accepting: [304, 412, 416], cancellation) { head, piece throws(RemoteError) in
                guard head.headers["etag"] != nil else { throw client.nonsense(request, head).error }
                try receive(Self.answer(head), piece)
            }
            // An empty body has no piece to be looked at.
            guard !response.isSuccess || ([200, 206].contains(response.status) && response.headers["etag"] != nil) else {
                throw client.nonsense(request, response)
            }
            return Self.answer(response)
        } catch {
            throw error.error
        }
    }

    private static func answer(_ response: WebResponse) -> SourceAnswer {
        SourceAnswer(status: response.status, isBucket: true) { response.headers[$0] }
    }
}
