package import Domain
package import Logging

/// The verbs of the image service. Each is a file of this folder; none knows what is behind the ports.
package struct ImageService: Sendable {
    let images: any ImageCatalog
    let memberships: any MemberCatalog
    let uploads: any UploadCatalog
    let removals: any RemovalCatalog
    let store: any ImageStore
    let leases: LeaseKeeper
    let policy: Policy
    let limits: ImageLimits
    /// The name of the digest that images get besides MD5.
    let hashAlgorithm: String
    let logger: Logger

    package init(
        images: any ImageCatalog, memberships: any MemberCatalog, uploads: any UploadCatalog,
        removals: any RemovalCatalog, store: any ImageStore, worker: String, policy: Policy, limits: ImageLimits,
        hashAlgorithm: String, logger: Logger
    ) {
        self.images = images
        self.memberships = memberships
        self.uploads = uploads
        self.removals = removals
        self.store = store
        self.policy = policy
        self.limits = limits
        self.hashAlgorithm = hashAlgorithm
        self.logger = logger
        leases = LeaseKeeper(worker: worker, uploads: uploads, logger: logger)
    }
}
