import Digest
import Inspection
import ObjectStore
import Platform
import Pointer

/// One data file in two versions, looked into as far as they are here.
struct DiffChange {
    /// What is known of one version.
    struct Side {
        let oid: ObjectID
        let byteCount: Int64
        /// nil where the data is not on this machine.
        let summary: DataSummary?
        let version: DiffVersion
    }

    enum Status: String {
        case added, removed, modified, renamed
    }

    let path: BytePath
    let oldPath: BytePath?
    let old: Side?
    let new: Side?
    /// Where both versions are here and their bytes differ.
    let difference: DataDifference?

    init(_ pair: DiffPair, _ store: ObjectStore?) throws {
        path = pair.path
        oldPath = pair.oldPath
        let before = try pair.old.map { try Opened($0, store) }
        let after = try pair.new.map { try Opened($0, store) }
        if let before, let after, before.oid != after.oid, let left = before.source, let right = after.source {
            let difference = try DataDifference.between(left, right)
            old = before.side(difference.old)
            new = after.side(difference.new)
            self.difference = difference
        } else {
            // Nothing is compared: a version that both have need not be read.
            let isSame = before?.oid == after?.oid
            old = before?.side(isSame ? nil : try before?.source.map { source in try DataSummary.read(source) })
            new = after?.side(isSame ? nil : try after?.source.map { source in try DataSummary.read(source) })
            difference = nil
        }
    }

    /// A file that was touched, or whose mode alone changed, has the same data.
    var isDifferent: Bool { old?.oid != new?.oid || oldPath != nil }

    var hasSameData: Bool { old?.oid == new?.oid }

    var status: Status {
        if old == nil { return .added }
        if new == nil { return .removed }
        return oldPath == nil ? .modified : .renamed
    }

    /// A version with its content at hand.
    private struct Opened {
        let version: DiffVersion
        let oid: ObjectID
        let byteCount: Int64
        let source: ByteSource?

        init(_ version: DiffVersion, _ store: ObjectStore?) throws {
            self.version = version
            source = try version.open(store)
            switch version.place {
            case .bytes(let bytes): (oid, byteCount) = (.of(bytes), Int64(bytes.count))
            case .pointer(let pointer): (oid, byteCount) = (pointer.oid, pointer.byteCount)
            case .file(let path): (oid, byteCount) = (try hashContent(of: .open(path, .read)), source?.byteCount ?? 0)
            }
        }

        func side(_ summary: DataSummary?) -> Side {
            Side(oid: oid, byteCount: byteCount, summary: summary, version: version)
        }
    }
}
