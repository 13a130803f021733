// shim
package import Diagnostics
package import Digest
package import ObjectStore
package import Platform
package struct TransferItem: Hashable, Sendable { package let oid: ObjectID; package let byteCount: Int64; package init(oid: ObjectID, byteCount: Int64) { self.oid = oid; self.byteCount = byteCount } }
package struct TransferFailure: Sendable { package enum Kind: Sendable { case absent, denied, full, damaged, agent, other }; package let oid: ObjectID; package let kind: Kind; package let message: String }
package struct TransferOutcome: Sendable { package var done: [ObjectID] = []; package var skipped: [ObjectID] = []; package var failures: [TransferFailure] = [] }
package struct TransferDestination: Sendable { package init(url: BytePath, mayCreate: Bool, name: String) {} }
package enum TransferError: Error, Sendable { case agentNotFound(BytePath); case agentFailed(String); case remote(kind: TransferFailure.Kind, message: String); case store(StoreError) }
package final class TransferSession {
    package init(agent: BytePath, destination: TransferDestination, store: ObjectStore, transfers: Int?, progress: any ProgressObserver) throws(TransferError) { }
    package func existing(among: [ObjectID]) throws(TransferError) -> Set<ObjectID> { [] }
    package func upload(_ items: [TransferItem]) throws(TransferError) -> TransferOutcome { .init() }
    package func download(_ items: [TransferItem], arrived: (ObjectID) -> Void) throws(TransferError) -> TransferOutcome { .init() }
    package func list(_ body: (TransferItem) -> Void) throws(TransferError) {}
    package func delete(_ oids: [ObjectID]) throws(TransferError) -> TransferOutcome { .init() }
    package func finish() {}
    package static func agentExecutable() -> BytePath { "x" }
}
