/// The width and height of a picture, in pixels.
package struct ImageSize: Equatable, Sendable {
    package let width: Int
    package let height: Int

    /// - Parameters:
    ///   - prefix: the file's first bytes.
    ///   - kind: what `FileKind` says of them.
    /// - Returns: nil where the size is not among the bytes, or the kind is one whose size is not read here.
    package init?(prefix: [UInt8], kind: FileKind) {
        let size: (Int, Int)? =
            switch kind {
            case .png: Self.png(prefix)
            case .gif: Self.gif(prefix)
            case .jpeg: Self.jpeg(prefix)
            case .webP: Self.webP(prefix)
            case .bmp: Self.bmp(prefix)
            default: nil
            }
        self.init(size)
    }

    init?(_ size: (Int, Int)?) {
        guard let size, size.0 > 0, size.1 > 0 else { return nil }
        (width, height) = size
    }

    /// Spec: Windows, `BITMAPCOREHEADER` and `BITMAPINFOHEADER`; the height is below 0 where the picture begins at its top.
    private static func bmp(_ prefix: [UInt8]) -> (Int, Int)? {
        var cursor = ByteCursor(prefix)
        guard cursor.skip(14), let length = cursor.little(UInt32.self) else { return nil }
        if length == 12 {
            guard let width = cursor.little(UInt16.self), let height = cursor.little(UInt16.self) else { return nil }
            return (Int(width), Int(height))
        }
        guard let width = cursor.little(UInt32.self), let height = cursor.little(UInt32.self) else { return nil }
        return (Int(Int32(bitPattern: width)), Int(Int32(bitPattern: height).magnitude))
    }

    /// Spec: PNG, "IHDR Image header", always the first chunk.
    private static func png(_ prefix: [UInt8]) -> (Int, Int)? {
        var cursor = ByteCursor(prefix)
        guard cursor.skip(12), cursor.skip("IHDR"), let width = cursor.big(UInt32.self), let height = cursor.big(UInt32.self),
            width <= Int32.max, height <= Int32.max
        else { return nil }
        return (Int(width), Int(height))
    }

    /// Spec: GIF89a, "Logical Screen Descriptor".
    private static func gif(_ prefix: [UInt8]) -> (Int, Int)? {
        var cursor = ByteCursor(prefix)
        guard cursor.skip(6), let width = cursor.little(UInt16.self), let height = cursor.little(UInt16.self) else { return nil }
        return (Int(width), Int(height))
    }

    private static func jpeg(_ prefix: [UInt8]) -> (Int, Int)? {
        guard let frame = jpegFrame(prefix) else { return nil }
        var cursor = ByteCursor(frame)
        guard cursor.skip(3), let height = cursor.big(UInt16.self), let width = cursor.big(UInt16.self) else { return nil }
        return (Int(width), Int(height))
    }

    /// Goes from segment to segment to the frame's head: its length, bits, height, width and components.
    /// Spec: ITU-T T.81, B.2.
    static func jpegFrame(_ prefix: [UInt8]) -> ArraySlice<UInt8>? {
        var cursor = ByteCursor(prefix)
        guard cursor.skip(2) else { return nil }
        while true {
            guard cursor.byte() == 0xff, var marker = cursor.byte() else { return nil }
            while marker == 0xff {
                guard let next = cursor.byte() else { return nil }
                marker = next
            }
            // Markers that stand alone.
            if marker == 0x01 || (0xd0...0xd7).contains(marker) { continue }
            if (0xc0...0xcf).contains(marker), ![0xc4, 0xc8, 0xcc].contains(marker) { return cursor.rest.prefix(8) }
            guard let length = cursor.big(UInt16.self), length >= 2 else { return nil }
            // Behind the start of scan there are no more heads.
            if marker == 0xda || marker == 0xd9 { return nil }
            guard cursor.skip(Int(length) - 2) else { return nil }
        }
    }

    /// Spec: WebP Container Specification; RFC 6386, 9.1; WebP Lossless Bitstream, "RIFF header".
    private static func webP(_ prefix: [UInt8]) -> (Int, Int)? {
        var cursor = ByteCursor(prefix)
        guard cursor.skip(12), let form = cursor.take(4), cursor.skip(4) else { return nil }
        switch String(decoding: form, as: UTF8.self) {
        case "VP8 ":
            guard cursor.skip(3), cursor.take(3)?.elementsEqual([0x9d, 0x01, 0x2a]) == true,
                let width = cursor.little(UInt16.self), let height = cursor.little(UInt16.self)
            else { return nil }
            return (Int(width & 0x3fff), Int(height & 0x3fff))
        case "VP8L":
            guard cursor.byte() == 0x2f, let bits = cursor.little(UInt32.self) else { return nil }
            return (Int(bits & 0x3fff) + 1, Int(bits >> 14 & 0x3fff) + 1)
        case "VP8X":
            guard cursor.skip(4), let width = cursor.take(3), let height = cursor.take(3) else { return nil }
            func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } + 1 }
            return (number(width), number(height))
        default: return nil
        }
    }
}
