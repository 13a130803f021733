import Lineage
import Platform

/// A file that has come and waits for its place.
struct ImportedFile {
    /// From the output, below it; empty for the output itself.
    let path: BytePath
    /// Where its bytes are, on the disk; the file may be moved away.
    let file: BytePath
    let byteCount: Int64
    var isExecutable = false
}

/// What a source answers.
enum ImportAnswer {
    /// The version that is known.
    case same(SourceReceipt)
    /// Another one, which was not brought as nobody wanted it.
    case changed(SourceReceipt)
    case brought([ImportedFile], SourceReceipt)

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
