import Glibc
import Platform

extension Descriptor {
    /// A stream of which each read gives one piece, so that a reader meets every border there is.
    /// - Parameter pieces: empty ones are left out.
    package static func stream(ofPieces pieces: [[UInt8]]) throws -> Descriptor {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0 else {
            throw SystemError.last("socketpair")
        }
        let (reading, writing) = (ends[0], ends[1])
        // The system takes only so many pieces before the first is read.
        WorkerThread.detach {
            let writing = Descriptor(owning: writing)
            for piece in pieces where !piece.isEmpty {
                do { try writing.write(piece) } catch { return }
            }
        }
        return Descriptor(owning: reading)
    }
}
