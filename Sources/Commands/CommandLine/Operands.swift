import Platform

/// An argument that is no option, as the parser and the texts see it.
package struct OperandDeclaration: Sendable {
    /// In capitals, as the texts have it.
    package let name: String
    package let summary: String
    let minimum: Int
    /// nil for any number.
    let maximum: Int?
    let syntax: ValueSyntax
}

/// What may be written in a declaration's list of operands.
package protocol OperandKey: Sendable {
    var declaration: OperandDeclaration { get }
}

/// Exactly one operand: `try arguments[operand]`.
package struct Operand<Parsed: Sendable>: OperandKey {
    package let declaration: OperandDeclaration
    let parser: ValueParser<Parsed>

    package init(_ name: String, _ summary: String, parse parser: ValueParser<Parsed>) {
        self.parser = parser
        declaration = OperandDeclaration(
            name: name, summary: summary, minimum: 1, maximum: 1, syntax: parser.syntax(named: name))
    }
}

/// One operand or none: `arguments[operand]` is nil for none.
package struct OptionalOperand<Parsed: Sendable>: OperandKey {
    package let declaration: OperandDeclaration
    let parser: ValueParser<Parsed>

    package init(_ name: String, _ summary: String, parse parser: ValueParser<Parsed>) {
        self.parser = parser
        declaration = OperandDeclaration(
            name: name, summary: summary, minimum: 0, maximum: 1, syntax: parser.syntax(named: name))
    }
}

/// All operands that are left, as bytes: `arguments[operands]`. The last in a declaration's list.
package struct Operands: OperandKey {
    package let declaration: OperandDeclaration

    package init(_ name: String, _ summary: String, minimum: Int = 0, completion: Completion = .files) {
        let parser = ValueParser<BytePath>(expecting: "a value", completion: completion) { $0 }
        declaration = OperandDeclaration(
            name: name, summary: summary, minimum: minimum, maximum: nil, syntax: parser.syntax(named: name))
    }
}
