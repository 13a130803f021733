internal import CCrypto

/// A message authentication code: what only somebody with the key could have made of a message.
package enum AuthenticationCode {
    /// HMAC-SHA256, 32 bytes.
    ///
    /// Spec: RFC 2104.
    package static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        // An empty array may have no address, and a null key means "the key of the last call" to OpenSSL.
        let key = key.isEmpty ? [0] : key
        // Fails only when memory is exhausted or the library is built without SHA-256.
        precondition(
            HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length) != nil && length == 32,
            "libcrypto gives no authentication code")
        return code
    }
}
