package import Domain

/// What projects have of what they may have.
package struct UsageReport: Sendable {
    private let limits: any LimitSource
    private let usage: any UsageCatalog

    package init(limits: any LimitSource, usage: any UsageCatalog) { (self.limits, self.usage) = (limits, usage) }

    /// - Returns: nil where there is nothing to tell: the site has no limits of Keystone's, or the caller no project.
    package func report(for caller: Caller) throws(Fault) -> (limits: ProjectLimits, usage: ProjectUsage)? {
        guard limits.areTold, let project = caller.project else { return nil }
        return (try limits.limits(of: project), try usage.usage(of: project))
    }
}
