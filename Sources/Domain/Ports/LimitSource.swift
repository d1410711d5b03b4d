/// Tells what projects may have.
package protocol LimitSource: Sendable {
    /// - Throws: `.unavailable` when it cannot be found out now.
    func limits(of project: String) throws(Fault) -> ProjectLimits

    /// Whether `GET /v2/info/usage` shows the limits: those that Keystone keeps, not what the configuration says for all alike.
    var areTold: Bool { get }
}

/// The same for every project.
extension ProjectLimits: LimitSource {
    package func limits(of project: String) -> ProjectLimits { self }
    package var areTold: Bool { false }
}

/// Tells what projects have.
package protocol UsageCatalog: Sendable {
    func usage(of project: String) throws(Fault) -> ProjectUsage
}
