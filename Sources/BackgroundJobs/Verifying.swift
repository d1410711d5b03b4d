package import Domain
package import Logging
package import Operations
internal import Synchronization
internal import Threading

/// The periodic job that verifies the data of every image once in a period, slowly and as long as the process runs.
///
/// Each store is verified by one process of all, under a leader lease; the staging area and the image cache by a process of each node. A run
/// that a process left goes on where it was. Beside that, a quick run compares the records of all images once in a period: it alone finds
/// what belongs to no store. Nothing is repaired. Used by one thread, but for `stop`.
package final class Verifying: PeriodicJob, @unchecked Sendable {
    /// What is verified by one process at a time.
    package struct Part: Sendable {
        /// The name of the store; nil for the quick run of everything.
        package let store: String?
        /// Whether each node has its own.
        package let isOfNode: Bool

        /// Makes a part of its parts.
        package init(_ store: String?, isOfNode: Bool = false) { (self.store, self.isOfNode) = (store, isOfNode) }

        fileprivate var scope: VerificationScope { VerificationScope(.scrub, store: store, isQuick: store == nil) }
        fileprivate var words: String { store.map { "store '\($0)'" } ?? "the records of all images" }
    }

    private let verifier: Verifier
    private let catalog: any VerificationCatalog
    private let parts: [(part: Part, lease: LeaderLease)]
    /// Seconds in which every image is verified once.
    private let period: Int
    /// The largest number of bytes that are read in a second; nil for any.
    private let rate: Int64?
    private let worker: String
    private let logger: Logger
    private let isEnding = Flag()
    /// The parts that another process was found to verify, so that the log says so once.
    private var conflicts: Set<String> = []

    /// The name of the work in the log.
    package let purpose = "look after verifications"

    /// Makes a job of its parts.
    ///
    /// - Parameters:
    ///   - period: the seconds in which every image is verified once.
    ///   - rate: as the verifier has it.
    ///   - node: the name of this node.
    package init(
        _ verifier: Verifier, catalog: any VerificationCatalog, leases: any LeaderLeaseCatalog, parts: [Part], period: Int, rate: Int64?,
        node: String, worker: String, logger: Logger
    ) {
        (self.verifier, self.catalog, self.period, self.rate) = (verifier, catalog, period, rate)
        (self.worker, self.logger) = (worker, logger)
        self.parts = parts.map { part in
            let name = "verification of \(part.store ?? "records")\(part.isOfNode ? " on \(node)" : "")"
            return (part, LeaderLease(name, of: name, in: leases, by: worker, logger))
        }
    }

    /// Verifies what is due, one part after another, and returns the pause until the next look.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        for (part, lease) in parts where !isEnding.isSet {
            guard try lease.acquire() != .heldByAnother else { continue }
            defer { lease.release() }
            try verify(part, lease)
        }
        return Timing.verificationLook
    }

    /// Interrupts a run that is under way.
    package func stop() { isEnding.set() }

    private func verify(_ part: Part, _ lease: LeaderLease) throws(Fault) {
        guard try isDue(part), let begun = try begin(part) else { return }
        let (isEnding, isLost) = (isEnding, Flag())
        _ = try verifier.run(begun, isCancelled: { isEnding.isSet || isLost.isSet }) { _ in
            // Where the database is away, the run itself finds out whether it is still this process's.
            do throws(Fault) { if try lease.acquire() == .heldByAnother { isLost.set() } } catch {}
        }
    }

    /// Whether the part was not begun within the period, or was left unfinished.
    private func isDue(_ part: Part) throws(Fault) -> Bool {
        let runs = try catalog.verifications(atMost: Self.remembered)
        guard let last = runs.first(where: { $0.scope == part.scope }) else { return true }
        let now = try catalog.moment(daysAgo: 0)
        return last.endedAt == nil || now.seconds - last.startedAt.seconds >= period
    }

    /// - Returns: nil while another process verifies the same.
    private func begin(_ part: Part) throws(Fault) -> Verification? {
        do throws(Fault) {
            if let store = part.store, let left = try catalog.resumeVerification(.scrub, store: store, by: worker) { return left }
            let run = try catalog.beginVerification(part.scope, by: worker)
            try warnOfRate(part)
            conflicts.remove(part.words)
            return run
        } catch {
            guard error.kind == .conflict else { throw error }
            if conflicts.insert(part.words).inserted { logger.info("the verification of \(part.words) waits: \(error.message)") }
            return nil
        }
    }

    private func warnOfRate(_ part: Part) throws(Fault) {
        guard let rate, part.store != nil, !part.isOfNode else { return }
        let bytes = try catalog.verifiableImages().bytes
        guard bytes / Int64(max(1, period)) > rate else { return }
        logger.warning(
            "verify_rate (\(rate) bytes a second) is too little to read \(bytes) bytes in verify_every (\(period) s); it takes longer")
    }

    /// The number of runs, an operator's too, among which the last one of a part is looked for.
    private static let remembered = 500
}

/// A flag that is set once.
private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
