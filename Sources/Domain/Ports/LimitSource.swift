/// The limits of projects.
package protocol LimitSource: Sendable {
    /// Reads a project's limits.
    ///
    /// - Throws: `.unavailable` when they cannot be found out now.
    func limits(of project: String) throws(Fault) -> ProjectLimits

    /// Whether `GET /v2/info/usage` shows the limits: it shows those that Keystone keeps, and not those of the configuration, which are the
    /// same for every project.
    var areTold: Bool { get }
}

/// The same limits for every project.
extension ProjectLimits: LimitSource {
    /// Returns these limits.
    package func limits(of project: String) -> ProjectLimits { self }
    /// Limits of the configuration are not shown.
    package var areTold: Bool { false }
}

/// The sums over the images of large projects, which are kept so that not each claim adds up all of them. It is for `glance-tasks`.
package protocol ProjectSumCatalog: Sendable {
    /// Adds up the images of the project whose sums were made the longest ago. Several processes may do it at once.
    ///
    /// - Returns: false if all sums are new enough.
    func renewOldestSums() throws(Fault) -> Bool
}

/// The usage of projects.
package protocol UsageCatalog: Sendable {
    /// Counts what a project uses now.
    func usage(of project: String) throws(Fault) -> ProjectUsage
}
