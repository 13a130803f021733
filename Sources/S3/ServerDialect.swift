internal import Synchronization

/// What a server has shown not to know. Any number of threads may look and say.
final class ServerDialect: Sendable {
    private let refusesConditions = Atomic<Bool>(false)
    private let hidesAbsence = Atomic<Bool>(false)

    /// Whether `If-None-Match: *` may be sent with a PUT.
    var knowsConditions: Bool { !refusesConditions.load(ordering: .relaxed) }

    func setRefusesConditions() { refusesConditions.store(true, ordering: .relaxed) }

    /// Whether 403 is what a missing object gets, as from AWS for users who may not list.
    var answersAbsenceWithDenial: Bool { hidesAbsence.load(ordering: .relaxed) }

    func setAnswersAbsenceWithDenial() { hidesAbsence.store(true, ordering: .relaxed) }
}

extension S3Failure {
    /// Whether the server does not understand a header it was sent.
    var isMisunderstanding: Bool {
        status == 501 || code == "NotImplemented" || (status == 400 && (code == "InvalidArgument" || code == "InvalidRequest"))
    }
}
