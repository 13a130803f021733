/// A server's answer.
package struct HTTPResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    /// The body, as far as it is kept in memory; that of a refusal ends after `HTTPClient.refusalLimit` bytes.
    package var body: [UInt8]

    /// How near the server is, or the proxy before it; nil where that is not known.
    package var nearness: Nearness?

    package init(status: Int, headers: HTTPHeaders = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The request was granted.
    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// Headers in the order in which they are sent. Names are compared without regard to case.
package struct HTTPHeaders: Equatable, Sendable, ExpressibleByArrayLiteral {
    package struct Field: Equatable, Sendable {
        package let name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var fields: [Field]

    package init(_ fields: [Field] = []) { self.fields = fields }

    package init(arrayLiteral fields: (String, String)...) {
        self.fields = fields.map { Field($0.0, $0.1) }
    }

    /// The last value of that name, which is the one that counts; setting replaces all of them.
    package subscript(name: String) -> String? {
        get { fields.last { $0.name.isEqual(ignoringCaseOf: name) }?.value }
        set {
            fields.removeAll { $0.name.isEqual(ignoringCaseOf: name) }
            if let newValue { fields.append(Field(name, newValue)) }
        }
    }

    /// All values of that name.
    package func all(_ name: String) -> [String] {
        fields.filter { $0.name.isEqual(ignoringCaseOf: name) }.map(\.value)
    }

    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name, value))
    }

    /// Goes on with the last value, on a further line.
    mutating func extendLast(_ text: String) {
        guard let last = fields.indices.last else { return }
        fields[last].value += (fields[last].value.isEmpty || text.isEmpty ? "" : " ") + text
    }
}

extension String {
    /// Whether both differ in nothing but the case of ASCII letters.
    func isEqual(ignoringCaseOf other: String) -> Bool {
        utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercase == $1.asciiLowercase }
    }
}

extension UInt8 {
    var asciiLowercase: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
