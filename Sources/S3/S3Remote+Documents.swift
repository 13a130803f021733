import Digest
import Platform
import Remote

extension S3Remote {
    private func key(of name: DocumentName) -> [UInt8] { keys.place + Array(name.text.utf8) }

    package func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]? {
        try reported { () throws(S3Failure) in
            let request = S3Request(
                method: "GET", key: key(of: name), headers: [("x-amz-checksum-mode", "ENABLED")], action: "read")
            do throws(S3Failure) {
                let response = try client.send(request, Cancellation())
                // A page of a network that wants its users to sign in is no document.
                guard response.status == 200, response.headers["etag"] != nil else { throw client.nonsense(request, response) }
                guard isIntact(response, of: name) else {
                    throw S3Failure(RemoteError(.damaged, "'\(name.text)' at \(self.name) does not arrive as it was written", isTransient: true))
                }
                return response.body
            } catch {
                // Who may not list is told of what is missing that it is forbidden.
                guard error.isAbsence || error.code == "AccessDenied" else { throw error }
                return nil
            }
        }
    }

    /// Whether a document is what the server's digests say. One that comes twice as the same bytes was not damaged on its
    /// way: then the server's tag is no digest.
    private func isIntact(_ response: WebResponse, of name: DocumentName) -> Bool {
        let checks = SourceCheck.all(isWhole: true, isBucket: true) { response.headers[$0] }.filter { check in
            guard MessageDigest.supports(check.algorithm) else { return false }
            var digest = MessageDigest(check.algorithm)
            digest.update(response.body)
            return digest.finalize() != check.digest
        }
        guard !checks.isEmpty else { return true }
        let oid = ObjectID.of(response.body)
        return doubtful.withLock { doubtful in doubtful.updateValue(oid, forKey: name) } == oid && checks.allSatisfy { $0.origin == "etag" }
    }

    private func checksum(_ content: [UInt8]) -> (name: String, value: String) {
        ("x-amz-checksum-sha256", Base64.encode(ObjectID.of(content).digest))
    }

    package func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        let request = S3Request(
            method: "PUT", key: key(of: name), headers: [checksum(content), ("if-none-match", "*")], body: .bytes(content),
            payload: .of(content), action: "write")
        let response = try reported { () throws(S3Failure) -> WebResponse in
            do throws(S3Failure) {
                let response = try client.send(request, accepting: [412], Cancellation())
                guard response.status == 412 || response.headers["etag"] != nil else { throw client.nonsense(request, response) }
                return response
            } catch {
                guard error.isMisunderstanding else { throw error }
                throw S3Failure(RemoteError(.other, "\(self.name) cannot make an object only where there is none"))
            }
        }
        // Some servers pass the condition over in silence: the last of two is there then.
        guard response.isSuccess else { return false }
        guard let found = try read(name) else {
            throw RemoteError(.other, "\(self.name) does not have '\(name.text)', which it has just taken")
        }
        return found == content
    }

    package func replace(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) {
        try reported { () throws(S3Failure) in
            let request = S3Request(
                method: "PUT", key: key(of: name), headers: [checksum(content)], body: .bytes(content), payload: .of(content),
                action: "write")
            let response = try client.send(request, Cancellation())
            // A network that wants its users to sign in says 200 to everything.
            guard response.headers["etag"] != nil else { throw client.nonsense(request, response) }
        }
    }

    package func remove(_ name: DocumentName) throws(RemoteError) {
        try reported { () throws(S3Failure) in
            do throws(S3Failure) {
                try sendDeletion(S3Request(method: "DELETE", key: key(of: name), action: "delete"))
            } catch {
                guard error.isAbsence else { throw error }
            }
        }
    }

    package func documents(
        in folder: DocumentName, after start: DocumentName?, limit: Int
    ) throws(RemoteError) -> [DocumentName] {
        let prefix = key(of: folder) + [UInt8(ascii: "/")]
        let startKey = start.map { key(of: $0) }
        var names: [DocumentName] = []
        var continuation: String?
        var progress = ListProgress()
        repeat {
            let rest = limit - names.count
            let page = try reported { () throws(S3Failure) in
                let page = try list(prefix, after: continuation, behind: startKey, limit: rest < 1000 ? rest : nil)
                try progress.pass(page.items.last?.key, name)
                return page
            }
            for item in page.items {
                // Names of documents need no encoding; what stands before them may have any, and Ceph encodes slashes too.
                let key = keys.key(listed: item.key, isEncoded: page.isEncoded)
                guard let name = key.split(separator: UInt8(ascii: "/")).last else { continue }
                if let document = folder.appending(String(decoding: name, as: UTF8.self)) { names.append(document) }
            }
            continuation = page.continuation
        } while continuation != nil && names.count < limit
        return Array(names.prefix(limit))
    }

    package func naming(_ names: [ObjectID: DocumentName], areNew: Bool) -> any Remote {
        let remote = S3Remote(client, BlobKeys(keys, naming: names), name: name)
        // An upload of what is there all the same is told so.
        if areNew { for oid in names.keys { remote.known.setAbsent(oid) } }
        return remote
    }
}
