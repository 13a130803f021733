/// Makes a response's head of its lines. Pure. libcurl gives each line once, whole, in order, for interim
/// answers such as `100 Continue` and for trailers too.
///
/// Spec: RFC 9112, sections 4 and 5.
struct HeadParser {
    /// The final answer's head, once it is complete.
    private(set) var head: HTTPResponse?
    private var status: Int?
    private var headers = HTTPHeaders()
    private var byteCount = 0

    /// No honest head is that long. Newer versions of libcurl give up at 300 KiB by themselves.
    static let limit = 256 << 10

    /// - Returns: false where the head is too long.
    mutating func feed(_ line: UnsafeRawBufferPointer) -> Bool {
        byteCount += line.count
        guard byteCount <= Self.limit else { return false }
        let text = line.trimmedOfLineEnd
        if let status = Self.status(of: text) {
            // An interim answer came before, or libcurl has asked anew.
            self.status = status
            headers = []
            head = nil
        } else if head != nil {
            // A trailer: what counts stood in front.
        } else if text.isEmpty {
            if let status, status >= 200 { head = HTTPResponse(status: status, headers: headers) }
        } else if text[text.startIndex].isBlank {
            headers.extendLast(text.withoutBlanks)
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(text[..<colon].withoutBlanks, text[(colon + 1)...].withoutBlanks)
        }
        return true
    }

    /// The status of `HTTP/1.1 200 OK` and its kind.
    private static func status(of line: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard line.starts(with: "HTTP/".utf8) else { return nil }
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[1].count == 3 else { return nil }
        return Int(String(decoding: words[1], as: UTF8.self))
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension UnsafeRawBufferPointer {
    fileprivate var trimmedOfLineEnd: Slice<UnsafeRawBufferPointer> {
        var text = self[...]
        if text.last == UInt8(ascii: "\n") { text = text.dropLast() }
        if text.last == UInt8(ascii: "\r") { text = text.dropLast() }
        return text
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// As text, without the white space around it.
    fileprivate var withoutBlanks: String {
        var text = self[...]
        while let byte = text.first, byte.isBlank { text = text.dropFirst() }
        while let byte = text.last, byte.isBlank { text = text.dropLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
