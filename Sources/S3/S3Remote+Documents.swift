import Digest
import Platform
import Remote

extension S3Remote {
    private func key(of name: DocumentName) -> [UInt8] { keys.place + Array(name.text.utf8) }

    package func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]? {
        try reported { () throws(S3Failure) in
            do throws(S3Failure) {
                return try client.send(S3Request(method: "GET", key: key(of: name), action: "read"), Cancellation()).body
            } catch {
                // Who may not list is told of what is missing that it is forbidden.
                guard error.isAbsence || error.code == "AccessDenied" else { throw error }
                return nil
            }
        }
    }

    package func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        let request = S3Request(
            method: "PUT", key: key(of: name), headers: [("if-none-match", "*")], body: .bytes(content),
            payload: .of(content), action: "write")
        let response = try reported { () throws(S3Failure) -> WebResponse in
            do throws(S3Failure) {
                return try client.send(request, accepting: [409, 412], Cancellation())
            } catch {
                guard error.isMisunderstanding else { throw error }
                throw S3Failure(RemoteError(.other, "\(self.name) cannot make an object only where there is none"))
            }
        }
        // Some servers pass the condition over in silence: the last of two is there then.
        guard response.isSuccess else { return false }
        let found = try read(name)
        return found == content
    }

    package func replace(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) {
        try reported { () throws(S3Failure) in
            let request = S3Request(
                method: "PUT", key: key(of: name), body: .bytes(content), payload: .of(content), action: "write")
            let response = try client.send(request, Cancellation())
            // A network that wants its users to sign in says 200 to everything.
            guard response.headers["etag"] != nil else { throw client.nonsense(request, response) }
        }
    }

    package func remove(_ name: DocumentName) throws(RemoteError) {
        try reported { () throws(S3Failure) in
            do throws(S3Failure) {
                _ = try client.send(S3Request(method: "DELETE", key: key(of: name), action: "delete"), Cancellation())
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
        repeat {
            let rest = limit - names.count
            let page = try reported { () throws(S3Failure) in
                try list(prefix, after: continuation, behind: startKey, limit: rest < 1000 ? rest : nil)
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
