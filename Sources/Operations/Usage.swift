package import Domain

/// Reports the limits and the usage of projects.
package struct UsageReport: Sendable {
    private let limits: any LimitSource
    private let usage: any UsageCatalog

    /// Makes a report of its sources.
    package init(limits: any LimitSource, usage: any UsageCatalog) { (self.limits, self.usage) = (limits, usage) }

    /// The limits and the usage of the caller's project.
    ///
    /// - Returns: nil when Keystone keeps no limits, or the caller has no project.
    package func report(for caller: Caller) throws(Fault) -> (limits: ProjectLimits, usage: ProjectUsage)? {
        guard limits.areTold, let project = caller.project else { return nil }
        return (try limits.limits(of: project), try usage.usage(of: project))
    }
}
