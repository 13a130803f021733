import Digest
import Platform

/// A short name for a place, for files about it.
enum PlaceKey {
    static func of(_ url: BytePath) -> String { String(ObjectID.of(url.bytes).hex.prefix(16)) }
}
