package import Domain
package import ImageFormats
package import Logging
internal import Numbers
package import Threading

/// The operations on images. Each has a file in this folder; none depends on an implementation of a port.
package struct ImageService: Sendable {
    /// The records of images.
    package let images: any ImageCatalog
    let uploads: any UploadCatalog
    /// All stores of the installation.
    package let stores: any ImageStores
    /// The staging area of this node.
    package let staging: StagingArea
    /// The address of this node, by which other nodes find images that are staged here; nil when all nodes share the staging area.
    let host: String?
    /// Nil when images are sent from their stores only.
    let cache: CacheKeeper?
    /// Fetches data that clients name by URL.
    let source: any ImageSource
    /// The locations beside those on the web that callers may name.
    let schemes: LocationSchemes
    /// The source of certificates; nil when none is configured, and signed images get no data.
    let certificates: (any CertificateSource)?
    /// The name of this process among the holders of leases.
    package let worker: String
    /// Renews the leases of this process's uploads.
    package let leases: LeaseKeeper
    /// Limits each project's concurrent uploads in this process.
    package let clientUploads: ProjectShares
    /// The retries of calls that must not fail because the catalog is unavailable for a moment.
    let retries: Retries
    private let policies: any PolicySource
    /// The limits of an image.
    package let limits: ImageLimits
    /// The limits of projects.
    let projectLimits: any LimitSource
    /// Nil when no custom properties are protected.
    private let protections: PropertyProtections?
    /// The checks of image formats.
    package let formats: FormatRules
    /// The digest that images get besides MD5.
    package let hashAlgorithm: String
    /// Logs what operations report.
    package let logger: Logger

    /// Makes a service of its parts.
    package init(
        catalog: some Catalog, stores: any ImageStores, staging: StagingArea, host: String? = nil, cache: CacheKeeper? = nil,
        source: any ImageSource, certificates: (any CertificateSource)? = nil, worker: String, policies: any PolicySource,
        protections: PropertyProtections?, limits: ImageLimits, projectLimits: any LimitSource, formats: FormatRules,
        hashAlgorithm: String, clientUploads: ProjectShares, schemes: LocationSchemes = LocationSchemes(), retries: Retries = Retries(),
        logger: Logger
    ) throws(ThreadUnavailable) {
        (images, uploads) = (catalog, catalog)
        self.stores = stores
        self.staging = staging
        self.host = host
        self.cache = cache
        self.source = source
        self.schemes = schemes
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

    /// The policy as it is now. A change of it applies to the next check.
    package var policy: Policy { policies.current }

    /// The caller's rights to custom properties; nil when none are protected.
    package func propertyRights(of caller: Caller) -> PropertyRights? { protections.map { PropertyRights($0, of: caller, policy) } }

    /// The image as a caller may see it: without the properties that they may not read.
    func readable(_ image: Image, by caller: Caller) -> Image { propertyRights(of: caller)?.readable(image) ?? image }

    /// The claim to a project's quota; nil when the project has no quota.
    ///
    /// - Parameters:
    ///   - owner: the image's owner, whoever the caller is.
    ///   - bytes: the number of bytes that will come; nil when it is unknown.
    ///   - most: the most bytes that may come; nil for the size limit of an image.
    ///   - stores: the number of stores to which they will come.
    /// - Throws: `.unavailable` when the limits cannot be found out.
    package func claim(
        for owner: String?, images: Int64 = 0, bytes: Int64? = 0, atMost most: Int64? = nil, in stores: Int = 1
    ) throws(Fault) -> QuotaClaim? {
        guard let owner else { return nil }
        let limits = try projectLimits.limits(of: owner)
        guard limits != .none else { return nil }
        func inAll(_ bytes: Int64) -> Int64 { bytes.multipliedClamped(by: Int64(stores)) }
        var claim = QuotaClaim(project: owner, limits: limits, images: images, bytes: bytes.map(inAll))
        claim.most = inAll(most ?? self.limits.size)
        return claim
    }
}
