import Digest
import Platform
import Remote

@testable import RemoteHelper

/// A remote in front of another: something can happen in it at the worst of moments.
final class WatchedRemote: Remote {
    /// What is to happen, each once, in their order.
    struct Events: Sendable {
        /// Right before a state is made.
        var beforeState: [@Sendable () throws -> Void] = []
        /// Right before a file of a pack is removed.
        var beforeRemoval: [@Sendable () throws -> Void] = []
        var listings = 0
    }

    private let remote: any Remote
    let events: Monitor<Events>

    init(_ remote: any Remote, _ events: Monitor<Events>) {
        self.remote = remote
        self.events = events
    }

    convenience init(
        _ remote: any Remote, beforeState: [@Sendable () throws -> Void] = [], beforeRemoval: [@Sendable () throws -> Void] = []
    ) {
        self.init(remote, Monitor(Events(beforeState: beforeState, beforeRemoval: beforeRemoval)))
    }

    private func happen(_ list: WritableKeyPath<Events, [@Sendable () throws -> Void]> & Sendable) throws(RemoteError) {
        let event = events.change { events in events[keyPath: list].isEmpty ? nil : events[keyPath: list].removeFirst() }
        do { try event?() } catch let error as RemoteError { throw error } catch { throw RemoteError(.other, "\(error)") }
    }

    var name: String { remote.name }

    func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        if Layout.number(of: name) != nil { try happen(\.beforeState) }
        return try remote.create(name, content)
    }

    func remove(_ name: DocumentName) throws(RemoteError) {
        if name.text.hasPrefix(Layout.packs.text) { try happen(\.beforeRemoval) }
        try remote.remove(name)
    }

    func documents(in folder: DocumentName, after start: DocumentName?, limit: Int) throws(RemoteError) -> [DocumentName] {
        events.change { $0.listings += 1 }
        return try remote.documents(in: folder, after: start, limit: limit)
    }

    func naming(_ names: [ObjectID: DocumentName], areNew: Bool) -> any Remote {
        WatchedRemote(remote.naming(names, areNew: areNew), events)
    }
    func read(_ name: DocumentName) throws(RemoteError) -> [UInt8]? { try remote.read(name) }
    func replace(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) { try remote.replace(name, content) }
    func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] { try remote.existing(among: oids) }
    func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) { try remote.forEachBlob(body) }
    func delete(_ oid: ObjectID) throws(RemoteError) { try remote.delete(oid) }
    func settle() -> [ObjectID: RemoteError] { remote.settle() }
    func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult {
        try remote.upload(oid, byteCount: byteCount, from: source, control)
    }
    func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {
        try remote.download(oid, from: offset, control, receive: receive)
    }
}

/// A remote that does not keep, or does not know, the condition of `create`.
final class CarelessRemote: Remote {
    enum Manner: Sendable {
        /// It says that it has made what it has overwritten.
        case overwrites
        /// Only of those who come at once one succeeds.
        case forgets
        case fails(RemoteError)
    }

    private let manner: Manner
    let created = Monitor(0)
    let removed = Monitor(0)

    init(_ manner: Manner) { self.manner = manner }

    var name: String { "'careless'" }

    func create(_ name: DocumentName, _ content: [UInt8]) throws(RemoteError) -> Bool {
        let number = created.change { number in
            number += 1
            return number
        }
        switch manner {
        case .overwrites: return true
        case .forgets: return number == 1 || number > 3
        case .fails(let error): throw error
        }
    }

    func remove(_ name: DocumentName) throws(RemoteError) { removed.change { $0 += 1 } }
    func existing(among oids: [ObjectID]) throws(RemoteError) -> [ObjectID: Int64] { [:] }
    func forEachBlob(_ body: (RemoteBlob) throws(RemoteError) -> Void) throws(RemoteError) {}
    func delete(_ oid: ObjectID) throws(RemoteError) {}
    func upload(
        _ oid: ObjectID, byteCount: Int64, from source: BytePath, _ control: TransferControl
    ) throws(RemoteError) -> UploadResult { .sent }
    func download(
        _ oid: ObjectID, from offset: Int64, _ control: TransferControl,
        receive: (UnsafeRawBufferPointer) throws(RemoteError) -> Void
    ) throws(RemoteError) {}
}
