package import Domain
internal import Logging
package import Operations
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Persistence
internal import Server
internal import Stores
internal import Synchronization
internal import Threading

extension CompositionRoot {
    /// The verifier of this site's stores, its staging area and this node's image cache.
    ///
    /// An operator's program prints its findings; its log says them too only if it is a file.
    package func makeVerifier(_ settings: Verifier.Settings) throws -> Verifier {
        var logger = log.logger("glance.verification")
        let hasFile = try configuration(options.log.file) != nil || configuration(options.log.folder) != nil
        if role == .tool, !hasFile, try !configuration(options.log.debug) { logger.logLevel = .critical }
        return Verifier(
            catalog: try catalog, stores: try stores, folders: try verifiedFolders, formats: try makeFormatRules(), settings: settings,
            logger: logger)
    }

    /// The stores and folders, as a verification sees them.
    package var verifiedFolders: any VerifiedStores {
        get throws { VerifiedFolders(try stores, staging: try stagingFolder.path, cache: try cacheFolder) }
    }

    /// The records of verifications.
    package var verifications: any VerificationCatalog {
        get throws { try catalog }
    }

    /// Ends the leases of verifications whose processes ended on this machine without a word, so that nobody waits for their expiry.
    package func releaseVerificationsOfTheDead() throws {
        let catalog = try catalog
        for run in try catalog.verifications(atMost: 20) where run.endedAt == nil && WorkerName.isDead(run.worker) {
            try catalog.releaseVerification(run)
        }
    }

    /// The name of this process among the holders of leases.
    package var workerName: String { worker }
}

/// The wish of an operator that a long command ends: SIGINT, SIGTERM or SIGQUIT.
package final class Interruption: Sendable {
    private let isWanted = Atomic(false)

    /// Takes the signals; to be called before any thread is started.
    package init() throws {
        let signals = Signals.take()
        try Thread.start { [self] in
            signals.waitForEnd {}
            isWanted.store(true, ordering: .relaxed)
        }
    }

    /// Whether the command is to end.
    package var isThere: Bool { isWanted.load(ordering: .relaxed) }
}
