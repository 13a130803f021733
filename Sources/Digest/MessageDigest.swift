// Digest: message digests from OpenSSL's libcrypto and the name they give a blob. It reads no files;
// whoever has bytes brings them.

internal import CCrypto

/// A running message digest. One thread at a time may feed it.
package struct MessageDigest: ~Copyable {
    package enum Algorithm: Sendable {
        /// For the checksum of Git's index in SHA-1 repositories; never for blobs.
        case sha1
        case sha256
        /// For comparing a file with what S3 servers call it; never for blobs. Not every library has it.
        case md5

        package var byteCount: Int {
            switch self {
            case .sha1: 20
            case .sha256: 32
            case .md5: 16
            }
        }

        fileprivate var implementation: OpaquePointer? {
            switch self {
            case .sha1: EVP_sha1()
            case .sha256: EVP_sha256()
            case .md5: EVP_md5()
            }
        }
    }

    /// Whether this machine's library computes such digests: those that keep to FIPS 140 lack some.
    package static func supports(_ algorithm: Algorithm) -> Bool {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestInit_ex(context, algorithm.implementation, nil) == 1
    }

    private let context: OpaquePointer?
    package let algorithm: Algorithm

    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        context = EVP_MD_CTX_new()
        // The two calls fail only when memory is exhausted or the library is built without the
        // algorithm; neither leaves anything to go on with.
        precondition(EVP_DigestInit_ex(context, algorithm.implementation, nil) == 1, "libcrypto gives no digest")
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        precondition(EVP_DigestUpdate(context, start, bytes.count) == 1, "libcrypto gives no digest")
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of all that was fed.
    package consuming func finalize() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.byteCount)
        precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "libcrypto gives no digest")
        return digest
    }
}
