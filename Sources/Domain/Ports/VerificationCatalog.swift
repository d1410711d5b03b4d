/// The records of verifications, and what a verification reads of images.
///
/// It is for `glance-manage` and `glance-tasks`; no client request uses it. Every method throws `.unavailable` when the records cannot be
/// read or written now; other kinds are named at each method.
package protocol VerificationCatalog: MaintenanceCatalog {
    // MARK: Runs

    /// Begins a verification under a lease of `Timing.verificationLease`.
    ///
    /// - Throws: `.conflict` when another one that is not interrupted verifies the same store or image; the message names its process.
    func beginVerification(_ scope: VerificationScope, by worker: String) throws(Fault) -> Verification

    /// Takes over the last verification that has no end.
    ///
    /// - Parameters:
    ///   - kind: the kind of the verification.
    ///   - store: the store to which it is restricted; nil for any.
    /// - Returns: nil when there is none.
    /// - Throws: `.conflict` when its lease has not expired; the message names its process.
    func resumeVerification(_ kind: VerificationScope.Kind, store: String?, by worker: String) throws(Fault) -> Verification?

    /// Records position, counts and new findings, and renews the lease. A finding that the run has already is not recorded again.
    ///
    /// - Returns: the number of findings of the run.
    /// - Throws: `.conflict` when the lease was lost.
    func note(_ run: Verification, _ findings: [Finding]) throws(Fault) -> Int64

    /// Gives up the lease of a run that is interrupted, so that another process can resume it at once.
    func releaseVerification(_ run: Verification) throws(Fault)

    /// Records that a run is complete.
    ///
    /// - Throws: `.conflict` when the lease was lost.
    func endVerification(_ run: Verification) throws(Fault)

    /// Reads the last verifications, the newest first.
    func verifications(atMost count: Int) throws(Fault) -> [Verification]

    /// Reads findings of a run in the order in which they were found.
    func findings(of run: Int64, after last: Int64, atMost count: Int) throws(Fault) -> [RecordedFinding]

    /// Records what was done about a finding.
    func note(repair: String, of finding: Int64) throws(Fault)

    // MARK: Images

    /// Reads images that are not deleted, and those that wait for their deletion, in the order of their ids.
    func recordedImages(after last: ImageID?, atMost count: Int) throws(Fault) -> [RecordedImage]

    /// Reads these images, deleted ones too. Unknown ids are left out.
    func recordedImages(_ ids: [ImageID]) throws(Fault) -> [RecordedImage]

    /// The images among these of which an upload, a job or an owed removal may change files now.
    func inMotion(among ids: [ImageID]) throws(Fault) -> Set<ImageID>

    /// Reads the locations of images that are not deleted or wait for their deletion, in the order of their rows.
    func scannedLocations(after last: Int64, atMost count: Int) throws(Fault) -> [ScannedLocation]

    /// The bytes and the number of the images that a verification of all would read.
    func verifiableImages() throws(Fault) -> (images: Int64, bytes: Int64)
}
