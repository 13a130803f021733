import Repository
import TestSupport
import XCTest

/// Tests with a new repository each.
class RepositoryTestCase: XCTestCase {
    private(set) var scratch: ScratchRepository!
    private(set) var repository: Repository!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchRepository()
        repository = try Repository.find(from: scratch.path)
    }

    override func tearDown() {
        (repository, scratch) = (nil, nil)
    }
}
