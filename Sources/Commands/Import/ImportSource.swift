import Lineage

/// What a source answers.
enum ImportAnswer {
    /// The version that is known.
    case same(SourceReceipt)
    /// Another one, which was not brought as nobody wanted it.
    case changed(SourceReceipt)
    case brought(ImportedFiles, SourceReceipt)

    var receipt: SourceReceipt {
        switch self {
        case .same(let receipt), .changed(let receipt), .brought(_, let receipt): receipt
        }
    }
}

/// A place outside that data comes from.
protocol ImportSource {
    /// Asks for the data.
    /// - Parameters:
    ///   - known: what it said when it was asked last; nil where everything is wanted.
    ///   - isCheck: whether it only matters if there is another version.
    func bring(_ known: SourceReceipt?, isCheck: Bool) throws -> ImportAnswer
}
