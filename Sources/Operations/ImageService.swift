package import Domain
package import ImageFormats
package import Logging
package import Threading

/// The verbs of the image service. Each is a file of this folder; none knows what is behind the ports.
package struct ImageService: Sendable {
    package let images: any ImageCatalog
    let uploads: any UploadCatalog
    package let stores: any ImageStores
    package let staging: StagingArea
    /// The address of this node, by which images that are staged here are known; nil where the staging area is everybody's.
    let host: String?
    /// Nil where images are sent from their stores alone.
    let cache: CacheKeeper?
    /// Where bytes are fetched from that clients name by URL.
    let source: any ImageSource
    /// Where the certificates of signed images are; nil where nobody knows, and such images get no data.
    let certificates: (any CertificateSource)?
    /// Names this process among all that hold leases.
    package let worker: String
    package let leases: LeaseKeeper
    /// What each project may have of uploads by clients, over all ways into this process.
    package let clientUploads: ProjectShares
    /// Of what must not be given up while the catalog is away for a moment.
    let retries: Retries
    private let policies: any PolicySource
    package let limits: ImageLimits
    /// What each project may have.
    let projectLimits: any LimitSource
    /// Nil where the site protects no custom properties.
    private let protections: PropertyProtections?
    /// What is asked of the formats that images have.
    package let formats: FormatRules
    /// The name of the digest that images get besides MD5.
    package let hashAlgorithm: String
    package let logger: Logger

    package init(
        catalog: some Catalog, stores: any ImageStores, staging: StagingArea, host: String? = nil, cache: CacheKeeper? = nil,
        source: any ImageSource, certificates: (any CertificateSource)? = nil, worker: String, policies: any PolicySource,
        protections: PropertyProtections?, limits: ImageLimits, projectLimits: any LimitSource, formats: FormatRules,
        hashAlgorithm: String, clientUploads: ProjectShares, retries: Retries = Retries(), logger: Logger
    ) throws(ThreadUnavailable) {
        (images, uploads) = (catalog, catalog)
        self.stores = stores
        self.staging = staging
        self.host = host
        self.cache = cache
        self.source = source
        self.certificates = certificates
        self.policies = policies
        self.protections = protections
        self.limits = limits
        self.projectLimits = projectLimits
        self.formats = formats
        self.hashAlgorithm = hashAlgorithm
        self.clientUploads = clientUploads
        self.retries = retries
        self.logger = logger
        self.worker = worker
        leases = try LeaseKeeper(of: "uploads", logger: logger) { tokens in
            Result { () throws(Fault) in try catalog.renew(tokens, heldBy: worker) }
        }
    }

    /// The rules as they are now. A change of them is heeded by the next question.
    package var policy: Policy { policies.current }

    /// What a caller may do with custom properties; nil for anything.
    package func propertyRights(of caller: Caller) -> PropertyRights? { protections.map { PropertyRights($0, of: caller, policy) } }

    /// An image as a caller may see it: without the properties that he may not read.
    func readable(_ image: Image, by caller: Caller) -> Image { propertyRights(of: caller)?.readable(image) ?? image }

    /// What somebody wants of what a project may have; nil where nothing limits it.
    ///
    /// - Parameters:
    ///   - owner: the image's, whoever it is that asks.
    ///   - bytes: nil where nobody knows how many come.
    /// - Throws: `.unavailable` when the limits cannot be found out.
    package func claim(for owner: String?, images: Int64 = 0, bytes: Int64? = 0) throws(Fault) -> QuotaClaim? {
        guard let owner else { return nil }
        let limits = try projectLimits.limits(of: owner)
        return limits == .none ? nil : QuotaClaim(project: owner, limits: limits, images: images, bytes: bytes)
    }
}
