/// The source of the policy in force.
package protocol PolicySource: Sendable {
    /// The policy as it is now.
    var current: Policy { get }
}

/// A policy that never changes.
extension Policy: PolicySource {
    /// Returns this policy.
    package var current: Policy { self }
}
