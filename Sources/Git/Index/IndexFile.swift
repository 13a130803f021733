/// What is known of the layout of an index beyond its entries. Pure.
package enum IndexFile {
    /// Extensions fill the rest: four letters of name, four bytes of length, content. A name that begins
    /// with a capital may be passed over by who does not know it.
    static func checkExtensions(_ bytes: [UInt8], from start: Int, to end: Int) throws(IndexFormatError) {
        var offset = start
        while offset < end {
            guard end - offset >= 8 else { throw .truncated(offset: offset) }
            offset += 8 + (try checkExtension(Array(bytes[offset..<offset + 8]), bytesBehind: end - offset - 8, offset: offset))
        }
    }

    /// Refuses an extension that changes what the entries mean.
    /// - Parameters:
    ///   - head: its name and its length, eight bytes.
    ///   - bytesBehind: how many are left for what it has.
    /// - Returns: its length without the head.
    static func checkExtension(_ head: [UInt8], bytesBehind: Int, offset: Int) throws(IndexFormatError) -> Int {
        let byteCount = Int(head.bigEndianWord(at: 4))
        guard byteCount <= bytesBehind else { throw .truncated(offset: offset) }
        switch String(decoding: head.prefix(4), as: UTF8.self) {
        case "link": throw .split
        case "sdir": break  // Some entries are whole folders outside a sparse checkout.
        case let text where !(0x41...0x5a).contains(head[0]): throw .unknownExtension(text)
        default: break
        }
        return byteCount
    }
}
