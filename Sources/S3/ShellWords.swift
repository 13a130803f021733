/// Text split into words as a POSIX shell does it, without expansions.
///
/// Source: Python, `shlex.split`.
enum ShellWords {
    /// - Returns: nil where a quote is not closed or the last backslash escapes nothing.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if let open = quote {
                if scalar == open {
                    quote = nil
                } else if scalar == "\\", open == "\"" {
                    guard let next = scalars.next() else { return nil }
                    if next != "\"", next != "\\" { word?.append(scalar) }
                    word?.append(next)
                } else {
                    word?.append(scalar)
                }
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? .init()
            } else if scalar == "\\" {
                guard let next = scalars.next() else { return nil }
                word = word ?? .init()
                word?.append(next)
            } else if scalar == " " || scalar == "\t" || scalar == "\r" || scalar == "\n" {
                if let done = word { words.append(String(done)) }
                word = nil
            } else {
                word = word ?? .init()
                word?.append(scalar)
            }
        }
        guard quote == nil else { return nil }
        if let done = word { words.append(String(done)) }
        return words
    }
}
