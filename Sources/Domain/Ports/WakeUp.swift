/// Tells the `glance-tasks` of this machine that something was ordered, so that it looks at once.
///
/// Called after the commit of an order. It may be lost, come late or come for nothing: the look that `glance-tasks` makes by itself finds
/// every order, and nothing else tells that there is one.
package protocol WakeUp: Sendable {
    /// Returns at once, and never fails.
    func wakeUp()
}

/// Wakes nobody.
package struct NoWakeUp: WakeUp {
    package init() {}
    package func wakeUp() {}
}
