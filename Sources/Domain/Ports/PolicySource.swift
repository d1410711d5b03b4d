/// The rules that are in force at the moment.
package protocol PolicySource: Sendable {
    var current: Policy { get }
}

/// Rules that never change.
extension Policy: PolicySource {
    package var current: Policy { self }
}
