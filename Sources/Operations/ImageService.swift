package import Domain
package import Logging

/// The verbs of the image service. Each is a file of this folder; none knows what is behind the ports.
package struct ImageService: Sendable {
    let images: any ImageCatalog
    let memberships: any MemberCatalog
    let uploads: any UploadCatalog
    let removals: any RemovalCatalog
    let copies: any CopyCatalog
    let store: any ImageStore
    /// Where bytes are fetched from that clients name by URL.
    let source: any ImageSource
    let leases: LeaseKeeper
    private let policies: any PolicySource
    let limits: ImageLimits
    /// The name of the digest that images get besides MD5.
    let hashAlgorithm: String
    let logger: Logger

    package init(
        catalog: some Catalog, store: any ImageStore, source: any ImageSource, worker: String, policies: any PolicySource,
        limits: ImageLimits, hashAlgorithm: String, logger: Logger
    ) {
        (images, memberships, uploads, removals, copies) = (catalog, catalog, catalog, catalog, catalog)
        self.store = store
        self.source = source
        self.policies = policies
        self.limits = limits
        self.hashAlgorithm = hashAlgorithm
        self.logger = logger
        leases = LeaseKeeper(worker: worker, uploads: catalog, logger: logger)
    }

    /// The rules as they are now. A change of them is heeded by the next question.
    var policy: Policy { policies.current }
}
