import Digest
import Platform
import Remote
import TestSupport
import XCTest

/// The folder remote keeps the rules of all remotes.
final class FolderRemoteContractTests: XCTestCase {
    private var scratch: ScratchFolder!
    private var contract: RemoteContract!

    override func setUpWithError() throws {
        TestProcess.makeHermetic()
        scratch = try ScratchFolder()
        try (scratch / "remote").makeFolders()
        contract = RemoteContract(try FolderRemote(scratch / "remote"), scratch) { [scratch] oid, bytes in
            try scratch?.write(bytes, to: BytePath("remote/objects/\(oid.shardedPath)"), permissions: 0o444)
        }
    }

    override func tearDown() {
        contract = nil
        scratch = nil
    }

    func testUploadedBlobIsThereOnceSettled() throws { try contract.checkUploadedBlobIsThereOnceSettled() }
    func testEmptyBlobIsABlob() throws { try contract.checkEmptyBlobIsABlob() }
    func testManyBlobsSettleTogether() throws { try contract.checkManyBlobsSettleTogether() }
    func testSecondUploadFindsTheFirst() throws { try contract.checkSecondUploadFindsTheFirst() }
    func testSourceWithOtherBytesIsRefused() throws { try contract.checkSourceWithOtherBytesIsRefused() }
    func testTruncatedSourceIsRefused() throws { try contract.checkTruncatedSourceIsRefused() }
    func testSourceOfUnexpectedLengthIsRefused() throws { try contract.checkSourceOfUnexpectedLengthIsRefused() }
    func testMissingSourceIsAbsent() throws { try contract.checkMissingSourceIsAbsent() }
    func testObjectOfOtherLengthIsDamagedAndNotOverwritten() throws {
        try contract.checkObjectOfOtherLengthIsDamagedAndNotOverwritten()
    }
    func testDownloadStartsAtOffset() throws { try contract.checkDownloadStartsAtOffset() }
    func testDownloadOfAbsentBlobIsAbsent() throws { try contract.checkDownloadOfAbsentBlobIsAbsent() }
    func testReceiversErrorEndsDownload() throws { try contract.checkReceiversErrorEndsDownload() }
    func testDocumentsAreMadeOnceAndAreNoBlobs() throws { try contract.checkDocumentsAreMadeOnceAndAreNoBlobs() }
    func testDocumentsAreReplacedAndListedFromAName() throws { try contract.checkDocumentsAreReplacedAndListedFromAName() }
    func testBlobsHaveNamesOfTheirOwn() throws { try contract.checkBlobsHaveNamesOfTheirOwn() }
    func testOfManyWhoMakeADocumentOneSucceeds() throws { try contract.checkOfManyWhoMakeADocumentOneSucceeds() }
    func testExaminationFindsNothingWrongAndLeavesNothing() throws {
        try contract.checkExaminationFindsNothingWrongAndLeavesNothing()
    }
    func testEmptyPlaceAnswersQuestions() throws { try contract.checkEmptyPlaceAnswersQuestions() }
    func testDeletedBlobIsGoneAndCanComeBack() throws { try contract.checkDeletedBlobIsGoneAndCanComeBack() }
    func testUploadsOfOneBlobAtOnceAllSucceed() throws { try contract.checkUploadsOfOneBlobAtOnceAllSucceed() }
    func testCancelledUploadLeavesNothing() throws { try contract.checkCancelledUploadLeavesNothing() }
    func testControlSeesAllBytes() throws { try contract.checkControlSeesAllBytes() }
}
