import Digest
import Platform

extension FolderRemote {
    package func examine(_ report: (RemoteFinding) -> Void) throws(RemoteError) {
        report(RemoteFinding(.place, .noted, "the folder '\(folder.normalized)'"))
        var blobs = 0
        try forEachBlob { _ in blobs += 1 }
        report(RemoteFinding(.list, .works, "\(blobs) blob\(blobs == 1 ? "" : "s")"))
        do throws(RemoteError) {
            try examineWriting(report)
        } catch {
            report(RemoteFinding(.write, .fails, error.message))
        }
    }

    /// Brings a blob here as every upload does, reads it, and removes it.
    private func examineWriting(_ report: (RemoteFinding) -> Void) throws(RemoteError) {
        _ = try prepare()
        let bytes = Array("git data probe \(UInt64.random(in: .min ... .max))\n".utf8)
        let oid = ObjectID.of(bytes)
        do throws(SystemError) {
            if let room = try? folder.availableByteCount() {
                report(RemoteFinding(.room, .noted, "\(room >> 20) MiB free"))
            }
            let source = try TemporaryFile(in: incoming, prefix: Self.temporaryPrefix)
            try source.descriptor.write(bytes)
            try sendProbe(oid, bytes, from: source.path, report)
        } catch {
            throw RemoteError(error, "write to", folder)
        }
    }

    private func sendProbe(
        _ oid: ObjectID, _ bytes: [UInt8], from source: BytePath, _ report: (RemoteFinding) -> Void
    ) throws(SystemError) {
        do throws(RemoteError) {
            _ = try upload(oid, byteCount: Int64(bytes.count), from: source, TransferControl())
            if let error = settle()[oid] { throw error }
            report(RemoteFinding(.write, .works))
            try examineReading(oid, bytes, report)
        } catch {
            report(RemoteFinding(.write, .fails, error.message))
            return
        }
        // What the rename of a fresh upload meets where another one was faster.
        do throws(SystemError) {
            try source.renameExclusively(to: path(of: oid))
            report(RemoteFinding(.exclusive, .lacks, "two uploads at once may replace each other"))
        } catch {
            guard error.isExisting else { throw error }
            report(RemoteFinding(.exclusive, .works))
        }
        do throws(RemoteError) {
            try delete(oid)
            report(RemoteFinding(.delete, .works))
        } catch {
            report(RemoteFinding(.delete, .lacks, "\(error.message); '\(path(of: oid))' stays"))
        }
    }

    private func examineReading(
        _ oid: ObjectID, _ bytes: [UInt8], _ report: (RemoteFinding) -> Void
    ) throws(RemoteError) {
        var received: [UInt8] = []
        try download(oid, from: 0, TransferControl()) { piece throws(RemoteError) in received += piece }
        let isSame = received == bytes
        report(RemoteFinding(.read, isSame ? .works : .fails, isSame ? "" : "other bytes come back than were written"))
    }

    package func forEachUnfinishedUpload(
        _ body: (UnfinishedUpload) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        let names: [BytePath]
        do throws(SystemError) { names = incoming.isFolder ? try incoming.entries() : [] } catch {
            throw RemoteError(error, "read", incoming)
        }
        for name in names where name.bytes.starts(with: Self.temporaryPrefix.utf8) {
            guard let status = try? (incoming / name).status() else { continue }
            try body(UnfinishedUpload(oid: nil, begun: status.modified.seconds))
        }
    }
}
