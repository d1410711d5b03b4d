package import Domain
package import ImageFormats
package import Logging

/// Compares the records of images with the files and data of the stores.
///
/// A run goes over the images in the order of their ids, and then over the files of all folders; its position is recorded every few
/// seconds, so that it can be resumed after any interruption. Data is read once: MD5, the second digest and the format are computed on
/// threads of their own. Nothing is reported that is merely in motion: each suspicion is examined a second time, a moment later and by
/// records that were read anew. Memory grows neither with the number of images nor with that of files.
package struct Verifier: Sendable {
    private let catalog: any VerificationCatalog
    private let stores: any ImageStores
    private let folders: any VerifiedStores
    private let formats: FormatRules
    private let settings: Settings
    private let logger: Logger

    /// How a verification is done.
    package struct Settings: Sendable {
        /// The number of images that are read at once.
        package var threads = 1
        /// The largest number of bytes that are read in a second; nil for any.
        package var bytesPerSecond: Int64?
        /// Seconds without progress after which a store is given up.
        package var timeout = 60.0
        /// Seconds after which a suspicion is examined again.
        package var settling = 1.0

        /// Makes default settings.
        package init() {}
    }

    /// Progress since the last report.
    package struct Progress: Sendable {
        /// Images that were examined.
        package var images: Int64 = 0
        /// Bytes that were read.
        package var bytes: Int64 = 0
        /// Bytes that need not, or cannot, be read.
        package var skipped: Int64 = 0
    }

    /// Makes a verifier of its parts.
    package init(
        catalog: any VerificationCatalog, stores: any ImageStores, folders: any VerifiedStores,
        formats: FormatRules = FormatRules(), settings: Settings = Settings(), logger: Logger
    ) {
        (self.catalog, self.stores, self.folders, self.formats) = (catalog, stores, folders, formats)
        (self.settings, self.logger) = (settings, logger)
    }

    /// Checks a scope before a run of it is begun.
    ///
    /// - Throws: `.notFound` for a store or an image that does not exist.
    package func check(_ scope: VerificationScope) throws(Fault) {
        if let store = scope.store, !folders.names.contains(where: { $0.utf8.elementsEqual(store.utf8) }) {
            throw Fault(.notFound, "There is no store '\(store)'; there are \(folders.names.joined(separator: ", ")).")
        }
        if let image = scope.image, try catalog.recordedImages([image]).isEmpty {
            throw Fault(.notFound, "There is no image \(image).")
        }
    }

    /// The number of images and bytes that a run of all stores would read, for a progress bar.
    package func remaining() throws(Fault) -> (images: Int64, bytes: Int64) { try catalog.verifiableImages() }

    /// Does a run that was begun or resumed, from its position to its end.
    ///
    /// - Parameters:
    ///   - isCancelled: asked several times a second; true interrupts the run, which can be resumed.
    ///   - note: called several times a second.
    /// - Returns: the run, and whether it is complete.
    /// - Throws: `.conflict` when another process took the run over, `.unavailable` when the records are away for too long; the run can be
    ///   resumed then.
    package func run(
        _ run: Verification, isCancelled: @escaping @Sendable () -> Bool, note: (Progress) -> Void = { _ in }
    ) throws(Fault) -> (run: Verification, isComplete: Bool) {
        let examiner = Examiner(
            stores: stores, folders: folders, rules: formats, scope: run.scope, pace: ReadingPace(rate: settings.bytesPerSecond))
        let work = VerificationRun(run, catalog, examiner, settings, isCancelled, logger)
        logger.info("verification \(run.number) begins at '\(run.position.text)'")
        do throws(Fault) {
            try work.run(note)
        } catch {
            logger.error("verification \(run.number) ends early: \(error)")
            throw error
        }
        logger.info("verification \(run.number) \(work.isInterrupted ? "was interrupted" : "ended") with \(work.run.findings) findings")
        return (work.run, !work.isInterrupted)
    }
}
