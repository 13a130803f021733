/// How the rows of two tables differ, in the columns that both have. The numbers are exact, or there are none.
package struct RowDifference: Equatable, Sendable {
    package struct Sample: Equatable, Sendable {
        /// Of a changed row its key and the cells that differ, else the row as it is in the file.
        package let text: String
    }

    package enum Outcome: Equatable, Sendable {
        case compared
        /// More rows than this are different or elsewhere, which is more than is held in memory.
        case tooMany(Int)
        /// The tables have no column in common.
        case noCommonColumns
        /// The tables have too many columns to tell apart, and not the same ones.
        case tooManyColumns
        /// One of the files is damaged, so that its rows are not known.
        case damaged
    }

    package internal(set) var outcome = Outcome.compared
    package internal(set) var added = 0
    package internal(set) var removed = 0
    /// Rows with the same key and other cells; 0 where there is no key.
    package internal(set) var changed = 0
    /// The column by which rows are known again. nil: rows are the same where all their cells are.
    package internal(set) var key: String?
    /// Whether the rows are the same ones in another order.
    package internal(set) var isReordered = false
    /// How many cells of each column differ in the changed rows; nil where that was too much to find out.
    package internal(set) var changedCells: [String: Int]? = [:]
    package internal(set) var addedSamples: [Sample] = []
    package internal(set) var removedSamples: [Sample] = []
    package internal(set) var changedSamples: [Sample] = []

    package var isEmpty: Bool { outcome == .compared && added == 0 && removed == 0 && changed == 0 && !isReordered }
}
