extension HTTPRequest {
    /// Why this cannot be sent, for a person, or nil: what would end a line early, or change on its way.
    var flaw: String? {
        guard method.name.utf8.allSatisfy(\.isTokenByte), !method.name.isEmpty else { return "the method is no word" }
        guard url.utf8.starts(with: "http://".utf8) || url.utf8.starts(with: "https://".utf8) else {
            return "the URL is neither http nor https"
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
            return "the URL is not encoded"
        }
        for field in headers.fields {
            guard field.name.utf8.allSatisfy(\.isTokenByte), !field.name.isEmpty else { return "a header has no name" }
            guard !field.value.utf8.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 }) else {
                return "the header '\(field.name)' holds a line end"
            }
        }
        if method == .head, body.byteCount > 0 { return "a HEAD request has no body" }
        if case .file(_, let offset, let byteCount) = body, offset < 0 || byteCount < 0 { return "the range is negative" }
        return nil
    }

    /// Host and port, for messages.
    var authority: String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        return HTTPTrace.plain(String(authority.split(separator: "@").last ?? authority))
    }
}

extension UInt8 {
    /// Spec: RFC 9110, section 5.6.2.
    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
